// View: one device: what it is, and in tabs its resources, data points and offline commands.
//
// A tab is a module with show(place, device, rest) → { close(), online?(is), streams?(datastreams),
// move?(rest) }. `device` is
// as the API shows it, `rest` what the address has after the tab; `move` is called when only that
// changes.

import { get, put } from "./api.js";
import * as commands from "./commands.js";
import { deleteDialog, imei, online, tagsOf } from "./devices.js";
import { button, dialog, field, facts, fill, forgetErrors, h, heading, redraw, run, tabs, toast } from "./dom.js";
import * as points from "./points.js";
import { poll } from "./polling.js";
import * as resources from "./resources.js";
import { follow } from "./stream.js";
import { t, visible } from "./texts.js";

// Modules by device: a call brings those of all devices, so it is made when one is not known yet.
let modules = new Map();
const EVERY = 2000; // ms
const PARTS = { resources, points, commands };

/** show(place, [id, tab, ...rest]): see main.js. */
export function show(place, path) {
  const [id] = path;
  const ending = new AbortController();
  let device = null;
  let part = null; // { name, shown }
  let parts = null;
  let beginning = false;
  let asked = 0; // loads so far: only the last one counts
  let stop = () => {};

  const head = h("div", {});
  const body = h("div", {});
  fill(place, h("p", {}, h("a", { href: "#/devices" }, t("All devices"))), head, body);
  fill(head, heading(t("Device {id}", { id })));

  function showHead() {
    redraw(head, () => fill(head, headParts()));
  }

  function headParts() {
    return [
      h(
        "div",
        { class: "tools" },
        heading(device.title),
        h("span", { id: "device-state", role: "status" }, online(device.online)),
        button(t("Edit"), edit, { class: "right" }),
        button(t("Delete"), erase, { kind: "danger" }),
      ),
      facts([
        [t("Device id"), h("span", { class: "mono" }, device.id)],
        ["IMEI", h("span", { class: "mono" }, imei(device))],
        ["IMSI", h("span", { class: "mono" }, device.imsi)],
        [t("Created"), device.create_time],
        [t("First login"), device.act_time ?? t("never")],
        [t("Observed after login (obsv)"), device.obsv ? t("yes") : t("no")],
        [t("Has observations (obsv_st)"), device.obsv_st ? t("yes") : t("no")],
        modules.has(id) ? [t("Module"), h("a", { href: `#/modules/${modules.get(id)}` }, modules.get(id))] : null,
        device.tags.length ? [t("Tags"), device.tags.map((tag) => h("span", { class: "tag" }, visible(tag)))] : null,
        device.desc ? [t("Description"), device.desc] : null,
        device.other ? [t("Other"), h("code", {}, JSON.stringify(device.other))] : null,
      ]),
    ];
  }

  async function load() {
    const mine = ++asked;
    let found;
    try {
      found = await get(`/devices/${encodeURIComponent(id)}`, {}, ending.signal);
    } catch (error) {
      if (await isMissing(error)) return gone();
      throw error;
    }
    if (mine !== asked) return;
    const before = device;
    device = found;
    // Only what is new is drawn: its buttons may have the focus.
    if (!before || headOf(before) !== headOf(device)) showHead();
    if (before && before.online !== device.online) part?.shown.online?.(device.online);
    part?.shown.streams?.(device.datastreams ?? []);
    if (!part || before.create_time === device.create_time) return;
    part.shown.close(); // another device of this id, as of an emulator that was started again
    part = null;
    choose(path);
  }

  // OneNET refuses a device that is not there as it refuses a wrong key.
  async function isMissing(error) {
    if (!error.ofKey && /^\d+$/.test(id)) return false;
    await get("/emulator/state", {}, ending.signal); // rejects: it is the key
    return true;
  }

  function gone() {
    stop();
    part?.shown.close();
    for (const dialog of document.querySelectorAll("dialog")) dialog.close(); // on this device
    device = part = parts = null;
    beginning = false;
    forgetErrors(); // a part may have been refused first, by "auth failed"
    fill(head, heading(t("No such device: {id}", { id })));
    fill(body, h("p", { role: "alert" }, t("It has been deleted, or its id is wrong.")));
  }

  async function findModule() {
    if (modules.has(id)) return;
    const found = await get("/emulator/modules", {}, ending.signal);
    modules = new Map(found.modules.map((one) => [one.device_id, one.number]));
    if (modules.has(id) && device) showHead();
  }

  function choose(given) {
    const name = Object.hasOwn(PARTS, given[1] ?? "") ? given[1] : "resources";
    if (part?.name === name && part.shown.move) {
      part.shown.move(given.slice(2));
      return;
    }
    part?.shown.close();
    parts.choose(name);
    fill(parts.panel);
    part = { name, shown: PARTS[name].show(parts.panel, device, given.slice(2)) };
  }

  async function edit() {
    const title = h("input", { value: device.title, required: true, autocomplete: "off" });
    const desc = h("input", { value: device.desc ?? "", autocomplete: "off" });
    const tags = h("input", { value: device.tags.join(", "), autocomplete: "off" });
    const done = await dialog({
      title: t("Edit device"),
      action: t("Save"),
      body: [
        field(t("Title"), title),
        field(t("Description"), desc),
        field(t("Tags"), tags, t("separated by commas")),
      ],
      submit: () =>
        put(`/devices/${id}`, { title: title.value, desc: desc.value, tags: tagsOf(tags.value) }),
    });
    if (!done) return;
    await load();
    toast(t("Saved"));
  }

  async function erase() {
    if (await deleteDialog(device)) location.hash = "#/devices";
  }

  async function changed({ online: changes }) {
    const mine = changes.findLast(([one]) => one === id);
    if (!mine || !device || mine[1] === device.online) return;
    await load(); // a first login has a time, too
  }

  const ends = [
    follow("devices", (data) => run(null, () => changed(data))),
    follow("link", (is) => is && run(null, parts ? again : begin)),
  ];

  // The stream was away: the device may have logged in or out meanwhile.
  async function again() {
    await load();
    if (device) part?.shown.online?.(device.online);
  }

  async function begin() {
    if (beginning) return;
    beginning = true;
    try {
      await load();
    } catch (error) {
      beginning = false;
      if (error.name !== "AbortError") fill(body, h("p", { class: "problem", role: "alert" }, error.message));
      return;
    }
    if (!device) return;
    parts = tabs(
      t("Parts of the device"),
      [
        ["resources", t("Resources")],
        ["points", t("Data points")],
        ["commands", t("Offline commands")],
      ],
      "resources",
      (name) => {
        location.hash = `#/devices/${id}/${name}`;
      },
    );
    fill(body, parts.bar, parts.panel);
    choose(path);
    // The stream tells who is online; not what is observed, and what others have edited.
    stop = poll(load, EVERY);
    await findModule();
  }

  run(null, begin);
  return {
    close() {
      ending.abort();
      stop();
      part?.shown.close();
      ends.forEach((end) => end());
    },
    move(next) {
      if (next[0] !== id || !parts) return false;
      path = next;
      choose(next);
      return true;
    },
  };
}

// What the head shows, to compare. There may be thousands of streams, which it does not show.
const headOf = ({ datastreams: _, ...shown }) => JSON.stringify(shown);
