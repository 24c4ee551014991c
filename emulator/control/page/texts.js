// The texts of the page, in English or Chinese.
//
// The English text is the key: t("Read") is "Read" or, by the table of zh.js, "读". A text is always
// written as a literal inside t("..."), so that a test can compare the table with the code; texts
// that are chosen by a value are functions in a table: {1: () => t("waiting")}. Values stand in
// braces: t("Devices: {n}", { n: 5 }). A view is shown again when the language changes, so no text
// is kept at the top of a module.

import { ZH } from "./zh.js";

const KEPT = "m5310.language";
const listeners = new Set();
let chosen = kept() ?? (/^zh\b/i.test(navigator.language) ? "zh" : "en");

function kept() {
  const text = localStorage.getItem(KEPT);
  return text === "zh" || text === "en" ? text : null;
}

// Turns the text around it, or cannot be seen; lines and tabs are text.
const HIDDEN = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** visible(text) → `text` of a device, with escapes such as \u202e for what would turn around the text
 * beside it, and for control characters. */
export function visible(text) {
  return String(text).replace(HIDDEN, (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, "0")}`);
}

/** t(text, values?) → string: `text` in the user's language, with {name} replaced by values.name, as
 * visible() shows it. */
export function t(text, values = {}) {
  const found = chosen === "zh" ? (ZH[text] ?? text) : text;
  return found.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? visible(values[name]) : whole,
  );
}

/** language() → "en" | "zh". */
export function language() {
  return chosen;
}

/** setLanguage("en" | "zh"): keeps it in this browser and tells those of onLanguage. */
export function setLanguage(wanted) {
  chosen = wanted;
  localStorage.setItem(KEPT, wanted);
  for (const listener of listeners) listener(wanted);
}

/** onLanguage(listener): calls listener("en" | "zh") after each change. */
export function onLanguage(listener) {
  listeners.add(listener);
}

/** count(number) → string, with the separators of the language: 12,345. */
export function count(number) {
  return new Intl.NumberFormat(chosen).format(number);
}
