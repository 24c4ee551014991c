// The start of the page: the key, the header, and which view is shown.
//
// The address is #/VIEW/PART/...: what stands after VIEW goes to the view. A view is a module with
//
//     show(place, path) → undefined | { close?(), move?(path) → boolean }
//
// `place` is an empty element that is in the page already, `path` the decoded parts after VIEW.
// The view fills it, with heading() first, which also sets the window's title. `close` is called when it is left: timers, streams and
// requests end there. `move` is called when only the path changes, as by its tabs; unless it returns
// true the view is closed and shown again. The key is taken from #key=... and removed from the
// address, which a user may copy into a mail.

import { get, hasKey, setKey } from "./api.js";
import * as clock from "./clock.js";
import * as device from "./device.js";
import * as devices from "./devices.js";
import { button, choice, field, fill, h, heading, run, state, toasts } from "./dom.js";
import * as module from "./module.js";
import * as modules from "./modules.js";
import * as platform from "./platform.js";
import * as push from "./push.js";
import { follow, isLinked, refusal, start } from "./stream.js";
import { language, onLanguage, setLanguage, t } from "./texts.js";
import * as triggers from "./triggers.js";
import * as wire from "./wire.js";

const THEME = "m5310.theme";
// In the order of the navigation: list view, view of one entry (#/devices/ID) or null, name.
const VIEWS = {
  devices: [devices, device, () => t("Devices")],
  triggers: [triggers, null, () => t("Triggers")],
  push: [push, null, () => t("Push")],
  wire: [wire, null, () => t("Wire")],
  modules: [modules, module, () => t("Modules")],
  platform: [platform, null, () => t("Air and platform")],
};
const FIRST = "devices";

let place; // of the view
let links;
let open = null; // {view, path, shown}
let closeClock;

/** route("#/devices/5%2F1/points") → { name, view, path }; an address without a view: the first. */
export function route(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  const name = Object.hasOwn(VIEWS, parts[0] ?? "") ? parts.shift() : FIRST;
  const [list, one] = VIEWS[name];
  return { name, view: one && parts.length ? one : list, path: parts };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function takeKey() {
  const found = /^#key=([^&]+)/.exec(location.hash);
  if (!found) return false;
  setKey(decoded(found[1]));
  history.replaceState(null, "", `${location.pathname}#/${FIRST}`);
  return true;
}

function header() {
  const themes = { auto: t("Auto"), light: t("Light"), dark: t("Dark") };
  const theme = choice(themes, localStorage.getItem(THEME) ?? "auto", {
    "aria-label": t("Theme"),
    id: "theme",
    onchange: () => setTheme(theme.value),
  });
  const languages = choice({ en: "English", zh: "中文" }, language(), {
    "aria-label": t("Language"),
    id: "language",
    onchange: () => setLanguage(languages.value),
  });
  const link = h("span", { id: "link", role: "status" });
  const showLink = (is) => fill(link, is ? state(true, t("live")) : state("warn", refusal() || t("connecting")));
  showLink(isLinked());
  unfollow?.();
  unfollow = follow("link", showLink);
  const clockPlace = h("div", { id: "clock", class: "clock" });
  links = h(
    "nav",
    { "aria-label": t("Views") },
    Object.entries(VIEWS).map(([name, [, , text]]) => h("a", { href: `#/${name}`, "data-view": name }, text())),
  );
  closeClock?.();
  closeClock = clock.show(clockPlace);
  return h(
    "header",
    {},
    h("div", { class: "bar" }, h("a", { class: "brand", href: `#/${FIRST}` }, t("M5310 emulator")), clockPlace, link, languages, theme),
    links,
  );
}

let unfollow;

function setTheme(name) {
  if (name === "auto") localStorage.removeItem(THEME);
  else localStorage.setItem(THEME, name);
  showTheme();
}

function showTheme() {
  const name = localStorage.getItem(THEME);
  if (name === "light" || name === "dark") document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}

function build() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  close();
  place = h("main", { id: "main", tabindex: "-1" });
  const skip = button(t("Skip to the content"), () => place.focus(), { class: "skip" });
  fill(document.body, skip, header(), place, toasts());
}

function close() {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close(); // as after "back"
  open?.shown?.close?.();
  open = null;
}

function go({ focus = true } = {}) {
  const next = route(location.hash);
  for (const link of links.children) {
    if (link.dataset.view === next.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (open?.view === next.view && open.shown?.move?.(next.path)) {
    open.path = next.path;
    return;
  }
  close();
  fill(place);
  place.scrollTop = 0;
  window.scrollTo(0, 0);
  open = { view: next.view, path: next.path, shown: null };
  open.shown = next.view.show(place, next.path);
  if (focus) place.focus({ preventScroll: true });
}

async function enter() {
  if (!hasKey()) return askKey();
  try {
    await get("/emulator/state");
  } catch (error) {
    return error.ofKey ? askKey(error.message) : showProblem(error);
  }
  start();
  go({ focus: false });
}

// Without a key, as in another tab, the views would only fail.
function askKey(problem = "") {
  const input = h("input", { type: "password", autocomplete: "off", required: true, id: "key" });
  const send = h("button", { type: "submit", class: "main" }, t("Open"));
  const form = h(
    "form",
    { class: "card narrow" },
    heading(t("Key of the emulator")),
    h("p", {}, t("The emulator prints the address of this page with the key at its start. --api-key sets the key.")),
    field(t("Key (api-key)"), input),
    h("p", { class: "problem", role: "alert" }, problem),
    h("div", { class: "actions" }, send),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.focus();
    setKey(input.value.trim());
    return run(send, enter);
  });
  fill(place, form);
  input.focus();
}

function showProblem(error) {
  fill(
    place,
    heading(t("No connection")),
    h("p", { role: "alert" }, error.message),
    button(t("Try again"), enter, { kind: "main" }),
  );
}

window.addEventListener("hashchange", () => {
  if (takeKey() || !open) enter();
  else go();
});
onLanguage(() => {
  build();
  enter();
  document.getElementById("language").focus();
});
follow("key", (text) => {
  close();
  askKey(text);
});
showTheme();
takeKey();
build();
enter();
