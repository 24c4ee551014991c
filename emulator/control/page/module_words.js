// The names of a module's states in words, for the list of modules and for one module.

import { state } from "./dom.js";
import { t } from "./texts.js";

/** registration({ stat }) → the registration on the network, with a circle. */
export function registration({ stat }) {
  const colours = { HOME: true, SEARCHING: "warn", DENIED: "bad" };
  return state(colours[stat] ?? false, registrations()[stat] ?? stat);
}

function registrations() {
  return {
    HOME: t("registered"),
    SEARCHING: t("searching"),
    DENIED: t("denied"),
    NOT_REGISTERED: t("not registered"),
  };
}

/** connection({ asleep, connected }) → PSM, idle or connected. */
export function connection(module) {
  if (module.asleep) return t("asleep (PSM)");
  return module.connected ? t("connected") : t("idle");
}

/** coverages() → the choices of coverage. */
export function coverages() {
  return {
    ECL0: t("ECL0: good"),
    ECL1: t("ECL1: weak"),
    ECL2: t("ECL2: very weak"),
    OUT: t("no coverage"),
  };
}

/** sims() → the choices of the SIM. */
export function sims() {
  return {
    READY: t("ready"),
    LOCKED: t("locked (PIN)"),
    MISSING: t("no card"),
    FOREIGN: t("without roaming agreement"),
  };
}

/** loginStates() → the states of the LwM2M client. */
export function loginStates() {
  return {
    ABSENT: t("not configured"),
    CONFIGURED: t("configured"),
    REGISTERING: t("logging in"),
    REGISTERED: t("logged in"),
    UPDATING: t("updating its login"),
    DEREGISTERING: t("logging out"),
  };
}

/** yes(true) → "yes" in the user's language. */
export function yes(value) {
  return value ? t("yes") : t("no");
}

/**
 * changesOf(before, after) → [{ name, text, raw }]: what has changed between two states of a module,
 * in words ("Registration", "registered → searching") and by the API's names ("stat: HOME → ...").
 */
export function changesOf(before, after) {
  const found = Object.entries(listed()).filter(([member]) => of(before, member) !== of(after, member));
  return found.map(([member, [name, words]]) => {
    const [old, next] = [of(before, member), of(after, member)];
    return { name, text: `${words(old)} → ${words(next)}`, raw: `${member}: ${old} → ${next}` };
  });
}

const of = (module, member) => member.split(".").reduce((inner, part) => inner?.[part], module);

// Members of the state whose changes are listed: name, and the words for a value.
function listed() {
  const one = (names) => (value) => names[value] ?? String(value);
  const choose = (on, off) => (value) => (value ? on : off);
  return {
    stat: [t("Registration"), one(registrations())],
    coverage: [t("Coverage"), one(coverages())],
    rssi: [t("Signal"), (value) => (value === null ? t("none") : `${value} dBm`)],
    connected: [t("Connection (RRC)"), choose(t("connected"), t("idle"))],
    asleep: ["PSM", choose(t("asleep"), t("awake"))],
    sim: ["SIM", one(sims())],
    reject: [t("Refused with cause (TS 24.301)"), (value) => value ?? t("none")],
    plugged: [t("Cable"), choose(t("plugged"), t("unplugged"))],
    held: [t("Host"), choose(t("has opened the port"), t("none"))],
    boots: [t("Starts"), String],
    "login.state": [t("Login"), one(loginStates())],
  };
}
