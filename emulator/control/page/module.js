// View: module.

import { fill, heading } from "./dom.js";
import { t } from "./texts.js";

/** show(place, path): see main.js. */
export function show(place, path) {
  fill(place, heading(`${t("Module")} ${path[0]}`));
}
