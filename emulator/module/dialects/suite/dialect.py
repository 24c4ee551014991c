"""The suite dialect: OneNET commands of the host, unsolicited lines for the client's events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from emulator.lwm2m.model import Path
from emulator.lwm2m.values import Type
from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.at.conversation import URC_LIMIT
from emulator.module.dialects.suite import urcs
from emulator.module.dialects.suite.exchanges import Exchanges
from emulator.module.dialects.suite.instance import Instance, number_of
from emulator.module.dialects.suite.update import McuUpdate
from emulator.module.dialects.suite.waiting import Waiting
from emulator.module.dialects.values import LWM2M_TYPES, ValueType
from emulator.module.firmware import Firmware
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import (
    ClientError,
    ExecuteRequest,
    Happening,
    ParameterRequest,
    ReadRequest,
    UnknownRequest,
    WriteRequest,
)
from emulator.module.lwm2m.states import REGISTERED
from emulator.module.suite import Create, Suite, Write

# China Mobile's own commands (its LwM2M manual): taken without an effect.
_EXTRAS = ("CFG", "UPDATESET", "DTLSNAT", "FOTACFG")
_Set = Callable[[Values, float], Answer]
_Query = Callable[[float], Answer]


def _numbered(profile: Suite, call: Callable[[], Answer]) -> Answer:
    """Errors with this module's numbers; those of commands that it does not have as they are."""
    try:
        return call()
    except Refusal as error:
        errors = profile.errors
        if errors.cme or error.final is not None or error.number is Cme.NOT_SUPPORTED:
            raise
        wrong = error.number is Cme.INCORRECT_PARAMETERS
        raise errors.refusal(errors.parameter if wrong else errors.state) from None
    except ClientError as error:
        raise profile.errors.refusal(number_of(profile.errors, error)) from None


def _form(
    setter: Callable[[SuiteDialect], _Set] | None = None,
    execute: Callable[[SuiteDialect], _Query] | None = None,
    read: Callable[[SuiteDialect], _Query] | None = None,
    test: Callable[[SuiteDialect], _Query] | None = None,
) -> CommandForms[SuiteDialect]:
    """Each function gives the method for a dialect."""

    def query(
        of: Callable[[SuiteDialect], _Query] | None,
    ) -> Callable[[SuiteDialect, float], Answer] | None:
        if of is None:
            return None
        return lambda suite, now: _numbered(suite.profile, lambda: of(suite)(now))

    def set_values(suite: SuiteDialect, values: Values, now: float) -> Answer:
        assert setter is not None
        return _numbered(suite.profile, lambda: setter(suite)(values, now))

    return CommandForms(
        set=None if setter is None else set_values,
        execute=query(execute),
        read=query(read),
        test="" if test is None else query(test),
    )


def _answer(answer: Callable[[SuiteDialect], _Set]) -> CommandForms[SuiteDialect]:
    """A host may answer each repetition of a request; the first answer counts."""

    def again(suite: SuiteDialect) -> _Set:
        def take(values: Values, now: float) -> Answer:
            try:
                return answer(suite)(values, now)
            except UnknownRequest:
                if not suite.exchanges.answers_again():
                    raise
                values.doubts.take("another answer to a request that came again", Cme.NOT_ALLOWED)
                return OK

        return take

    return _form(again)


class SuiteDialect:
    """A `Dialect`. `urc` queues an unsolicited line for the host."""

    def __init__(self, client: Client, urc: Callable[[str], None], firmware: Firmware) -> None:
        client.host = self
        self.instance = Instance(client, urc, firmware.suite)
        self.waiting = Waiting(self.instance, urc)
        self.exchanges = Exchanges(
            self.instance, lambda msgid: self.waiting.sent(msgid, reached_air=client.online())
        )
        self.update = McuUpdate(self.instance)
        self._client = client
        self._urc = urc
        self._paced: deque[str] = deque(maxlen=URC_LIMIT)  # lines that wait for the pace
        self._free_at = 0.0  # when the next of them may be written

    @property
    def profile(self) -> Suite:
        return self.instance.profile

    def refused(self, line: str) -> None:
        self.exchanges.refused(line)

    # The pace ----------------------------------------------------------------------------------

    @property
    def due(self) -> float | None:
        """When a line may be written that waits for the pace."""
        return self._free_at if self._paced else None

    def step(self, now: float) -> None:
        """Write what may be written."""
        while self._paced and self._free_at <= now:
            self._urc(self._paced.popleft())

    def _pace(self, line: str) -> None:
        if self.profile.pacing:
            self._paced.append(line)
        else:
            self._urc(line)

    def delete(self, values: Values, now: float) -> Answer:
        answer = self.instance.delete(values, now)
        self._paced.clear()
        self.waiting.forget()
        return answer

    def answer_observe(self, values: Values, now: float) -> Answer:
        answer = self.exchanges.answer_observe(values, now)
        self._free_at = now + self.profile.pacing
        return answer

    def answer_discover(self, values: Values, now: float) -> Answer:
        answer = self.exchanges.answer_discover(values, now)
        self._free_at = now + self.profile.pacing
        return answer

    # Others ------------------------------------------------------------------------------------

    def read_version(self, _now: float) -> Answer:
        return Answer((urcs.information(self.profile, "MIPLVER", self.profile.version),))

    def take(self, _values: Values, _now: float) -> Answer:
        """One of China Mobile's own commands, without an effect."""
        return self.take_bare(_now)

    def take_bare(self, _now: float) -> Answer:
        if not self.profile.extras:
            raise Refusal(Cme.NOT_SUPPORTED)
        return OK

    # Events of the client ----------------------------------------------------------------------

    def lwm2m_type(self, value_type: int) -> Type | None:
        return LWM2M_TYPES[ValueType(value_type)] if self.profile.write is Write.TEXT else None

    def happened(self, what: Happening, number: int = 0) -> None:
        if what is Happening.DEREGISTERED and not self.profile.host_answers:
            self._client.objects.forget_lists()
        if self._client.state not in REGISTERED:
            self._paced.clear()
            self.waiting.clear()
        line = self.instance.event_line(what, number)
        if line is not None:
            self._urc(line)

    def observed(self, msgid: int, path: Path, *, active: bool) -> None:
        self._pace(urcs.observe_line(self.profile, msgid, path, active=active))

    def discovered(self, msgid: int, path: Path) -> None:
        self._pace(urcs.discover_line(self.profile, msgid, path))

    def parameters(self, request: ParameterRequest) -> None:
        self._urc(urcs.parameter_line(self.profile, request))

    def read(self, request: ReadRequest) -> None:
        line = urcs.read_line(self.profile, request)
        if self._client.own.lends(request.path) or self._client.objects.knows(request.path):
            self.waiting.write(request, (line,))
        elif self.profile.own_reads:
            self._urc(line)

    def write(self, request: WriteRequest) -> None:
        lines = urcs.write_lines(self.profile, request, self._client.objects)
        self.waiting.write(request, lines)

    def execute(self, request: ExecuteRequest) -> None:
        self.waiting.write(request, (urcs.execute_line(self.profile, request),))

    COMMANDS: ClassVar[Commands] = {
        "+MIPLCREATE": _form(
            setter=lambda suite: suite.instance.create_blob,
            execute=lambda suite: suite.instance.create_bare,
        ),
        "+MIPLCREATEEX": _form(
            lambda suite: suite.instance.create_ex,
            test=lambda suite: lambda _now: suite.instance.creation.test(Create.EX),
        ),
        "+MIPLCREATEEXT": _form(
            lambda suite: suite.instance.create_ext,
            test=lambda suite: lambda _now: suite.instance.creation.test(Create.EXT),
        ),
        "+MIPLCONFIG": _form(
            setter=lambda suite: suite.instance.configure,
            read=lambda suite: lambda _now: suite.instance.creation.read_configuration(),
            test=lambda suite: lambda _now: suite.instance.creation.test_configuration(),
        ),
        "+MIPLBOOTSTRAP": _form(
            lambda suite: suite.instance.set_bootstrap,
            test=lambda suite: lambda _now: suite.instance.creation.test(Create.BOOTSTRAP),
        ),
        **dict.fromkeys(
            ("+MIPLDELETE", "+MIPLDEL"), _form(lambda suite: suite.delete)
        ),  # the M5311's manual has both
        "+MIPLADDOBJ": _form(lambda suite: suite.instance.add_object),
        "+MIPLDELOBJ": _form(lambda suite: suite.instance.delete_object),
        "+MIPLOPEN": _form(
            setter=lambda suite: suite.instance.open, read=lambda suite: suite.instance.is_open
        ),
        "+MIPLUPDATE": _form(lambda suite: suite.instance.update),
        "+MIPLCLOSE": _form(lambda suite: suite.instance.close),
        "+MIPLNOTIFY": _form(lambda suite: suite.exchanges.notify),
        "+MIPLREADRSP": _answer(lambda suite: suite.exchanges.answer_read),
        "+MIPLWRITERSP": _answer(lambda suite: suite.exchanges.answer_write),
        "+MIPLEXECUTERSP": _answer(lambda suite: suite.exchanges.answer_execute),
        "+MIPLPARAMETERRSP": _answer(lambda suite: suite.exchanges.answer_parameters),
        "+MIPLOBSERVERSP": _answer(lambda suite: suite.answer_observe),
        "+MIPLDISCOVERRSP": _answer(lambda suite: suite.answer_discover),
        "+MIPLNMI": _form(
            setter=lambda suite: suite.waiting.choose, read=lambda suite: suite.waiting.chosen
        ),
        "+MIPLMGR": _form(lambda suite: suite.waiting.fetch),
        "+MIPLQMGR": _form(
            setter=lambda suite: suite.waiting.count_of, execute=lambda suite: suite.waiting.count
        ),
        "+MIPLRD": _form(lambda suite: suite.waiting.read_out),
        "+MIPLSOTAVER": _form(lambda suite: suite.update.declare),
        "+MIPLSOTA": _form(lambda suite: suite.update.report),
        "+MIPLDEVINFO": _form(read=lambda suite: suite.instance.information),
        "+MIPLLTRDP": _form(execute=lambda suite: suite.instance.remaining),
        "+MIPLVER": _form(read=lambda suite: suite.read_version),
        **dict.fromkeys(
            (f"+MIPL{name}" for name in _EXTRAS),
            _form(
                setter=lambda suite: suite.take,
                execute=lambda suite: suite.take_bare,
                read=lambda suite: suite.take_bare,
                test=lambda suite: suite.take_bare,
            ),
        ),
    }
