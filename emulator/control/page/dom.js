// Elements, lists, dialogs and messages, for all views.
//
// All text goes through textContent, and no style attribute is written: the page's security policy
// forbids inline code, and what devices report is hostile. Positions that follow from data are set
// by element.style, which the policy allows.

import { Mistake } from "./api.js";
import { t, visible } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
// What is set as a property: as an attribute it would only be the initial value.
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "indeterminate"]);

/**
 * h("button", { class: "plain", onclick: save, disabled: true }, "Save", node, [more], null)
 * → element. `on...` are listeners; null and undefined attributes are left out, true is an empty
 * attribute. Children: texts, numbers, nodes, lists; null, undefined and false are left out.
 */
export function h(tag, attributes = {}, ...children) {
  return made(document.createElement(tag), attributes, children);
}

/** svg("path", { d: "M0 0" }, ...) → element of SVG; otherwise as h. */
export function svg(tag, attributes = {}, ...children) {
  return made(document.createElementNS(SVG, tag), attributes, children);
}

function made(element, attributes, children) {
  fill(element, ...children);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name) && name in element) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  return element;
}

/** fill(element, ...children) → element, with these children in place of those that it had. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children.flat(Infinity).filter((child) => child != null && child !== false),
  );
  return element;
}

/** refill(element, child): as fill, but changes only what differs: a selection, as of a number that is
 * copied, stays. */
export function refill(element, child) {
  if (element.childNodes.length === 1) renew(element.firstChild, child);
  else fill(element, child);
}

/** renew(old, next) → the node that now shows what `next` does, in the place of `old`: `old` itself,
 * with those of its parts in place of which `next` has others, or `next`. What stays keeps the focus,
 * a selection, a click that has begun, and its listeners, which have to do what those of `next` do. */
export function renew(old, next) {
  if (old.isEqualNode(next)) return old;
  const parts = [...next.childNodes];
  if (old.childNodes.length !== parts.length || !old.cloneNode().isEqualNode(next.cloneNode())) {
    old.replaceWith(next);
    return next;
  }
  [...old.childNodes].forEach((one, place) => renew(one, parts[place]));
  return old;
}

/** redraw(place, draw): calls draw(), which fills `place` anew. If a part of it had the focus, the new
 * one of the same name (aria-label) gets it, or else the one in the same place, or the last. */
export function redraw(place, draw) {
  const stops = () => [...place.querySelectorAll("a, button, summary")];
  const at = stops().indexOf(document.activeElement);
  const name = document.activeElement?.getAttribute("aria-label");
  draw();
  if (at < 0) return;
  const after = stops();
  (after.find((one) => name && one.getAttribute("aria-label") === name) ?? after[at] ?? after.at(-1))?.focus();
}

/** heading("Devices") → h1 of a view; `text` also becomes the window's title. */
export function heading(text) {
  const shown = visible(text);
  document.title = `${shown} - ${t("M5310 emulator")}`;
  return h("h1", {}, shown);
}

/** button("Save", action, { kind: "main" | "danger" | "plain", ...attributes }) → button.
 * `action` may be async: meanwhile the button is disabled, and a failure becomes a toast. */
export function button(text, action, { kind, ...attributes } = {}) {
  const made = h(
    "button",
    { type: "button", class: kind, ...attributes, onclick: () => run(made, action) },
    text,
  );
  return made;
}

/** run(element | null, action) → Promise of what `action` gives; undefined if it failed, which is
 * shown as a toast. The element is busy meanwhile, and a second click does nothing. */
export async function run(element, action) {
  if (element?.getAttribute("aria-busy") === "true") return undefined;
  // Not `disabled`: the focus would be lost.
  element?.setAttribute("aria-busy", "true");
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, "error");
    if (!error.expected && error.name !== "AbortError") console.error(error);
    return undefined;
  } finally {
    element?.removeAttribute("aria-busy");
  }
}

let fields = 0;

/** field("Title", input, hint?) → a label with its input (input, select, textarea) and a hint. */
export function field(label, input, hint) {
  input.id ||= `field-${++fields}`;
  const about = hint && h("small", { id: `${input.id}-hint` }, hint);
  if (about) input.setAttribute("aria-describedby", about.id);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, about);
}

/** number(input) → its number. Throws a Mistake that names the field: empty, or not in its range. */
export function number(input) {
  if (input.validity.valid && input.value !== "") return Number(input.value);
  throw new Mistake(wrong([input]));
}

/** wrong(inputs) → what is wrong with the first of them that is, which gets the focus; "" for nothing.
 * In the language of the page: the browser's own messages have that of the browser. */
export function wrong(inputs) {
  const one = [...inputs].find((each) => each.willValidate && !each.validity.valid);
  if (!one) return "";
  one.focus();
  return t("{field}: {problem}", { field: one.labels?.[0]?.textContent ?? "", problem: expected(one) });
}

function expected(input) {
  const { valueMissing, badInput, rangeUnderflow, rangeOverflow, stepMismatch } = input.validity;
  const { min, max } = input;
  if (valueMissing) return t("nothing is given, expected a value");
  if (badInput) return t("no complete value, expected such as {text}", { text: input.type === "number" ? "20" : "2018-06-01 12:00:00" });
  if (rangeUnderflow || rangeOverflow) {
    const text = JSON.stringify(input.value);
    if (max === "") return t("{text}, expected {min} or more", { text, min });
    if (min === "") return t("{text}, expected at most {max}", { text, max });
    return t("{text}, expected {min} to {max}", { text, min, max });
  }
  if (stepMismatch) return t("{text}, expected a whole number", { text: JSON.stringify(input.value) });
  const hint = document.getElementById(input.getAttribute("aria-describedby"))?.textContent ?? "";
  return t("{text}, expected: {hint}", { text: JSON.stringify(input.value), hint });
}

/** reflect(input, value): shows a value that may change behind the page, but not under the hands of a
 * person: not in the field that has the focus, nor in place of what was typed and not yet sent. */
export function reflect(input, value) {
  const [member, text] = input.type === "checkbox" ? ["checked", Boolean(value)] : ["value", String(value)];
  const last = reflected.get(input);
  const typed = last !== undefined && input[member] !== last;
  if (input === document.activeElement || (typed && last === text)) return;
  input[member] = text;
  reflected.set(input, text);
}

const reflected = new WeakMap(); // input → what it showed last

/** choice({ value: "text", ... }, chosen, attributes?) → select. */
export function choice(options, chosen, attributes = {}) {
  const made = Object.entries(options).map(([value, text]) => h("option", { value }, text));
  return h("select", { ...attributes, value: chosen }, made);
}

/** state(true, "online") → a circle, green or grey (or "warn", "bad"), with its text. */
export function state(kind, text) {
  const name = kind === true ? "on" : kind === false ? "off" : kind;
  return h("span", { class: `state ${name}` }, h("span", { class: "dot", "aria-hidden": "true" }), text);
}

/** facts([["IMEI", value], ...]) → a definition list; pairs with null are left out. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs
      .filter((pair) => pair && pair[1] != null)
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

// Messages ----------------------------------------------------------------------------------------

const MOST_TOASTS = 5;
const SHOWN = { note: 5000, error: 20_000 }; // ms
const places = {};

/** toasts() → the live regions that toast() fills; main.js puts them on the page once. */
export function toasts() {
  places.note = h("div", { role: "status", "aria-live": "polite" });
  places.error = h("div", { role: "alert", "aria-live": "assertive" });
  return h("div", { class: "toasts" }, places.note, places.error);
}

/** toast("Written", "note" | "error"): a short message. The same one is shown once. */
export function toast(text, kind = "note") {
  const place = places[kind];
  for (const shown of place.children) if (shown.dataset.text === text) shown.remove();
  const shown = h("div", { class: `toast ${kind}`, "data-text": text }, h("span", {}, text));
  const close = h("button", { type: "button", class: "plain", "aria-label": t("Close message") }, "×");
  close.addEventListener("click", () => shown.remove());
  shown.append(close);
  place.append(shown);
  while (place.children.length > MOST_TOASTS) place.firstElementChild.remove();
  setTimeout(() => shown.remove(), SHOWN[kind]);
}

/** forgetErrors(): the errors shown so far are explained by what the page now shows. */
export function forgetErrors() {
  places.error.replaceChildren();
}

// Dialogs -----------------------------------------------------------------------------------------

/**
 * dialog({ title, body: [nodes], action: "Delete", kind: "main" | "danger", submit: async () => {},
 * other: { action, submit } }) → Promise of true when `submit` has succeeded, of false when the user
 * closes it. What `submit` throws is shown in the dialog, which stays open, or as a toast if the user
 * has closed it. `other`: a second button
 * of the same kind, which does not need the fields. Without `action` it can only be closed.
 */
export function dialog({ title, body = [], action, kind = "main", submit = async () => {}, other }) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: `dialog-${++fields}` }, title);
    const problem = h("p", { class: "problem", role: "alert" });
    const close = h("button", { type: "button" }, action && !other ? t("Cancel") : t("Close"));
    const send = action && h("button", { type: "submit", class: kind }, action);
    const form = h("form", { novalidate: true }, heading, body, problem);
    const more = other && h("button", { type: "button", onclick: () => act(other.submit) }, other.action);
    form.append(h("div", { class: "actions" }, [close, more, send].filter(Boolean)));
    const frame = h("dialog", { "aria-labelledby": heading.id }, form);
    let succeeded = false;
    close.addEventListener("click", () => frame.close());
    frame.addEventListener("close", () => {
      frame.remove();
      // A list may have been drawn again, so that the button that opened the dialog is gone.
      if (document.activeElement === document.body) document.getElementById("main")?.focus();
      resolve(succeeded);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const mistake = wrong(form.elements);
      if (mistake) fill(problem, mistake);
      else if (action) act(submit);
    });
    async function act(what) {
      if (form.getAttribute("aria-busy") === "true") return;
      form.setAttribute("aria-busy", "true");
      fill(problem);
      try {
        await what();
        succeeded = true;
        frame.close();
      } catch (error) {
        if (!error.expected) console.error(error);
        if (frame.isConnected) fill(problem, error.message);
        else toast(error.message, "error"); // it was closed meanwhile
      } finally {
        form.removeAttribute("aria-busy");
      }
    }
    document.body.append(frame);
    frame.showModal();
  });
}

/** ask({ title, text, action, submit? }) → Promise of whether the user confirmed what may hurt. */
export function ask({ title, text, action, submit }) {
  return dialog({ title, body: [h("p", {}, text)], action, kind: "danger", submit });
}

// Tabs --------------------------------------------------------------------------------------------

/** tabs("Parts of the device", [["points", "Data points"], ...], chosen, open)
 * → { bar, panel, choose(name) }: bar and panel (an empty element) for the page; open(name) is
 * called when the user chooses one. */
export function tabs(label, names, chosen, open) {
  const panel = h("section", { role: "tabpanel", class: "panel", tabindex: "-1", id: `panel-${++fields}` });
  const bar = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  for (const [name, text] of names) {
    const tab = { role: "tab", type: "button", id: `${panel.id}-${name}`, "data-tab": name };
    bar.append(h("button", { ...tab, "aria-controls": panel.id, onclick: () => open(name) }, text));
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...bar.children];
    const at = all.indexOf(event.target);
    const next = Number.isFinite(step) ? (at + step + all.length) % all.length : step < 0 ? 0 : all.length - 1;
    all[next].focus();
    all[next].click();
  });
  const choose = (name) => {
    for (const tab of bar.children) {
      const mine = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(mine));
      tab.tabIndex = mine ? 0 : -1;
      if (mine) panel.setAttribute("aria-labelledby", tab.id);
    }
  };
  choose(chosen);
  return { bar, panel, choose };
}
