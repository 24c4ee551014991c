// What a datagram of the air does, in words: the operations of LwM2M 1.0 by their CoAP messages
// (OMA LwM2M 1.0, 5 and 8.2; RFC 7252, RFC 7641). Pure: all follows from the line of the trace,
// `ADDRESS > ADDRESS  CON GET /3303/0 Observe 0 token 1a2b mid 5 payload 3 B 'abc'`.

import { t } from "./texts.js";

const MESSAGE = /^\S+ > \S+ +(CON|NON|ACK|RST) (empty|[A-Za-z]+|\d\.\d\d)( \/.*?)?((?: (?:Location|Observe|Content-Format|Accept|Size1|Size2|Block1|Block2|ETag|option|token|mid) .*)?)$/s;
const LINKS = "40"; // Content-Format of a list of resources (RFC 6690)

/** coapWords("up" | "down", text) → what the datagram does; "" for what is no message of CoAP. */
export function coapWords(way, text) {
  const message = parsed(text);
  if (!message) return sealed(text);
  const { type, code } = message;
  if (code === "empty") return empties()[type] ?? "";
  if (/^\d/.test(code)) return withBlock(answer(way, message), message);
  return withBlock(way === "up" ? ofDevice(message) : ofCloud(message), message);
}

/** coapHints(text) → list of sentences on what its type, mid and token are for. */
export function coapHints(text) {
  const message = parsed(text);
  if (!message) return [];
  const { type, code, mid, token } = message;
  const types = {
    CON: () => t("CON (confirmable): it is sent again until an ACK with its mid {mid} comes.", { mid }),
    NON: () => t("NON (non-confirmable): it is sent once, and needs no ACK."),
    ACK: () =>
      code === "empty"
        ? t("ACK: it acknowledges the message with the mid {mid}.", { mid })
        : t("ACK: it acknowledges the request with the mid {mid}, and is its answer.", { mid }),
    RST: () => t("RST (reset): it refuses the message with the mid {mid}.", { mid }),
  };
  return [types[type](), token ? t("A request and its answers have the same token, here {token}.", { token }) : null].filter(Boolean);
}

function parsed(text) {
  // What a payload says is no option.
  const [head, payload] = text.split(/ payload (?=\d+ B )/s, 2);
  const [, type, code, where = "", options] = MESSAGE.exec(head) ?? [];
  if (!type) return null;
  const [path, query = ""] = split(where.trim(), "?");
  const option = (name) => new RegExp(`(?:^| )${name} (\\S+)`).exec(options)?.[1];
  return {
    ...{ type, code, payload, path, query, parts: path.split("/").slice(1).filter(Boolean) },
    ...{ token: option("token"), mid: option("mid"), observe: option("Observe"), location: option("Location") },
    ...{ format: option("Content-Format"), accept: option("Accept"), block: option("Block1") ?? option("Block2") },
  };
}

function split(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function sealed(text) {
  const kind = / DTLS ([a-z ]+), \d+ B$/.exec(text)?.[1];
  const kinds = {
    "handshake": () => t("DTLS handshake: both sides agree on keys, before any CoAP message."),
    "change of cipher": () => t("DTLS: from now on this side sends encrypted messages."),
    "alert": () => t("DTLS alert: this side ends the session, or refuses it."),
    "data": () => t("DTLS: an encrypted CoAP message."),
  };
  if (kind) return kinds[kind]?.() ?? "";
  return / malformed \(/.test(text) ? t("This is no message of CoAP: the other side drops it.") : "";
}

function empties() {
  return {
    ACK: t("The message has come; its answer follows in a message of its own."),
    RST: t("The message is not wanted. After a Notify: the observation ends."),
    CON: t("CoAP ping: is the other side there? It answers with RST."),
  };
}

function withBlock(words, { block }) {
  const [number, more, size] = (block ?? "").split("/");
  if (size === undefined) return words;
  const place = Number(number) + 1;
  return more === "1"
    ? t("{words} This is block {place} of {size} bytes; more follow.", { words, place, size })
    : t("{words} This is block {place}, the last one.", { words, place });
}

function ofDevice({ code, parts, query, path, payload }) {
  const asked = new Map(query.split("&").map((one) => split(one, "=")));
  const [ep, lt] = [asked.get("ep") ?? "", asked.get("lt")];
  if (code === "POST" && parts[0] === "rd" && parts.length === 1)
    return t("Register: the device logs in as {ep} and lists its objects. The login lasts {lt} s without an Update.", { ep, lt: lt ?? "86400" });
  if (code === "POST" && parts[0] === "rd") {
    const words = lt === undefined ? t("Update: the device prolongs its login.") : t("Update: the device prolongs its login, for {lt} s from now on.", { lt });
    return payload ? t("{words} It lists its objects again.", { words }) : words;
  }
  if (code === "DELETE" && parts[0] === "rd") return t("De-register: the device logs out.");
  if (code === "POST" && parts[0] === "bs") return t("Bootstrap-Request: the device asks for the address and key of its server.");
  return t("{code} {path}: no request of a device in LwM2M 1.0.", { code, path });
}

function ofCloud({ code, parts, path, query, observe, accept }) {
  const at = { path };
  if (code === "GET") {
    if (observe === "0") return t("Observe {path}: its value, now and at each change.", at);
    if (observe !== undefined) return t("Cancel Observation of {path}: the platform wants no more reports.", at);
    if (accept === LINKS) return t("Discover {path}: the platform asks what it has.", at);
    return t("Read {path}: the platform asks for its value.", at);
  }
  if (code === "PUT" && query) return t("Write-Attributes of {path}: {query}. They say when the device reports: pmin and pmax are seconds, gt, lt and st limits and steps of the value.", { path, query });
  if (code === "PUT") return t("Write {path}: the platform sets its value (Replace).", at);
  if (code === "POST" && parts[0] === "bs") return t("Bootstrap-Finish: the device has its settings, and logs in.");
  if (code === "POST" && parts.length === 3) return t("Execute {path}: the device does what this resource stands for.", at);
  if (code === "POST" && parts.length === 2) return t("Write {path}: the platform sets some of its resources (Partial Update).", at);
  if (code === "POST" && parts.length === 1) return t("Create: the platform makes an instance of the object {path}.", at);
  if (code === "DELETE") return t("Delete {path}: the platform removes the instance.", at);
  return t("{code} {path}: no request of a server in LwM2M 1.0.", { code, path });
}

function answer(way, message) {
  const { code, location } = message;
  const up = way === "up";
  const words = {
    "2.01": () => (up ? t("Created: the device has made the instance.") : t("The login is accepted. Updates of it go to {location}.", { location: location ?? "" })),
    "2.02": () => (up ? t("Deleted: the device has removed the instance.") : t("The logout is accepted.")),
    "2.04": () => (up ? t("Changed: the device has done what was asked: Write, Execute or Write-Attributes.") : t("The Update is accepted: the login goes on.")),
    "2.05": () => (up ? content(message) : t("Content: the answer to a request of the device.")),
    "2.31": () => t("Continue: the block has come, the next one is wanted."),
  };
  return words[code]?.() ?? refusal(code, up);
}

function content({ type, observe, format }) {
  if (observe !== undefined)
    return type === "ACK" ? t("The observation begins; its value now.") : t("Notify: a new value of what the platform observes.");
  return format === LINKS ? t("Answer to Discover: its instances and resources.") : t("Answer with the content that was asked for.");
}

function refusal(code, up) {
  const reasons = {
    "4.00": t("Bad Request: the other side cannot read the request, or its parameters are wrong."),
    "4.01": t("Unauthorized: there is no right to do this."),
    "4.02": t("Bad Option: an option of the request is not understood."),
    "4.03": t("Forbidden: the server does not accept this device; is it created, with this IMEI and IMSI?"),
    "4.04": up ? t("Not Found: the device has no such object, instance or resource.") : t("Not Found: the platform knows no such login; the device must register again."),
    "4.05": t("Method Not Allowed: the resource does not take this operation."),
    "4.06": t("Not Acceptable: the value cannot be sent in the form that was asked for."),
    "4.08": t("Request Entity Incomplete: a block is missing; the transfer begins again."),
    "4.12": t("Precondition Failed: a condition of the request does not hold."),
    "4.13": t("Request Entity Too Large: the payload is too long."),
    "4.15": t("Unsupported Content-Format: the form of the payload is not understood."),
    "5.00": t("Internal Server Error: it failed on the other side."),
    "5.01": t("Not Implemented: the other side does not know this method."),
    "5.03": t("Service Unavailable: the other side is too busy; try later."),
  };
  return t("Refused with {code}: {reason}", { code, reason: reasons[code] ?? t("no code of LwM2M 1.0.") });
}
