/* The basket, and a purchase that only the collector hears of. */
import { address, make, money, t } from "./config.js";
import { record } from "./events.js";
import { fillRails } from "./rails.js";
import { basket, setBasket } from "./shopper.js";

/** Show the basket. */
export async function openBasket() {
  draw();
}

function draw() {
  const lines = basket();
  const place = document.getElementById("basket-body");
  if (!lines.length) {
    place.replaceChildren(make("div", { class: "state" }, make("p", {}, t("basket_empty")), make("a", { class: "button plain", href: address("") }, t("basket_look"))));
    return;
  }
  const total = lines.reduce((sum, line) => sum + Number(line.price) * line.quantity, 0);
  const sum = make("div", { class: "sum" },
    make("div", { class: "sum-line" }, make("span", {}, t("total")), make("span", {}, money(total.toFixed(2), lines[0].currency))),
    make("button", { class: "button", type: "button", onclick: buy }, t("checkout")), make("p", { class: "quiet" }, `${t("vat")}. ${t("checkout_note")}`));
  place.replaceChildren(make("div", { class: "basket-in" }, make("ul", { class: "basket-lines" }, ...lines.map(line)), sum));
}

function line(entry) {
  return make("li", { class: "basket-line" }, make("img", { src: entry.image, alt: "", width: 132, height: 83 }),
    make("div", {}, make("a", { href: entry.url }, `${entry.brand} ${entry.name}`.trim()),
      make("p", { class: "quiet" }, [entry.variant, `${t("quantity")} ${entry.quantity}`].filter(Boolean).join(" · ")),
      make("button", { class: "link", type: "button", "aria-label": `${t("remove")}: ${entry.name}`, onclick: () => remove(entry) }, t("remove"))),
    make("span", {}, money((Number(entry.price) * entry.quantity).toFixed(2), entry.currency)));
}

function remove(entry) {
  setBasket(basket().filter((one) => one.sku !== entry.sku));
  record("remove_from_cart", { item_id: entry.itemId, sku: entry.sku }, { now: true });
  draw();
  fillRails();
}

async function buy() {
  const order = `demo-${crypto.randomUUID().slice(0, 8)}`;
  const kept = basket().map((entry) => record("purchase", {
    item_id: entry.itemId, sku: entry.sku, quantity: entry.quantity, unit_price: entry.price, currency: entry.currency, order_id: order, context: entry.context,
  }, { now: true }));
  setBasket([]);
  await Promise.all(kept);
  document.getElementById("basket-body").replaceChildren(make("div", { class: "state", role: "status" }, make("p", {}, t("thanks", { order })),
    make("a", { class: "button plain", href: address("") }, t("basket_look"))));
  fillRails();
}
