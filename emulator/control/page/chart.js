// The lanes of the sequence chart: one small picture for each line of the wire.
//
// Each row of the list draws the same five lanes, so that rows below one another make one chart of
// any length, of which only the rows that are seen are in the page.

import { h, svg } from "./dom.js";
import { t } from "./texts.js";

const WIDTH = 200;
const HEIGHT = 26;
const LANES = ["host", "module", "air", "cloud", "application"];
const X = Object.fromEntries(LANES.map((name, number) => [name, 20 + number * 40]));
// From where to where each way leads.
const ENDS = {
  host: ["host", "module"],
  module: ["module", "host"],
  up: ["module", "cloud"],
  down: ["cloud", "module"],
  call: ["application", "cloud"],
  post: ["cloud", "application"],
};

/** wayName("host") → what kind of line it is, in words; for those who do not see the chart. */
export function wayName(way) {
  const names = {
    host: () => t("host to module"),
    module: () => t("module to host"),
    up: () => t("module to cloud"),
    down: () => t("cloud to module"),
    call: () => t("application to cloud"),
    post: () => t("cloud to application"),
    note: () => t("note"),
  };
  return names[way]?.() ?? way;
}

/** laneTitles() → the heads of the lanes, in their places. */
export function laneTitles() {
  const texts = [t("Host"), t("Module"), t("Air"), t("Cloud"), t("App")];
  return h("span", { class: "lane-titles" }, texts.map((text) => h("span", {}, text)));
}

const pictures = new Map(); // name of a way → its lanes, which are copied: that is quick

/** lanes("up") → svg: the five lanes, with the arrow of a line of this way. */
export function lanes(way) {
  const name = wayName(way); // in the language of the page
  if (!pictures.has(name)) pictures.set(name, drawn(way));
  return pictures.get(name).cloneNode(true);
}

function drawn(way) {
  const lines = LANES.map((name) => svg("line", { class: "lane", x1: X[name], x2: X[name], y1: 0, y2: HEIGHT }));
  return svg(
    "svg",
    { class: `lanes ${way}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": wayName(way) },
    lines,
    ENDS[way] ? arrow(...ENDS[way]) : svg("circle", { cx: X.module, cy: HEIGHT / 2, r: 3 }),
  );
}

function arrow(from, to) {
  const [start, end, y] = [X[from], X[to], HEIGHT / 2];
  const back = Math.sign(start - end);
  const tip = `${end},${y} ${end + back * 8},${y - 4} ${end + back * 8},${y + 4}`;
  return [
    svg("line", { class: "arrow", x1: start, x2: end + back * 6, y1: y, y2: y }),
    svg("polygon", { points: tip }),
  ];
}
