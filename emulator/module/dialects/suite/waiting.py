"""Operations that wait in the module until the host fetches them (China Mobile's LwM2M manual)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Values
from emulator.module.dialects.suite import urcs
from emulator.module.dialects.suite.instance import REF, Instance

OPERATIONS, BYTES = 40, 2048
"""That wait at most."""
_FETCHED = 2


class Waiting:
    """Reads, writes and executes on their way to the host. After AT+MIPLNMI=<ref>,2,... the host
    gets a notice of each, and its lines by AT+MIPLMGR, one operation at a time.
    """

    # guess: a notice for each; what is shown for information only does not wait; 0 is as 1; a
    # fetched operation stands behind the OK; BUFFERS counts the bytes that wait.

    def __init__(self, instance: Instance, urc: Callable[[str], None]) -> None:
        self._instance = instance
        self._urc = urc
        self._fetched = False
        self._waiting: deque[Sequence[str]] = deque()
        self._open = False  # the newest one that was fetched is not answered
        self._dropped = 0

    @property
    def _bytes(self) -> int:
        return sum(len(line) for lines in self._waiting for line in lines)

    def write(self, lines: Sequence[str]) -> None:
        """The lines of one operation."""
        if not self._fetched:
            self._write(lines)
        elif lines in self._waiting:
            return  # the platform has repeated it
        elif len(self._waiting) == OPERATIONS or self._bytes + sum(map(len, lines)) > BYTES:
            self._dropped += 1
        else:
            self._waiting.append(lines)
            self._urc(urcs.urc(self._instance.profile, "MIPLNMI", 0))

    def _write(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._urc(line)

    def answered(self) -> None:
        self._open = False

    def clear(self) -> None:
        """The instance is gone."""
        self._waiting.clear()
        self._fetched = self._open = False
        self._dropped = 0

    def choose(self, values: Values, _now: float) -> Answer:
        """AT+MIPLNMI"""
        self._check()
        _, mode, results = values.integers(REF, (0, _FETCHED), (0, 1))
        values.end()
        if results:
            values.doubts.take("+MIPLNSMI, which is not written here")
        self._fetched = mode == _FETCHED
        return OK

    def fetch(self, values: Values, _now: float) -> Answer:
        """AT+MIPLMGR"""
        self._check()
        values.integers(REF)
        values.end()
        self._instance.check_login()
        if self._waiting and not self._open:
            self._open = True
            self._write(self._waiting.popleft())
        return OK

    def count(self, _now: float) -> Answer:
        """AT+MIPLQMGR"""
        self._check()
        counts = (f"QUEUES={len(self._waiting)}", f"DROPPED={self._dropped}")
        line = urcs.information(
            self._instance.profile, "MIPLQMGR", 0, *counts, f"BUFFERS={self._bytes}"
        )
        return Answer((line,))

    def _check(self) -> None:
        if not self._instance.profile.extras:
            raise Refusal(Cme.NOT_SUPPORTED)
