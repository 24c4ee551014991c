// View: the air between modules and cloud, how the cloud treats its devices, and scenarios.

import { get, put } from "./api.js";
import { button, fill, h, heading, field, number, toast } from "./dom.js";
import { scenario } from "./scenario.js";
import { follow } from "./stream.js";
import { t } from "./texts.js";

/** show(place, path): see main.js. */
export function show(place) {
  const columns = h("div", { class: "columns" });
  const problem = h("p", { class: "problem", role: "alert" });
  const played = scenario();
  fill(place, heading(t("Air and platform")), problem, columns, played.element);

  async function load() {
    try {
      const { air, platform } = await get("/emulator/state");
      fill(columns, form(t("Air"), "air", airs(), air), form(t("Platform"), "platform", platforms(), platform));
      fill(problem);
    } catch (error) {
      fill(problem, error.message);
    }
  }

  // Once they are shown they stay: a person may be changing them.
  const unfollow = follow("link", (is) => is && !columns.firstChild && load());
  load();
  return {
    close() {
      unfollow();
      played.close();
    },
  };
}

// `parts`: member → [text, step of a number; null: yes or no].
function form(title, name, parts, values) {
  const inputs = Object.entries(parts).map(([member, [text, step]]) => {
    const kind =
      step === null
        ? { type: "checkbox", checked: values[member] }
        : { type: "number", min: 0, step, value: values[member], required: true };
    return [member, text, h("input", { ...kind, id: `${name}-${member}` })];
  });

  async function save() {
    const read = (input) => (input.type === "checkbox" ? input.checked : number(input));
    const body = Object.fromEntries(inputs.map(([member, , input]) => [member, read(input)]));
    const now = await put(`/emulator/${name}`, body);
    for (const [member, , input] of inputs) {
      if (input.type === "checkbox") input.checked = now[member];
      else input.value = now[member];
    }
    toast(t("Saved"));
  }

  const [flags, numbers] = [inputs.filter(([, , one]) => one.type === "checkbox"), inputs.filter(([, , one]) => one.type !== "checkbox")];
  return h(
    "section",
    { class: "card" },
    h("h2", {}, title),
    h("div", { class: "fields" }, numbers.map(([, text, input]) => field(text, input))),
    flags.map(([, text, input]) => h("label", { class: "check" }, input, text)),
    h("div", { class: "actions" }, button(t("Save"), save, { kind: "main", id: `${name}-save` })),
  );
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
