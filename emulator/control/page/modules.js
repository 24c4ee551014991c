// View: all modules, as they are now. The list is asked for again and again while it is seen.

import { get } from "./api.js";
import { choice, field, fill, h, heading, state } from "./dom.js";
import { connection, registration } from "./module_words.js";
import { poll } from "./polling.js";
import { rows } from "./rows.js";
import { count, t } from "./texts.js";

const EVERY = 1500; // ms
const kept = { text: "", shown: "all" };
const SHOWN = {
  all: () => true,
  registered: (one) => one.stat === "HOME",
  unregistered: (one) => one.stat !== "HOME",
  asleep: (one) => one.asleep,
  in: (one) => one.logged_in,
  held: (one) => one.held,
};

/** show(place, path): see main.js. */
export function show(place) {
  let all = null;
  const ending = new AbortController();
  const total = h("span", { class: "faint", id: "module-count", role: "status" });
  const problem = h("p", { class: "problem", role: "status" });
  const search = h("input", { type: "search", id: "module-search", value: kept.text, autocomplete: "off", oninput: filter });
  const shown = choice(
    {
      all: t("All"),
      registered: t("registered"),
      unregistered: t("not registered"),
      asleep: t("asleep"),
      in: t("logged in"),
      held: t("with a host"),
    },
    kept.shown,
    { id: "module-filter", onchange: filter },
  );
  const list = rows({
    label: t("Modules"),
    class: "modules",
    height: 32,
    columns: [
      { title: "#", class: "number" },
      { title: "IMEI", class: "mono" },
      { title: t("Network") },
      { title: t("Signal"), class: "wide" },
      { title: t("Connection"), class: "wide" },
      { title: t("Login") },
      { title: t("Port"), class: "mono wide" },
    ],
    name: (one) => one.number,
    cells: (one) => [
      one.number,
      h("a", { href: `#/modules/${one.number}` }, one.imei),
      registration(one),
      one.rssi === null ? one.coverage : `${one.coverage}, ${one.rssi} dBm`,
      connection(one),
      one.logged_in ? state(true, t("logged in")) : state(false, t("no")),
      `${one.port}${one.plugged ? "" : ` (${t("unplugged")})`}`,
    ],
    open: (one) => {
      location.hash = `#/modules/${one.number}`;
    },
    empty: t("Loading ..."),
  });
  fill(
    place,
    heading(t("Modules")),
    h("div", { class: "tools" }, field(t("Search: number, IMEI, port"), search), field(t("Show"), shown), total),
    problem,
    list.element,
  );

  function filter() {
    kept.text = search.value;
    kept.shown = shown.value;
    if (!all) return;
    const words = kept.text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter(
      (one) => SHOWN[kept.shown](one) && words.every((word) => `${one.number} ${one.imei} ${one.port}`.includes(word)),
    );
    list.setEmpty(all.length ? t("No module fits.") : t("There is no module: the cloud runs alone."));
    list.set(found);
    const text = { found: count(found.length), n: count(all.length) };
    fill(total, found.length === all.length ? t("Modules: {n}", text) : t("Modules: {found} of {n}", text));
  }

  async function load() {
    try {
      const found = (await get("/emulator/modules", {}, ending.signal)).modules;
      fill(problem);
      // What has not changed stays the same object: for such a row nothing is done.
      const next = found.map((one, place) => (JSON.stringify(one) === JSON.stringify(all?.[place]) ? all[place] : one));
      const same = next.length === all?.length && next.every((one, place) => one === all[place]);
      all = next;
      if (!same) filter();
    } catch (error) {
      if (ending.signal.aborted) return;
      fill(problem, error.message);
    }
  }

  load();
  const stop = poll(load, EVERY);
  return {
    close() {
      ending.abort();
      stop();
    },
  };
}
