// Part of a device: the data points of one of its streams, as a plot, as a table, as a file.

import { get, Mistake, save } from "./api.js";
import { button, choice, field, fill, h, run } from "./dom.js";
import { hex, isBytes, loadNames, parts, pathOf, shown } from "./objects.js";
import { plot } from "./plot.js";
import { poll } from "./polling.js";
import { rows } from "./rows.js";
import { now } from "./stream.js";
import { count, t, visible } from "./texts.js";
import { parameter, posix, whole } from "./times.js";

const PAGE = 6000; // points of one answer, the API's limit
const MOST = 60_000; // points that the page holds
const EVERY = 2000; // ms between looks for new points
const YEAR = 366 * 86400; // seconds; the API ignores what is later

/** show(place, device, [stream]) → { close(), streams(datastreams), move([stream]) }. */
export function show(place, device, [wanted]) {
  const ending = new AbortController();
  let points = [];
  let curve = null;
  let names = {};
  let more = false;
  let loaded = false; // whether the streams are shown
  let asked = 0; // loads so far: only the last one counts

  const streams = choice([], "", { id: "stream", onchange: () => go(streams.value) });
  const extent = choice(
    { 100: t("newest 100"), 1000: t("newest 1,000"), 6000: t("newest 6,000"), span: t("from, to") },
    "1000",
    { id: "extent", onchange: () => extentChanged() },
  );
  const from = h("input", { type: "datetime-local", step: 1, id: "from", onchange: () => run(null, load) });
  const to = h("input", { type: "datetime-local", step: 1, id: "to", onchange: () => run(null, load) });
  const span = h("div", { class: "tools span", hidden: true }, field(t("From (Beijing time)"), from), field(t("To (Beijing time)"), to));
  const follow = h("input", { type: "checkbox", id: "follow", checked: true });
  const number = h("span", { id: "point-count", class: "faint", role: "status" });
  const picture = h("div", { id: "plot" });
  const list = rows({
    label: t("Data points"),
    class: "points-list",
    height: 26,
    columns: [{ title: t("Time (Beijing)"), class: "mono" }, { title: t("Value"), class: "mono" }],
    cells: (one) => [one.at, visible(shown(one.value))],
    empty: t("Loading ..."),
  });
  fill(
    place,
    h(
      "div",
      { class: "tools" },
      field(t("Stream"), streams),
      field(t("Show"), extent),
      span,
      h("label", { class: "check" }, follow, t("Follow")),
      number,
      button(t("Reload"), load, { class: "right" }),
      button(t("Download CSV"), download),
    ),
    picture,
    list.element,
  );

  function go(stream) {
    location.hash = `#/devices/${device.id}/points/${encodeURIComponent(stream)}`;
  }

  function extentChanged() {
    span.hidden = extent.value !== "span";
    follow.disabled = extent.value === "span";
    if (extent.value === "span" && !from.value) {
      from.value = parameter(now() - 3600);
      to.value = parameter(now() + 1);
    }
    run(null, load);
  }

  const nameOf = (stream) => {
    const at = parts(pathOf(stream) ?? "");
    const object = at && names[at.obj_id];
    const name = [object?.name, object?.resources[at.res_id]?.name].filter(Boolean).join(", ");
    return name ? `${pathOf(stream)} ${name}` : stream;
  };

  async function loadStreams() {
    names = await loadNames();
    const found = await get(`/devices/${device.id}`, {}, ending.signal);
    showStreams(found.datastreams ?? [], wanted);
    loaded = true;
  }

  function idsOf(found) {
    return found.map((one) => one.id).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  }

  function showStreams(found, chosen) {
    const ids = idsOf(found);
    fill(streams, ids.map((id) => h("option", { value: id }, nameOf(id))));
    streams.value = ids.includes(chosen) ? chosen : (ids[0] ?? "");
  }

  async function load() {
    const mine = ++asked;
    const stream = streams.value;
    if (!stream) {
      list.setEmpty(t("There is no data point."));
      list.set([]);
      return;
    }
    const [found, rest] = extent.value === "span" ? await within(stream) : [await newest(stream, Number(extent.value)), false];
    if (mine !== asked) return; // another stream or span was chosen meanwhile
    list.setEmpty(t("There is no data point."));
    more = rest;
    const same = found.length === points.length && found.at(-1)?.at === points.at(-1)?.at && found[0]?.at === points[0]?.at;
    points = found;
    if (!same || curve?.stream !== stream) draw(stream);
  }

  const all = (stream, query) => get(`/devices/${device.id}/datapoints`, { datastream_id: stream, ...query }, ending.signal);
  const pointsOf = (data) => data.datastreams[0]?.datapoints ?? [];

  async function newest(stream, limit) {
    return pointsOf(await all(stream, { limit }));
  }

  // [points, whether there are more]
  async function within(stream) {
    const found = [];
    const start = whole(from.value);
    const end = whole(to.value);
    let cursor;
    if (!start || !end) return [found, false];
    if (posix(end) < posix(start)) throw new Mistake(t("From is later than to"));
    if (posix(end) - posix(start) > YEAR) throw new Mistake(t("From and to are more than a year apart, expected at most a year"));
    do {
      const data = await all(stream, { start, end, limit: PAGE, cursor });
      found.push(...pointsOf(data));
      cursor = data.cursor;
    } while (cursor && found.length < MOST);
    return [found, Boolean(cursor)];
  }

  function draw(stream) {
    const path = pathOf(stream) ?? stream;
    if (curve?.stream !== stream) {
      curve = { stream, ...plot({ label: path }) };
      fill(picture, curve.element);
    }
    const numbers = points
      .map((one) => ({ at: posix(one.at), value: numeric(one.value) }))
      .filter((one) => Number.isFinite(one.value));
    curve.element.hidden = numbers.length === 0;
    curve.set(numbers, { steps: points.some((one) => typeof one.value === "boolean") });
    list.set([...points].reverse());
    const n = count(points.length);
    fill(number, more ? t("The first {n} points: choose a shorter span", { n }) : t("Points: {n}", { n }));
  }

  function download() {
    const stream = curve?.stream ?? ""; // of the points: another one may be chosen already
    save(csv(points), `${device.id}_${stream.replace(/[^\w.-]/g, "_")}.csv`);
  }

  async function begin() {
    await loadStreams();
    await load();
  }

  const stop = poll(async () => {
    if (!loaded) await begin();
    else if (follow.checked && extent.value !== "span") await load();
  }, EVERY);
  run(null, begin);
  return {
    close() {
      ending.abort();
      stop();
    },
    streams(found) {
      if (!loaded || streams === document.activeElement) return; // not under a person's hands
      const same = idsOf(found).join() === [...streams.options].map((one) => one.value).join();
      if (!same) showStreams(found, streams.value || wanted);
    },
    move([stream]) {
      wanted = stream;
      if ([...streams.options].some((one) => one.value === stream)) streams.value = stream;
      run(null, load);
    },
  };
}

function numeric(value) {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : NaN;
}

// The text of a file: time in Beijing, value; bytes as hexadecimal digits.
function csv(points) {
  const lines = points.map(({ at, value }) => `${at},${quoted(value)}`);
  return `\ufefftime_beijing,value\r\n${lines.map((line) => `${line}\r\n`).join("")}`; // BOM: for Excel
}

function quoted(value) {
  if (isBytes(value)) return hex(value);
  const text = shown(value);
  if (typeof value !== "string") return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  // A spreadsheet would run a text of a device that begins like a formula.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
