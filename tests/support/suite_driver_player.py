"""Plays a transcript of `tests/wire/suite` to the driver's engine and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from m5310.at.codec import Command
from m5310.at.events import Unsolicited
from m5310.commands import urcs as notices
from m5310.dialects import urcs as urc
from m5310.dialects.suite import commands as suite
from m5310.dialects.suite import urcs as suite_urcs
from m5310.dialects.suite.blob import Blob
from m5310.lwm2m.values import ValueType
from tests.support import driver_player
from tests.support.driver_player import TYPES, Player, Verb, asked, named, path, value
from tests.support.hostile import Hostile
from tests.support.suite_transcript import Transcript, checked_id
from tests.support.transcript import Step, framed


def create_blob(words: Sequence[str]) -> Command:
    given = named(words)
    blob = Blob(
        given["host"],
        bootstrap=given.get("bootstrap") == "bit12",
        mtu=int(given["mtu"]),
        apn=given.get("apn", ""),
        user=given.get("user", ""),
        password=given.get("password", ""),
        userdata=given["userdata"],
        debug=int(given["debug"], 16),
        log_buffer=int(given.get("log", "0")),
    )
    (command,) = suite.create_with(blob.encode(), 119)
    return command


def create_ex(words: Sequence[str]) -> Command:
    server, *rest = words
    given = named(word for word in rest if "=" in word)
    return suite.create_ex(
        server, bootstrap="bootstrap" in rest, auth_code=given.get("auth"), psk=given.get("psk")
    )


def settings(words: Sequence[str]) -> Command:
    match words:
        case ["auth", code]:
            return suite.configure_auth_code(code)
        case ["psk", key]:
            return suite.configure_key(key)
        case ["buffer", mode]:
            return suite.configure_buffer(int(mode))
        case [mode, address, port]:
            return suite.configure_server(address, int(port), bootstrap=mode == "bootstrap")
        case _:
            raise ValueError(f"settings {words}")


def add(words: Sequence[str]) -> Command:
    given = named(words)
    there = [number for number, bit in enumerate(given["bitmap"]) if bit == "1"]
    counts = int(given["attributes"]), int(given["actions"])
    return suite.add_object(0, int(words[0]), there, *counts)


def resources(text: str) -> list[int]:
    return [int(each) for each in text.split(";")]


def notify(words: Sequence[str]) -> Command:
    msgid, where, kind, text, *rest = words
    given = named(rest)
    return suite.notify(
        *(0, int(msgid), path(where), *value(kind, text)),
        index=int(given["index"]),
        ackid=int(given["ackid"]) if "ackid" in given else None,
        hex_string=TYPES[kind] is ValueType.HEX_STRING,
    )


def answer_read(words: Sequence[str]) -> Command:
    msgid, where, kind, text, index = words
    return suite.answer_read(
        *(0, int(msgid), path(where), *value(kind, text)),
        index=int(index.removeprefix("index=")),
    )


VERBS: Mapping[str, Verb] = {
    **driver_player.VERBS,
    "create": lambda _: suite.create(),
    "create blob": create_blob,
    "create ex": create_ex,
    "create ext": lambda w: suite.create_ext(w[0]),
    "settings": settings,
    "buffer": lambda w: suite.buffer_operations(0, int(w[0])),
    "fetch": lambda _: suite.fetch_operation(0),
    "fetch buffered": lambda _: suite.fetch_buffered(),
    "program version": lambda w: suite.host_version(w[0]),
    "erased": lambda _: suite.erased(),
    "stored": lambda _: suite.stored(),
    "bootstrap": lambda w: suite.switch_bootstrap(w[0] == "on"),
    "suite version": lambda _: suite.version(),
    "add": add,
    "list": lambda w: suite.declare(0, int(w[0]), resources(w[1])),
    "delete object": lambda w: suite.delete_object(0, int(w[0])),
    "open": lambda w: suite.open_(0, int(w[0]), int(w[1].removeprefix("timeout="))),
    "update": lambda w: suite.update(0, int(w[0]), with_objects=w[1] == "objects=1"),
    "close": lambda _: suite.close(0),
    "delete": lambda _: suite.delete(0),
    "notify": notify,
    "answer observe": lambda w: suite.answer_observe(0, int(w[0])),
    "answer discover": lambda w: suite.answer_discover(0, int(w[0]), resources(w[1])),
    "answer parameter": lambda w: suite.answer_parameter(0, int(w[0])),
    "answer read": answer_read,
    "refuse read": lambda w: suite.refuse_read(0, int(w[0]), suite.NOT_FOUND),
    "answer write": lambda w: suite.answer_write(0, int(w[0])),
    "answer execute": lambda w: suite.answer_execute(0, int(w[0])),
}


def written(request: urc.WriteRequest) -> str:
    kind = next(name for name, number in TYPES.items() if number is request.kind)
    place = "last" if request.last else "more"
    return f"write {request.msgid} {request.path} {kind} {request.text} {place}"


def parameter(request: urc.ParameterRequest) -> str:
    given = dict(each.split("=") for each in request.text.split(";"))
    given["st"] = given.pop("stp", given.get("st", ""))
    shown = [
        f"{name}={given[name]}" for name in ("pmin", "pmax", "gt", "lt", "st") if name in given
    ]
    return f"parameter {request.msgid} {request.path} {' '.join(shown)}"


SEEN: Mapping[type, Callable[[Any], str]] = {
    **driver_player.SEEN,
    urc.Ended: lambda u: f"ended {u.number}",
    urc.Event: lambda u: f"event {u.number} {'' if u.extend is None else u.extend}".rstrip(),
    urc.OperationWaiting: lambda _: "waiting",
    urc.SendReport: lambda u: f"{'sent' if u.sent else 'not sent'} {u.number}",
    urc.NotAcknowledged: lambda u: f"not acknowledged {u.ackid}",
    urc.UpdateNeeded: lambda u: f"update needed {u.seconds}",
    urc.ParameterRequest: parameter,
    urc.WriteRequest: written,
}


class SuitePlayer(Player):
    def event(self, step: Step) -> None:
        super().event(step)
        if step.words[0] == "id":
            checked_id(step.words[1:], self.bindings.values)

    def requested(self, request: list[str]) -> None:
        """Nothing is known of types: the lines have them."""

    def command(self, request: list[str]) -> Command:
        return asked(request, VERBS)

    def answers(self, step: Step) -> None:
        """A request that the driver fetches comes before the OK, and is no answer for it."""
        line = self.bindings.samples(step.text)
        fetched = isinstance(suite_urcs.parse(line), urc.Request)
        if not fetched or self.latest.declares(line):
            super().answers(step)
            return
        self.last = line
        self.feed(framed(line, touches=step.touches))
        assert self.events == [Unsolicited(line)], step.where
        self.events.clear()

    def described(self, line: str) -> str:
        event = suite_urcs.parse(line) or notices.parse(line)
        words = SEEN.get(type(event))
        return words(event) if words else f"nothing of {line!r}"


def play(transcript: Transcript, line: Hostile) -> None:
    player = SuitePlayer(line)
    for exchange in transcript.exchanges:
        player.play(exchange)
