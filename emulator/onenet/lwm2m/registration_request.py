"""Register, update and deregister requests, checked (LwM2M 1.0.2 section 5.3). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.messages import AUTHENTICATION, text_option
from emulator.lwm2m import links
from emulator.lwm2m.model import ContentError, Format, Path

# Seconds (LwM2M 1.0.2 section 5.3.1).
DEFAULT_LIFETIME = 86_400
# guess: seconds; the range of LwM2M is not bounded. More than any module asks for (a year is 3e7).
MAX_LIFETIME = 2**31 - 1
# Bytes of the path of a client's objects: one segment of a CoAP path (RFC 7252 section 5.10.1).
MAX_ROOT = 255
_VERSION = re.compile(r"1\.[0-9]{1,2}", re.ASCII)
# U, S, Q of LwM2M 1.0, and T, N, H, M of 1.1 and 1.2.
_BINDING = re.compile(r"[USQTNHM]{1,7}", re.ASCII)
_SMS = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
# Each may stand once; others are ignored.
_CHECKED = ("ep", "lt", "lwm2m", "b", "sms")


class Refusal(Exception):
    """The request is answered with this `code`."""

    def __init__(self, code: Code) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the query and the options of a request say; None: nothing.

    `lifetime` in seconds, 1..MAX_LIFETIME. `version` of LwM2M. `auth`: OneNET's option 63.
    `queue`: whether the binding has queue mode.
    """

    endpoint: str | None = None
    lifetime: int | None = None
    version: str = "1.0"
    auth: str | None = None
    queue: bool | None = None


def parameters(message: Message) -> Parameters:
    """Raises Refusal."""
    given: dict[str, str] = {}
    for part in message.opt.uri_query:
        name, _, value = part.partition("=")
        if name in _CHECKED:
            if name in given:
                raise Refusal(Code.BAD_REQUEST)
            given[name] = value
    version = given.get("lwm2m", "1.0")  # OneNET's own clients never say it
    if not _VERSION.fullmatch(version):
        raise Refusal(Code.PRECONDITION_FAILED)
    for name, form in (("b", _BINDING), ("sms", _SMS)):
        if name in given and not form.fullmatch(given[name]):
            raise Refusal(Code.BAD_REQUEST)
    lifetime = _lifetime(given["lt"]) if "lt" in given else None
    auth = text_option(message, AUTHENTICATION)
    queue = "Q" in given["b"] if "b" in given else None
    if "Q" in message.opt.uri_query:  # LwM2M 1.1 section 6.2.1.2
        queue = True
    return Parameters(given.get("ep"), lifetime, version, auth, queue)


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects and instances that a client lists, below the path `root` (empty: none)."""

    root: tuple[str, ...]
    paths: tuple[Path, ...]


def objects(message: Message) -> Objects | None:
    """What the payload lists; None: there is no payload. Raises Refusal."""
    if not message.payload:
        return None
    # The kits of OneNET say 40 in a register, and nothing in an update.
    if message.opt.content_format not in (None, Format.TEXT, Format.LINKS):
        raise Refusal(Code.UNSUPPORTED_CONTENT_FORMAT)
    try:
        announced = links.announced(links.parse(message.payload))
    except ContentError:
        raise Refusal(Code.BAD_REQUEST) from None
    if len(announced.root.encode()) > MAX_ROOT:
        raise Refusal(Code.BAD_REQUEST)
    return Objects(tuple(part for part in announced.root.split("/") if part), announced.paths)


def _lifetime(text: str) -> int:
    seconds = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0
    if not 1 <= seconds <= MAX_LIFETIME:
        raise Refusal(Code.BAD_REQUEST)
    return seconds
