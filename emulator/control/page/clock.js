// The emulator's clock in the header bar: its time, pause, speed, and time that passes at once.

import { Mistake, post, put } from "./api.js";
import { button, choice, dialog, field, fill, h, run } from "./dom.js";
import { follow, lastClock, now, setClock } from "./stream.js";
import { t } from "./texts.js";
import { beijing, span } from "./times.js";

const SPEEDS = [0.1, 1, 10, 60, 600, 3600];
const MOST = 31_536_000; // seconds at once

/** show(place) → function that ends it. Called at the start and when the language changes. */
export function show(place) {
  const time = h("time", { id: "clock-time", title: t("The emulator's time, in Beijing") });
  const pause = button(t("Pause time"), () => change({ paused: !lastClock().paused }), { kind: "small", id: "clock-pause" });
  const speed = choice([], "1", {
    id: "clock-speed",
    "aria-label": t("Speed of the time"),
    onchange: () => run(speed, () => change({ speed: Number(speed.value) })),
  });
  const on = button(t("Advance ..."), advance, { kind: "small", id: "clock-advance" });
  const steering = h("span", { class: "joined" }, pause, speed, on);
  fill(place, time, steering);

  function draw() {
    const { paused, advancing, steered } = lastClock();
    fill(time, beijing(now()));
    if (document.activeElement !== speed) showSpeeds();
    fill(pause, paused ? t("Let time run") : t("Pause time"));
    pause.setAttribute("aria-pressed", String(paused));
    on.setAttribute("aria-busy", String(advancing));
    steering.hidden = !steered;
  }

  function showSpeeds() {
    const current = lastClock().speed;
    const all = [...new Set([...SPEEDS, current])].sort((a, b) => a - b);
    if (all.join() !== [...speed.options].map((one) => one.value).join())
      fill(speed, all.map((one) => h("option", { value: one }, t("{n} × real time", { n: one }))));
    speed.value = String(current);
  }

  async function change(body) {
    setClock(await put("/emulator/clock", body));
  }

  async function advance() {
    const units = { 1: t("seconds"), 60: t("minutes"), 3600: t("hours"), 86400: t("days") };
    const amount = h("input", { type: "number", id: "advance-amount", value: 1, min: 0, step: "any", required: true });
    const unit = choice(units, "3600", { id: "advance-unit" });
    await dialog({
      title: t("Advance the time"),
      body: [
        h("p", {}, t("All that is due in this time happens at once, in its order. Hosts are not waited for.")),
        h("div", { class: "fields" }, field(t("Amount"), amount), field(t("Unit"), unit)),
      ],
      action: t("Advance"),
      submit: async () => {
        const seconds = Number(amount.value) * Number(unit.value);
        if (!(seconds <= MOST)) throw new Mistake(t("At most {span} at once", { span: span(MOST) }));
        setClock(await post("/emulator/clock/advance", { seconds }));
      },
    });
  }

  const unfollow = follow("clock", draw);
  const timer = setInterval(() => fill(time, beijing(now())), 250);
  draw();
  return () => {
    unfollow();
    clearInterval(timer);
  };
}
