// Scenarios: a text of events (TOML), played on the modules, with a log of what happened.

import { get, post, remove } from "./api.js";
import { button, field, fill, h, refill, state } from "./dom.js";
import { poll } from "./polling.js";
import { t } from "./texts.js";

const EVERY = 1000; // ms
const KEPT = "m5310.scenario";
const EXAMPLE = `title = "No coverage for a minute"

[[event]]
at = 5
coverage = "OUT"
for = 60
`;

/** scenario() → { element, close() }: to write, play, follow and stop a scenario. */
export function scenario() {
  const keep = () => sessionStorage.setItem(KEPT, text.value); // for the way back from another view
  const text = h("textarea", { id: "scenario-text", rows: 12, spellcheck: "false", maxlength: 20_000, oninput: keep });
  text.value = sessionStorage.getItem(KEPT) ?? EXAMPLE;
  const problem = h("p", { class: "problem", role: "alert" });
  const now = h("p", { id: "scenario-state" });
  const counts = h("div", {});
  const log = h("div", { class: "notes", role: "log", "aria-label": t("What happened") });
  const play = button(t("Play"), begin, { kind: "main", id: "scenario-play" });
  const stop = button(t("Stop"), end, { id: "scenario-stop" });

  async function begin() {
    fill(problem);
    try {
      const begun = await post("/emulator/scenario", { text: text.value });
      fill(log);
      draw(begun);
    } catch (error) {
      fill(problem, error.message);
    }
  }

  async function end() {
    draw(await remove("/emulator/scenario"));
  }

  function draw(found) {
    const title = found.title || t("The scenario");
    refill(now, found.playing ? state(true, t("{title} is played", { title })) : state(false, t("No scenario is played.")));
    stop.disabled = !found.playing || !found.own;
    refill(counts, h("ul", {}, found.events.map((one) => h("li", {}, t("line {line}: {text}: {n} times", { line: one.line, text: one.text, n: one.count })))));
    follow(found.log.map((one) => `${one.at.toFixed(3)}  ${one.text}`));
  }

  // Only what is new is added: a log is read aloud, and a person may have scrolled it.
  function follow(texts) {
    const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    while (log.firstChild && (log.children.length > texts.length || log.firstChild.textContent !== texts[0])) log.firstChild.remove();
    log.append(...texts.slice(log.children.length).map((text) => h("p", { class: "mono" }, text)));
    if (end) log.scrollTop = log.scrollHeight;
  }

  async function look() {
    draw(await get("/emulator/scenario"));
  }

  look().catch(() => {}); // it is asked again
  const endPolling = poll(look, EVERY);
  return {
    element: h(
      "section",
      { class: "card" },
      h("h2", {}, t("Scenario")),
      h("p", { class: "faint" }, t("Events by time or by command: the README has all keys, under Scenarios.")),
      field(t("Events (TOML)"), text),
      problem,
      h("div", { class: "actions" }, stop, play),
      now,
      counts,
      log,
    ),
    close() {
      endPolling();
    },
  };
}
