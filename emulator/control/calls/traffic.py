"""The traffic of lines and air that is kept: as entries, as files, as a stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from emulator.control import downloads
from emulator.control.control import Control
from emulator.control.stream import EVENTS, Turns, send, watch
from emulator.control.traffic import Traffic
from emulator.control.viewer import IDS, WAYS, Texts, Viewer
from emulator.onenet.errors import invalid, required
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import Handler
from emulator.onenet.http.kinds import Boolean, Choice, Integer, Schema
from emulator.onenet.http.route import CONTROL, Key, Parameter, Route

_TEXT, _LINES, _PCAPNG = "text/plain; charset=utf-8", "application/jsonl", "application/x-pcapng"


async def show(control: Control, turns: Turns, call: Call) -> Answer | Handler:
    """All that is kept, of all modules or of one, after the entry `after`."""
    module, traffic = _module(control, call), control.traffic
    traffic.settle(control.bench.now())
    after = _after(control, call)
    if call.query["format"] == "json":
        viewer = Viewer(traffic, _texts(control), module, after)
        end = traffic.next
        entries = entries_before(viewer, traffic, end)
        return success({"entries": entries, "lost": viewer.lost, "last": end * IDS})
    first = -(-after // IDS)  # a file has whole pieces: what the piece of `after` has was seen
    pieces = traffic.kept(first, module)
    match call.query["format"]:
        case "text":
            made, media, name = downloads.text(pieces, _texts(control)), _TEXT, "traffic.txt"
        case "pcapng":
            ports = [board.line.port for board in control.bench.boards]
            made, media, name = downloads.capture(pieces, ports), _PCAPNG, "traffic.pcapng"
        case _:
            if module is None:
                raise required("module")
            port = control.bench.boards[module - 1].line.port
            baud = traffic.baud_before(first, module)
            made = downloads.recording(pieces, control.started, port, baud)
            media, name = _LINES, f"module-{module}.jsonl"
    return partial(send, made, media, name, turns)


async def events(control: Control, turns: Turns, call: Call) -> Handler:
    """The traffic as it comes, and what changes meanwhile (server-sent events)."""
    module = _module(control, call)
    viewer = None
    after = None if call.query["after"] is None else _after(control, call)
    if call.query["traffic"]:
        viewer = Viewer(control.traffic, _texts(control), module, after)
    return partial(watch, control, turns, viewer, module)


def _texts(control: Control) -> Texts:
    numbered = len(control.bench.boards) > 1
    return Texts(control.started, control.servers, numbered=numbered)


def entries_before(viewer: Viewer, traffic: Traffic, end: int) -> Iterator[Answer]:
    """What `viewer` reads before the piece `end`. Meanwhile all of that may be gone."""
    while max(viewer.next, traffic.oldest) < end:
        yield from viewer.read(1)


def _after(control: Control, call: Call) -> int:
    after: int = call.query["after"]
    # An id that is still to come is from an emulator that ended: all of this one is new.
    return after if after <= control.traffic.next * IDS else 0


def _module(control: Control, call: Call) -> int | None:
    """The number of a module; None: all. Raises ApiError if there is no such module."""
    module: int | None = call.query["module"]
    if module is not None and module > len(control.bench.boards):
        most = len(control.bench.boards)
        raise invalid(f"module {module}: expected at most {most}, the number of modules")
    return module


_DATA: Schema = {
    "type": "object",
    "properties": {
        "entries": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "at": {"type": "number"},
                    "module": {"type": ["integer", "null"]},
                    "way": {"enum": sorted(WAYS.values())},
                    "text": {"type": "string"},
                    "urc": {"type": "boolean"},
                },
                "required": ["id", "at", "module", "way", "text", "urc"],
                "additionalProperties": False,
            },
        },
        "lost": {"type": "integer"},
        "last": {"type": "integer"},
    },
    "required": ["entries", "lost", "last"],
    "additionalProperties": False,
}
_MODULE = Parameter("module", Integer(1, 100_000))
_MAX_ID = 10**15 - 1


def routes(control: Control) -> tuple[Route, ...]:
    turns = Turns()
    return (
        Route(
            "GET",
            "/emulator/traffic",
            "Show or download what went over the lines and the air: the newest that is kept",
            CONTROL,
            Key.MASTER,
            partial(show, control, turns),
            query=(
                _MODULE,
                Parameter("after", Integer(0, _MAX_ID), default=0),
                Parameter(
                    "format", Choice(("json", "text", "recording", "pcapng")), default="json"
                ),
            ),
            data=_DATA,
            media=(_TEXT, _LINES, _PCAPNG),
        ),
        Route(
            "GET",
            "/emulator/events",
            "Watch what goes over the lines and the air, and what changes (server-sent events)",
            CONTROL,
            Key.MASTER,
            partial(events, control, turns),
            query=(
                _MODULE,
                Parameter("after", Integer(0, _MAX_ID)),
                # Views without lines need the clock and the devices only.
                Parameter("traffic", Boolean(), default=True),
            ),
            media=(EVENTS,),
        ),
    )
