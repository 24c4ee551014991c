// Calls of the emulator's HTTP API: OneNET's own (/devices, /nbiot, ...) and the control API
// (/emulator/...). Each goes to the address that served the page, with the key in a header.
//
// An answer is {"errno": 0, "data": ..., "error": "succ"}. Any other errno, and an emulator that
// cannot be reached, is thrown as a Refusal; dom.run() shows it as a toast.

import { translated } from "./refusals.js";
import { t } from "./texts.js";

const KEPT = "m5310.key";
let key = sessionStorage.getItem(KEPT) ?? "";

/** What the user gave is wrong; the message says what was expected. */
export class Mistake extends Error {
  expected = true; // not the page's own fault, so not for the browser's console
}

/** Why a call failed. `errno`: the answer's number, which the message ends with; 0: no answer.
 * `ofKey`: whether the key is missing or wrong. */
export class Refusal extends Error {
  expected = true;

  constructor(errno, text, path = "") {
    super(errno ? `${translated(path, text)} (errno ${errno})` : text);
    this.errno = errno;
    this.ofKey = isOfKey(text);
  }
}

/** isOfKey(text) → whether a call is refused as its key is missing or wrong; the number of that
 * differs between the years of OneNET. */
export function isOfKey(text) {
  return /^(?:api-key required|auth failed)$/.test(text);
}

/** setKey(text): the api-key of all calls from now on, kept for this tab. */
export function setKey(text) {
  key = text;
  sessionStorage.setItem(KEPT, text);
}

/** hasKey() → whether there is a key. */
export function hasKey() {
  return key !== "";
}

/** headers(more?) → the headers of a call, for those that fetch themselves (stream.js). */
export function headers(more = {}) {
  return { "api-key": key, "X-Emulator-Page": "1", ...more };
}

/** address("/devices", { page: 2, tag: undefined }) → "/devices?page=2". Lists are joined by commas. */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value != null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

/**
 * call("PUT", "/emulator/clock", { query, body, signal }) → Promise of the answer's `data`.
 * `body` is sent as JSON. Rejects with a Refusal, or an AbortError by `signal`.
 */
export async function call(method, path, { query, body, signal } = {}) {
  const response = await fetched(address(path, query), {
    method,
    headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }),
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  let answer;
  try {
    answer = parsed(await response.text());
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, t("The answer of {path} is not JSON", { path }));
  }
  if (answer.errno !== 0) throw new Refusal(answer.errno, answer.error, path);
  return answer.data;
}

// Whole numbers of 64 bits lose digits as numbers of JavaScript: those become a BigInt, where the
// browser gives their digits. The search is quick, and most answers have no such number.
function parsed(text) {
  if (!/[:[,]\s*-?\d{16,}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context.source)
      : value,
  );
}

async function fetched(url, options) {
  try {
    return await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, t("The emulator does not answer: has it ended?"));
  }
}

/** get(path, query?, signal?) → Promise of data. */
export const get = (path, query, signal) => call("GET", path, { query, signal });
/** post(path, body?, query?) → Promise of data. */
export const post = (path, body, query) => call("POST", path, { body, query });
/** put(path, body?, query?) → Promise of data. */
export const put = (path, body, query) => call("PUT", path, { body, query });
/** remove(path, query?) → Promise of data. */
export const remove = (path, query) => call("DELETE", path, { query });

/** download(path, query, name): saves an answer that is no JSON as the file `name`. */
export async function download(path, query, name) {
  const response = await fetched(address(path, query), { headers: headers() });
  // The whole name: a recording is application/jsonl.
  if (/^application\/json(;|$)/.test(response.headers.get("Content-Type") ?? "")) {
    // Refusals are JSON; a download in JSON is made by save().
    const answer = await response.json();
    throw new Refusal(answer.errno, answer.error, path);
  }
  save(await response.blob(), name);
}

/** save(blob | text, name): gives the user a file. */
export function save(content, name) {
  const blob = content instanceof Blob ? content : new Blob([content], { type: "text/plain" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
