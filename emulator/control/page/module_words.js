// The names of a module's states in words, for the list of modules and for one module.

import { state } from "./dom.js";
import { t } from "./texts.js";

/** registration({ on?, stat }) → the registration on the network, with a circle. */
export function registration(module) {
  const words = {
    HOME: () => state(true, t("registered")),
    SEARCHING: () => state("warn", t("searching")),
    DENIED: () => state("bad", t("denied")),
    NOT_REGISTERED: () => state(false, t("not registered")),
  };
  return words[module.stat]?.() ?? state(false, module.stat);
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
