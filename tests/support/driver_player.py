"""Plays a transcript of `tests/wire` to the driver's engine and commands."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as File
from typing import Any

import pytest

from m5310.at.codec import Answer, Command, Response, final_result
from m5310.at.engine import Engine
from m5310.at.events import Event, Refused, Synchronized, Unsolicited
from m5310.commands import general, identity, network, ping, power, sockets
from m5310.commands import signal as measurements
from m5310.commands import urcs as notices
from m5310.commands.clock import clock
from m5310.dialects import urcs as urc
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic import config as miplconf
from m5310.dialects.classic import urcs as classic_urcs
from m5310.lwm2m import values
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType
from tests.support.hostile import Hostile
from tests.support.transcript import Bindings, Exchange, Kind, Step, framed, literal, load

TYPES = {
    "string": ValueType.STRING,
    "opaque": ValueType.OPAQUE,
    "integer": ValueType.INTEGER,
    "float": ValueType.FLOAT,
    "bool": ValueType.BOOLEAN,
    "hex": ValueType.HEX_STRING,
}


# --- what `@ host` asks for ------------------------------------------------------------------


def named(words: Sequence[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


def path(text: str) -> Path:
    return Path(*(int(part) for part in text.split("/")))


def on(word: str) -> bool:
    return {"on": True, "off": False}[word]


def value(kind: str, text: str) -> tuple[ValueType, str]:
    """Through the driver's own encoder, from the value a program would give."""
    program: dict[str, Callable[[str], values.Value]] = {
        "opaque": bytes.fromhex,
        "integer": int,
        "float": float,
        "bool": lambda word: word == "true",
    }
    return TYPES[kind], values.encode(TYPES[kind], program.get(kind, str)(text))


def configure(words: Sequence[str]) -> Command:
    given = named(words)
    blocks = miplconf.Blocks(*(int(part) for part in given["blocks"].split(",")))
    config = miplconf.Config(given["endpoint"], given["uri"], int(given["lifetime"]), blocks=blocks)
    assert config.bootstrap is (given["bootstrap"] == "yes")
    (command,) = classic.configure(config)
    return command


def notify(words: Sequence[str]) -> Command:
    where, kind, text, *rest = words
    given = named(rest)
    ackid = int(given["ackid"]) if "ackid" in given else None
    return classic.notify(
        path(where), *value(kind, text), last=given.get("flag") != "0", ackid=ackid
    )


def answer_read(words: Sequence[str]) -> Command:
    msgid, where, *rest = words
    if rest == ["failed"]:
        return classic.answer_unreadable(int(msgid), path(where), None)
    kind, text, flag = rest
    return classic.answer_read(int(msgid), path(where), *value(kind, text), last=flag == "flag=1")


def send(words: Sequence[str]) -> Command:
    number, address, port, digits, *rest = words
    datagram = int(number), address, int(port), bytes.fromhex(digits)
    if release := named(rest).get("release"):
        return sockets.send_and_release(*datagram, sockets.Release[release])
    return sockets.send(*datagram)


def saving(words: Sequence[str]) -> Command:
    return power.power_saving(
        power.PowerSaving(True, periodic_update=int(words[0]), active=int(words[1]))
    )


# The lines of a start besides its cause; they belong to no command.
BOOT = ("REBOOTING", "M5310", "M5310-A", "Lierda")

# The words behind `@ host`, longest first, and the command the driver makes of the rest.
Verb = Callable[[Sequence[str]], Command]
VERBS: dict[str, Verb] = {
    "attention": lambda _: general.attention(),
    "echo": lambda w: general.echo(on(w[0])),
    "error numbers?": lambda _: general.error_numbers_query(),
    "error numbers": lambda w: general.error_numbers(on(w[0])),
    "reboot": lambda _: general.restart(),
    "manufacturer": lambda _: identity.manufacturer(),
    "model": lambda _: identity.model(),
    "revision": lambda _: identity.revision(),
    "version": lambda _: identity.firmware(),
    "information": lambda _: identity.information(),
    "factory defaults": lambda _: general.factory_defaults(),
    "reset profile": lambda _: general.reset_profile(),
    "imsi": lambda _: identity.imsi(),
    "imei": lambda _: identity.imei(),
    "serial": lambda _: identity.serial_number(),
    "iccid": lambda _: identity.iccid(),
    "functionality?": lambda _: general.radio_query(),
    "functionality": lambda w: general.radio(on(w[0])),
    "clock": lambda _: clock(),
    "config?": lambda _: general.configuration(),
    "config": lambda w: general.configure(w[0], w[1] == "TRUE"),
    "speed?": lambda _: general.speed_query(),
    "speed": lambda w: general.speed(int(w[0])),
    "signal": lambda _: measurements.signal_quality(),
    "registration?": lambda _: network.registration(),
    "report registration": lambda w: network.report_registration(int(w[0])),
    "attached?": lambda _: network.attachment(),
    "attach": lambda w: network.attach(on(w[0])),
    "report connection": lambda w: network.report_connection(on(w[0])),
    "connection?": lambda _: network.connection(),
    "select operator": lambda w: network.operator(w[0]),
    "operator?": lambda _: network.operator_query(),
    "contexts?": lambda _: network.contexts(),
    "address": lambda _: network.addresses(),
    "statistics cell": lambda _: measurements.cells(),
    "statistics": lambda _: measurements.statistics(),
    "bands?": lambda _: network.bands_query(),
    "bands": lambda w: network.bands(*(int(band) for band in w[0].split(","))),
    "carrier": lambda w: network.lock_frequency(int(w[0])),
    "clear carriers": lambda _: network.forget_frequencies(),
    "ping": lambda w: ping.ping(w[0]),
    "power saving?": lambda _: power.power_saving_query(),
    "power saving off": lambda _: power.power_saving(power.PowerSaving(on=False)),
    "power saving": saving,
    "report power saving": lambda w: power.report_sleep(on(w[0])),
    "discontinuous reception?": lambda _: power.discontinuous_reception_query(),
    "discontinuous reception off": lambda _: power.discontinuous_reception(None),
    "discontinuous reception": lambda w: power.discontinuous_reception(power.cycle_seconds(w[0])),
    "create socket": lambda w: sockets.create(int(w[0])),
    "send": send,
    "receive": lambda w: sockets.receive(int(w[0]), int(w[1])),
    "close socket": lambda w: sockets.close(int(w[0])),
    "configure": configure,
    "add object": lambda w: classic.add_object(path(w[0])),
    "delete object": lambda w: classic.delete_object(path(w[0])),
    "declare": notify,
    "notify": notify,
    "open": lambda w: classic.open_(*(int(word) for word in w)),
    "close": lambda _: classic.close(),
    "delete": lambda _: classic.delete(),
    "update": lambda w: classic.update(int(w[0]), with_objects=w[1] == "objects=1"),
    "answer read": answer_read,
    "answer write": lambda w: classic.answer_write(int(w[0]), done=w[1] == "1"),
    "answer execute": lambda w: classic.answer_execute(int(w[0]), done=w[1] == "1"),
}


def asked(words: list[str], verbs: Mapping[str, Verb] = VERBS) -> Command:
    for length in (3, 2, 1):
        if verb := verbs.get(" ".join(words[:length])):
            return verb(words[length:])
    raise AssertionError(f"no verb for {words}")


# --- what `@ host sees` compares -------------------------------------------------------------


def described(line: str, declared: dict[Path, ValueType]) -> str:
    """What the driver understood of an unsolicited line, in the transcripts' words."""
    event = classic_urcs.parse(line, declared=declared.get) or notices.parse(line)
    words = SEEN.get(type(event))
    return words(event) if words else f"nothing of {line!r}"


def written(request: urc.WriteRequest) -> str:
    if request.kind is None:
        return f"write {request.msgid} {request.path} bare {request.text}"
    kind = next(name for name, number in TYPES.items() if number is request.kind)
    return f"write {request.msgid} {request.path} typed {kind} {request.text} flag={request.flag}"


SEEN: dict[type, Callable[[Any], str]] = {
    urc.Opened: lambda u: f"opened {u.success:d}",
    urc.Closed: lambda u: f"closed {u.success:d}",
    urc.Updated: lambda u: f"updated {u.success:d}",
    urc.Acknowledged: lambda u: f"acknowledged {u.ackid}",
    urc.Discovered: lambda u: f"discover {u.msgid} {u.object}",
    urc.Observed: lambda u: f"observe {u.msgid} {u.added:d} {u.object}/{u.instance}",
    urc.ReadRequest: lambda u: f"read {u.msgid} {u.path}".replace("/-1", ""),
    urc.WriteRequest: written,
    urc.ExecuteRequest: lambda u: f"execute {u.msgid} {u.path} {u.arguments.decode()}".rstrip(),
    network.NetworkStatus: lambda n: f"registration {n.stat:d}",
    ping.PingReply: lambda n: f"ping {n.address} {n.ttl} {n.time * 1000:.0f}",
    ping.PingFailure: lambda n: f"no ping {n.reason}",
    notices.RadioConnection: lambda n: f"connection {n.connected:d}",
    notices.Sleep: lambda n: f"asleep {n.asleep:d}",
    sockets.DatagramWaiting: lambda n: f"datagram {n.socket} {n.length}",
    general.Booted: lambda n: f"booted {n.cause.name}",
}


class Player:
    """An engine in step, and one transcript after another line of it."""

    def __init__(self, hostile: Hostile) -> None:
        # no waits: the transcript has the lines that wake the module
        self.engine = Engine(quiet=0, settle=0, awake=math.inf)
        self.now = 0.0
        self.echo = hostile.echo
        self.direction = hostile.to_host()
        self.bindings = Bindings()
        self.events: list[Event] = []
        self.last = ""
        self.declared: dict[Path, ValueType] = {}
        self._find_step()

    def _find_step(self) -> None:
        self.engine.submit(Command("AT"), self.now)
        while not any(isinstance(event, Synchronized) for event in self.events):
            if self.engine.outgoing():
                self.feed(b"\r\nOK\r\n")
            self.now += 1
            self.events += self.engine.tick(self.now)
        assert self.engine.outgoing() == b"AT\r"
        self.feed(b"\r\nOK\r\n")
        self.events.clear()

    def feed(self, data: bytes) -> None:
        for at, piece in self.direction.carry(data, self.now):
            self.now = at
            self.events += self.engine.receive(piece, at)

    def play(self, exchange: Exchange) -> None:
        request: list[str] | None = None
        steps = list(exchange.steps)
        for at, step in enumerate(steps):
            match step.kind:
                case Kind.EVENT if step.words[:2] == ["host", "sees"]:
                    self.sees(step)
                case Kind.EVENT if step.words[0] == "host":
                    request = [self.bindings.samples(word) for word in step.words[1:]]
                    self.requested(request)
                case Kind.EVENT:
                    self.event(step)
                case Kind.HOST:
                    self.writes(step, request, answers_to(steps, at))
                    request = None
                case Kind.ANSWER:
                    self.answers(step)
                case Kind.UNSOLICITED:
                    self.expect_unsolicited(step)
                case Kind.BYTES:
                    self.feed(literal(step.text))
                    lines = [event.line for event in self.events if isinstance(event, Unsolicited)]
                    strange = [one for one in lines if one not in BOOT and not general.booted(one)]
                    assert not strange, f"{step.where}: an echo was taken for {strange}"
                    self.events.clear()
        assert request is None, f"{exchange.title}: the driver was asked {request} for nothing"
        assert self.engine.can_submit, f"{exchange.title}: the last command was not ended"

    def event(self, step: Step) -> None:
        self.now += 1

    def requested(self, request: list[str]) -> None:
        if request[0] == "declare":
            self.declared[Path.parse(request[1])] = TYPES[request[2]]

    def command(self, request: list[str]) -> Command:
        return asked(request)

    def described(self, line: str) -> str:
        return described(line, self.declared)

    def writes(self, step: Step, request: list[str] | None, answers: list[Step]) -> None:
        line = self.bindings.samples(step.text)
        if request is None:  # another host's line: only whose the answers are is looked at
            shapes = [self.bindings.samples(answer.text) for answer in answers]
            responses = tuple(Response(re.compile(re.escape(shape))) for shape in shapes)
            command = Command(line.strip().removesuffix("\\n"), responses)
        else:
            command = self.command(request)
            assert command.line == line, step.where
        self.events.clear()
        self.engine.submit(command, self.now)
        assert self.engine.outgoing() == command.line.encode() + b"\r", step.where
        self.latest = command
        if self.echo:
            self.feed(command.line.encode() + b"\r")
            assert not self.events, f"{step.where}: the echo was taken for {self.events}"

    def answers(self, step: Step) -> None:
        line = self.bindings.samples(step.text)
        self.feed(framed(line, touches=step.touches))
        if final_result(line) is None:
            assert not self.events, f"{step.where}: {line!r} was taken for {self.events}"
            return
        (event,) = self.events
        match event:
            case Answer():
                assert line == "OK", step.where
                assert event.command is self.latest, step.where
            case Refused():
                assert event.result.text == line, step.where
            case _:
                pytest.fail(f"{step.where}: {line!r} was taken for {event}")
        self.events.clear()

    def expect_unsolicited(self, step: Step) -> None:
        self.last = self.bindings.samples(step.text)
        self.feed(framed(self.last))
        assert self.events == [Unsolicited(self.last)], step.where
        self.events.clear()

    def sees(self, step: Step) -> None:
        expected = " ".join(self.bindings.samples(word) for word in step.words[2:])
        assert self.described(self.last) == expected, step.where


def answers_to(steps: list[Step], at: int) -> list[Step]:
    """The information responses to the command at `at`."""
    found = []
    for step in steps[at + 1 :]:
        if step.kind is Kind.HOST or (step.kind is Kind.ANSWER and final_result(step.text)):
            break
        if step.kind is Kind.ANSWER:
            found.append(step)
    return found


def play(file: File, hostile: Hostile) -> None:
    _, exchanges = load(file)
    player = Player(hostile)
    for exchange in exchanges:
        player.play(exchange)
