/* Who is shopping in this browser: consent, the anonymous id (kept only with consent), store, basket. */
import { config } from "./config.js";

const PURPOSE = "history_personalisation";
const name = (part) => `specrec.${config.site}.${part}`;
const listeners = new Set();
let passing = null; // the session id of somebody who has not consented: lives as long as the page

function read(part, otherwise) {
  try { return JSON.parse(localStorage.getItem(name(part))) ?? otherwise; } catch { return otherwise; }
}
function write(part, value) {
  if (value === null) localStorage.removeItem(name(part));
  else localStorage.setItem(name(part), JSON.stringify(value));
}

/** Call back when shopper, consent or store change. */
export function onChange(listener) { listeners.add(listener); }
function changed() { for (const listener of listeners) listener(); }

/** Return true, false, or null while the question is open. */
export function consent() { return read("consent", null); }
/** Return the id of the shopper, or null without consent. */
export function shopperId() { return consent() ? read("shopper", null) : null; }
/** Return the persona stepped into, or null for a guest. */
export function persona() { return config.personas.find((one) => one.id === shopperId()) ?? null; }
/** Return the purposes granted now, as events carry them. */
export function purposes() { return consent() ? [PURPOSE] : []; }

/** Return the session id: kept in the tab with consent, else only in this page. */
export function sessionId() {
  if (!consent()) return (passing ??= crypto.randomUUID());
  const key = name("session");
  if (!sessionStorage.getItem(key)) sessionStorage.setItem(key, crypto.randomUUID());
  return sessionStorage.getItem(key);
}

async function tell(id, granted) {
  await fetch("/v1/shoppers/consent", {
    method: "POST", keepalive: true,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${config.key}` },
    body: JSON.stringify({ anonymous_id: id, granted, source: "web" }),
  }).catch(() => {}); // every event carries the consent as well
}

/** Record the answer to the consent question; without consent the id is forgotten here. */
export async function setConsent(yes) {
  const before = read("shopper", null);
  write("consent", yes);
  if (yes) {
    const id = before ?? `guest-${crypto.randomUUID()}`;
    write("shopper", id);
    await tell(id, [PURPOSE]);
  } else {
    write("shopper", null);
    sessionStorage.removeItem(name("session"));
    if (before && !config.personas.some((one) => one.id === before)) await tell(before, []);
  }
  changed();
}

/** Step into a persona, or with null into a new guest; choosing somebody is consent for that somebody. */
export async function become(id) {
  sessionStorage.removeItem(name("session"));
  write("basket", null);
  if (id === null) {
    write("shopper", null);
    write("consent", null);
  } else {
    write("shopper", id);
    write("consent", true);
    await tell(id, [PURPOSE]);
  }
  changed();
}

/** Return the chosen store, or null for online. */
export function storeId() { return read("store", null); }
export function setStore(id) { write("store", id || null); changed(); }
/** Return the name of a store. */
export function storeName(id) { return config.stores.find((store) => store.id === id)?.name ?? ""; }

/** Return the lines of the basket. */
export function basket() { return read("basket", []); }
export function setBasket(lines) { write("basket", lines.length ? lines : null); document.dispatchEvent(new Event("basket")); }
