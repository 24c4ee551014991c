// A line to type AT commands into a module that no host holds. What it answers is in the list.

import { post } from "./api.js";
import { field, h, run } from "./dom.js";
import { t } from "./texts.js";

const REMEMBERED = 100;
const lines = []; // that were typed, the newest last

/**
 * terminal(number) → { element, state(module | null) } for the module of this number. Call `state`
 * with its snapshot, so that it says when a host holds the port.
 */
export function terminal(number) {
  let place = lines.length; // in `lines`, while the arrow keys go through them
  let draft = ""; // what was typed, below the newest of them
  let sent = Promise.resolve(); // the lines so far: each goes after the one before
  const input = h("input", {
    id: "terminal",
    class: "mono",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    placeholder: "AT+CSQ",
    maxlength: 1000,
    onkeydown: recall,
  });
  const send = h("button", { type: "submit", class: "main" }, t("Send"));
  const held = h("p", { class: "faint", hidden: true, role: "status" }, t("A host holds the port: end it to type here."));
  const form = h("form", { class: "tools terminal" }, field(t("AT command"), input), send, held);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    return run(null, type);
  });

  async function type() {
    const text = input.value.trim();
    if (!text) return;
    if (lines.at(-1) !== text) lines.push(text);
    if (lines.length > REMEMBERED) lines.shift();
    place = lines.length;
    input.value = ""; // at once: the next line may be typed while this one is on its way
    input.focus();
    const sending = sent.then(() => post(`/emulator/modules/${number}/type`, { text: `${text}\r` }));
    sent = sending.catch(() => {});
    try {
      await sending;
    } catch (error) {
      input.value ||= text;
      throw error;
    }
  }

  function recall(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !lines.length) return;
    event.preventDefault();
    if (place >= lines.length) draft = input.value;
    place = Math.max(0, Math.min(lines.length, place + step));
    input.value = lines[place] ?? draft;
  }

  return {
    element: h("section", { "aria-label": t("Terminal") }, form),
    state(module) {
      if (module) held.hidden = !module.held;
    },
  };
}
