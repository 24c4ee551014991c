// View: platform.

import { fill, heading } from "./dom.js";
import { t } from "./texts.js";

/** show(place, path): see main.js. */
export function show(place) {
  fill(place, heading(t("Air and platform")));
}
