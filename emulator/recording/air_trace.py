"""Trace of the air: each datagram as a CoAP message in words, with the values in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container

from emulator.coap.description import ALL_OPTIONS, describe
from emulator.coap.messages import MalformedMessage, decode
from emulator.lwm2m import content, registry
from emulator.lwm2m.model import ContentError, Format, Path
from emulator.recording.trace import Direction, TraceLine

_TLV = frozenset({Format.TLV, Format.OLD_TLV})
_RECORDS = {20: "change of cipher", 21: "alert", 22: "handshake", 23: "data"}
# guess: bounds memory. Requests whose path is kept to read the values of their answers.
_MAX_PATHS = 1024


class AirTrace:
    """Calls `show` with each datagram; `start` is the zero of `TraceLine.at`, in POSIX seconds.

    `servers`: addresses whose datagrams go down, to devices; all others go up.
    """

    def __init__(
        self, show: Callable[[TraceLine], None], start: float, servers: Container[str]
    ) -> None:
        self._show = show
        self._start = start
        self._servers = servers
        self._paths: dict[bytes, Path] = {}  # of requests, by their tokens

    def datagram(self, source: str, destination: str, datagram: bytes, now: float) -> None:
        direction = Direction.DOWN if source in self._servers else Direction.UP
        sealed = _sealed(datagram)
        words = sealed or f"{describe(datagram)}{self._values(datagram)}"
        text = f"{source} > {destination}  {words}"
        self._show(TraceLine(now - self._start, direction, text))

    def _values(self, datagram: bytes) -> str:
        """What a TLV payload says."""
        try:
            message = decode(datagram, ALL_OPTIONS)
        except MalformedMessage:
            return ""
        if message.code.is_request():
            path = _path(message.opt.uri_path)
            if path is None:
                return ""
            self._paths.pop(message.token, None)
            self._paths[message.token] = path
            if len(self._paths) > _MAX_PATHS:
                del self._paths[next(iter(self._paths))]
        base = self._paths.get(message.token)
        form = message.opt.content_format
        if base is None or form not in _TLV or not message.payload:
            return ""
        try:
            items = content.decode(form, message.payload, base, registry.type_of)
        except ContentError as error:
            return f" ({error})"
        return " (" + ", ".join(f"{item.path} = {item.value!r}" for item in items) + ")"


def _sealed(datagram: bytes) -> str:
    """What a datagram of DTLS holds (RFC 6347 4.1); empty if it is none."""
    if datagram[1:3] not in (b"\xfe\xfd", b"\xfe\xff"):
        return ""
    kind = _RECORDS.get(datagram[0])
    return "" if kind is None else f"DTLS {kind}, {len(datagram)} B"


def _path(segments: tuple[str, ...]) -> Path | None:
    """The path of an object, instance or resource; None: it is none, such as `/rd`."""
    if not 1 <= len(segments) <= 3 or not all(s.isascii() and s.isdecimal() for s in segments):
        return None
    return Path(*(int(segment[:6]) for segment in segments))
