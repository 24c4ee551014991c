// Refusals of the API in the language of the page.

import { language } from "./texts.js";
import { PLATFORM_REFUSES, REFUSALS } from "./zh_refusals.js";

const OWN = "/emulator/"; // the page's own calls; the others are OneNET's
const DEEPEST = 8; // parts within parts

/**
 * translated("/emulator/clock", text) → `text`, in Chinese where the page is. What OneNET's calls say
 * stays as OneNET has it, and what the table does not know stays English.
 */
export function translated(path, text) {
  if (language() !== "zh") return text;
  return path.startsWith(OWN) ? chinese(text) : PLATFORM_REFUSES + text;
}

function chinese(text, depth = 0) {
  if (depth > DEEPEST) return text;
  for (const [pattern, words] of REFUSALS) {
    const found = pattern.exec(text);
    if (found) return words.replace(/\{(\d)\}|<(\d)>/g, (_, plain, part) => (plain ? found[plain] : chinese(found[part], depth + 1)));
  }
  return text;
}
