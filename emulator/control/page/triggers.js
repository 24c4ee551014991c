// View: the triggers of the product: a POST to an application when a data point meets a condition.

import { get, Mistake, post, put, remove } from "./api.js";
import { ask, button, choice, dialog, field, fill, h, heading, run, state, toast } from "./dom.js";
import { poll } from "./polling.js";
import { rows } from "./rows.js";
import { count, t, visible } from "./texts.js";

const PER_PAGE = 100;
const EVERY = 2000; // ms
// What `threshold` is, by type (guide 4.2.10.1). The year decides which types there are.
const NUMBER = "number";
const RANGE = "range";
const EXPRESSION = "expression";
const NOTHING = "nothing";
const TYPES = {
  ">": [NUMBER, () => t("> a number")],
  ">=": [NUMBER, () => t(">= a number")],
  "<": [NUMBER, () => t("< a number")],
  "<=": [NUMBER, () => t("<= a number")],
  "==": [NUMBER, () => t("== a number")],
  inout: [RANGE, () => t("inout: comes into a range, or leaves it")],
  in: [RANGE, () => t("in: is in a range")],
  out: [RANGE, () => t("out: is out of a range")],
  change: [NOTHING, () => t("change: has another value")],
  frozen: [NUMBER, () => t("frozen: no point for some seconds")],
  live: [NUMBER, () => t("live: a point after some seconds without one")],
  exp: [EXPRESSION, () => t("exp: an expression")],
};

/** show(place, path): see main.js. */
export function show(place) {
  const ending = new AbortController();
  let drawn = "";
  let asked = 0; // reads so far: only the last one counts
  const number = h("span", { class: "faint", id: "trigger-count", role: "status" });
  const list = rows({
    label: t("Triggers"),
    class: "triggers",
    height: 34,
    columns: [
      { title: "id", class: "mono" },
      { title: t("Title") },
      { title: t("Condition"), class: "mono" },
      { title: t("Watches"), class: "wide" },
      { title: "URL", class: "wide mono" },
      { title: t("State"), class: "wide" },
      { title: "" },
    ],
    name: (one) => String(one.id),
    cells: (one) => [
      one.id,
      visible(one.title ?? ""),
      condition(one),
      watched(one),
      one.url,
      one.invalid ? state("bad", t("invalid")) : state(true, t("valid")),
      h(
        "div",
        { class: "operations" },
        button(t("Edit"), () => edit(one), { class: "small", "aria-label": t("Edit trigger {id}", { id: one.id }) }),
        button(t("Delete"), () => erase(one), { class: "small", "aria-label": t("Delete trigger {id}", { id: one.id }) }),
      ),
    ],
    open: (one) => run(null, () => edit(one)),
    empty: t("Loading ..."),
  });
  fill(
    place,
    heading(t("Triggers")),
    h(
      "div",
      { class: "tools" },
      number,
      button(t("Reload"), load, { class: "right" }),
      button(t("New trigger"), () => edit(null), { kind: "main" }),
    ),
    list.element,
  );

  async function load() {
    try {
      await read();
    } catch (error) {
      list.setEmpty(error.message);
      throw error;
    }
  }

  async function read() {
    const mine = ++asked;
    const found = [];
    for (let page = 1; ; page++) {
      const data = await get("/triggers", { page, per_page: PER_PAGE }, ending.signal);
      found.push(...data.triggers);
      if (found.length >= data.total_count || !data.triggers.length) break;
    }
    if (mine !== asked) return;
    list.setEmpty(t("There is no trigger."));
    const key = JSON.stringify(found);
    if (key === drawn) return;
    drawn = key;
    list.set(found);
    fill(number, t("Triggers: {n}", { n: count(found.length) }));
  }

  async function edit(old) {
    if (!(await editDialog(old))) return;
    toast(old ? t("Saved") : t("Trigger created"));
    await load();
  }

  async function erase(one) {
    const done = await ask({
      title: t("Delete the trigger?"),
      text: t("Trigger {id} is deleted: {what}", { id: one.id, what: `${one.title ?? ""} ${condition(one)}` }),
      action: t("Delete"),
      submit: () => remove(`/triggers/${one.id}`),
    });
    if (done) await load();
  }

  run(null, load);
  const stop = poll(read, EVERY); // others change them, too
  return {
    close() {
      ending.abort();
      stop();
    },
  };
}

function condition({ type, threshold }) {
  if (threshold == null) return type;
  if (typeof threshold === "object") return `${type} ${threshold.lolmt} ... ${threshold.uplmt}`;
  return `${type} ${threshold}`;
}

function watched(one) {
  if (one.ds_uuids) return t("{n} streams", { n: one.ds_uuids.length });
  if (one.dev_ids) return t("{stream} of {devices}", { stream: one.ds_id, devices: one.dev_ids.join(", ") });
  return t("{stream} of all devices", { stream: one.ds_id });
}

// Promise of whether a trigger was created, or `old` changed.
function editDialog(old) {
  const text = (id, value, more = {}) => h("input", { id, value: value ?? "", autocomplete: "off", ...more });
  const title = text("trigger-title", old?.title, { required: Boolean(old?.title) }); // the API takes none away
  const url = text("trigger-url", old?.url ?? "http://127.0.0.1:8000/", { required: true });
  const options = Object.fromEntries(Object.entries(TYPES).map(([name, [, said]]) => [name, said()]));
  const kind = choice(options, old?.type ?? ">", { id: "trigger-type", onchange: () => showThreshold() });
  const isRange = old?.threshold && typeof old.threshold === "object";
  const limit = text("trigger-threshold", isRange ? "" : old?.threshold);
  const low = text("trigger-low", isRange ? old.threshold.lolmt : "");
  const high = text("trigger-high", isRange ? old.threshold.uplmt : "");
  const threshold = h("div", { class: "fields" });
  const stream = text("trigger-stream", old?.ds_id);
  const devices = text("trigger-devices", old?.dev_ids?.join(", "));
  const uuids = h("textarea", { id: "trigger-uuids", rows: 3, value: old?.ds_uuids?.join("\n") ?? "" });
  const showThreshold = () => {
    const [needs] = TYPES[kind.value];
    fill(
      threshold,
      needs === NUMBER && field(t("Threshold"), limit),
      needs === EXPRESSION && field(t("Threshold"), limit, t("such as {text}", { text: "$val[0] > 30 && $val[1] < 33" })),
      needs === RANGE && [field(t("Lower limit"), low), field(t("Upper limit"), high)],
    );
  };
  showThreshold();
  const body = () => {
    const found = { url: url.value.trim(), type: kind.value };
    if (title.value) found.title = title.value;
    const [needs] = TYPES[kind.value];
    if (needs === NUMBER) found.threshold = numberOf(limit.value);
    if (needs === EXPRESSION) found.threshold = limit.value;
    if (needs === RANGE) found.threshold = { lolmt: numberOf(low.value), uplmt: numberOf(high.value) };
    if (stream.value.trim()) found.ds_id = stream.value.trim();
    if (listOf(devices.value).length) found.dev_ids = listOf(devices.value);
    if (listOf(uuids.value).length) found.ds_uuids = listOf(uuids.value);
    if (old && !found.ds_id && !found.ds_uuids) found.dev_ids ??= []; // refused: without all three they would stay
    return found;
  };
  return dialog({
    title: old ? t("Edit trigger {id}", { id: old.id }) : t("New trigger"),
    action: old ? t("Save") : t("Create"),
    body: [
      field(t("Title"), title),
      field(t("URL that gets a POST"), url),
      field(t("Condition"), kind),
      threshold,
      h(
        "div",
        { class: "fields" },
        field(t("Stream (ds_id)"), stream, t("such as {text}", { text: "3303_0_5700" })),
        field(t("Devices (dev_ids)"), devices, t("ids, separated by commas; empty: all")),
      ),
      field(t("Or streams (ds_uuids)"), uuids, t("one a line, in place of stream and devices")),
    ],
    submit: () => (old ? put(`/triggers/${old.id}`, body()) : post("/triggers", body())),
  });
}

function numberOf(text) {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number))
    throw new Mistake(t("{text} is no number, expected such as 20.5", { text: JSON.stringify(text) }));
  return number;
}

function listOf(text) {
  return text.split(/[\s,，]+/).filter(Boolean);
}
