// Views of one module by the number in the address: whether there is such a module.

import { get } from "./api.js";
import { fill, h, heading } from "./dom.js";
import { follow } from "./stream.js";
import { count, t } from "./texts.js";

const PLAIN = /^[1-9]\d*$/;

/**
 * ofModule(place, text, show, [address, title]) → { close() }: fills `place` by show(place, number),
 * or says that there is no module `text`, with a link to the list at `address`. Only the plain
 * number is one: 01 is refused. An emulator that has gone is asked again when it is back.
 */
export function ofModule(place, text, show, [address, title]) {
  let shown = null;
  let ended = false;

  async function look() {
    if (shown) return;
    try {
      const { modules } = await get("/emulator/state");
      if (shown || ended) return;
      if (PLAIN.test(text) && Number(text) <= modules) {
        fill(place);
        shown = show(place, text);
      } else fill(place, missing(modules));
    } catch (error) {
      if (!ended) fill(place, heading(t("Module {n}", { n: text })), h("p", { class: "problem", role: "alert" }, error.message));
    }
  }

  function missing(modules) {
    const n = count(modules);
    return [
      heading(t("No such module: {text}", { text })),
      h("p", { role: "alert" }, modules ? t("There are the modules 1 to {n}.", { n }) : t("There is no module: the cloud runs alone.")),
      h("p", {}, h("a", { class: "button", href: address }, title)),
    ];
  }

  const unfollow = follow("link", (is) => is && look());
  look();
  return {
    close() {
      ended = true;
      unfollow();
      shown?.close();
    },
  };
}
