// View: the push of the product to an application: its settings, and how it goes.

import { get, put, remove } from "./api.js";
import { ask, button, choice, facts, field, fill, h, heading, run, state, toast, wrong } from "./dom.js";
import { poll } from "./polling.js";
import { translated } from "./refusals.js";
import { count, t } from "./texts.js";

const EVERY = 1000; // ms
const STATES = {
  off: ["off", () => t("off")],
  checking: ["warn", () => t("checking the URL")],
  on: ["on", () => t("on")],
  stopped: ["bad", () => t("stopped after failures")],
};

/** show(place, path): see main.js. */
export function show(place) {
  const ending = new AbortController();
  const now = h("div", { id: "push-state" });
  const input = (id, attributes = {}) => h("input", { id, autocomplete: "off", ...attributes });
  const url = input("push-url", { required: true, placeholder: "http://127.0.0.1:8000/push" });
  const token = input("push-token", { required: true, maxlength: 128 });
  const key = input("push-key", { maxlength: 43 });
  const pad = choice({ 16: "16", 32: "32" }, "16", { id: "push-pad" });
  const seconds = input("push-seconds", { type: "number", min: 0, max: 3600, step: "any" });
  const points = input("push-count", { type: "number", min: 1, max: 500 });
  const problem = h("p", { class: "problem", role: "alert" });
  const send = h("button", { type: "submit", class: "main" }, t("Check and push there"));
  const stop = button(t("Push no longer"), end, { kind: "danger" });
  const form = h(
    "form",
    { class: "card", novalidate: true, "aria-labelledby": "push-settings" },
    h("h2", { id: "push-settings" }, t("Settings")),
    field(t("URL of the application"), url),
    field(t("Token"), token, t("1 to 128 characters; it signs the check and the messages")),
    h(
      "div",
      { class: "fields" },
      field(t("AES key"), key, t("43 letters or digits; empty: plain messages")),
      field(t("Padding of AES"), pad, t("32 as the guide says; most receivers need 16")),
      field(t("Batch: seconds"), seconds, t("empty: none")),
      field(t("Batch: points"), points, t("empty: none")),
    ),
    problem,
    h("div", { class: "actions" }, send),
  );
  fill(
    place,
    heading(t("Push")),
    h("div", { class: "columns" }, h("section", { class: "card", "aria-labelledby": "push-now" }, h("h2", { id: "push-now" }, t("Now")), now, h("div", { class: "actions" }, stop)), form),
  );

  let filled = false;
  let drawn = "";
  async function load() {
    const push = await get("/emulator/push", {}, ending.signal);
    const text = JSON.stringify(push);
    if (text === drawn) return;
    drawn = text;
    const [colour, said] = STATES[push.state] ?? ["off", () => push.state];
    stop.hidden = push.state === "off";
    fill(
      now,
      h("p", { role: "status" }, state(colour, said())),
      push.url === undefined
        ? h("p", { class: "faint" }, t("Nothing is pushed. OneNET sets the push in its console; here it is set on this page."))
        : facts([
            ["URL", h("code", {}, push.url)],
            [t("Messages"), push.encrypted ? t("encrypted") : t("plain")],
            [t("Wait in the queue"), h("span", { "data-push": "waiting" }, count(push.waiting))],
            [t("Failed attempts"), h("span", { "data-push": "failures" }, count(push.failures))],
            [t("Dropped"), count(push.dropped)],
            [t("Last problem"), h("span", { class: "problem", "data-push": "problem" }, translated("/emulator/push", push.problem) || "-")],
            push.batch_seconds == null ? null : [t("Batch: seconds"), push.batch_seconds],
            push.batch_count == null ? null : [t("Batch: points"), push.batch_count],
          ]),
    );
    if (!filled && push.url !== undefined) {
      url.value = push.url;
      pad.value = String(push.pad);
      seconds.value = push.batch_seconds ?? "";
      points.value = push.batch_count ?? "";
    }
    filled = true;
  }

  async function save() {
    fill(problem, wrong(form.elements));
    if (problem.textContent) return;
    const body = { url: url.value.trim(), token: token.value, pad: Number(pad.value) };
    if (key.value) body.aes_key = key.value;
    if (seconds.value) body.batch_seconds = Number(seconds.value);
    if (points.value) body.batch_count = Number(points.value);
    try {
      await put("/emulator/push", body);
      toast(t("The application has answered the check; messages go to it from now on"));
      await load();
    } catch (error) {
      fill(problem, error.message);
    }
  }

  async function end() {
    const text = t("Messages that wait are dropped.");
    const done = await ask({ title: t("Push no longer?"), text, action: t("Push no longer"), submit: () => remove("/emulator/push") });
    if (done) await load();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(send, save);
  });
  run(null, load);
  const endPolling = poll(load, EVERY);
  return {
    close() {
      ending.abort();
      endPolling();
    },
  };
}
