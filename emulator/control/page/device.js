// View: device.

import { fill, heading } from "./dom.js";
import { t } from "./texts.js";

/** show(place, path): see main.js. */
export function show(place, path) {
  fill(place, heading(`${t("Device")} ${path[0]}`));
}
