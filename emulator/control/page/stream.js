// What happens in the emulator, live: GET /emulator/events, server-sent events over fetch, so that
// the key goes in a header.
//
// A page has one stream, whatever it shows: browsers open few connections to one server. follow()
// listens to it; watch() says what it has to carry for a view, traffic or the state of one module,
// and without a watch it has the clock and the devices only. A stream that ends is opened again,
// after the last entry that was read, so that no entry comes twice.
//
// A tab that is hidden gives its connection back after a while: all tabs share the browser's few
// connections to a server. When it is shown again the stream goes on after the last entry.
//
// Nothing is kept here but a line that is not complete. A page that is too slow does not pile up
// events: it reads no further, and the server counts what it loses.

import { address, hasKey, headers, isOfKey } from "./api.js";
import { translated } from "./refusals.js";

const EVENTS = "/emulator/events";
const WAITS = [0.5, 1, 2, 5]; // seconds before each next attempt
const HIDDEN = 5; // seconds
const SILENCE = 40; // seconds; the server sends a comment every 15 s
const followers = { traffic: new Set(), state: new Set(), clock: new Set(), devices: new Set(), link: new Set(), key: new Set() };

let wanted = null; // {module, after}: of the watch, null without one
let attempt = 0;
let stop = null; // an AbortController of the present connection
let linked = false;
let refused = "";
let paused = false; // as the tab is hidden
let clock = { now: Date.now() / 1000, speed: 1, paused: false, advancing: false, steered: true };
let clockRead = performance.now();

/**
 * follow(kind, listener) → function that ends it. Kinds, as in the server's events:
 * "traffic" {entries, lost, last}, "state" {clock, module}, "devices" {online: [[id, true], ...]};
 * "clock", as lastClock() gives it: of a state, or of a call that steers it;
 * "link" true | false: the stream is open or not; "key" text: the key is refused, as by an emulator
 * that was started again with another one, and there is no further attempt until start().
 */
export function follow(kind, listener) {
  followers[kind].add(listener);
  return () => followers[kind].delete(listener);
}

/**
 * watch({ module?, after?, traffic? }) → function that ends it: the stream also carries the state of
 * `module` (number) and, unless `traffic` is false, entries of the line and the air: of `module` or
 * of all, those after id `after` (0: all that the emulator still has; absent: only new ones). One
 * watch at a time; another one replaces it.
 */
export function watch({ module, after, traffic = true } = {}) {
  const mine = { module, after, traffic };
  wanted = mine;
  restart();
  return () => {
    if (wanted !== mine) return;
    wanted = null;
    restart();
  };
}

/** now() → POSIX seconds of the emulator's clock, estimated since the last state. */
export function now() {
  const passed = (performance.now() - clockRead) / 1000;
  return clock.paused ? clock.now : clock.now + passed * clock.speed;
}

/** lastClock() → {now, speed, paused, advancing, steered}, as it was told last. */
export function lastClock() {
  return clock;
}

/** setClock(state): as a call that steers it has just answered; the stream tells it only later. */
export function setClock(state) {
  clock = { ...clock, ...state };
  clockRead = performance.now();
  tell("clock", clock);
}

/** isLinked() → whether the stream is open. */
export function isLinked() {
  return linked;
}

/** refusal() → why the emulator refused the last attempt, as it has too many viewers; "" for no
 * refusal. */
export function refusal() {
  return refused;
}

let hiding = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (!document.hidden && paused) restart();
  else if (document.hidden) hiding = setTimeout(leave, HIDDEN * 1000);
});
// The browser keeps a page that was left, for the way back, and would keep its connection, too.
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => event.persisted && restart());

function leave() {
  paused = true;
  stop?.abort();
  setLinked(false);
}

/** start(): open the stream; later calls open it again, as with another key. */
export function start() {
  restart();
}

function restart() {
  stop?.abort();
  paused = false;
  if (!hasKey()) return;
  stop = new AbortController();
  attempt = 0;
  connect(stop);
}

async function connect(own) {
  while (!own.signal.aborted) {
    try {
      await read(own);
    } catch {
      // The server has gone, or refuses: try again. What is wrong is shown by the calls of views.
    }
    if (own.signal.aborted) return;
    setLinked(false);
    const wait = WAITS[Math.min(attempt++, WAITS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}

async function read(own) {
  const quiet = new AbortController();
  let timer = 0;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => quiet.abort(), SILENCE * 1000);
  };
  const { module, after, traffic = false } = wanted ?? {};
  heard();
  try {
    const response = await fetch(address(EVENTS, { module, after, traffic }), {
      cache: "no-store",
      headers: headers({ Accept: "text/event-stream" }),
      signal: AbortSignal.any([own.signal, quiet.signal]),
    });
    if (!(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
      const { error } = await response.json();
      if (isOfKey(error)) {
        own.abort();
        setLinked(false);
        tell("key", translated(EVENTS, error));
      }
      refused = translated(EVENTS, error);
      return;
    }
    attempt = 0;
    refused = "";
    setLinked(true);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || own.signal.aborted) return;
      heard();
      rest = events(rest + value, (kind, data) => dispatch(kind, data));
    }
  } finally {
    clearTimeout(timer);
    quiet.abort();
  }
}

/** events(text, found) → the rest of `text` that is no complete event; found(kind, data) for each. */
export function events(text, found) {
  const parts = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = parts.pop();
  for (const part of parts) {
    let kind = "message";
    const data = [];
    for (const line of part.split("\n")) {
      if (line.startsWith("event:")) kind = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
    }
    if (data.length) found(kind, JSON.parse(data.join("\n")));
  }
  return rest;
}

function dispatch(kind, data) {
  if (kind === "traffic" && wanted) wanted.after = data.last;
  if (kind === "state" && data.clock) setClock(data.clock);
  tell(kind, data);
}

function setLinked(value) {
  linked = value;
  tell("link", value);
}

function tell(kind, data) {
  for (const follower of followers[kind] ?? []) {
    try {
      follower(data);
    } catch (error) {
      console.error(error); // one view's mistake does not end the stream
    }
  }
}
