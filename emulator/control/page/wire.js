// View: what goes over the serial lines and through the air, live, as one sequence chart.
//
// The stream brings entries; the page keeps the latest ones. A pause holds what is shown, while the
// page goes on to keep what comes. The server skips what this page is too slow for, and says how
// many entries that were: they are shown as a note.

import { download, Mistake } from "./api.js";
import { coapHints } from "./coap_words.js";
import { laneTitles, lanes, wayName } from "./chart.js";
import { button, choice, field, fill, h, heading, toast } from "./dom.js";
import { ofModule } from "./existing.js";
import { explanations } from "./explanations.js";
import { rows } from "./rows.js";
import { follow, watch } from "./stream.js";
import { terminal } from "./terminal.js";
import { count, t } from "./texts.js";

const MOST = 20_000; // entries that the page keeps
const SLACK = 2_000; // more than that, before the oldest are dropped
const COPIED = 5_000; // lines
const KINDS = {
  all: ["host", "module", "up", "down", "call", "post", "note"],
  line: ["host", "module", "note"],
  air: ["up", "down"],
  applications: ["call", "post"],
};
const kept = { text: "", kind: "all" }; // what the user chose, until the page is closed
let stepping = false; // the next view follows from the field for the module, which keeps the focus

/** show(place, path): see main.js. `path`: the number of a module, or nothing for all of them. */
export function show(place, [text]) {
  return text === undefined ? view(place) : ofModule(place, text, view, ["#/wire", t("Wire of all modules")]);
}

function view(place, number) {
  let entries = [];
  let come = 0; // entries so far
  let newest = 0; // `last` of the traffic so far
  let paused = null; // the entries that are shown meanwhile
  let pausedAt = 0; // `come` at the beginning of the pause
  let asked = 0; // for a frame in which the list is drawn
  let end = false; // whether its last row was in view before it grew
  const words = explanations(() => list.refresh());

  const which = h("input", {
    type: "number",
    min: 1,
    id: "wire-module",
    value: number ?? "",
    onchange: () => {
      stepping = true;
      location.hash = which.value ? `#/wire/${which.value}` : "#/wire";
    },
  });
  const search = h("input", { type: "search", id: "wire-search", value: kept.text, autocomplete: "off", oninput: () => draw() });
  const kind = choice(
    { all: t("All"), line: t("AT lines"), air: t("CoAP"), applications: t("HTTP") },
    kept.kind,
    { id: "wire-kind", onchange: () => draw() },
  );
  const total = h("span", { class: "faint", id: "wire-count", role: "status" });
  const pause = button(t("Pause"), togglePause, { "aria-pressed": "false", id: "wire-pause" });
  const forms = choice(
    { text: t("transcript"), recording: t("recording"), pcapng: t("pcapng (Wireshark)") },
    "text",
    { id: "wire-form", "aria-label": t("Form of the file") },
  );
  const detail = h("div", { class: "card detail", hidden: true, "aria-live": "polite" });

  const list = rows({
    label: t("Wire"),
    class: number ? "wire" : "wire of-all",
    height: 26,
    lasting: true,
    columns: [
      { title: t("Time"), class: "number" },
      { title: "#", class: number ? "number wide" : "number" },
      { title: laneTitles(), class: "chart" },
      { title: t("Line"), class: "mono" },
      { title: t("In words"), class: "wide" },
    ],
    name: (one) => one.id,
    mark: (one) => `${one.way}${one.urc ? " urc" : ""}`,
    cells: (one) => [one.at.toFixed(3), one.module ?? "", lanes(one.way), brief(one), printable(words.of(one) ?? "…")],
    open: showDetail,
    empty: t("Nothing has been sent yet."),
  });
  const typing = number && terminal(number);

  fill(
    place,
    heading(number ? t("Wire of module {n}", { n: number }) : t("Wire")),
    h(
      "div",
      { class: "tools" },
      field(t("Module (empty: all)"), which),
      field(t("Filter"), search),
      field(t("Show"), kind),
      pause,
      button(t("Clear"), clear),
      button(t("Copy"), copy),
      h("span", { class: "right joined" }, forms, button(t("Download"), save)),
    ),
    total,
    list.element,
    detail,
    typing ? typing.element : h("p", { class: "faint" }, t("Choose a module to type AT lines into it.")),
  );

  function fits(text, ways) {
    const wanted = text.toLowerCase();
    return (one) => ways.includes(one.way) && (!wanted || one.text.toLowerCase().includes(wanted));
  }

  function draw(end = list.atEnd()) {
    kept.text = search.value;
    kept.kind = kind.value;
    const all = paused ?? entries;
    const plain = !kept.text && kept.kind === "all";
    const found = plain ? all : all.filter(fits(kept.text, KINDS[kept.kind]));
    list.setEmpty(all.length ? t("No line fits.") : t("Nothing has been sent yet."));
    list.set(found, { end: end && !paused });
    const shown = t("Lines: {n}", { n: count(found.length) });
    fill(total, paused ? t("{shown}, paused: {more} more have come", { shown, more: count(come - pausedAt) }) : shown);
  }

  function onTraffic({ entries: found, lost, last }) {
    // The list shows `entries` itself: whether its end is in view is known before it grows only.
    if (!asked) end = list.atEnd();
    if (last < newest) {
      const text = t("The emulator was started again: its time begins at 0");
      entries.push({ id: `again-${newest}`, at: 0, way: "note", text });
    }
    newest = last;
    if (lost) {
      const text = t("{n} lines are not shown: this page was too slow for them", { n: count(lost) });
      entries.push({ id: `lost-${last}`, at: found[0]?.at ?? 0, way: "note", text });
    }
    for (const one of found) entries.push(one);
    come += found.length;
    if (entries.length > MOST + SLACK) entries = entries.slice(-MOST);
    // Several events may come in one frame, as when the page opens: then they are drawn once.
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw(end);
    });
  }

  function togglePause() {
    paused = paused ? null : [...entries];
    pausedAt = come;
    pause.setAttribute("aria-pressed", String(paused !== null));
    fill(pause, paused ? t("Go on") : t("Pause"));
    draw();
  }

  function clear() {
    entries = [];
    if (paused) paused = [];
    pausedAt = come;
    detail.hidden = true;
    draw();
  }

  async function copy() {
    const found = list.items();
    const lines = found.slice(-COPIED).map((one) => `${one.at.toFixed(3)} ${one.module ? `#${one.module} ` : ""}${SIGNS[one.way]} ${printable(one.text)}`);
    // Browsers have it for this machine's own addresses and https only.
    if (!navigator.clipboard) throw new Mistake(t("The browser does not copy from this address: download the lines"));
    await navigator.clipboard.writeText(lines.join("\n"));
    toast(t("Copied lines: {n}", { n: count(lines.length) }));
  }

  async function save() {
    if (forms.value === "recording" && !number) throw new Mistake(t("A recording is of one module: choose a module first"));
    const ends = { text: "txt", recording: "jsonl", pcapng: "pcapng" };
    await download("/emulator/traffic", { module: number, format: forms.value }, `m5310.${ends[forms.value]}`);
  }

  function showDetail(one) {
    detail.hidden = false;
    fill(
      detail,
      h("p", { class: "faint" }, `${one.at.toFixed(6)} s, ${wayName(one.way)}`, one.urc ? `, ${t("unsolicited (URC)")}` : ""),
      h("pre", {}, printable(one.text)),
      h("p", {}, printable(words.of(one) ?? "")),
      one.way === "up" || one.way === "down" ? coapHints(one.text).map((hint) => h("p", { class: "faint" }, printable(hint))) : null,
      button(t("Close"), () => {
        detail.hidden = true;
        list.element.querySelector("[data-index][tabindex='0']")?.focus(); // the button is gone
      }),
    );
    detail.scrollIntoView({ block: "nearest" }); // it is below the list
  }

  const stops = [
    follow("traffic", onTraffic),
    follow("state", (data) => typing?.state(data.module)),
    watch({ module: number, after: 0, traffic: true }),
  ];
  draw();
  if (stepping) which.focus();
  stepping = false;
  return {
    close() {
      for (const stop of stops) stop();
      cancelAnimationFrame(asked);
      words.close();
    },
  };
}

// Of a datagram without its addresses, which the chart shows; all of it is shown when it is opened.
const brief = ({ way, text }) => printable(way === "up" || way === "down" ? text.replace(/^\S+ > \S+ +/, "") : text);

// As in the transcript: control characters would be invisible, turn the text around, or act on a
// terminal that a copy is pasted into.
const printable = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) => {
    const code = one.codePointAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });

const SIGNS = { host: "-->", module: "<--", up: "==>", down: "<==", call: ">>>", post: "<<<", note: "***" };
