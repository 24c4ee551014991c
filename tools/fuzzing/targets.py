"""Fuzz targets: each parser of external input as a function of bytes, with its first inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from emulator.lwm2m import model
from emulator.module.at.codec import Cme
from emulator.onenet import keys
from emulator.onenet.errors import ApiError
from emulator.onenet.http import answers, bodies, device_answers, device_bodies, point_bodies
from emulator.onenet.http.routes import ROUTES
from emulator.onenet.platform import Platform
from emulator.onenet.years import YEARS
from emulator.recording import format as recording
from emulator.recording.format import Chunk, RecordingError, Side
from emulator.recording.replay import Replay
from emulator.scenario import parser as reading
from tests.support import suite_transcript, transcript
from tools.fuzzing import air_run, datagrams, module_run, payloads, writes
from tools.fuzzing.module_run import ContractBroken, Event

README = Path(__file__).resolve().parents[2] / "README.md"
_COMMAND = re.compile(rb"AT\+[A-Z]+[=?]*")


@dataclass(frozen=True, slots=True)
class Target:
    """`play` raises if the contract is broken; `seeds` are valid inputs, `words` tokens of inputs,
    `longest` the maximum length of an input in bytes.
    """

    name: str
    note: str
    play: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...]
    longest: int


# The module --------------------------------------------------------------------------------------


def _conversations() -> Iterator[bytes]:
    """The host's side of each transcript, with waits and requests of the cloud."""
    for file in sorted(transcript.WIRE.glob("*.txt")):
        _, exchanges = transcript.load(file)
        yield bytes([len(file.name)]) + _input(exchanges)
    for suite in suite_transcript.TRANSCRIPTS:
        conversation = _input(suite.exchanges)
        for module in sorted(suite.plays)[:2]:
            yield bytes([module_run.NAMES.index(module)]) + conversation


def _input(exchanges: Iterable[transcript.Exchange]) -> bytes:
    bound = transcript.Bindings()
    steps = (step for exchange in exchanges for step in exchange.steps)
    return b"".join(_step_input(step, bound) for step in steps)


def _step_input(step: transcript.Step, bound: transcript.Bindings) -> bytes:
    """One step of a transcript as input; responses of the module are not input."""
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
            return bytes([Event.REQUEST, 0])
        case "cloud", "write":
            return bytes([Event.REQUEST, 4])
        case "cloud", "execute":
            return bytes([Event.REQUEST, 9])
        case "cloud", "datagram":
            return bytes([Event.DATAGRAM, 0])
        case "power", _:
            return bytes([Event.RESTART, 0])
        case _:
            return b""


_COMMANDS = tuple(
    sorted({name.decode() for data in _conversations() for name in _COMMAND.findall(data)})
)
_IDS = ("10000", "10001", "10002", "10003", "75538", "75539")  # of requests and observes
_VALUES = (",", '"', "0", "-1", "65535", "3303,0,5700", "3306,0,5850", ',1,"', *_IDS)

# Files -------------------------------------------------------------------------------------------


def _fenced(language: str) -> Iterator[bytes]:
    """The code blocks of the README in this language."""
    for block in README.read_text(encoding="utf-8").split(f"```{language}")[1:]:
        yield block.partition("\n")[2].partition("```")[0].encode()


def read_scenario(data: bytes) -> None:
    try:
        scenario = reading.read(data.decode("utf-8", "replace"), "fuzz.toml")
    except reading.ScenarioError as error:
        name, line, reason = str(error).split(":", 2)
        if name != "fuzz.toml" or int(line) < 1 or not reason.strip():
            raise ContractBroken(f"{error}: expected file, line and reason") from error
        return
    if not scenario.events:
        raise ContractBroken("a scenario without events was accepted")


def _recordings() -> Iterator[bytes]:
    written: list[str] = []
    recorder = recording.Recorder(written.append, module_run.START, port="/dev/null", baud=9600)
    for place, data in enumerate(_conversations()):
        recorder.sent(Side.HOST, data[:60], module_run.START + place)
        recorder.sent(Side.MODULE, b"\r\nOK\r\n\xff", module_run.START + place + 0.1)
    recorder.speed(57_600, module_run.START + 99)
    recorder.close()
    yield "".join(written).encode()


def play_recording(data: bytes) -> None:
    """Parse a recording, and replay it to the recorded host."""
    try:
        found = recording.read(data, "fuzz.jsonl")
    except RecordingError as error:
        if not str(error).startswith("fuzz.jsonl:"):
            raise ContractBroken(f"{error}: expected file, line and reason") from error
        return
    replay = Replay(found, 0.0)
    now = 0.0
    for entry in found.entries:
        now = entry.at
        if isinstance(entry, Chunk) and entry.side is Side.HOST:
            replay.receive(entry.data, now)
    output = replay.take_output()
    for _ in range(len(found.entries) + 1):
        deadline = replay.step(now)
        output += replay.take_output()
        if deadline is None:
            break
        if deadline < now:  # equal is correct where the speed changes
            raise ContractBroken(f"step({now}) returned the deadline {deadline}, in the past")
        now = deadline
    recorded = b"".join(
        entry.data
        for entry in found.entries
        if isinstance(entry, Chunk) and entry.side is Side.MODULE
    )
    if output != recorded or replay.differences():
        raise ContractBroken(f"the replay sent {output!r}, recorded is {recorded!r}")


# HTTP API ----------------------------------------------------------------------------------------

_INSTANCE = model.Path(3303, 0)
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
    """A line of query parameters, then a body, parsed as in each API call."""
    line, _, body = data.partition(b"\n")
    query = dict(parse_qsl(line.decode("utf-8", "replace"), keep_blank_values=True))
    parsers: tuple[Callable[[], object], ...] = (
        *(
            lambda parameter=parameter: parameter.read(query)
            for route in ROUTES
            for parameter in route.query
        ),
        lambda: bodies.items(bodies.json_body(body), _INSTANCE),
        lambda: bodies.arguments(bodies.json_body(body)),
        lambda: keys.parsed(bodies.json_body(body)),
        lambda: point_bodies.rows(bodies.json_body(body), module_run.START),
        lambda: _created(bodies.json_body(body)),
    )
    for parse in parsers:
        try:
            parse()
        except ApiError as error:
            for year in YEARS.values():
                _sent(answers.failure(error, "/nbiot", year))


def _created(body: dict[str, object]) -> None:
    platform = Platform()
    device = platform.create_device(device_bodies.description(body), module_run.START)
    _sent(device_answers.created(device))
    _sent(device_answers.device(device, online=platform.online(device), subscribed=False))
    platform.update_device(device, device_bodies.updated({"other": body}, device.description))


def _sent(answer: object) -> None:
    b"".join(answers.encoded(answer))


TARGETS = {
    target.name: target
    for target in (
        Target(
            "module",
            "UART of the module, with waits, requests, radio changes and restarts between bytes",
            module_run.run,
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
            "recordings and their replay",
            play_recording,
            _recordings,
            ('"at": ', '"from": "host"', '"from": "module"', '"text": ', '"hex": ', '"baud": '),
            4000,
        ),
        Target(
            "http",
            "query parameters and bodies of the HTTP API",
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
        Target(
            "lwm2m",
            "payloads of reads, writes and reports in each content format, and links",
            payloads.play,
            payloads.seeds,
            payloads.WORDS,
            500,
        ),
        Target(
            "coap",
            "CoAP datagrams to an endpoint that serves, asks and observes",
            datagrams.play,
            datagrams.seeds,
            datagrams.WORDS,
            2000,
        ),
        Target(
            "air",
            "datagrams to the platform and to a module that it observes, of both and of a stranger",
            air_run.play,
            air_run.seeds,
            air_run.WORDS,
            2000,
        ),
        Target(
            "writes",
            "writes and executes that the driver receives, in each form of a firmware",
            writes.play,
            writes.seeds,
            (",0,0", ",1,1", "1,", "2,", '"', ", "),
            200,
        ),
    )
}
