// Times of the emulator. The API shows Beijing's time without a zone, so the page does, too.

import { t } from "./texts.js";

const AHEAD = 8 * 3600;

/** posix("2018-06-01 12:00:00.123") → POSIX seconds of a time as the API's answers have it, or NaN. */
export function posix(text) {
  return Date.parse(`${text.replace(" ", "T")}Z`) / 1000 - AHEAD;
}

/** beijing(seconds, digits = 0) → "2018-06-01 12:00:00", with `digits` 3 also ".123". */
export function beijing(seconds, digits = 0) {
  const moment = new Date((seconds + AHEAD) * 1000);
  if (Number.isNaN(moment.getTime())) return "";
  return moment.toISOString().slice(0, digits ? 20 + digits : 19).replace("T", " ");
}

/** parameter(seconds) → "2018-06-01T12:00:00", as parameters of the API have a time. */
export function parameter(seconds) {
  return beijing(seconds).replace(" ", "T");
}

/** whole("2018-06-01T12:00") → "2018-06-01T12:00:00": a field's time with its seconds, which browsers
 * leave out where they are 0. */
export function whole(text) {
  return text.length === 16 ? `${text}:00` : text.slice(0, 19);
}

/** span(seconds) → "3.2 s", "5 min 12 s", "2 h 5 min", "3 d 4 h". */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.floor(Math.abs(seconds));
  const sign = seconds <= -1 ? "-" : "";
  const parts = (big, bigUnit, small, smallUnit) =>
    `${sign}${big} ${bigUnit}${small ? ` ${small} ${smallUnit}` : ""}`;
  if (whole < 10) return t("{n} s", { n: seconds.toFixed(1) });
  if (whole < 60) return t("{n} s", { n: sign + whole });
  if (whole < 3600) return parts(Math.floor(whole / 60), t("min"), whole % 60, t("s"));
  if (whole < 86400)
    return parts(Math.floor(whole / 3600), t("h"), Math.floor((whole % 3600) / 60), t("min"));
  return parts(Math.floor(whole / 86400), t("d"), Math.floor((whole % 86400) / 3600), t("h"));
}
