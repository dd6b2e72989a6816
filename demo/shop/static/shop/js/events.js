/* What happens is told to the collector: at once where the next page depends on it, else every two seconds. */
import { config } from "./config.js";
import { consent, purposes, sessionId, shopperId, storeId } from "./shopper.js";

let waiting = [];
let timer = null;

/** Record an event. `context` ties it to a slate; with `now` it is sent at once and the promise ends when it is kept. */
export function record(type, fields = {}, { now = false } = {}) {
  const { context = {}, ...rest } = fields;
  const event = {
    id: crypto.randomUUID(), type, time: new Date().toISOString(), session_id: sessionId(), ...rest,
    context: { ...context, channel: "web", ...(storeId() ? { store_id: storeId() } : {}) },
  };
  // Without consent an event names nobody; the consent given at this moment travels with the event.
  if (consent() && shopperId()) Object.assign(event, { anonymous_id: shopperId(), consent: purposes() });
  waiting.push(event);
  if (now) return flush();
  timer ??= setTimeout(flush, 2000);
  return Promise.resolve();
}

/** Send what waits. */
export async function flush() {
  clearTimeout(timer);
  timer = null;
  if (!waiting.length) return;
  const events = waiting.splice(0, 200);
  try {
    const response = await fetch("/v1/events", {
      method: "POST", keepalive: true,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${config.key}` },
      body: JSON.stringify({ events }),
    });
    if (response.status >= 500) throw new Error("away");
  } catch {
    if (waiting.length < 1000) waiting = [...events, ...waiting]; // the same ids again: counted once
    timer ??= setTimeout(flush, 5000);
  }
}

addEventListener("pagehide", () => {
  if (!waiting.length) return;
  const body = JSON.stringify({ key: config.key, events: waiting.splice(0, 200) });
  navigator.sendBeacon("/v1/events/beacon", new Blob([body], { type: "text/plain" }));
});

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) { clearTimeout(entry.target.seenTimer); continue; }
    entry.target.seenTimer = setTimeout(() => {
      seen.unobserve(entry.target);
      record("impression", entry.target.impression);
    }, 600);
  }
}, { threshold: 0.6 });

/** Record an impression when at least 60 % of the element were in sight for 0.6 s. */
export function watch(element, fields) {
  element.impression = fields;
  seen.observe(element);
}
