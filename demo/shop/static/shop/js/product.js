/* One product: picture, colours, measurements, price, stock, basket. */
import { disc } from "./cards.js";
import { config, figure, make, money, t } from "./config.js";
import { record } from "./events.js";
import { findProduct, piecesAt, priceOf } from "./products.js";
import { ledBy } from "./rails.js";
import { basket, setBasket, storeId, storeName } from "./shopper.js";
import { toast } from "./shell.js";

const MEASURES = ["a_mm", "dbl_mm", "temple_mm", "b_mm", "front_width_mm", "weight_g"];
const FACTS = ["shape", "rim", "materials", "filter_cat", "polarised", "modality", "lenses_per_box", "days_per_lens", "water_percent",
  "bc", "dia", "index", "abbe", "volume_ml", "battery_size", "hours_per_cell", "pack_size", "power", "duration_min"];
let told = false;

/** Show the product of the page and record that it was looked at. */
export async function openProduct() {
  const place = document.getElementById("product");
  try {
    const product = await findProduct(config.item);
    if (!product) return show(place, make("div", { class: "notice" }, make("h1", {}, t("not_found"))));
    document.title = `${product.brand} ${product.name} · ${t("shop")}`;
    const chosen = product.variants.find((variant) => variant.sku === location.hash.slice(1)) ?? product.variants[0];
    if (!told) await record("view", { item_id: product.itemId, sku: chosen.sku, context: ledBy(product.itemId).context }, { now: true });
    told = true;
    draw(place, product, chosen);
  } catch (error) {
    console.warn(`product: ${error.message}`);
    show(place, make("div", { class: "state", role: "status" }, make("p", {}, `${t("error_title")} ${t("error_text")}`),
      make("button", { class: "button plain", type: "button", onclick: openProduct }, t("retry"))));
  }
}

function show(place, ...parts) {
  place.replaceChildren(...parts);
  place.setAttribute("aria-busy", "false");
}

function draw(place, product, chosen) {
  const alt = [product.brand, product.name, chosen.name].filter(Boolean).join(", ");
  const picture = make("div", { class: "product-picture" }, make("img", { src: chosen.imageUrls[0], alt, width: 640, height: 400 }));
  const price = priceOf(chosen);
  const reduced = price.compareAt && Number(price.compareAt) > Number(price.amount);
  const why = ledBy(product.itemId).reason;
  const words = make("div", { class: "product-words" },
    make("p", { class: "brand" }, product.brand || t("shop")), make("h1", {}, product.name),
    why ? make("p", { class: "why" }, why) : null,
    make("p", { class: "price" }, money(price.amount, price.currency), reduced ? make("del", {}, money(price.compareAt, price.currency)) : null, make("small", {}, t("vat"))),
    make("p", { class: "quiet" }, product.description),
    product.variants.length > 1 ? choices(place, product, chosen) : null,
    make("button", { class: "button", type: "button", onclick: () => add(product, chosen) }, t(product.itemType === "service" ? "book" : "add")),
    product.stockManaged ? stockLine(chosen) : null, measures(chosen.attributes));
  show(place, picture, words, facts({ ...product.attributes, ...chosen.attributes }) ?? "");
}

function choices(place, product, chosen) {
  const coloured = product.variants.some((variant) => swatchOf(variant));
  const group = make("fieldset", { class: "choices" }, make("legend", {}, `${t(coloured ? "colour" : "pack")}: `, make("b", {}, chosen.name)));
  for (const variant of product.variants) {
    const mark = swatchOf(variant) ? make("i", { "aria-hidden": "true" }) : null;
    mark?.append(disc(swatchOf(variant)));
    const pick = () => { history.replaceState(null, "", `#${variant.sku}`); draw(place, product, variant); place.querySelector("input:checked")?.focus(); };
    group.append(make("label", { class: "choice" },
      make("input", { type: "radio", name: "variant", checked: variant.sku === chosen.sku, onchange: pick }), make("span", {}, mark, variant.name)));
  }
  return group;
}

function swatchOf(variant) {
  return variant.attributes.extra?.swatch ?? variant.attributes.swatch;
}

function stockLine(variant) {
  const store = storeId();
  const online = piecesAt(variant, null) > 0;
  if (!store) return make("p", { class: `stock${online ? " yes" : ""}` }, `${t(online ? "in_stock" : "out")}. ${t("choose_store")}.`);
  const here = piecesAt(variant, store) > 0;
  return make("p", { class: `stock${here ? " yes" : ""}` }, here ? t("in_store", { store: storeName(store) }) : online ? t("not_store", { store: storeName(store) }) : t("out"));
}

function measures(attributes) {
  if (!attributes.a_mm) return null;
  const row = make("dl", { class: "measure-row" }, ...MEASURES.filter((name) => attributes[name]).map((name) => make("div", { class: "measure" },
    make("dt", {}, t(name)), make("dd", {}, `${figure(attributes[name])} ${name.endsWith("_g") ? "g" : "mm"}`))));
  return make("section", { class: "measures" }, make("h2", {}, t("size_title")), row, make("p", { class: "quiet" }, t("fit_note")));
}

function facts(attributes) {
  const known = FACTS.filter((name) => attributes[name] !== undefined && attributes[name] !== null && attributes[name] !== "");
  if (!known.length) return null;
  const list = make("dl", { class: "facts" });
  for (const name of known) list.append(make("dt", {}, t(name)), make("dd", {}, said(name, attributes[name])));
  return make("section", { class: "details" }, make("h2", {}, t("facts")), list);
}

function said(name, value) {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (Array.isArray(value)) return value.map((one) => said(name, one)).join(", ");
  return config.terms[name]?.[value] ?? figure(value);
}

function add(product, variant) {
  const price = priceOf(variant);
  const lines = basket();
  const known = lines.find((line) => line.sku === variant.sku);
  if (known) known.quantity += 1;
  else lines.push({ itemId: product.itemId, sku: variant.sku, quantity: 1, brand: product.brand, name: product.name, variant: variant.name,
    image: variant.imageUrls[0], url: product.url, price: price.amount, currency: price.currency, context: ledBy(product.itemId).context });
  setBasket(lines);
  record("add_to_cart", { item_id: product.itemId, sku: variant.sku, unit_price: price.amount, currency: price.currency, context: ledBy(product.itemId).context }, { now: true });
  toast(t("added"));
}
