// Part of a device: its offline commands, which wait until the device sends something.

import { get, Mistake, post, put } from "./api.js";
import { imei } from "./devices.js";
import { ask, button, choice, dialog, facts, field, fill, h, redraw, run, state, toast } from "./dom.js";
import { parts, shown, valueInput } from "./objects.js";
import { poll } from "./polling.js";
import { now } from "./stream.js";
import { count, t, visible } from "./texts.js";
import { parameter } from "./times.js";

const PER_PAGE = 20;
const EVERY = 2000; // ms
const SINCE = "1970-01-01T08:00:00"; // all: the call requires a start
const WAITS = 1;
// send_status (guide 4.2.9.4): [colour, text]
const STATES = {
  1: ["warn", () => t("waits")],
  2: ["off", () => t("cancelled")],
  3: ["warn", () => t("sent")],
  4: ["off", () => t("expired")],
  5: ["on", () => t("succeeded")],
  6: ["bad", () => t("failed")],
  7: ["bad", () => t("no answer in time")],
  8: ["bad", () => t("undefined")],
};
const KINDS = { READ: () => t("Read"), WRITE: () => t("Write"), EXECUTE: () => t("Execute") };
const SIGNS = { 1: () => t("register"), 2: () => t("update"), 4: () => t("report") }; // trigger_msg

/** show(place, device) → { close() }. */
export function show(place, device) {
  const ending = new AbortController();
  const who = { imei: imei(device) };
  const details = new Map(); // uuid → detail, of which path and arguments never change
  let page = 1;
  let asked = 0; // loads so far: only the last one counts
  let drawn = "";

  const number = h("span", { class: "faint", id: "command-count", role: "status" });
  const back = button(t("Newer"), () => turn(-1));
  const on = button(t("Older"), () => turn(1));
  const table = h("div", { class: "table", id: "commands" });
  fill(
    place,
    h(
      "div",
      { class: "tools" },
      number,
      back,
      on,
      h("span", { class: "right" }),
      button(t("Cancel all that wait"), cancelAll),
      button(t("New offline command"), create, { kind: "main" }),
    ),
    table,
  );

  function turn(by) {
    page = Math.max(1, page + by);
    return load();
  }

  async function load() {
    const mine = ++asked;
    const query = { ...who, start: SINCE, page, per_page: PER_PAGE };
    const found = await get("/nbiot/offline/history", query, ending.signal);
    const unknown = found.items.filter((one) => !details.has(one.cmd_uuid));
    await Promise.all(unknown.map((one) => detail(one.cmd_uuid)));
    if (mine !== asked) return;
    for (const uuid of details.keys()) if (!found.items.some((one) => one.cmd_uuid === uuid)) details.delete(uuid);
    const last = Math.max(1, Math.ceil(found.total_count / PER_PAGE));
    fill(number, t("Commands: {n}, page {page} of {last}", { n: count(found.total_count), page, last }));
    back.disabled = page <= 1;
    on.disabled = page >= last;
    const key = JSON.stringify(found.items);
    if (key !== drawn) redraw(table, () => draw(found.items));
    drawn = key;
    if (page <= last) return;
    page = last;
    await load();
  }

  async function detail(uuid) {
    const found = await get(`/nbiot/offline/history/${uuid}`, who, ending.signal);
    details.set(uuid, found);
    return found;
  }

  function draw(items) {
    if (!items.length) {
      fill(table, h("p", { class: "empty" }, t("There is no offline command.")));
      return;
    }
    const columns = [
      [t("State")],
      [t("Operation")],
      [t("Path")],
      [t("Created"), "wide"],
      [t("Expires"), "wide"],
      [t("Answered"), "wide"],
    ];
    const row = (one) =>
      h(
        "tr",
        { "data-command": one.cmd_uuid },
        h("td", {}, statusOf(one.send_status)),
        h("td", {}, KINDS[one.type]?.() ?? one.type),
        h("td", { class: "mono" }, pathOf(details.get(one.cmd_uuid))),
        [one.create_time, one.expired_time, one.confirm_time].map((time) => h("td", { class: "wide" }, time)),
        h(
          "td",
          {},
          h(
            "div",
            { class: "operations" },
            button(t("Details"), () => showDetail(one), { class: "small", "aria-label": t("Details of {uuid}", { uuid: one.cmd_uuid }) }),
            one.send_status === WAITS &&
              button(t("Cancel"), () => cancel(one.cmd_uuid), { class: "small", "aria-label": t("Cancel {uuid}", { uuid: one.cmd_uuid }) }),
          ),
        ),
      );
    fill(
      table,
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, columns.map(([text, wide]) => h("th", { scope: "col", class: wide }, text)), h("td", {}))),
        h("tbody", {}, items.map(row)),
      ),
    );
  }

  async function showDetail({ cmd_uuid }) {
    const found = await detail(cmd_uuid);
    const known = ["imei", "obj_id", "obj_inst_id", "res_id"];
    const rest = Object.entries(found.args).filter(([name]) => !known.includes(name));
    await dialog({
      title: t("Offline command"),
      body: [
        facts([
          ["uuid", h("code", {}, cmd_uuid)],
          [t("State"), statusOf(found.send_status)],
          [t("Operation"), KINDS[found.type]?.() ?? found.type],
          [t("Path"), h("code", {}, pathOf(found))],
          [t("Result (confirm_status)"), found.confirm_status],
          [t("Created"), found.create_time],
          [t("Sent"), found.send_time],
          [t("Answered"), found.confirm_time],
          ...rest.map(([name, value]) => [name, visible(value)]),
        ]),
        found.content && [h("h3", {}, t("Body")), h("pre", {}, visible(shown(found.content)))],
        found.cmd_result && [h("h3", {}, t("Answer")), h("pre", {}, visible(shown(found.cmd_result)))],
      ],
    });
  }

  async function cancel(uuid) {
    await put(`/nbiot/offline/cancel/${uuid}`, undefined, who);
    toast(t("Command cancelled"));
    await load();
  }

  async function cancelAll() {
    const sure = await ask({
      title: t("Cancel all that wait?"),
      text: t("Commands that were sent already go on."),
      action: t("Cancel them"),
      submit: async () => {
        const { succ, failed } = await put("/nbiot/offline/cancel/all", undefined, who);
        toast(t("Cancelled: {n}, not cancelled: {others}", { n: succ.length, others: failed.length }));
      },
    });
    if (sure) await load();
  }

  async function create() {
    if (!(await createDialog(who))) return;
    page = 1;
    toast(t("Offline command created"));
    await load();
  }

  run(null, load);
  const stop = poll(load, EVERY);
  return {
    close() {
      ending.abort();
      stop();
    },
  };
}

function statusOf(number) {
  const [colour, text] = STATES[number] ?? ["off", () => String(number)];
  return state(colour, text());
}

// The path in the query; a write has its resources in the body.
function pathOf({ args = {}, content } = {}) {
  const written = content?.data?.map((one) => one.res_id).join(",");
  return [args.obj_id, args.obj_inst_id, args.res_id ?? written].filter((one) => one !== undefined).join("/");
}

// Promise of whether one was created.
function createDialog(who) {
  const names = Object.fromEntries(Object.entries(KINDS).map(([name, text]) => [name, text()]));
  const kind = choice(names, "READ", { id: "command-kind", onchange: () => showFields() });
  const path = h("input", { id: "command-path", autocomplete: "off", required: true });
  const value = valueInput("number");
  const argument = h("input", { id: "command-argument", autocomplete: "off" });
  const number = (id, given, least, most) => h("input", { id, type: "number", min: least, max: most, step: "any", value: given, required: true });
  const delay = number("command-delay", 1, 0, 31536000);
  const life = number("command-life", 3600, 1, 31536000);
  const retry = number("command-retry", 3, 0, 10);
  const signs = Object.entries(SIGNS).map(([bit, text]) => [Number(bit), h("input", { type: "checkbox", checked: true }), text()]);
  const valuePlace = h("div", {}, value.element);
  const argumentPlace = field(t("Argument"), argument, t("empty: none"));
  const showFields = () => {
    valuePlace.hidden = kind.value !== "WRITE";
    argumentPlace.hidden = kind.value !== "EXECUTE";
  };
  showFields();
  return dialog({
    title: t("New offline command"),
    action: t("Create"),
    body: [
      h("div", { class: "fields" }, field(t("Operation"), kind), field(t("Path"), path, t("such as {text}", { text: "3303/0/5700" }))),
      valuePlace,
      argumentPlace,
      h(
        "div",
        { class: "fields" },
        field(t("Valid after (s)"), delay),
        field(t("Expires after (s)"), life),
        field(t("Repetitions (retry)"), retry),
      ),
      h(
        "fieldset",
        {},
        h("legend", {}, t("Sent when the device sends a")),
        signs.map(([, input, text]) => h("label", { class: "check" }, input, text)),
      ),
    ],
    submit: async () => {
      const at = parts(path.value);
      if (!at) throw new Mistake(t("{text} is no path, expected such as {path}", { text: JSON.stringify(path.value), path: "3303/0/5700" }));
      const valid = Math.ceil(now() + Number(delay.value));
      const query = {
        ...who,
        ...at,
        valid_time: parameter(valid),
        expired_time: parameter(valid + Math.ceil(Number(life.value))),
        retry: retry.value,
        trigger_msg: signs.reduce((sum, [bit, input]) => sum + (input.checked ? bit : 0), 0),
      };
      if (kind.value === "READ") await get("/nbiot/offline", query);
      else if (kind.value === "EXECUTE") await post("/nbiot/execute/offline", argument.value ? { args: argument.value } : {}, query);
      else {
        const { res_id, ...instance } = query;
        if (res_id === undefined) throw new Mistake(t("A write needs the path of a resource, expected such as {path}", { path: "3303/0/5700" }));
        await post("/nbiot/offline", { data: [{ res_id, ...value.read() }] }, { ...instance, mode: 2 });
      }
    },
  });
}
