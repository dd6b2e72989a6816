/* One product as a card. */
import { config, make, money, t } from "./config.js";

const PERSONAL = new Set(["because_viewed", "similar_to", "recently_viewed", "also_viewed"]);

/** Return a card: {url, image, brand, name, price, currency, compareAt, reason, swatches}. */
export function card(product, { onclick = null } = {}) {
  const reduced = product.compareAt && Number(product.compareAt) > Number(product.price);
  const price = make("span", { class: "card-price" }, money(product.price, product.currency));
  if (reduced) price.append(" ", make("del", {}, make("span", { class: "sr" }, `${t("was")} `), money(product.compareAt, product.currency)));
  const words = make("span", { class: "card-words" },
    make("span", { class: "card-brand" }, product.brand || " "),
    make("span", { class: "card-line" }, make("span", { class: "card-name" }, product.name), price));
  if (product.swatches?.length > 1) words.append(dots(product.swatches));
  if (product.reason) words.append(make("span", { class: `card-reason${PERSONAL.has(product.reason.code) ? "" : " common"}` }, product.reason.text));
  const picture = make("span", { class: "card-picture" },
    make("img", { src: product.image, alt: `${product.brand} ${product.name}`.trim(), loading: "lazy", width: 640, height: 400 }));
  if (reduced) picture.append(make("span", { class: "card-tag" }, `−${Math.round((1 - product.price / product.compareAt) * 100)} %`));
  return make("a", { class: "card", href: product.url ?? `/shop/${config.site}/`, onclick }, picture, words);
}

/** Return dots in the colours of a product; colours go through SVG because the page allows no inline styles. */
export function dots(colours) {
  const row = make("span", { class: "swatches", "aria-hidden": "true" });
  row.append(...colours.slice(0, 5).map((colour) => { const place = make("i", { class: "dot" }); place.append(disc(colour)); return place; }));
  return row;
}

/** Return a filled disc as SVG. */
export function disc(colour) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 2 2");
  const circle = document.createElementNS(space, "circle");
  for (const [name, value] of Object.entries({ cx: 1, cy: 1, r: 1, fill: colour })) circle.setAttribute(name, value);
  picture.append(circle);
  return picture;
}

/** Return cards of nothing, while the answer is on its way. */
export function skeletons(count) {
  return Array.from({ length: count }, () => make("li", { "aria-hidden": "true" },
    make("span", { class: "card-picture skeleton" }), make("div", { class: "line short skeleton" }), make("div", { class: "line skeleton" })));
}
