// Objects, resources and their values: names from the registry, paths, texts, typed inputs.

import { get, Mistake } from "./api.js";
import { choice, field, fill, h } from "./dom.js";
import { t } from "./texts.js";
import { parameter, posix, whole } from "./times.js";

let registry = null; // a Promise, one for the life of the page

/** loadNames() → Promise of the names in /emulator/objects: { 3303: { name, resources: {...} } }. */
export function loadNames() {
  registry ??= get("/emulator/objects").then(
    (data) => data.objects,
    () => {
      registry = null; // tried again by the next view; numbers stand alone until then
      return {};
    },
  );
  return registry;
}

/** parts("3303/0/5700") → { obj_id: 3303, obj_inst_id: 0, res_id: 5700 }, as many as there are; null
 * for what is no path. */
export function parts(path) {
  const match = /^\/?(\d{1,5})(?:\/(\d{1,5})(?:\/(\d{1,5}))?)?\/?$/.exec(path.trim());
  if (!match || match.slice(1).some((part) => Number(part) > 65535)) return null;
  const [object, instance, resource] = match.slice(1).map((part) => part && Number(part));
  return { obj_id: object, obj_inst_id: instance, res_id: resource };
}

const STREAM = /^(?:0|[1-9]\d{0,4})(?:_(?:0|[1-9]\d{0,4})){2}$/;

/** pathOf("3303_0_5700") → "3303/0/5700": the resource of a stream; null for another name, as
 * applications may choose any: "99999_0_1" is none, as ids end at 65535. */
export function pathOf(stream) {
  const path = stream.replaceAll("_", "/");
  return STREAM.test(stream) && parts(path) ? path : null;
}

/** streamOf("3303/0/5700") → "3303_0_5700". */
export function streamOf(path) {
  return path.replaceAll("/", "_");
}

/** isBytes(value) → whether it is bytes, which the API shows as an array of their numbers. */
export function isBytes(value) {
  return Array.isArray(value) && value.every((one) => Number.isInteger(one) && one >= 0 && one < 256);
}

/** hex([1, 255]) → "01 ff". */
export function hex(bytes) {
  return bytes.map((one) => one.toString(16).padStart(2, "0")).join(" ");
}

/** shown(value) → a value as text: bytes as hexadecimal digits, several instances with their ids. */
export function shown(value) {
  if (value === null || value === undefined) return "";
  if (isBytes(value)) return value.length ? hex(value) : t("(no bytes)");
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_name, one) => (typeof one === "bigint" ? String(one) : one));
}

const KINDS = {
  number: () => t("number"),
  integer: () => t("whole number"),
  time: () => t("time (Beijing)"),
  boolean: () => t("true or false"),
  text: () => t("text"),
  opaque: () => t("bytes (hexadecimal)"),
};
const OF_TYPE = {
  Integer: "integer",
  "Unsigned Integer": "integer",
  Time: "time",
  Boolean: "boolean",
  String: "text",
  Opaque: "opaque",
  Objlnk: "text",
  Corelnk: "text",
};
const LATEST = 253402300799; // seconds: the last that a field for a time takes

/** kindOf("Float", value) → a name in KINDS: by the registry's type, or else by a value that the
 * resource had. */
export function kindOf(type, value) {
  if (type) return OF_TYPE[type] ?? "number";
  if (typeof value === "boolean") return "boolean";
  if (isBytes(value)) return "opaque";
  return typeof value === "string" ? "text" : "number";
}

/**
 * valueInput(kind, value) → { element, read() }: fields for a value and its type. read() gives
 * { val } or { val, type: 1 }, as bodies of writes have it; it throws a Mistake that says what was
 * expected.
 */
export function valueInput(kind, value) {
  const place = h("div", {});
  const kinds = Object.fromEntries(Object.entries(KINDS).map(([name, text]) => [name, text()]));
  const select = choice(kinds, kind, { id: "value-kind", onchange: () => draw() });
  let input;
  let began = ""; // what the field showed first
  const draw = () => {
    const typed = input && input.value !== began; // what was typed stays, as a value of the other type
    const old = typed ? input.value : textFor(select.value, value);
    const attributes = { id: "value", autocomplete: "off", value: old, autofocus: true };
    if (select.value === "boolean") input = choice({ true: "true", false: "false" }, old === "false" ? old : "true", { id: "value", autofocus: true });
    else if (select.value === "text") input = h("textarea", attributes);
    else if (select.value === "time") input = h("input", { ...attributes, type: "datetime-local", step: 1 });
    else input = h("input", attributes);
    const example = { number: "20.5, -3, 1e6", integer: "20, -3", opaque: "01 02 ff" }[select.value];
    began = typed ? "" : input.value;
    fill(place, field(t("Value"), input, example && t("such as {text}", { text: example })));
  };
  draw();
  return {
    element: h("div", {}, field(t("Type"), select), place),
    read: () => READ[select.value](input.value),
  };
}

// A value that the resource had, as the field of this kind takes it; "" for a value of another kind.
function textFor(kind, value) {
  if (value === undefined) return "";
  const isNumber = kindOf(null, value) === "number";
  if (kind === "time") return isNumber && value >= 0 && value <= LATEST ? parameter(Number(value)) : "";
  if (kind === "integer") return isNumber ? shown(value) : "";
  return kindOf(null, value) === kind ? shown(value) : "";
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const INTEGER = /^-?(0|[1-9]\d*)$/;

// Whole numbers of 64 bits go out with all their digits, where the browser can do it.
function exact(digits) {
  return Number.isSafeInteger(Number(digits)) || !JSON.rawJSON ? Number(digits) : JSON.rawJSON(digits);
}

/** written({ val, type }) → the value that a body of a write has, as the API would show it. */
export function written({ val, type }) {
  if (type === 1) return (val.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
  return JSON.isRawJSON?.(val) ? BigInt(val.rawJSON) : val;
}

const READ = {
  boolean: (text) => ({ val: text === "true" }),
  text: (text) => ({ val: text }),
  number(text) {
    const digits = text.trim();
    if (!NUMBER.test(digits))
      throw new Mistake(t("{text} is no number, expected such as 20.5", { text: JSON.stringify(text) }));
    if (!Number.isFinite(Number(digits)))
      throw new Mistake(t("{text} is too large, expected a number up to 1.7e308", { text: JSON.stringify(text) }));
    return { val: INTEGER.test(digits) ? exact(digits) : Number(digits) };
  },
  integer(text) {
    const digits = text.trim();
    if (!INTEGER.test(digits) || BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits))
      throw new Mistake(t("{text} is no whole number of 64 bits, expected such as 20 or -3", { text: JSON.stringify(text) }));
    return { val: exact(digits) };
  },
  time(text) {
    const seconds = posix(whole(text));
    if (Number.isNaN(seconds)) throw new Mistake(t("The time is not complete, expected a date and a time"));
    return { val: seconds };
  },
  opaque(text) {
    const digits = text.replace(/\s+/g, "");
    if (!/^([0-9a-fA-F]{2})*$/.test(digits))
      throw new Mistake(t("{text} are no bytes, expected pairs of hexadecimal digits such as 01 ff", { text: JSON.stringify(text) }));
    return { val: digits, type: 1 };
  },
};
