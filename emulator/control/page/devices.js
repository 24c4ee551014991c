// View: all devices of the product, with their state, live.
//
// The list is loaded by the public API, page by page, some pages at a time. Meanwhile and afterwards
// the stream says which device logs in or out. What it says after the load began wins over what the
// load brings. What the stream does not tell is looked for every other second: devices that another
// program has created or deleted, and, on the last page, what it has edited.

import { get, post, remove } from "./api.js";
import { ask, button, choice, dialog, field, fill, h, heading, run, state, toast } from "./dom.js";
import { poll } from "./polling.js";
import { rows } from "./rows.js";
import { follow } from "./stream.js";
import { count, t, visible } from "./texts.js";

const PER_PAGE = 100; // the API's limit
const AT_A_TIME = 4; // pages; browsers have six connections to a server
const EVERY = 2000; // ms
const NAMED = 100; // ids in one search
const kept = { text: "", shown: "all" }; // what the user searched, until the page is closed

/** show(place, path): see main.js. */
export function show(place) {
  const ending = new AbortController();
  const devices = new Map(); // id → device
  let heard = new Map(); // id → online, since the load began
  let loading = null;
  let problem = ""; // why the last load failed

  const number = h("span", { class: "faint", id: "device-count", role: "status" });
  const search = h("input", {
    type: "search",
    id: "device-search",
    value: kept.text,
    autocomplete: "off",
    oninput: () => filter(),
  });
  const shown = choice(
    { all: t("All"), online: t("online"), offline: t("offline") },
    kept.shown,
    { id: "device-filter", onchange: () => filter() },
  );
  const list = rows({
    label: t("Devices"),
    class: "devices",
    height: 34,
    columns: [
      { title: t("State") },
      { title: t("Title") },
      { title: t("Device id"), class: "wide mono" },
      { title: "IMEI", class: "mono" },
      { title: t("Tags"), class: "wide" },
      { title: t("Created"), class: "wide" },
      { title: "", class: "right" },
    ],
    name: (one) => one.id,
    cells: (one) => [
      online(one.online),
      h("a", { href: `#/devices/${one.id}` }, visible(one.title)),
      one.id,
      imei(one),
      one.tags.map((tag) => h("span", { class: "tag" }, visible(tag))),
      one.create_time,
      button("×", () => erase(one), {
        kind: "plain small",
        "aria-label": t("Delete {title}", { title: one.title }),
        title: t("Delete"),
      }),
    ],
    open: (one) => {
      location.hash = `#/devices/${one.id}`;
    },
  });

  fill(
    place,
    heading(t("Devices")),
    h(
      "div",
      { class: "tools" },
      field(t("Search: title, id, IMEI, tag"), search),
      field(t("Show"), shown),
      number,
      button(t("Reload"), () => load(), { class: "right" }),
      button(t("Create device"), () => create(), { kind: "main" }),
    ),
    list.element,
  );

  function filter() {
    kept.text = search.value;
    kept.shown = shown.value;
    const words = kept.text.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = { all: null, online: true, offline: false }[kept.shown];
    const all = [...devices.values()];
    const found = all.filter(
      (one) =>
        (wanted === null || one.online === wanted) && words.every((word) => one.text.includes(word)),
    );
    list.setEmpty(loading ? t("Loading ...") : all.length ? t("No device fits.") : problem || t("There is no device yet."));
    list.set(found);
    const on = all.reduce((sum, one) => sum + (one.online ? 1 : 0), 0);
    fill(
      number,
      found.length === all.length
        ? t("Devices: {n}, online: {on}", { n: count(all.length), on: count(on) })
        : t("Devices: {found} of {n}", { found: count(found.length), n: count(all.length) }),
    );
  }

  function add(one) {
    if (heard.has(one.id)) one.online = heard.get(one.id);
    one.text = textOf(one).toLowerCase();
    devices.set(one.id, one);
  }

  // The last page has the newest devices, and its number follows from how many there are: it differs
  // from the list's after each device that was created or deleted.
  async function look() {
    if (loading) return;
    const page = Math.max(1, Math.ceil(devices.size / PER_PAGE));
    const found = await get("/devices", { page, per_page: PER_PAGE }, ending.signal);
    if (loading) return;
    const known = [...devices.keys()].slice((page - 1) * PER_PAGE);
    const ids = found.devices.map((one) => one.id);
    if (found.total_count !== devices.size || ids.join() !== known.join()) {
      await load();
      return;
    }
    const edited = found.devices.filter((one) => textOf(one) !== textOf(devices.get(one.id)));
    edited.forEach(add);
    if (edited.length) filter();
  }

  async function load() {
    loading?.abort();
    const own = new AbortController();
    loading = own;
    heard = new Map();
    const signal = AbortSignal.any([own.signal, ending.signal]);
    try {
      const found = await everyDevice(signal);
      devices.clear();
      found.forEach(add);
      problem = "";
    } catch (error) {
      if (error.name !== "AbortError") problem = error.message;
      throw error;
    } finally {
      if (loading === own) loading = null;
      if (!ending.signal.aborted) filter();
    }
  }

  async function changed({ online: changes }) {
    const unknown = [];
    for (const [id, is] of changes) {
      heard.set(id, is);
      const one = devices.get(id);
      if (one) one.online = is;
      else if (!loading) unknown.push(id);
    }
    filter();
    if (unknown.length) {
      for (const one of await named(unknown, ending.signal)) add(one);
      filter();
    }
  }

  async function create() {
    const id = await createDialog();
    if (!id) return;
    for (const one of await named([id], ending.signal)) add(one);
    filter();
    toast(t("Device {id} created", { id }));
  }

  async function erase(one) {
    if (!(await deleteDialog(one))) return;
    devices.delete(one.id);
    filter();
  }

  const ends = [
    follow("devices", (data) => run(null, () => changed(data))),
    // What happened while there was no stream is not told again.
    follow("link", (is) => is && run(null, load)),
  ];
  run(null, load);
  filter();
  ends.push(poll(look, EVERY));
  return {
    close() {
      ending.abort();
      ends.forEach((end) => end());
    },
  };
}

/** online(true) → the green or grey circle of a device, with its text. */
export function online(is) {
  return state(is, is ? t("online") : t("offline"));
}

/** imei(device) → the IMEI of a device as the API shows it. */
export function imei(one) {
  return Object.keys(one.auth_info)[0] ?? "";
}

// What is searched and shown of a device, but for its state.
function textOf(one) {
  return [one.title, one.id, imei(one), one.imsi, one.desc ?? "", ...one.tags].join("\n");
}

async function everyDevice(signal) {
  const first = await get("/devices", { page: 1, per_page: PER_PAGE }, signal);
  const pages = [first.devices];
  const last = Math.ceil(first.total_count / PER_PAGE);
  let next = 2;
  const worker = async () => {
    while (next <= last) {
      const page = next++;
      pages[page - 1] = (await get("/devices", { page, per_page: PER_PAGE }, signal)).devices;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return pages.flat();
}

async function named(ids, signal) {
  const found = [];
  for (let begin = 0; begin < ids.length; begin += NAMED) {
    const some = ids.slice(begin, begin + NAMED);
    const query = { device_id: some.join(","), per_page: NAMED };
    found.push(...(await get("/devices", query, signal)).devices);
  }
  return found;
}

/** deleteDialog(device) → Promise of whether it was deleted. */
export function deleteDialog(one) {
  return ask({
    title: t("Delete the device?"),
    text: t("{title} ({id}) and its data points are deleted. A module with its IMEI can no longer log in.", {
      title: one.title,
      id: one.id,
    }),
    action: t("Delete"),
    submit: () => remove(`/devices/${one.id}`),
  });
}

/** tagsOf("a, b") → ["a", "b"]. */
export function tagsOf(text) {
  return text.split(/[,，]/).map((tag) => tag.trim()).filter(Boolean);
}

// Promise of the id of a new device, null if the user closes the dialog.
async function createDialog() {
  let id = null;
  const input = (attributes) => h("input", { autocomplete: "off", ...attributes });
  const title = input({ required: true });
  const device = input({ required: true, pattern: "[A-Za-z0-9]{1,17}", inputmode: "numeric" });
  const sim = input({ required: true, pattern: "[A-Za-z0-9]{1,16}", inputmode: "numeric" });
  const desc = input();
  const tags = input();
  const auth = input({ pattern: "[A-Za-z0-9]{1,16}" });
  const psk = input({ pattern: "[A-Za-z0-9]{8,16}" });
  const observed = h("input", { type: "checkbox", checked: true });
  const created = await dialog({
    title: t("Create device"),
    action: t("Create"),
    body: [
      field(t("Title"), title),
      h("div", { class: "fields" }, field("IMEI", device, t("1 to 17 letters or digits")), field("IMSI", sim, t("1 to 16 letters or digits"))),
      field(t("Description"), desc),
      field(t("Tags"), tags, t("separated by commas")),
      h(
        "div",
        { class: "fields" },
        field(t("Authentication code"), auth, t("empty: none; 1 to 16 letters or digits")),
        field(t("Key for DTLS (psk)"), psk, t("empty: none; 8 to 16 letters or digits")),
      ),
      h("label", { class: "check" }, observed, t("Discover and observe all its objects after each login (obsv)")),
    ],
    submit: async () => {
      const body = {
        title: title.value,
        protocol: "LWM2M",
        auth_info: { [device.value.trim()]: sim.value.trim() },
        obsv: observed.checked,
      };
      if (desc.value) body.desc = desc.value;
      if (tagsOf(tags.value).length) body.tags = tagsOf(tags.value);
      if (auth.value) body.auth = auth.value;
      if (psk.value) body.psk = psk.value;
      id = (await post("/devices", body)).device_id;
    },
  });
  return created ? id : null;
}
