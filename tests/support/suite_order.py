"""Checks that each line which a driver writes in the suite is legal at that moment.

As tests/support/command_order.py does for the classic dialect; the values of a line are judged by
tests/support/suite_rules.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tests.support.suite_rules import CHINA_MOBILE, Broken, judge

SHORTEST_TIMEOUT: Final = 0.3
"""Seconds within which a module answers (documented by Quectel, but for DELETE and CLOSE)."""

# Other modules' ways to create the instance. And how a driver finds out that a module does not
# speak the classic dialect, whose lines each module of the suite refuses.
_NOT_JUDGED: Final = re.compile(r"AT\+MIPL(CREATEEXT?|CONFIG|BOOTSTRAP|CONF|DEL)=")
_ANSWER: Final = re.compile(
    r"AT\+MIPL(READ|WRITE|EXECUTE|OBSERVE|DISCOVER|PARAMETER)RSP=\d+,(\d+)(,.*)"
)
_REQUEST: Final = re.compile(
    r"\+MIPL(READ|WRITE|EXECUTE|OBSERVE|DISCOVER|PARAMETER): ?\d+, ?(\d+)(,.*)"
)
_FINAL: Final = re.compile(r"OK|ERROR|\+C(ME|IS) ERROR: ?\d+")
_RESTART: Final = re.compile(r"REBOOTING|REBOOT_CAUSE_\w+|\*M?ATREADY: 1")


class SuiteOrder:
    """`wrote` takes the driver's bytes, `received` the module's, each as they pass the port.

    On a `lossy` line neither side knows what the other has understood: only the values count. A
    `declaring` module answers what it shows; what the driver has declared names no request.
    """

    def __init__(
        self, now: Callable[[], float], *, lossy: bool = False, declaring: bool = False
    ) -> None:
        self.violations: list[str] = []
        self.lossy = lossy
        self._declaring = declaring
        self._now = now
        self._waiting: tuple[str, float] | None = None
        self._requests: set[tuple[str, str]] = set()  # those that came, and were not answered
        self._partial_line = self._partial_output = b""

    def check(self) -> None:
        assert not self.violations, "\n".join(["illegal command lines:", *self.violations])

    def reopened(self) -> None:
        """The port was opened again: the module may be another, or may have restarted."""
        self._waiting = None
        self._requests.clear()
        self._partial_line = self._partial_output = b""

    def doubt(self) -> None:
        """What another program did changes nothing that is checked here."""

    def wrote(self, data: bytes) -> None:
        *lines, self._partial_line = (self._partial_line + data).split(b"\r")
        for raw in lines:
            if line := raw.decode().strip():
                self._line(line)
                self._waiting = line, self._now()

    def _line(self, line: str) -> None:
        if self._waiting is not None and not self.lossy:
            before, since = self._waiting
            probing = line == "AT" and (before == "AT" or self._now() - since >= SHORTEST_TIMEOUT)
            if not probing:
                self._object(line, f"{before} is not answered yet")
        if not line.startswith("AT+MIPL") or _NOT_JUDGED.match(line):
            return
        try:
            judge(line, CHINA_MOBILE)
        except Broken as broken:
            self._object(line, str(broken))
        if (answer := _ANSWER.fullmatch(line)) is not None:
            self._answer(line, *answer.groups())

    def _answer(self, line: str, name: str, number: str, rest: str) -> None:
        if self.lossy or (name == "DISCOVER" and self._declaring):
            return
        if (name, number) not in self._requests:
            self._object(line, "no such request is waiting for an answer")
        more = name == "READ" and rest.count(",") > 1 and rest.rsplit(",", 2)[1] != "0"
        if not more:
            self._requests.discard((name, number))

    def _object(self, line: str, reason: str) -> None:
        self.violations.append(f"{self._now():.3f}: {line}: {reason}")

    def received(self, data: bytes) -> None:
        *lines, self._partial_output = re.split(rb"[\r\n]+", self._partial_output + data)
        for raw in lines:
            line = re.sub(rb"[^ -~]", b"", raw).decode()
            if _FINAL.fullmatch(line):
                self._waiting = None
            elif _RESTART.fullmatch(line):
                self._waiting = None
                self._requests.clear()
            elif (request := _REQUEST.fullmatch(line)) is not None:
                self._requests.add((request[1], request[2]))
