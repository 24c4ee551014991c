// The emulator's clock in the header bar.

import { fill, h } from "./dom.js";
import { now } from "./stream.js";
import { beijing } from "./times.js";

/** show(place) → function that ends it. Called at the start and when the language changes. */
export function show(place) {
  const text = h("time", {});
  fill(place, text);
  const timer = setInterval(() => fill(text, beijing(now())), 250);
  return () => clearInterval(timer);
}
