/* The products of a category, page by page, with simple filters. */
import { card, skeletons } from "./cards.js";
import { address, config, make, money, t } from "./config.js";
import { record, watch } from "./events.js";
import { asCard, listProducts, priceOf } from "./products.js";

const SHOWN = 24;
const STEPS = [80, 150, 250];
const state = { shape: new URLSearchParams(location.search).get("shape"), price: "", found: [], next: null, ended: false, wanted: SHOWN };
const find = (id) => document.getElementById(id);

/** Show the first page. */
export async function openListing() {
  Object.assign(state, { found: [], next: null, ended: false, wanted: SHOWN });
  filters();
  find("more").onclick = () => { state.wanted += SHOWN; fill(); };
  find("grid").replaceChildren(...skeletons(8).map((entry) => make("div", {}, ...entry.childNodes)));
  await fill();
}

function filters() {
  const parent = config.parents[config.category] || config.category;
  const kin = [parent, ...Object.keys(config.parents).filter((name) => config.parents[name] === parent)];
  const parts = [];
  if (kin.length > 1) parts.push(make("div", { class: "filter" }, ...kin.map((name) => make("a", { class: "chip", href: address(`c/${name}`), "aria-current": name === config.category ? "page" : null },
    name === parent ? t("category_all") : config.categories[name]))));
  if (["frames", "sunglasses"].includes(parent)) parts.push(select("shape", t("shape_filter"), Object.entries(config.shapes)), select("price", t("price_filter"), bands()));
  find("filters").replaceChildren(...parts);
}

function bands() {
  const text = (amount) => money(amount);
  const middle = STEPS.slice(1).map((high, at) => [`${STEPS[at]}-${high}`, t("from_to", { low: text(STEPS[at]), high: text(high) })]);
  return [[`0-${STEPS[0]}`, t("under", { price: text(STEPS[0]) })], ...middle, [`${STEPS.at(-1)}-100000`, t("over", { price: text(STEPS.at(-1)) })]];
}

function select(name, title, options) {
  const list = make("select", { "aria-label": title, onchange: (event) => { state[name] = event.target.value || null; state.wanted = SHOWN; fill(); } },
    make("option", { value: "" }, `${title}: ${t("category_all")}`), ...options.map(([value, words]) => make("option", { value }, words)));
  list.value = state[name] ?? "";
  return make("div", { class: "filter" }, list);
}

function fits(product) {
  if (state.shape && product.attributes.shape !== state.shape) return false;
  if (!state.price) return true;
  const [low, high] = state.price.split("-").map(Number);
  const amount = Number(priceOf(product.variants[0]).amount);
  return amount >= low && amount < high;
}

async function fill() {
  try {
    let fitting = state.found.filter(fits);
    while (fitting.length < state.wanted && !state.ended) {
      const page = await listProducts(config.category, { after: state.next });
      state.found.push(...page.products);
      state.next = page.next;
      state.ended = page.next === null;
      fitting = state.found.filter(fits);
    }
    show(fitting.slice(0, state.wanted), fitting.length > state.wanted || !state.ended);
  } catch (error) {
    console.warn(`listing: ${error.message}`);
    find("grid").replaceChildren(make("div", { class: "state" }, make("p", {}, `${t("error_title")} ${t("error_text")}`),
      make("button", { class: "button plain", type: "button", onclick: fill }, t("retry"))));
  }
}

function show(products, more) {
  find("shown").textContent = products.length ? t("shown", { count: products.length }) : "";
  find("more").hidden = !more || !products.length;
  if (!products.length) return find("grid").replaceChildren(make("p", { class: "state" }, t("nothing")));
  find("grid").replaceChildren(...products.map((product) => {
    const element = card(asCard(product), { onclick: () => { record("click", { item_id: product.itemId }, { now: true }); } });
    watch(element, { item_id: product.itemId });
    return element;
  }));
}
