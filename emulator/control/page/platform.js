// View: the air between modules and cloud, how the cloud treats its devices, and scenarios.

import { get, put } from "./api.js";
import { button, fill, h, heading, field, number, reflect, toast } from "./dom.js";
import { poll } from "./polling.js";
import { scenario } from "./scenario.js";
import { follow } from "./stream.js";
import { t } from "./texts.js";

const EVERY = 2000; // ms

/** show(place, path): see main.js. */
export function show(place) {
  const columns = h("div", { class: "columns" });
  const problem = h("p", { class: "problem", role: "alert" });
  const played = scenario();
  fill(place, heading(t("Air and platform")), problem, columns, played.element);

  const forms = { air: form(t("Air"), "air", airs()), platform: form(t("Platform"), "platform", platforms()) };

  async function look() {
    const shows = Object.entries(forms).map(([name, form]) => [name, form.follow()]);
    const now = await get("/emulator/state");
    for (const [name, show] of shows) show(now[name]);
    if (!columns.firstChild) fill(columns, Object.values(forms).map(({ element }) => element));
    fill(problem);
  }

  async function load() {
    try {
      await look();
    } catch (error) {
      fill(problem, error.message);
    }
  }

  const unfollow = follow("link", (is) => is && load());
  load();
  const stop = poll(look, EVERY); // others change them, too
  return {
    close() {
      unfollow();
      stop();
      played.close();
    },
  };
}

// `parts`: member → [text, step of a number; null: yes or no]. → { element, follow() }:
// call follow() before the values are asked for, and what it gives with them.
function form(title, name, parts) {
  const inputs = Object.entries(parts).map(([member, [text, step]]) => {
    const kind =
      step === null
        ? { type: "checkbox" }
        : { type: "number", min: 0, step, required: true };
    return [member, text, h("input", { ...kind, id: `${name}-${member}` })];
  });

  let saved = 0; // times
  async function save() {
    const read = (input) => (input.type === "checkbox" ? input.checked : number(input));
    const body = Object.fromEntries(inputs.map(([member, , input]) => [member, read(input)]));
    state(await put(`/emulator/${name}`, body));
    saved++;
    toast(t("Saved"));
  }

  function state(values) {
    for (const [member, , input] of inputs) reflect(input, values[member]);
  }

  const [flags, numbers] = [inputs.filter(([, , one]) => one.type === "checkbox"), inputs.filter(([, , one]) => one.type !== "checkbox")];
  const element = h(
    "section",
    { class: "card" },
    h("h2", {}, title),
    h("div", { class: "fields" }, numbers.map(([, text, input]) => field(text, input))),
    flags.map(([, text, input]) => h("label", { class: "check" }, input, text)),
    h("div", { class: "actions" }, button(t("Save"), save, { kind: "main", id: `${name}-save` })),
  );
  const follow = () => {
    const before = saved;
    return (values) => before === saved && state(values); // or else they are older than what was saved
  };
  return { element, follow };
}

function airs() {
  return {
    latency: [t("Latency each way, s"), "any"],
    loss: [t("Share that is lost"), "any"],
    duplication: [t("Share that comes twice"), "any"],
    reordering: [t("Share that is overtaken"), "any"],
    delayed: [t("Share that is delayed"), "any"],
    delay: [t("Delay of those, s"), "any"],
  };
}

function platforms() {
  return {
    delay: [t("Answers late by, s"), "any"],
    repeats: [t("Repeats of its requests"), 1],
    silent: [t("does not answer devices"), null],
    refusing: [t("refuses logins"), null],
    discovers: [t("asks for the resources after a login"), null],
  };
}
