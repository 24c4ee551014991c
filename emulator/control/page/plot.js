// A plot of numbers over time, as SVG, with zoom.
//
// The wheel zooms at the pointer, a drag chooses a span, Shift and a drag move it, a double click
// shows all. With the keyboard: + and - zoom, left and right go from point to point, with Shift they
// move the span, 0 shows all. Where a column of pixels has several points, its least, greatest, first
// and last are drawn, so nothing that stands out is lost, and 60,000 points are drawn at once.

import { button, fill, h, svg } from "./dom.js";
import { count, t } from "./texts.js";
import { beijing } from "./times.js";

const HEIGHT = 300;
const MARGIN = { left: 64, right: 14, top: 10, bottom: 26 };
const SHORTEST = 0.01; // seconds that fill the plot
const DOTS = 150; // up to so many points are drawn as dots, too
const GREATEST = 5e307; // beyond it and below its negative points are at the edge: sums would overflow
const CLICK = 5; // px; a shorter drag is a click
const STEPS = [0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/**
 * plot({ label }) → { element, set(points, { steps }) }. `points`: [{ at, value }], POSIX seconds and
 * numbers, the oldest first; they are not copied. `steps`: a value holds until the next one, as of
 * switches. A zoom stays when points are set again.
 */
export function plot({ label }) {
  let points = [];
  let steps = false;
  let span = null; // [from, to] of a zoom
  let width = 600;
  let marked = -1; // index of the point that is read out
  let drag = null;

  const picture = svg("svg", { role: "img", height: HEIGHT });
  const readout = h("p", { class: "readout mono", role: "status" });
  const zoomed = (factor) => () => zoom(factor, middle());
  const element = h(
    "div",
    { class: "plot" },
    h(
      "div",
      {
        tabindex: "0",
        role: "group",
        "aria-label": t("{label}. Plus and minus zoom, left and right go from point to point, with Shift they move the span, 0 shows all.", { label }),
        onkeydown: key,
      },
      picture,
    ),
    h(
      "div",
      { class: "tools" },
      readout,
      h("span", { class: "right" }),
      button("−", zoomed(1.5), { class: "small", "aria-label": t("Zoom out") }),
      button("+", zoomed(1 / 1.5), { class: "small", "aria-label": t("Zoom in") }),
      button(t("Show all"), reset, { class: "small", id: "plot-reset" }),
    ),
  );

  const whole = () => {
    const first = points[0]?.at ?? 0;
    const last = points.at(-1)?.at ?? 1;
    return last > first ? [first, last] : [first - 1, last + 1];
  };
  const shownSpan = () => span ?? whole();
  const middle = () => (shownSpan()[0] + shownSpan()[1]) / 2;
  const inner = () => Math.max(50, width - MARGIN.left - MARGIN.right);
  const timeAt = (x) => {
    const [from, to] = shownSpan();
    return from + ((x - MARGIN.left) / inner()) * (to - from);
  };
  const xOf = (at) => {
    const [from, to] = shownSpan();
    return MARGIN.left + ((at - from) / (to - from)) * inner();
  };

  function show(from, to) {
    const [first, last] = whole();
    const length = Math.max(SHORTEST, Math.min(to - from, last - first));
    const begin = Math.max(first, Math.min(from, last - length));
    span = length >= last - first ? null : [begin, begin + length];
    draw();
  }

  function zoom(factor, at) {
    const [from, to] = shownSpan();
    show(at - (at - from) * factor, at + (to - at) * factor);
  }

  function move(part) {
    const [from, to] = shownSpan();
    show(from + part * (to - from), to + part * (to - from));
  }

  function reset() {
    span = null;
    marked = -1;
    draw();
  }

  // Input -----------------------------------------------------------------------------------------

  function key(event) {
    const actions = {
      "+": () => zoom(1 / 1.5, middle()),
      "=": () => zoom(1 / 1.5, middle()),
      "-": () => zoom(1.5, middle()),
      0: reset,
      Home: () => mark(0),
      End: () => mark(points.length - 1),
      ArrowLeft: () => (event.shiftKey ? move(-0.2) : mark(marked < 0 ? points.length - 1 : marked - 1)),
      ArrowRight: () => (event.shiftKey ? move(0.2) : mark(marked + 1)),
    };
    if (!Object.hasOwn(actions, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  function mark(index) {
    marked = Math.max(0, Math.min(points.length - 1, index));
    const point = points[marked];
    if (!point) return;
    const [from, to] = shownSpan();
    if (point.at < from || point.at > to) show(point.at - (to - from) / 2, point.at + (to - from) / 2);
    else draw();
  }

  const xOfEvent = (event) => event.clientX - picture.getBoundingClientRect().left;

  picture.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (event.deltaY) zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(xOfEvent(event)));
    },
    { passive: false },
  );
  picture.addEventListener("dblclick", reset);
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    drag = { from: xOfEvent(event), to: xOfEvent(event), span: shownSpan(), moves: event.shiftKey };
  });
  picture.addEventListener("pointermove", (event) => {
    const x = xOfEvent(event);
    if (!drag) {
      marked = nearest(timeAt(x));
      draw();
      return;
    }
    drag.to = x;
    if (drag.moves) {
      const [from, to] = drag.span;
      const by = ((drag.from - x) / inner()) * (to - from);
      show(from + by, to + by);
    } else draw();
  });
  picture.addEventListener("pointerup", () => {
    const done = drag;
    drag = null;
    if (!done || done.moves) return;
    const [from, to] = [timeAt(done.from), timeAt(done.to)].sort((a, b) => a - b);
    if (Math.abs(done.from - done.to) > CLICK) show(Math.max(from, shownSpan()[0]), Math.min(to, shownSpan()[1]));
    else draw();
  });
  picture.addEventListener("pointercancel", () => {
    drag = null;
    draw();
  });

  function nearest(at) {
    const after = firstAfter(points, at);
    if (after === 0) return points.length ? 0 : -1;
    if (after === points.length) return after - 1;
    return points[after].at - at < at - points[after - 1].at ? after : after - 1;
  }

  // Drawing ---------------------------------------------------------------------------------------

  function draw() {
    picture.setAttribute("width", width);
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const [from, to] = shownSpan();
    // One point beyond each side, so that the line goes on to the edge.
    const begin = Math.max(0, firstAfter(points, from) - 1);
    const end = Math.min(points.length, firstAfter(points, to) + 1);
    const seen = points.slice(begin, end);
    const [low, high] = bounds(seen.filter((one) => one.at >= from && one.at <= to), seen);
    const bottom = HEIGHT - MARGIN.bottom;
    const yOf = (value) => bottom - ((limited(value) - low) / (high - low)) * (bottom - MARGIN.top);
    picture.setAttribute("aria-label", t("{label}: {n} points from {from} to {to}, {low} to {high}", { label, n: count(seen.length), from: beijing(from), to: beijing(to), low: rounded(low), high: rounded(high) }));
    const right = width - MARGIN.right;
    const point = points[marked];
    const isMarked = point && point.at >= from && point.at <= to;
    fill(
      picture,
      ticks(low, high).map((value) => [
        svg("line", { class: "grid-line", x1: MARGIN.left, x2: right, y1: yOf(value), y2: yOf(value) }),
        svg("text", { x: MARGIN.left - 8, y: yOf(value) + 4, "text-anchor": "end" }, rounded(value)),
      ]),
      moments(from, to, inner()).map(({ at, text }) => [
        svg("line", { class: "grid-line", x1: xOf(at), x2: xOf(at), y1: MARGIN.top, y2: bottom }),
        svg("text", { x: xOf(at), y: HEIGHT - 8, "text-anchor": "middle" }, text),
      ]),
      svg("svg", { x: MARGIN.left, y: 0, width: inner(), height: HEIGHT, viewBox: `${MARGIN.left} 0 ${inner()} ${HEIGHT}` }, [
        svg("path", { class: "curve", d: path(thinned(seen, xOf), xOf, yOf, steps) }),
        seen.length <= DOTS && seen.map((one) => svg("circle", { class: "point", cx: xOf(one.at), cy: yOf(one.value), r: 2.5 })),
      ]),
      isMarked && svg("circle", { class: "marked", cx: xOf(point.at), cy: yOf(point.value), r: 5 }),
      drag && !drag.moves && svg("rect", { class: "chosen", x: Math.min(drag.from, drag.to), y: MARGIN.top, width: Math.abs(drag.to - drag.from), height: bottom - MARGIN.top }),
    );
    const text = isMarked ? `${beijing(point.at, 3)}  ${point.value}` : "";
    if (readout.textContent !== text) fill(readout, text);
    element.dataset.from = from;
    element.dataset.to = to;
    element.dataset.zoomed = String(span !== null);
  }

  const watch = new ResizeObserver(([entry]) => {
    width = Math.max(200, Math.floor(entry.contentRect.width));
    draw();
  });
  watch.observe(element);

  return {
    element,
    set(next, { steps: holds = false } = {}) {
      const at = points[marked]?.at;
      points = next;
      steps = holds;
      marked = at === undefined ? -1 : points.findIndex((one) => one.at === at);
      if (span) show(...span);
      else draw();
    },
  };
}

// The index of the first point after `at`.
function firstAfter(points, at) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].at > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

const limited = (value) => Math.max(-GREATEST, Math.min(GREATEST, value));

function bounds(inside, seen) {
  let low = Infinity;
  let high = -Infinity;
  for (const one of inside.length ? inside : seen) {
    const value = limited(one.value);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const room = high > low ? (high - low) * 0.06 : Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

// Those to draw: of each column of pixels first, least, greatest, last.
function thinned(points, xOf) {
  const found = [];
  let column = null;
  let some = [];
  const flush = () => {
    if (some.length <= 4) found.push(...some);
    else {
      const least = some.reduce((a, b) => (b.value < a.value ? b : a));
      const greatest = some.reduce((a, b) => (b.value > a.value ? b : a));
      found.push(...[...new Set([some[0], least, greatest, some.at(-1)])].sort((a, b) => a.at - b.at));
    }
    some = [];
  };
  for (const point of points) {
    const x = Math.floor(xOf(point.at));
    if (x !== column) flush();
    column = x;
    some.push(point);
  }
  flush();
  return found;
}

function path(points, xOf, yOf, steps) {
  let text = "";
  for (const { at, value } of points) {
    const x = xOf(at).toFixed(1);
    const y = yOf(value).toFixed(1);
    if (!text) text = `M${x} ${y}`;
    else text += steps ? `H${x}V${y}` : `L${x} ${y}`;
  }
  return text;
}

// 3 to 8 round numbers between them.
function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high && found.length < 20; n++) found.push(n * step);
  return found;
}

function rounded(value) {
  return String(Number(value.toPrecision(6)));
}

// Times of the axis, at round times of Beijing: as many as have room.
function moments(from, to, width) {
  const most = Math.max(2, Math.floor(width / 110));
  const days = Math.ceil((to - from) / 86400 / most);
  const step = STEPS.find((one) => (to - from) / one <= most) ?? days * 86400;
  const found = [];
  const ahead = 8 * 3600;
  for (let n = Math.ceil((from + ahead) / step); n * step - ahead <= to && found.length <= most; n++) {
    const at = n * step - ahead;
    const text = beijing(at, step < 1 ? 3 : 0);
    found.push({ at, text: step >= 86400 ? text.slice(0, 10) : to - from > 86400 ? text.slice(5, 16) : step >= 60 ? text.slice(11, 16) : text.slice(11) });
  }
  return found;
}
