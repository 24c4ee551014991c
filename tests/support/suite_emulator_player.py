"""Plays a transcript of `tests/wire/suite` to an emulated module of that dialect."""

from __future__ import annotations

import pytest

from emulator.module.firmware import DEFAULT
from emulator.module.lwm2m.host import Happening
from emulator.onenet.lwm2m.operations import CancelObserve, WriteAttributes
from emulator.onenet.misbehaviour import PlatformFaults
from tests.support.emulator_player import Player, path
from tests.support.hostile import Hostile
from tests.support.suite_transcript import CLASSIC, Transcript, checked_id
from tests.support.transcript import Kind, Step

PATIENCE = 16.0
"""Seconds within which an unsolicited line comes: more than any module leaves between two."""


class SuitePlayer(Player):
    def __init__(self, transcript: Transcript, module: str, line: Hostile) -> None:
        firmware = DEFAULT if module == CLASSIC else module
        super().__init__(transcript.opening, line, firmware)
        self.ended: list[str] = []  # updates of the host's program: why they failed
        if not transcript.echo:
            self.module.receive(b"ATE0\r", self.now)
            self.settle()
            self.output = b""

    def play(self, step: Step) -> None:
        match step.kind:
            case Kind.UNSOLICITED:
                self.wait(PATIENCE)
                super().play(step)
            case Kind.EVENT if step.words[0] == "id":
                checked_id(step.words[1:], self.bindings.values)
            case Kind.EVENT if step.words[:2] == ["radio", "uplink"]:
                self.module.radio.busy = step.words[2] == "busy"
            case Kind.EVENT if step.words[0] == "quiet":
                self.now += float(step.words[1])
                self.settle()
                self.nothing_left(step.where)
            case _:
                super().play(step)

    def wait(self, seconds: float) -> None:
        """Let time pass until the module has written something."""
        end = self.now + seconds
        while not self.output and self.now < end:
            deadline = self.simulation.step(self.now)
            self.now = end if deadline is None else min(max(deadline, self.now), end)
            self.settle()

    def cloud(self, step: Step) -> None:
        match step.words[1:]:
            case ["attributes", where, *attributes]:
                self.ask(WriteAttributes(path(where), tuple(attributes)))
            case ["cancel", where]:
                self.ask(CancelObserve(path(where)))
            case ["is", "silent" | "back" as state]:
                faults = PlatformFaults(silent=state == "silent")
                self.simulation.misbehaviour.faults = faults
            case ["forgets", "the", "device"]:
                self.platform.delete_device(self.device)
            case ["removes", "the", "login"]:
                self.module.end_login(Happening.REMOVED, self.now)
                self.settle()
            case ["update", version, size]:
                package = bytes(place & 0xFF for place in range(int(size)))
                self.simulation.step(self.now)
                self.platform.updates.start(self.device, version, package, self.ended.append)
            case ["got", "update", "done"]:
                assert self.ended == [""], step.where
            case ["got", "lifetime", seconds]:
                registration = self.platform.registration(self.device)
                assert registration is not None, step.where
                assert registration.lifetime == int(seconds), step.where
            case _:
                super().cloud(step)


def play(transcript: Transcript, module: str, line: Hostile) -> None:
    player = SuitePlayer(transcript, module, line)
    for exchange in transcript.exchanges:
        for step in exchange.steps:
            player.play(step)
    player.nothing_left(f"{transcript}, {module}")  # exchanges share bursts


def differs(transcript: Transcript, module: str, line: Hostile) -> bool:
    """Whether the module does something else than the transcript has."""
    try:
        play(transcript, module, line)
    except (AssertionError, pytest.fail.Exception):
        return True
    return False
