"""Operations that wait in the module until the host fetches them: AT+MIPLMGR of China Mobile's
modules (their LwM2M manual), AT+MIPLRD of Quectel's later firmware.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Values
from emulator.module.dialects.suite import urcs
from emulator.module.dialects.suite.events import BUFFERED
from emulator.module.dialects.suite.instance import REF, Instance
from emulator.module.lwm2m.host import ExecuteRequest, ReadRequest, WriteRequest
from emulator.module.suite import Create

OPERATIONS, BYTES = 40, 2048
"""That wait at most."""
_MODES = (0, 2)  # of AT+MIPLNMI
_WRITES, _EXECUTES = 1, 2  # bits of AT+MIPLCONFIG=7 (firmware of the EC616)
_MOST = (0, 0xFFFF)  # guess: bytes that AT+MIPLRD asks for
_NUMBER = 127  # the bits of a msgid in +MIPLNSMI

Operation = ReadRequest | WriteRequest | ExecuteRequest


@dataclass(frozen=True, slots=True)
class _Kept:
    request: Operation
    lines: tuple[str, ...]
    size: int  # bytes of its values or arguments


class Waiting:
    """Reads, writes and executes on their way to the host, written at once or kept.

    After AT+MIPLNMI, in a mode of `Suite.kept`, the host gets their lines by AT+MIPLMGR, the next
    operation only after the answer to the one before. After AT+MIPLCONFIG=7 it gets writes,
    executes or both by AT+MIPLRD.
    """

    # guess: what is shown for information only does not wait; AT+MIPLRD gives an operation whole,
    # its length is that of the values (a host converts twice as many digits), and 0,0 means that
    # none waits

    def __init__(self, instance: Instance, urc: Callable[[str], None]) -> None:
        self._instance = instance
        self._urc = urc
        self._mode = 0
        self._reports = False  # of what is sent
        self._waiting: deque[_Kept] = deque()
        self._open: _Kept | None = None  # fetched last, by AT+MIPLMGR
        self._dropped = 0

    def write(self, request: Operation, lines: Sequence[str]) -> None:
        """The lines of one operation."""
        if not self._keeps(request):
            for line in lines:
                self._urc(line)
        elif all(kept.request is not request for kept in self._unanswered()):  # not a repetition
            self._keep(_Kept(request, tuple(lines), _size(request)))

    def _keeps(self, request: Operation) -> bool:
        profile, creation = self._instance.profile, self._instance.creation
        if self._instance.client.own.lends(request.path):
            return False  # guess: as all requests in blocks
        if profile.extras and self._mode in profile.kept:
            return True
        bit = {WriteRequest: _WRITES, ExecuteRequest: _EXECUTES}.get(type(request), 0)
        return bool(creation.buffers & bit)

    def _keep(self, new: _Kept) -> None:
        profile, first = self._instance.profile, not self._waiting
        if len(self._waiting) == OPERATIONS:
            self._drop_oldest()
        while self._bytes + new.size > BYTES and self._waiting:
            if profile.extras:  # China Mobile's manual drops the newest then
                self._dropped += 1
                return
            self._drop_oldest()
        self._waiting.append(new)
        if profile.extras and self._mode in profile.kept:
            if self._mode in profile.announced:
                self._urc(urcs.urc(profile, "MIPLNMI", 0))
        elif first and self._instance.creation.announces:
            self._urc(urcs.urc(profile, "MIPLEVENT", 0, BUFFERED))

    def _drop_oldest(self) -> None:
        self._waiting.popleft()
        self._dropped += 1

    @property
    def _bytes(self) -> int:
        return sum(kept.size for kept in self._unanswered())

    def _unanswered(self) -> list[_Kept]:
        return [*([] if self._open is None else [self._open]), *self._waiting]

    def sent(self, msgid: int, *, reached_air: bool) -> None:
        """A report or an answer under this msgid: +MIPLNSMI."""
        if self._reports:
            number = msgid & _NUMBER
            self._urc(urcs.urc(self._instance.profile, "MIPLNSMI", 0, int(reached_air), number))

    def clear(self) -> None:
        """The login is over."""
        self._waiting.clear()
        self._open = None
        self._dropped = 0

    def forget(self) -> None:
        """The instance is gone, and with it what was chosen."""
        # guess: the manual names the restart only
        self.clear()
        self._mode = 0
        self._reports = self._instance.fetched = False

    # China Mobile ------------------------------------------------------------------------------

    def choose(self, values: Values, _now: float) -> Answer:
        """AT+MIPLNMI"""
        self._check()
        _, mode, reports = values.only(REF, _MODES, (0, 1))
        self._mode, self._reports = mode, bool(reports)
        self._instance.fetched = mode in self._instance.profile.kept
        return OK

    def chosen(self, _now: float) -> Answer:
        """AT+MIPLNMI? (a host of M5311)"""
        self._check()
        profile = self._instance.profile
        return Answer((urcs.information(profile, "MIPLNMI", 0, self._mode, int(self._reports)),))

    def fetch(self, values: Values, now: float) -> Answer:
        """AT+MIPLMGR: the same operation again until it is answered."""
        self._check()
        values.only(REF)
        self._instance.check_login()
        self._forget_answered(now)
        if self._open is None and self._waiting:
            self._open = self._waiting.popleft()
        return OK if self._open is None else Answer(self._open.lines)

    def _forget_answered(self, now: float) -> None:
        requests = self._instance.client.requests
        if self._open is not None and not requests.waits(self._open.request, now):
            self._open = None

    def count_of(self, values: Values, now: float) -> Answer:
        """AT+MIPLQMGR=<ref>"""
        values.only(REF)
        return self.count(now)

    def count(self, now: float) -> Answer:
        """AT+MIPLQMGR"""
        self._check()
        self._forget_answered(now)
        counts = (
            f"QUEUES={len(self._unanswered())}",
            f"DROPPED={self._dropped}",
            f"BUFFERS={self._bytes}",
        )
        return Answer((urcs.information(self._instance.profile, "MIPLQMGR", 0, *counts),))

    def _check(self) -> None:
        if not self._instance.profile.extras:
            raise Refusal(Cme.NOT_SUPPORTED)

    # Quectel -----------------------------------------------------------------------------------

    def read_out(self, values: Values, _now: float) -> Answer:
        """AT+MIPLRD"""
        self._instance.creation.needs(Create.CONFIG)
        values.only(_MOST)
        if not self._waiting:
            return Answer(("+MIPLRD: 0,0",))
        kept = self._waiting.popleft()
        return Answer((f"+MIPLRD: {kept.size},{self._bytes}", *kept.lines))


def _size(request: Operation) -> int:
    match request:
        case ReadRequest():
            return 0
        case ExecuteRequest():
            return len(request.arguments)
        case WriteRequest():
            return sum(len(urcs.bytes_of(item.value)) for item in request.items)
