// View: one module: its inner state as it changes, and what happens to it: place, cable, noise,
// restarts, the end of its login, commands typed on its line.

import { get, post, put } from "./api.js";
import { button, choice, facts, field, fill, h, heading, number as numberOf, refill, reflect, run, state, toast } from "./dom.js";
import { ofModule } from "./existing.js";
import { changesOf, connection, coverages, loginStates, registration, sims, yes } from "./module_words.js";
import { follow, now, watch } from "./stream.js";
import { terminal } from "./terminal.js";
import { t } from "./texts.js";
import { beijing, span } from "./times.js";

const MOST = 200; // changes that are shown

/** show(place, path): see main.js. `path`: the number of the module. */
export function show(place, [text]) {
  return ofModule(place, text, view, ["#/modules", t("All modules")]);
}

function view(place, number) {
  let before = null;
  const body = h("div", {});
  const problem = h("p", { class: "problem", role: "alert" });
  fill(place, heading(t("Module {n}", { n: number })), problem, body);

  const cards = { network: h("div", {}), saving: h("div", {}), login: h("div", {}), line: h("div", {}), own: h("div", {}) };
  const changes = h("div", { class: "notes", role: "log", "aria-label": t("What has changed") });
  const controls = controlsOf(number);
  const typing = terminal(number);

  function draw(module) {
    if (!before) build(module);
    fill(problem);
    note(before, module);
    before = module;
    controls.state(module);
    typing.state(module);
    refill(cards.network, network(module));
    refill(cards.saving, saving(module));
    refill(cards.login, login(module));
    refill(cards.line, line(module));
    refill(cards.own, own(module));
  }

  function build(module) {
    const device = module.device_id && h("a", { class: "button", href: `#/devices/${module.device_id}` }, t("Its device"));
    fill(
      body,
      h("div", { class: "tools" }, device, h("a", { class: "button", href: `#/wire/${number}` }, t("Its wire"))),
      h(
        "div",
        { class: "columns" },
        card(t("Network"), cards.network),
        card(t("Power saving"), cards.saving),
        card(t("Login"), cards.login, controls.login),
        card(t("Place"), controls.place),
        card(t("Line"), cards.line, controls.cable),
        card(t("Noise of the line"), controls.noise),
        card(t("Module"), cards.own, controls.restart),
        card(t("What has changed"), changes),
      ),
      card(t("Terminal"), typing.element, h("p", {}, h("a", { href: `#/wire/${number}` }, t("The answers are on the wire.")))),
    );
  }

  function note(old, next) {
    if (!old) return;
    for (const { name, text, raw } of changesOf(old, next)) {
      const time = h("span", { class: "mono faint" }, beijing(now()));
      changes.prepend(h("p", {}, time, ` ${name}: ${text} `, h("small", { class: "mono" }, raw)));
    }
    while (changes.children.length > MOST) changes.lastElementChild.remove();
  }

  const stops = [
    follow("state", ({ module }) => module && String(module.number) === number && draw(module)),
    watch({ module: number, traffic: false }),
  ];
  get(`/emulator/modules/${number}`).then(draw, (error) => fill(problem, error.message));
  return { close: () => stops.forEach((stop) => stop()) };
}

const card = (title, ...children) => h("section", { class: "card" }, h("h2", {}, title), children);

function network(module) {
  return facts([
    [t("Registration"), registration(module)],
    [t("Radio"), module.on ? t("on") : t("off")],
    [t("Operator"), module.operator],
    [t("Refused with cause (TS 24.301)"), module.reject],
    [t("Coverage"), coverages()[module.coverage] ?? module.coverage],
    [t("Signal"), module.rssi === null ? "" : `${module.rssi} dBm`],
    [t("Connection (RRC)"), connection(module)],
    [t("Has sent for"), span(module.transmitted)],
  ]);
}

function saving({ psm, edrx }) {
  return facts([
    ["PSM", psm.enabled ? t("on") : t("off")],
    [t("T3324 (active time)"), timer(psm.t3324, psm.active_time)],
    [t("T3412 (periodic update)"), timer(psm.t3412, psm.update_time)],
    ["eDRX", edrx ? timer(edrx.cycle, edrx.seconds) : t("off")],
  ]);
}

function timer(bits, seconds) {
  return bits ? `${bits}${seconds === null ? "" : `: ${span(seconds)}`}` : null;
}

function login({ login: one, objects, observed }) {
  return facts([
    [t("State"), loginStates()[one.state] ?? one.state],
    [t("Server"), one.server],
    [t("Lifetime"), one.lifetime ? t("{n} s", { n: one.lifetime }) : null],
    [t("Logged in at"), one.registered_at === null ? null : beijing(one.registered_at)],
    [t("Ends in"), one.expires_at === null ? null : one.expires_at > now() ? span(one.expires_at - now()) : t("is over")],
    [t("Objects"), objects.join(" ")],
    [t("Observed"), observed.join(" ")],
  ]);
}

function line({ line: one, port, baud, plugged, held }) {
  const met = Object.values(one.faults_met).flatMap(Object.entries);
  return facts([
    [t("Port"), h("code", {}, port)],
    [t("Speed"), baud === null ? t("not paced") : `${baud} baud`],
    [t("Cable"), plugged ? state(true, t("plugged")) : state("bad", t("unplugged"))],
    [t("Host"), held ? state(true, t("has opened the port")) : state(false, t("none"))],
    [t("Received, bytes"), one.received],
    [t("Sent, bytes"), one.sent],
    [t("Lost, bytes"), one.lost],
    [t("Overruns, bytes"), one.overruns],
    [t("Commands that came too soon"), one.too_soon],
    [t("Faults that were met"), met.map(([name, number]) => `${name}: ${number}`).join(", ") || null],
  ]);
}

function own(module) {
  return facts([
    [t("Model"), module.model],
    [t("Firmware"), module.firmware],
    [t("AT language"), module.dialect],
    ["IMEI", module.imei],
    ["IMSI", module.imsi],
    ["SIM", sims()[module.sim] ?? module.sim],
    [t("Starts"), module.boots],
    [t("Last cause"), causeNames()[module.last_cause] ?? module.last_cause],
    [t("Is starting"), yes(module.booting)],
  ]);
}

// What a person changes. A number that has the focus is not changed under the person's hands.
function controlsOf(number) {
  const path = `/emulator/modules/${number}`;
  // Sends what an input shows, and again if it shows something else by then.
  const change = (input, name, member) =>
    run(input, async () => {
      for (let sent; sent !== input[member]; ) {
        sent = input[member];
        await put(path, { [name]: sent });
      }
    });
  const chosen = (name, options) => {
    const made = choice(options, "", { id: `module-${name}`, onchange: () => change(made, name, "value") });
    return made;
  };
  const flag = (name) => {
    const made = h("input", { type: "checkbox", id: `module-${name}`, onchange: () => change(made, name, "checked") });
    return made;
  };
  // As the state is, also where the last change was refused; but for one that is under way.
  const follows = (input, member, value) => {
    if (input.getAttribute("aria-busy") !== "true" && input[member] !== value) input[member] = value;
  };
  const coverage = chosen("coverage", coverages());
  const sim = chosen("sim", sims());
  const [refusing, busy] = [flag("refusing"), flag("busy")];
  const noise = Object.fromEntries(
    Object.keys(noises()).map((name) => [name, h("input", { type: "number", min: 0, max: 1, step: "any", required: true, id: `noise-${name}` })]),
  );
  const cable = button(t("Unplug"), () => put(path, { plugged: !plugged }), { id: "module-cable" });
  let plugged = true;
  const causes = choice(causeNames(), "POWER_ON", { id: "module-cause" });
  const reasons = choice(
    { LIFETIME_OVER: t("its lifetime is over"), REMOVED: t("the platform has removed it") },
    "LIFETIME_OVER",
    { id: "module-reason" },
  );
  const setNoise = () =>
    put(path, { noise: Object.fromEntries(Object.entries(noise).map(([name, input]) => [name, numberOf(input)])) });

  return {
    place: h(
      "div",
      {},
      h("div", { class: "fields" }, field(t("Coverage"), coverage), field("SIM", sim)),
      check(refusing, t("The network refuses the module")),
      check(busy, t("The uplink takes no data")),
    ),
    cable: h("div", { class: "actions" }, cable),
    noise: h(
      "div",
      {},
      h("p", { class: "faint" }, t("Shares of the bytes, 0 to 1, in both directions")),
      h("div", { class: "fields" }, Object.entries(noises()).map(([name, text]) => field(text, noise[name]))),
      h("div", { class: "actions" }, button(t("Set noise"), setNoise, { id: "noise-set" })),
    ),
    restart: h(
      "div",
      { class: "tools" },
      field(t("Cause of a restart"), causes),
      button(t("Restart"), () => post(`${path}/restart`, { cause: causes.value }).then(() => toast(t("Restarted"))), {
        id: "module-restart",
      }),
    ),
    login: h(
      "div",
      { class: "tools" },
      field(t("The module's login ends because"), reasons),
      button(t("End the login"), () => post(`${path}/logout`, { reason: reasons.value }), { id: "module-logout" }),
    ),
    state(module) {
      follows(coverage, "value", module.coverage);
      follows(sim, "value", module.sim);
      follows(refusing, "checked", module.refusing);
      follows(busy, "checked", module.busy);
      plugged = module.plugged;
      fill(cable, plugged ? t("Unplug") : t("Plug in"));
      for (const [name, input] of Object.entries(noise)) reflect(input, module.noise[name]);
    },
  };
}

const check = (input, text) => h("label", { class: "check" }, input, text);

function noises() {
  return {
    loss: t("lost"),
    double: t("doubled"),
    corrupt: t("with a wrong bit"),
    delay: t("delayed"),
    garbage: t("with garbage before them"),
  };
}

function causeNames() {
  return {
    POWER_ON: t("power-on"),
    BROWN_OUT: t("supply voltage too low"),
    RESET_PIN: t("reset pin"),
    COMMAND: t("a command"),
    WATCHDOG: t("watchdog"),
    UNKNOWN: t("unknown"),
  };
}
