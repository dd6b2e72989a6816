/* A rail is one placement: asked over GraphQL, shown as cards, told to the collector when seen and clicked. */
import { card, skeletons } from "./cards.js";
import { config, make, t } from "./config.js";
import { flush, record, watch } from "./events.js";
import { ask } from "./graphql.js";
import { basket, consent, persona, shopperId, storeId } from "./shopper.js";

const QUERY = `query Rail($input: RecommendationsInput!) {
  recommendations(input: $input) {
    recommendationId placement strategy personalised fallback
    items { itemId sku position name brand price currency imageUrl url reasons { code text itemId } }
  }
}`;

/** Fill every rail of the page; again when somebody else shops. */
export async function fillRails() {
  await flush();
  await Promise.all([...document.querySelectorAll(".rail")].map(fillRail));
}

async function fillRail(rail) {
  const { placement, title } = rail.dataset;
  const about = "context" in rail.dataset ? [config.item] : "basket" in rail.dataset ? basket().map((line) => line.itemId) : [];
  const pointless = ("basket" in rail.dataset && !about.length) || ("optional" in rail.dataset && !consent());
  rail.hidden = pointless;
  if (pointless) return;
  if (!rail.querySelector(".card")) show(rail, title, "", skeletons(4));
  const input = {
    placement, itemIds: about, locale: config.locale, profile: consent() ? "auto" : "none",
    ...(shopperId() ? { shopper: { anonymousId: shopperId() } } : {}),
    ...(storeId() ? { storeId: storeId(), channel: "web" } : {}),
    ...(config.item && !("context" in rail.dataset) ? { excludeItemIds: [config.item] } : {}),
  };
  try {
    const { recommendations: slate } = await ask(QUERY, { input });
    if (!slate.items.length) return empty(rail, title);
    show(rail, heading(rail, slate), note(rail, slate), slate.items.map((item) => place(item, slate)));
    rail.dataset.filled = slate.strategy;
  } catch (error) {
    console.warn(`rail ${placement}: ${error.message}`);
    failed(rail, title);
  }
}

function heading(rail, slate) {
  return "personal" in rail.dataset && !slate.personalised && rail.dataset.placement === "home-for-you" ? t("for_you_none") : rail.dataset.title;
}

function note(rail, slate) {
  if (rail.dataset.placement !== "home-for-you") return "";
  if (!slate.personalised) return consent() ? "" : t("personal_off");
  return persona() ? t("personal_on", { name: persona().name }) : "";
}

function place(item, slate) {
  const context = { placement: slate.placement, position: item.position, recommendation_id: slate.recommendationId };
  const told = { item_id: item.itemId, sku: item.sku, context };
  const element = card(
    { ...item, image: item.imageUrl, reason: item.reasons[0] ?? null },
    { onclick: () => { remember(item, context); record("click", told, { now: true }); } },
  );
  const entry = make("li", { "data-item": item.itemId }, element);
  watch(entry, told);
  return entry;
}

/** Keep what led to the next page, so that its view and purchase can name the slate. */
function remember(item, context) {
  sessionStorage.setItem("specrec.led", JSON.stringify({ itemId: item.itemId, context, reason: item.reasons[0]?.text ?? "" }));
}

/** Return the slate that led to this product, or an empty context. */
export function ledBy(itemId) {
  const led = JSON.parse(sessionStorage.getItem("specrec.led") ?? "null");
  return led?.itemId === itemId ? led : { context: {}, reason: "" };
}

function show(rail, title, quiet, entries) {
  const list = make("ul", { class: "cards", "aria-label": title, tabindex: "0" }, ...entries);
  const step = (way) => () => list.scrollBy({ left: way * list.clientWidth * 0.9, behavior: "smooth" });
  const arrows = make("div", { class: "rail-arrows" },
    make("button", { class: "arrow", type: "button", "aria-label": `${title}: ${t("previous")}`, onclick: step(-1) }, "←"),
    make("button", { class: "arrow", type: "button", "aria-label": `${title}: ${t("next")}`, onclick: step(1) }, "→"));
  const words = make("div", {}, make("h2", {}, title), quiet ? make("p", { class: "quiet" }, quiet) : null);
  rail.replaceChildren(make("div", { class: "rail-head" }, words, arrows), list);
}

function empty(rail, title) {
  if ("optional" in rail.dataset) { rail.hidden = true; return; }
  rail.replaceChildren(make("div", { class: "rail-head" }, make("h2", {}, title)), make("p", { class: "state" }, t("empty_rail")));
}

function failed(rail, title) {
  const again = make("button", { class: "button plain", type: "button", onclick: () => fillRail(rail) }, t("retry"));
  rail.replaceChildren(make("div", { class: "rail-head" }, make("h2", {}, title)),
    make("div", { class: "state", role: "status" }, make("p", {}, `${t("error_title")} ${t("error_text")}`), again));
}
