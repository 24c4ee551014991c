// What the lines of the wire mean, in words. Those of AT lines are `m5310 decode`'s, asked for when
// the lines are seen; those of CoAP are coap_words.js's.
//
// Lines are asked for in batches, and remembered by their text: traffic repeats itself.

import { post } from "./api.js";
import { coapWords } from "./coap_words.js";
import { language } from "./texts.js";

const AT_ONCE = 200; // the call's limit
const REMEMBERED = 5000;
const WAIT = 80; // ms, to gather the lines of one look
const words = new Map(); // language, way and text → words, null: none known

const nameOf = (entry) => `${language()} ${entry.way} ${entry.text}`;

/**
 * explanations(onWords) → { of(entry), close() }
 *
 * `of(entry)` → the words; "" for what has none; undefined if they are not known yet: they are
 * asked for, and `onWords()` is called when some have come.
 */
export function explanations(onWords) {
  let wanted = new Map();
  let timer = 0;
  const ending = new AbortController();

  async function ask() {
    timer = 0;
    const asked = [...wanted].slice(-AT_ONCE); // the latest: the others may be out of sight
    wanted = new Map();
    const lines = asked.map(([, { way, text }]) => ({ from: way, text }));
    let found = [];
    try {
      found = (await post("/emulator/explain", { lines, language: language() })).words;
    } catch {
      // Without words the lines are still there; they are asked for again when they are seen.
      return;
    }
    if (ending.signal.aborted) return;
    asked.forEach(([name], number) => words.set(name, found[number] ?? ""));
    while (words.size > REMEMBERED) words.delete(words.keys().next().value);
    onWords();
  }

  return {
    of(entry) {
      if (entry.way === "up" || entry.way === "down") return coapWords(entry.way, entry.text);
      if (entry.way !== "host" && entry.way !== "module") return "";
      const name = nameOf(entry);
      const found = words.get(name);
      if (found !== undefined) return found;
      wanted.set(name, entry);
      timer ||= setTimeout(ask, WAIT);
      return undefined;
    },
    close() {
      clearTimeout(timer);
      ending.abort();
    },
  };
}
