// Part of a device: its objects, instances and resources, with their newest values.
//
// Which resources there are: what the device registered and what a discover found
// (/nbiot/resources), and each resource that has data points or was read here. Its newest value is
// the latest of the last report, which is a data point, and the last read and write of this page. Data
// points are asked for every other second, one call for all resources of the device.
//
// Some operations are under way at a time, further ones wait: each takes a connection until the device
// answers, and a browser has six to a server, which the rest of the page needs, too.

import { get, Mistake, post } from "./api.js";
import { imei } from "./devices.js";
import { button, choice, dialog, field, fill, h, number as numberOf, redraw, run, toast } from "./dom.js";
import { kindOf, loadNames, parts, pathOf, shown, streamOf, valueInput, written } from "./objects.js";
import { poll } from "./polling.js";
import { lastClock, now } from "./stream.js";
import { t, visible } from "./texts.js";
import { beijing, posix, span } from "./times.js";

const EVERY = 2000; // ms
const MOST_NOTES = 50;
const AT_A_TIME = 3; // operations
const CORE = 1024; // below: OMA's own objects, of the module itself rather than of its program
const UNITS = 5701; // of IPSO objects: the resource that says the unit of 5700
// Reads of this page, by device and its creation, as another emulator may have the same ids: they are
// no data points, and a change of tabs must not lose them.
const READS = new Map();
const MOST_READ = 20; // devices

/** show(place, device) → { close(), online(is) }. */
export function show(place, device) {
  const ending = new AbortController();
  const who = { imei: imei(device) };
  const values = readsOf(`${device.id} ${device.create_time}`); // path → { value, at, from }
  const listed = new Set(); // paths of objects, instances and resources
  const cells = new Map(); // path → { value, link, age, row }
  const streams = new Set((device.datastreams ?? []).map((one) => one.id));
  let names = {};
  let drawn = "";

  const timeout = h("input", { type: "number", min: 5, max: 40, id: "timeout", class: "short" });
  const all = h("input", { type: "checkbox", id: "all-operations", onchange: () => draw(true) });
  const tree = h("div", { id: "resources" });
  const notes = h("div", { class: "notes", role: "log", "aria-label": t("Operations"), tabindex: "0" });
  const other = h("input", { id: "other-path", autocomplete: "off", size: 14 });
  fill(
    place,
    h(
      "div",
      { class: "tools" },
      field(t("Wait for answers (5 to 40 s)"), timeout),
      h("label", { class: "check" }, all, t("All operations on each resource")),
      h("span", { class: "right" }),
      field(t("Another path"), other, t("such as {text}", { text: "3303/0/5700" })),
      operations("", () => other.value),
    ),
    tree,
    h("h2", {}, t("Operations")),
    notes,
  );

  // Operations ------------------------------------------------------------------------------------

  const wait = () => ({ timeout: timeout.value || timeout.validity.badInput ? numberOf(timeout) : undefined });

  async function perform(name, path, action) {
    const began = performance.now();
    if (lastClock().paused) toast(t("Time is paused: the device answers when it runs again"));
    const note = (outcome, kind) => {
      const took = Math.round(performance.now() - began);
      const time = h("span", { class: "faint mono" }, beijing(now()).slice(11));
      const text = h("span", { class: kind }, visible(outcome));
      notes.prepend(h("p", {}, time, ` ${name} ${path}: `, text, h("span", { class: "faint" }, ` ${took} ms`)));
      while (notes.children.length > MOST_NOTES) notes.lastElementChild.remove();
    };
    try {
      const data = await inTurn(action);
      note(data?.outcome ?? t("done"), "good");
      // Of a read and a discover the outcome shows in the tree; the log may be out of sight.
      if (data?.outcome === undefined) toast(`${name} ${path}: ${t("done")}`);
      return data;
    } catch (error) {
      if (error.name !== "AbortError") note(error.message, "problem");
      throw error;
    }
  }

  function read(path) {
    return perform(t("Read"), path, async () => {
      const at = parts(path);
      const found = await get("/nbiot", { ...who, ...at, ...wait() }, ending.signal);
      const several = [];
      for (const instance of found) {
        for (const one of instance.res) {
          const resource = `${at.obj_id}/${instance.obj_inst_id}/${one.res_id}`;
          const value = one.res_inst ? one.res_inst.map((each) => [each.res_inst_id, each.val]) : one.val;
          keep(resource, { value, at: now(), from: "read", several: Boolean(one.res_inst) });
          several.push(resource);
        }
      }
      draw();
      const only = several.length === 1 && at.res_id !== undefined;
      return { outcome: only ? valueText(values.get(several[0])) : t("{n} values", { n: several.length }) };
    });
  }

  function write(path) {
    const at = parts(path);
    const known = resource(path);
    const input = valueInput(kindOf(known?.type, values.get(path)?.value), values.get(path)?.value);
    const mode = choice({ 2: t("this resource only (2)"), 1: t("all resources of the instance (1)") }, "2", { id: "write-mode" });
    return dialog({
      title: t("Write {path}", { path }),
      action: t("Write"),
      body: [h("p", { class: "faint" }, nameOf(path)), input.element, field(t("Replaces (mode)"), mode)],
      submit: async () => {
        const given = input.read();
        const body = { data: [{ res_id: at.res_id, ...given }] };
        const query = { ...who, obj_id: at.obj_id, obj_inst_id: at.obj_inst_id, mode: mode.value, ...wait() };
        await perform(t("Write"), path, () => post("/nbiot", body, query));
        keep(path, { value: written(given), at: now(), from: "write" });
        draw();
      },
    });
  }

  function execute(path) {
    const argument = h("input", { id: "execute-argument", autocomplete: "off" });
    return dialog({
      title: t("Execute {path}", { path }),
      action: t("Execute"),
      body: [h("p", { class: "faint" }, nameOf(path)), field(t("Argument"), argument, t("empty: none"))],
      submit: () => {
        const body = argument.value ? { args: argument.value } : {};
        return perform(t("Execute"), path, () => post("/nbiot/execute", body, { ...who, ...parts(path), ...wait() }));
      },
    });
  }

  function observe(path) {
    const at = parts(path);
    const one = at.res_id !== undefined;
    const number = (name) => h("input", { id: `observe-${name}`, inputmode: "decimal", autocomplete: "off" });
    const inputs = Object.fromEntries((one ? ["pmin", "pmax", "lt", "gt", "st"] : ["pmin", "pmax"]).map((name) => [name, number(name)]));
    const hints = {
      pmin: t("shortest time between reports, s"),
      pmax: t("longest time between reports, s"),
      lt: t("report below this value"),
      gt: t("report above this value"),
      st: t("report after a change by this"),
    };
    const send = (cancel) => {
      const given = Object.entries(inputs).map(([name, input]) => [name, input.value.trim() || undefined]);
      const query = { ...who, cancel, ...at, ...(cancel ? {} : Object.fromEntries(given)), ...wait() };
      const name = cancel ? t("Cancel observation of") : t("Observe");
      return perform(name, path, () => post("/nbiot/observe", undefined, query));
    };
    return dialog({
      title: t("Observe {path}", { path }),
      action: t("Observe"),
      body: [
        h("p", { class: "faint" }, nameOf(path)),
        h("p", {}, t("Attributes are written first. Empty fields are not sent.")),
        h("div", { class: "fields" }, Object.entries(inputs).map(([name, input]) => field(name, input, hints[name]))),
      ],
      submit: () => send(false),
      other: { action: t("Cancel observation"), submit: () => send(true) },
    });
  }

  function discover(path) {
    return perform(t("Discover"), path, async () => {
      const { obj_id, obj_inst_id } = parts(path);
      const found = await get("/nbiot/discover", { ...who, obj_id, obj_inst_id, ...wait() }, ending.signal);
      let number = 0;
      for (const instance of found) {
        listed.add(`${obj_id}/${instance.obj_inst_id}`);
        for (const id of instance.res_id) {
          listed.add(`${obj_id}/${instance.obj_inst_id}/${id}`);
          number++;
        }
      }
      draw();
      return { outcome: t("{n} resources", { n: number }) };
    });
  }

  // Buttons for what can be done at a path of this depth; `path` may be typed later.
  function operations(label, path) {
    const depth = label ? label.split("/").length : 0; // 0: by the typed path
    const known = depth === 3 ? resource(label) : undefined;
    const may = (letter) => !known || all.checked || known.operations.includes(letter);
    const one = (text, action, needs, letter) => {
      if (depth && !needs.includes(depth)) return null;
      if (depth === 3 && !may(letter)) return null;
      const act = () => {
        const given = path().trim().replace(/^\/|\/$/g, "");
        const at = parts(given);
        const own = at ? given.split("/").length : 0;
        if (!needs.includes(own))
          throw new Mistake(t("{text} is no path for this operation, expected such as {path}", { text: JSON.stringify(given), path: "3303/0/5700".split("/").slice(0, needs.at(-1)).join("/") }));
        return action(given);
      };
      return button(text, act, { class: "small", ...(label ? { "aria-label": `${text} ${label}` } : {}) });
    };
    return h(
      "div",
      { class: "operations" },
      one(t("Read"), read, [1, 2, 3], "R"),
      one(t("Write"), write, [3], "W"),
      one(t("Execute"), execute, [3], "E"),
      one(t("Observe"), observe, [1, 2, 3], "R"),
      one(t("Discover"), discover, [1], ""),
    );
  }

  // Tree ------------------------------------------------------------------------------------------

  const resource = (path) => {
    const at = parts(path);
    return at ? names[at.obj_id]?.resources[at.res_id] : undefined;
  };
  const nameOf = (path) => {
    const at = parts(path);
    return [names[at.obj_id]?.name, resource(path)?.name].filter(Boolean).join(", ");
  };

  function keep(path, entry) {
    const old = values.get(path);
    if (old && old.at > entry.at) return;
    values.set(path, entry);
    listed.add(path);
    showValue(path, !old || shown(old.value) !== shown(entry.value));
    if (path.endsWith(`/${UNITS}`)) showValue(path.replace(/\d+$/, "5700"), false);
  }

  function showValue(path, fresh) {
    const cell = cells.get(path);
    if (!cell) return;
    const { value, link, age, row } = cell;
    const entry = values.get(path);
    const unit = entry ? unitOf(path) : "";
    link.hidden = !streams.has(streamOf(path));
    fill(value, entry ? visible(valueText(entry)) : h("span", { class: "faint" }, "-"), unit && h("span", { class: "faint" }, ` ${visible(unit)}`));
    showAge(path, age);
    if (fresh && entry) {
      row.classList.remove("fresh");
      void row.offsetWidth; // starts the animation again
      row.classList.add("fresh");
    }
  }

  function showAge(path, cell) {
    const entry = values.get(path);
    if (!entry) return fill(cell);
    const from = { read: () => t("read"), write: () => t("written"), report: () => t("report") }[entry.from]();
    cell.title = beijing(entry.at, 3);
    return fill(cell, t("{from}, {age} ago", { from, age: span(Math.max(0, now() - entry.at)) }));
  }

  function unitOf(path) {
    const at = parts(path);
    if (at.res_id === 5700) {
      const own = values.get(`${at.obj_id}/${at.obj_inst_id}/${UNITS}`)?.value;
      if (typeof own === "string") return own;
    }
    const { value } = values.get(path);
    if (resource(path)?.type === "Time" && typeof value === "number") return beijing(value);
    return resource(path)?.units ?? "";
  }

  function draw(again = false) {
    const paths = [...new Set([...listed, ...values.keys()])];
    const key = paths.sort().join();
    if (key === drawn && !again) return;
    drawn = key;
    const opened = new Map([...tree.querySelectorAll("details")].map((one) => [one.dataset.object, one.open]));
    cells.clear();
    const objects = grouped(paths);
    const drawing = [
      objects.size === 0 &&
        h("p", { class: "empty" }, device.online ? t("The device has registered no object.") : t("The device is offline, and nothing is known of its resources.")),
      [...objects].map(([object, instances]) =>
        h(
          "details",
          { class: "object", "data-object": object, open: opened.get(String(object)) ?? object >= CORE },
          h("summary", {}, h("h2", {}, h("code", {}, object), " ", names[object]?.name ?? "")),
          operations(String(object), () => String(object)),
          [...instances].map(([instance, resources]) => instanceOf(object, instance, resources)),
        ),
      ),
    ];
    redraw(tree, () => fill(tree, drawing));
  }

  function instanceOf(object, instance, resources) {
    const path = `${object}/${instance}`;
    return h(
      "section",
      { class: "instance", "data-instance": path },
      h("div", { class: "tools" }, h("h3", {}, t("Instance {path}", { path })), operations(path, () => path)),
      resources.length
        ? h(
            "table",
            { role: "table", class: "resources", "aria-label": t("Resources of {path}", { path }) },
            h(
              "thead",
              { role: "rowgroup" },
              h("tr", { role: "row" }, [t("Resource"), t("Value"), t("Age"), t("Operations")].map((text) => h("th", { role: "columnheader", scope: "col" }, text))),
            ),
            h("tbody", { role: "rowgroup" }, resources.map((id) => rowOf(`${path}/${id}`, id))),
          )
        : h("p", { class: "faint" }, t("No resource is known yet: discover the object, or read the instance.")),
    );
  }

  function rowOf(path, id) {
    const known = resource(path);
    const type = known && [known.type, known.operations].filter(Boolean).join(" ");
    const value = h("span", {});
    const link = h("a", { href: `#/devices/${device.id}/points/${streamOf(path)}`, "aria-label": t("Data points of {path}", { path }) }, t("points"));
    const age = h("td", { role: "cell", class: "faint age" });
    const row = h(
      "tr",
      { role: "row", "data-path": path },
      h("th", { role: "rowheader", scope: "row" }, h("code", {}, id), " ", known?.name ?? "", type && h("small", {}, ` ${type}`)),
      h("td", { role: "cell", class: "value mono" }, value, " ", link),
      age,
      h("td", { role: "cell" }, operations(path, () => path)),
    );
    cells.set(path, { value, link, age, row });
    showValue(path, false);
    return row;
  }

  // Loading ---------------------------------------------------------------------------------------

  async function load() {
    const found = await get("/nbiot/resources", who, ending.signal);
    for (const { obj_id, instances } of found.item) {
      listed.add(String(obj_id));
      for (const { inst_id, resources } of instances) {
        listed.add(`${obj_id}/${inst_id}`);
        resources.forEach((id) => listed.add(`${obj_id}/${inst_id}/${id}`));
      }
    }
    draw();
  }

  async function reports() {
    const found = await get(`/devices/${device.id}/datapoints`, {}, ending.signal);
    for (const { id, datapoints } of found.datastreams) {
      const path = pathOf(id);
      const newest = datapoints.at(-1);
      if (!path || !newest) continue;
      streams.add(id);
      const at = posix(newest.at);
      if (!(values.get(path)?.at >= at)) keep(path, { value: newest.value, at, from: "report" });
    }
    draw();
  }

  const stop = poll(async () => {
    for (const [path, { age }] of cells) showAge(path, age);
    await reports();
  }, EVERY);
  run(null, async () => {
    names = await loadNames();
    await Promise.all([load(), reports()]);
    draw(true);
  });
  return {
    close() {
      ending.abort();
      stop();
    },
    online(is) {
      device.online = is;
      draw(true);
      if (is) run(null, load);
    },
  };
}

let underWay = 0;
const waiting = [];

async function inTurn(action) {
  if (underWay < AT_A_TIME) underWay++;
  else await new Promise((resolve) => waiting.push(resolve)); // the one that ends hands its place on
  try {
    return await action();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else underWay--;
  }
}

function readsOf(id) {
  const found = READS.get(id) ?? new Map();
  READS.delete(id);
  READS.set(id, found); // the last one is the newest
  if (READS.size > MOST_READ) READS.delete(READS.keys().next().value);
  return found;
}

function valueText({ value, several }) {
  return several ? value.map(([id, one]) => `[${id}] ${shown(one)}`).join("  ") : shown(value);
}

// Paths as Map object → Map instance → list of resources, each in numeric order, OMA's own at the end.
function grouped(paths) {
  const at = paths.map((path) => path.split("/").map(Number));
  const core = (one) => (one[0] < CORE ? 1 : 0);
  at.sort((a, b) => core(a) - core(b) || a[0] - b[0] || (a[1] ?? -1) - (b[1] ?? -1) || (a[2] ?? -1) - (b[2] ?? -1));
  const objects = new Map();
  for (const [object, instance, id] of at) {
    if (!objects.has(object)) objects.set(object, new Map());
    const instances = objects.get(object);
    if (instance === undefined) continue;
    if (!instances.has(instance)) instances.set(instance, []);
    if (id !== undefined) instances.get(instance).push(id);
  }
  return objects;
}
