"""Everything that reads what others wrote, each as a function of bytes with its first inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from emulator.air import messages as lwm2m
from emulator.module.at.codec import Cme
from emulator.onenet.errors import ApiError
from emulator.onenet.http import answers, parameters
from emulator.onenet.platform import Platform
from emulator.recording import format as recording
from emulator.recording.format import Chunk, RecordingError, Side
from emulator.recording.replay import Replay
from emulator.scenario import parser as reading
from tests.support import transcript
from tools.fuzzing import life
from tools.fuzzing.life import Broken, Event

README = Path(__file__).resolve().parents[2] / "README.md"
_COMMAND = re.compile(rb"AT\+[A-Z]+[=?]*")


@dataclass(frozen=True, slots=True)
class Target:
    """`play` raises when the contract is broken; `seeds` are inputs that are well, `words` what
    inputs are made of, `longest` their length in bytes.
    """

    name: str
    note: str
    play: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...]
    longest: int


# The module --------------------------------------------------------------------------------------


def _conversations() -> Iterator[bytes]:
    """The host's side of each transcript, with the time that passes and what the cloud asks."""
    for file in sorted(transcript.WIRE.glob("*.txt")):
        _, exchanges = transcript.load(file)
        bound = transcript.Bindings()
        said = bytearray([len(file.name)])
        for step in (step for exchange in exchanges for step in exchange.steps):
            said += _said(step, bound)
        yield bytes(said)


def _said(step: transcript.Step, bound: transcript.Bindings) -> bytes:
    """One step as the module's input; its answers are its own affair."""
    text = bound.samples(step.text)
    match step.kind:
        case transcript.Kind.HOST:
            return transcript.sent(text)
        case transcript.Kind.EVENT:
            return _event(*text.split()[:2])
        case _:
            return b""


def _event(name: str, what: str = "") -> bytes:
    match name, what:
        case "after", seconds:
            return bytes([Event.TIME, 4 + int(float(seconds)).bit_length()])
        case "cloud", "read":
            return bytes([Event.ASKED, 0])
        case "cloud", "write":
            return bytes([Event.ASKED, 4])
        case "cloud", "execute":
            return bytes([Event.ASKED, 9])
        case "cloud", "datagram":
            return bytes([Event.DATAGRAM, 0])
        case "power", _:
            return bytes([Event.RESTART, 0])
        case _:
            return b""


_COMMANDS = tuple(
    sorted({name.decode() for said in _conversations() for name in _COMMAND.findall(said)})
)
_VALUES = (",", '"', "0", "-1", "65535", "10000", "10001", "3303,0,5700", "3306,0,5850", ',1,"')

# Files -------------------------------------------------------------------------------------------


def _fenced(language: str) -> Iterator[bytes]:
    """The blocks of the README in that language."""
    for block in README.read_text(encoding="utf-8").split(f"```{language}")[1:]:
        yield block.partition("\n")[2].partition("```")[0].encode()


def read_scenario(data: bytes) -> None:
    try:
        scenario = reading.read(data.decode("utf-8", "replace"), "fuzz.toml")
    except reading.ScenarioError as error:
        name, line, reason = str(error).split(":", 2)
        if name != "fuzz.toml" or int(line) < 1 or not reason.strip():
            raise Broken(f"{error}: expected file, line and what is wrong") from error
        return
    if not scenario.events:
        raise Broken("a scenario in which nothing happens was taken for one")


def _recordings() -> Iterator[bytes]:
    written: list[str] = []
    recorder = recording.Recorder(written.append, life.START, port="/dev/null", baud=9600)
    for place, said in enumerate(_conversations()):
        recorder.sent(Side.HOST, said[:60], life.START + place)
        recorder.sent(Side.MODULE, b"\r\nOK\r\n\xff", life.START + place + 0.1)
    recorder.speed(57_600, life.START + 99)
    recorder.close()
    yield "".join(written).encode()


def play_recording(data: bytes) -> None:
    """Read it, and play it to the host that it has recorded."""
    try:
        found = recording.read(data, "fuzz.jsonl")
    except RecordingError as error:
        if not str(error).startswith("fuzz.jsonl:"):
            raise Broken(f"{error}: expected file, line and what is wrong") from error
        return
    replay = Replay(found, 0.0)
    now = 0.0
    for entry in found.entries:
        now = entry.at
        if isinstance(entry, Chunk) and entry.side is Side.HOST:
            replay.receive(entry.data, now)
    said = replay.take_output()
    for _ in range(len(found.entries) + 1):
        deadline = replay.step(now)
        said += replay.take_output()
        if deadline is None:
            break
        if deadline < now:  # at once is due, where the recorded line changed its speed
            raise Broken(f"at {now} it was due at {deadline}")
        now = deadline
    recorded = b"".join(
        entry.data
        for entry in found.entries
        if isinstance(entry, Chunk) and entry.side is Side.MODULE
    )
    if said != recorded or replay.differences():
        raise Broken(f"its own host heard {said!r}, recorded was {recorded!r}")


# The cloud's API ---------------------------------------------------------------------------------

_INSTANCE = lwm2m.Path(3303, 0)
_IDENTITY = {"title": "t", "protocol": "LWM2M", "auth_info": {"1": "2"}}
_CALLS = (
    {"data": [{"res_id": 5700, "val": 1.5}, {"res_id": 5701, "val": "x"}]},
    {"args": "blink"},
    {**_IDENTITY, "desc": "d", "tags": ["a"], "location": {"lon": 1}, "obsv": True, "other": {}},
)
_QUERIES = (
    "imei=123&obj_id=3303&obj_inst_id=0&res_id=5700&mode=2",
    "ep_name=1;2&limit=6&datastream_id=3303_0_5700,3303_0_5701",
)


def _calls() -> Iterator[bytes]:
    for query in _QUERIES:
        for body in _CALLS:
            yield query.encode() + b"\n" + json.dumps(body).encode()


def call(data: bytes) -> None:
    """A line of query parameters, then a body: read as each call reads them."""
    line, _, body = data.partition(b"\n")
    query = dict(parse_qsl(line.decode("utf-8", "replace"), keep_blank_values=True))
    asked: tuple[Callable[[], object], ...] = (
        lambda: parameters.imei(query),
        *(lambda depth=depth: parameters.path(query, depth) for depth in (1, 2, 3)),
        lambda: parameters.optional_object(query),
        lambda: parameters.replaces(query),
        lambda: parameters.newest_only(query),
        lambda: parameters.limit(query),
        lambda: parameters.streams(query),
        lambda: parameters.items(parameters.json_body(body), _INSTANCE),
        lambda: parameters.arguments(parameters.json_body(body)),
        lambda: _created(parameters.json_body(body)),
    )
    for ask in asked:
        try:
            ask()
        except ApiError as error:
            _sent(answers.failure(error, 2019))


def _created(body: dict[str, object]) -> None:
    platform = Platform()
    device = platform.create_device(parameters.description(body), life.START)
    _sent(answers.created(device))
    _sent(answers.device(device, online=platform.online(device)))


def _sent(answer: object) -> None:
    json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8")


TARGETS = {
    target.name: target
    for target in (
        Target(
            "module",
            "the module's UART, with time, cloud, radio and restarts between the bytes",
            life.live,
            _conversations,
            (*_COMMANDS, *_VALUES, *(str(int(number)) for number in Cme)),
            2000,
        ),
        Target(
            "scenario",
            "scenario files",
            read_scenario,
            lambda: _fenced("toml"),
            ("[[event]]\n", "at = ", "on = ", "every = ", "for = ", "times = ", '"AT', "{ ", " }"),
            2000,
        ),
        Target(
            "recording",
            "recordings, and their replay to the recorded host",
            play_recording,
            _recordings,
            ('"at": ', '"from": "host"', '"from": "module"', '"text": ', '"hex": ', '"baud": '),
            4000,
        ),
        Target(
            "http",
            "query parameters and bodies of the cloud's API",
            call,
            _calls,
            (
                "auth_info",
                "protocol",
                "data",
                "res_id",
                "val",
                "args",
                "&mode=",
                "&limit=",
                "\\ud8",
            ),
            1000,
        ),
    )
}
