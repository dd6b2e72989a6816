/* What the page was made with: site, key, words; and how this locale writes numbers. */
export const config = JSON.parse(document.getElementById("shop-config").textContent);

/** Return the words for a key, with {names} put in. */
export function t(key, values = {}) {
  const text = config.words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Return an amount as money of this site. */
export function money(amount, currency = config.currency) {
  const number = Number(amount);
  if (number === 0) return t("free");
  const whole = Number.isInteger(number) && number >= 40;
  return new Intl.NumberFormat(config.locale, { style: "currency", currency, minimumFractionDigits: whole ? 0 : 2 }).format(number);
}

/** Return a number as this locale writes it. */
export function figure(value) {
  return typeof value === "number" ? new Intl.NumberFormat(config.locale).format(value) : String(value);
}

/** Return an element: attributes by name, children as elements or text; nothing is ever parsed as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return the address of a page of this site. */
export function address(rest) {
  return `/shop/${config.site}/${rest}`;
}
