/* What every page has: store, shopper, consent, basket count. */
import { config, make, t } from "./config.js";
import { basket, become, consent, onChange, persona, setConsent, setStore, shopperId, storeId } from "./shopper.js";

const find = (id) => document.getElementById(id);

/** Make the parts round the page work. */
export function openShell() {
  const store = find("store");
  store.append(make("option", { value: "" }, t("online")), ...config.stores.map((one) => make("option", { value: one.id }, one.name)));
  store.value = storeId() ?? "";
  store.addEventListener("change", () => setStore(store.value));
  find("shopper-open").addEventListener("click", () => { personas(); find("shopper").showModal(); });
  find("consent-yes").addEventListener("click", () => setConsent(true));
  find("consent-no").addEventListener("click", () => setConsent(false));
  find("consent-switch").addEventListener("change", (event) => setConsent(event.target.checked));
  document.addEventListener("basket", refresh);
  onChange(refresh);
  refresh();
}

function refresh() {
  const who = persona();
  find("shopper-name").textContent = who?.name ?? t("guest");
  const face = document.querySelector("#shopper-open .face");
  face.dataset.letter = (who?.name ?? t("guest"))[0];
  face.classList.toggle("known", Boolean(who));
  find("shopper-open").setAttribute("aria-label", `${t("shopper")}: ${who?.name ?? t("guest")}`);
  find("consent").hidden = consent() !== null;
  find("consent-switch").checked = consent() === true;
  find("consent-state").textContent = t(consent() ? "consent_on" : "consent_off");
  const count = basket().reduce((sum, line) => sum + line.quantity, 0);
  find("basket-count").textContent = String(count);
  find("basket-count").hidden = count === 0;
}

function personas() {
  const choose = (id) => async () => { find("shopper").close(); await become(id); };
  const entry = (id, name, about, letter) => make("button", { class: "persona", type: "button", "aria-pressed": String(shopperId() === id), onclick: choose(id) },
    make("span", { class: `face${id ? " known" : ""}`, "data-letter": letter, "aria-hidden": "true" }), make("b", {}, name), make("span", {}, about));
  find("personas").replaceChildren(...config.personas.map((one) => entry(one.id, one.name, one.about, one.name[0])), entry(null, t("new_guest"), t("personal_off"), "+"));
}

/** Say something in passing. */
export function toast(words) {
  const place = find("toast");
  place.textContent = words;
  place.classList.add("on");
  setTimeout(() => place.classList.remove("on"), 2600);
}
