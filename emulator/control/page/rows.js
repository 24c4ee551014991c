// A list of any length: only the rows that are seen are in the page, some dozens of thousands.
//
// The list is one stop of the Tab key. Arrow keys, Page Up, Page Down, Home and End move the active
// row, Enter opens it; Tab goes on to the buttons of the active row. All rows have one height, which
// the style sheet may not change: their places follow from it.

import { fill, h, renew } from "./dom.js";

const MORE = 8; // rows above and below those that are seen
const CLICK = 5; // px; a longer way of the pointer selects a text

/**
 * rows({ label, height, columns: [{ title, class }], cells, open, name, empty, class, lasting })
 * → { element, set(items), refresh(), items(), atEnd(), setEmpty(text) }
 *
 * `height`: px of a row. `cells(item, index)` → list of children, one for each column. `open(item,
 * index)`: on Enter and on a click beside buttons and links; optional. `name(item)`: a text that
 * stays the same for the same item, kept in data-row; optional. `empty`: the text without items.
 * `mark(item)` → class of the row; optional. `lasting`: an item that is in the list stays as it is
 * until refresh(), so that set() makes only the rows of new ones.
 *
 * `set(items)`: show this array, which is not copied; an item that is seen, or has the focus, stays
 * there. With `{ end: true }` it goes to the last row. `refresh()`: the same items have changed.
 * `atEnd()`: whether the last row is in view. `setEmpty(text)`: in place of `empty`.
 */
export function rows({ label, height, columns, cells, open, name, empty = "", mark, class: kind = "", lasting = false }) {
  let items = [];
  let active = 0;
  let drawn = new Map(); // index → row
  let shown = new Map(); // item → row, of those
  let asked = false;
  let pressed = 0; // where the pointer went down

  const head = h(
    "div",
    { role: "row", class: "row head", "aria-rowindex": "1" },
    columns.map((one) => h("div", { role: "columnheader", class: one.class }, one.title)),
  );
  const space = h("div", { role: "rowgroup", class: "space" });
  const nothing = h("p", { class: "empty" }, empty);
  const scroll = h("div", { class: "scroll" }, space);
  const grid = h("div", { role: "grid", "aria-label": label }, h("div", { role: "rowgroup" }, head), scroll);
  const element = h("div", { class: `rows ${kind}` }, grid, nothing);
  scroll.setAttribute("role", "presentation");

  const seen = () => {
    const first = Math.floor(scroll.scrollTop / height);
    const last = Math.ceil((scroll.scrollTop + scroll.clientHeight) / height);
    return [Math.max(0, first - MORE), Math.min(items.length, last + MORE)];
  };

  function row(index) {
    const item = items[index];
    const made = h(
      "div",
      {
        role: "row",
        class: mark ? `row ${mark(item)}` : "row",
        "data-row": name?.(item),
      },
      cells(item, index).map((cell, number) => h("div", { role: "gridcell", class: columns[number].class }, cell)),
    );
    made.style.height = `${height}px`;
    return put(made, index);
  }

  function put(made, index) {
    made.setAttribute("aria-rowindex", index + 2);
    made.dataset.index = index;
    made.style.transform = `translateY(${index * height}px)`;
    reachable(made, index === active);
    return made;
  }

  // The row of an item as it is now. What it shows already stays: a click that has begun goes on.
  function again(index, before) {
    const old = before.get(items[index]);
    return old ? renew(put(old, index), row(index)) : row(index);
  }

  // The row of an item that has one already, in its present place.
  function moved(index) {
    const made = shown.get(items[index]);
    const same = made && Number(made.dataset.index) === index && (made.tabIndex === 0) === (index === active);
    if (made && !same) put(made, index);
    return made;
  }

  function reachable(made, is) {
    made.tabIndex = is ? 0 : -1;
    for (const inner of made.querySelectorAll("a, button, input, select")) inner.tabIndex = is ? 0 : -1;
  }

  function draw(all) {
    asked = false;
    const old = all ? shown : new Map();
    if (all) shown = new Map();
    const [first, last] = seen();
    const focused = space.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && position(focused);
    // The active row stays in the page, so that the focus is never lost.
    const wanted = new Set(items.length ? [Math.min(active, items.length - 1)] : []);
    for (let index = first; index < last; index++) wanted.add(index);
    const next = new Map();
    for (const index of [...wanted].sort((a, b) => a - b)) {
      next.set(index, moved(index) || again(index, old));
    }
    const stay = new Set(next.values());
    for (const one of drawn.values()) if (!stay.has(one)) one.remove();
    let before = null;
    for (const made of [...next.values()].reverse()) {
      if (made.parentNode !== space) space.insertBefore(made, before);
      before = made;
    }
    drawn = next;
    shown = new Map([...next].map(([index, made]) => [items[index], made]));
    if (place && !space.contains(document.activeElement)) restore(place);
  }

  const position = (focused) => {
    const own = focused.closest("[data-index]");
    return { index: active, inner: [...own.querySelectorAll("a, button, input, select")].indexOf(focused) };
  };

  const restore = ({ index, inner }) => {
    const made = drawn.get(Math.min(index, items.length - 1));
    const target = made && (inner < 0 ? made : made.querySelectorAll("a, button, input, select")[inner]);
    target?.focus({ preventScroll: true });
  };

  function activate(index) {
    if (index === active) return;
    const old = drawn.get(active);
    if (old) reachable(old, false);
    active = index;
    const made = drawn.get(index);
    if (made) reachable(made, true);
  }

  // Where `next` has the item that is at `index` now; `index` if it has it no longer.
  function placeIn(next, index) {
    if (next[index] === items[index]) return index;
    const found = next.indexOf(items[index]);
    return found < 0 ? index : found;
  }

  function show(index) {
    if (!items.length) return;
    const target = Math.max(0, Math.min(items.length - 1, index));
    const top = target * height;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + height > scroll.scrollTop + scroll.clientHeight)
      scroll.scrollTop = top + height - scroll.clientHeight;
    activate(target);
    draw(false);
    drawn.get(target)?.focus({ preventScroll: true });
  }

  scroll.addEventListener("scroll", () => {
    if (!asked) requestAnimationFrame(() => draw(false));
    asked = true;
  });
  space.addEventListener("focusin", (event) => {
    activate(Number(event.target.closest("[data-index]").dataset.index));
  });
  space.addEventListener("pointerdown", (event) => {
    pressed = event.clientX;
  });
  space.addEventListener("click", (event) => {
    const own = event.target.closest("[data-index]");
    if (!own || event.target.closest("a, button, input, select, label")) return;
    if (!getSelection().isCollapsed && Math.abs(event.clientX - pressed) > CLICK) return; // a text was selected
    open?.(items[Number(own.dataset.index)], Number(own.dataset.index));
  });
  space.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-index]")) return; // a key inside a button or an input
    const page = Math.max(1, Math.floor(scroll.clientHeight / height) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key === "Enter") {
      event.preventDefault();
      open?.(items[active], active);
    } else if (event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      show(active + steps[event.key]);
    }
  });
  new ResizeObserver(() => draw(false)).observe(scroll);

  return {
    element,
    set(next, { end = false } = {}) {
      const first = Math.floor(scroll.scrollTop / height);
      const by = first > 0 ? placeIn(next, first) - first : 0;
      if (space.contains(document.activeElement)) active = placeIn(next, active);
      active = Math.max(0, Math.min(active, next.length - 1));
      items = next;
      grid.setAttribute("aria-rowcount", String(items.length + 1));
      space.style.height = `${items.length * height}px`;
      nothing.hidden = items.length > 0;
      if (end) scroll.scrollTop = items.length * height;
      else if (by) scroll.scrollTop += by * height;
      draw(!lasting);
    },
    refresh: () => draw(true),
    items: () => items,
    atEnd: () => scroll.scrollTop + scroll.clientHeight >= items.length * height - height,
    setEmpty: (text) => fill(nothing, text),
  };
}
