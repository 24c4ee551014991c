"""Classic dialect: OneNET commands of the host, unsolicited lines for the client's events."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import ClassVar

from emulator.lwm2m.model import Item, Path
from emulator.lwm2m.values import Type
from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Setter, Values
from emulator.module.at.doubts import Doubts
from emulator.module.dialects.classic.config import LIFETIME, Assembly
from emulator.module.dialects.classic.urcs import execute_line, read_line, write_lines
from emulator.module.dialects.values import LWM2M_TYPES, ValueType, ids_of, size, value_of
from emulator.module.firmware import Firmware
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import (
    Busy,
    ClientError,
    ExecuteRequest,
    Happening,
    NoNetwork,
    NotAllowed,
    ParameterRequest,
    ReadRequest,
    WriteRequest,
)
from emulator.module.lwm2m.states import Event, State

OPEN_TIMEOUT = 30  # guess: seconds where AT+MIPLOPEN gives none
ACKID_LIMIT = 2**31 - 1

# Ranges outside which values are refused: OneNET guide 5.1 and 5.2. The reference is 0: the module
# has one OneNET instance.
_REF = (0, 0)
_ID = (0, 0xFFFF)
_ID_OR_ALL = (-1, 0xFFFF)
_TYPE = (min(ValueType), max(ValueType))
_FLAG = (0, 1)
# No source says that the module refuses these; others are legal by the order of a session.
_DOUBTFUL: Mapping[Event, Container[State]] = {
    Event.ADD_INSTANCE: (State.DEREGISTERING,),
    Event.UPDATE: (State.UPDATING,),
    Event.CLOSE: (State.REGISTERING, State.DEREGISTERING),
    Event.DELETE: (State.REGISTERING, State.REGISTERED, State.UPDATING, State.DEREGISTERING),
}
# A report, or an answer to a read with its msgid, with flag 1 behind the value.
_LAST_LINE = re.compile(
    r"AT *\+(?:MIPLNOTIFY=|MIPLREAD=[^,]*,([0-9]{1,5}),).*[\",] *1 *(?:,[0-9 ]*)?",
    re.IGNORECASE | re.DOTALL,
)

# A failure of any kind looks the same to the host.
_LINES: Mapping[Happening, str] = {
    Happening.REGISTERED: "+MIPLOPEN:0,1",
    Happening.BOOTSTRAP_FAILED: "+MIPLOPEN:0,0",
    Happening.REGISTER_REFUSED: "+MIPLOPEN:0,0",
    Happening.REGISTER_TIMED_OUT: "+MIPLOPEN:0,0",
    Happening.UPDATED: "+MIPLUPDATE:0,1",
    Happening.UPDATE_REFUSED: "+MIPLUPDATE:0,0",
    Happening.UPDATE_TIMED_OUT: "+MIPLUPDATE:0,0",
    Happening.DEREGISTERED: "+MIPLCLOSE:0,1",
}
# Error numbers of the client's errors; INCORRECT_PARAMETERS for all others.
_NUMBERS: Mapping[type[ClientError], Cme] = {
    NotAllowed: Cme.NOT_ALLOWED,
    Busy: Cme.UPLINK_BUSY,
    NoNetwork: Cme.NO_NETWORK,
}


def _form(setter: Setter[Classic]) -> CommandForms[Classic]:
    """A command that answers errors of the client with error numbers."""

    def set_values(dialect: Classic, values: Values, now: float) -> Answer:
        try:
            return setter(dialect, values, now)
        except ClientError as error:
            raise Refusal(_NUMBERS.get(type(error), Cme.INCORRECT_PARAMETERS)) from error

    return CommandForms(set=set_values)


class Classic:
    """A `Dialect`. `urc` queues an unsolicited line for the host."""

    def __init__(self, client: Client, urc: Callable[[str], None], firmware: Firmware) -> None:
        client.host = self
        self._client = client
        self._urc = urc
        self._firmware = firmware
        self._msgid = (firmware.msgids.start, firmware.msgids.stop - 1)
        self._assembly = Assembly()

    @property
    def due(self) -> None:
        """No line waits."""

    def step(self, now: float) -> None:
        """Nothing is planned."""

    # The instance and its objects --------------------------------------------------------------

    def _configure(self, values: Values, _now: float) -> Answer:
        self._client.check(Event.CONFIGURE)
        config = self._assembly.add(values)
        if config is not None:
            self._client.configure(config)
        return OK

    def _add_object(self, values: Values, _now: float) -> Answer:
        self._client.add_instance(self._instance(values, Event.ADD_INSTANCE, there=False))
        return OK

    def _delete_object(self, values: Values, _now: float) -> Answer:
        self._client.delete_instance(self._instance(values, Event.DELETE_INSTANCE, there=True))
        return OK

    def _instance(self, values: Values, event: Event, *, there: bool) -> Path:
        """The instance of a command, which is doubtful unless it is `there` (or is not)."""
        path = Path(*values.only(_REF, _ID, _ID)[1:])
        self._check(event, values.doubts)
        if self._client.objects.knows(path) is not there:
            values.doubts.take(f"{path} is {'not' if there else 'already'} there", Cme.NOT_ALLOWED)
        return path

    def _delete(self, values: Values, now: float) -> Answer:
        values.only(_REF)
        self._check(Event.DELETE, values.doubts)
        self._client.delete(now)
        return OK

    def _check(self, event: Event, doubts: Doubts) -> None:
        """Refuse what is not legal in this state, and doubt what is legal without a source."""
        self._client.check(event)
        if self._client.state in _DOUBTFUL.get(event, ()):
            doubts.take(f"this command while {self._client.state.name.lower()}", Cme.NOT_ALLOWED)

    # Registration ------------------------------------------------------------------------------

    def _open(self, values: Values, now: float) -> Answer:
        values.integer(*_REF)
        timeout = values.optional_integer(0, 2**31 - 1)
        values.end()
        self._client.check(Event.OPEN)
        if timeout == 0:
            values.doubts.take(f"a timeout of 0 seconds is taken as {OPEN_TIMEOUT}")
        self._client.open(timeout or OPEN_TIMEOUT, now)
        return OK

    def _update(self, values: Values, now: float) -> Answer:
        _, lifetime, with_objects = values.only(_REF, (LIFETIME.start, LIFETIME.stop - 1), _FLAG)
        self._check(Event.UPDATE, values.doubts)
        self._client.update(lifetime, with_objects=bool(with_objects), now=now)
        return OK

    def _close(self, values: Values, now: float) -> Answer:
        values.only(_REF)
        self._check(Event.CLOSE, values.doubts)
        self._client.close(now)
        return OK

    # Values to the platform --------------------------------------------------------------------

    def _notify(self, values: Values, now: float) -> Answer:
        """Before the registration: declare a resource. After it: a line of a report."""
        _, *ids, kind = values.integers(_REF, _ID, _ID, _ID, _TYPE)
        text = values.quoted()
        complete = bool(values.integer(*_FLAG))
        ackid = 0
        if self._firmware.acknowledges:
            ackid = values.optional_integer(0, ACKID_LIMIT) or 0
        values.end()
        value_type = ValueType(kind)
        item = Item(Path(*ids), value_of(value_type, text, values.doubts))
        self._client.check(Event.NOTIFY)
        self._compare(item.path, value_type, values.doubts)
        if ackid and not (complete and self._client.reports(item.path)):
            values.doubts.take(f"the ackid {ackid} is of no complete report, and is ignored")
        self._client.notify(
            item, kind, size=size(value_type, text), ackid=ackid, complete=complete, now=now
        )
        return OK

    def _compare(self, path: Path, value_type: ValueType, doubts: Doubts) -> None:
        """Doubt a type that is not the declared one, which hosts send (observed)."""
        declared = self._client.objects.type_of(path)
        if declared is not None and declared != value_type:
            doubts.take(
                f"{path} is declared as {ValueType(declared).name}, this value is {value_type.name}"
            )

    # Answers to the platform's requests --------------------------------------------------------

    def _answer_read(self, values: Values, now: float) -> Answer:
        """One value of a read's answer; the last one completes it."""
        _, msgid, *ids = values.integers(_REF, self._msgid, _ID, _ID_OR_ALL, _ID_OR_ALL)
        path = Path(*ids)
        declared = self._client.objects.type_of(path)
        if values.next_is_quoted:  # one host has no value type in its table of commands (observed)
            values.doubts.take("an answer to a read without the value's type")
            kind = ValueType.STRING if declared is None else declared
        else:
            kind = values.integer(*_TYPE)
        text = values.quoted()
        last = bool(values.integer(*_FLAG))
        values.end()
        request = self._client.requests.find(ReadRequest, msgid, now)
        value_type = ValueType(kind)
        if last and not text and self._means_failure(request, tuple(ids), value_type):
            self._client.requests.fail(request, now)
            return OK
        if min(ids) < 0 or not self._client.objects.knows(path.instance_path):
            raise Refusal(Cme.INCORRECT_PARAMETERS)  # a value is of one resource (LwM2M 1.0.2 6.4)
        value = value_of(value_type, text, values.doubts)
        if declared is None:
            values.doubts.take(f"{path} is not declared")
        self._compare(path, value_type, values.doubts)
        request.add(path, value, size(value_type, text))
        if last:
            self._client.requests.complete(request, now)
        return OK

    def _means_failure(
        self, request: ReadRequest, ids: tuple[int, ...], value_type: ValueType
    ) -> bool:
        """Whether an empty value means that the host cannot read what was requested."""
        # guess: the ids are those of the request and the type is not the declared one; the read
        # answer of the classic dialect has no field for a result
        if ids != ids_of(request.path):
            return False
        declared = self._client.objects.type_of(request.path)
        if declared is None:
            return value_type in (ValueType.OPAQUE, ValueType.STRING)
        return value_type is (
            ValueType.STRING if declared == ValueType.OPAQUE else ValueType.OPAQUE
        )

    def _answer_write(self, values: Values, now: float) -> Answer:
        _, msgid, done = values.only(_REF, self._msgid, _FLAG)
        request = self._client.requests.find(WriteRequest, msgid, now)
        if not done:
            self._client.requests.fail(request, now)
            return OK
        request.confirmed += 1
        if self._firmware.typed_urcs or request.confirmed == len(request.lines):
            self._client.requests.complete(request, now)
        else:
            self._urc(request.lines[request.confirmed])
        return OK

    def _answer_execute(self, values: Values, now: float) -> Answer:
        _, msgid, done = values.only(_REF, self._msgid, _FLAG)
        request = self._client.requests.find(ExecuteRequest, msgid, now)
        if done:
            self._client.requests.complete(request, now)
        else:
            self._client.requests.fail(request, now)
        return OK

    def refused(self, line: str) -> None:
        """The last line of a group ends it, refused or not, and drops what was collected."""
        found = _LAST_LINE.fullmatch(line)
        if found is None:
            return
        if found[1] is None:
            self._client.drop_report()
        else:
            self._client.requests.drop_answers(int(found[1]))

    # Events of the client ----------------------------------------------------------------------

    def lwm2m_type(self, value_type: int) -> Type:
        return LWM2M_TYPES[ValueType(value_type)]

    def happened(self, what: Happening, number: int = 0) -> None:
        line = _LINES.get(what)
        if line is not None:
            self._urc(line)
        elif what is Happening.ACKNOWLEDGED:
            self._urc(f"+MIPLNOTIFY:0,{number}")

    def observed(self, msgid: int, path: Path, *, active: bool) -> None:
        ids = ",".join(map(str, ids_of(path)))
        self._urc(f"+MIPLOBSERVE:0,{msgid},{active:d},{ids}")

    def discovered(self, msgid: int, path: Path) -> None:
        self._urc(f"+MIPLDISCOVER:0,{msgid},{path.object}")

    def parameters(self, request: ParameterRequest) -> None:
        """The guide has no line for attributes."""

    def read(self, request: ReadRequest) -> None:
        self._urc(read_line(request, self._firmware))

    def write(self, request: WriteRequest) -> None:
        """The lines of all resources at once, or the line of the next one (older firmware)."""
        if not request.lines:
            request.lines = write_lines(request, self._client.objects, self._firmware)
        if self._firmware.typed_urcs:
            for line in request.lines:
                self._urc(line)
        else:
            self._urc(request.lines[request.confirmed])

    def execute(self, request: ExecuteRequest) -> None:
        self._urc(execute_line(request, self._firmware))

    COMMANDS: ClassVar[Commands] = {
        "+MIPLCONF": _form(_configure),
        "+MIPLADDOBJ": _form(_add_object),
        "+MIPLDELOBJ": _form(_delete_object),
        "+MIPLNOTIFY": _form(_notify),
        "+MIPLOPEN": _form(_open),
        "+MIPLUPDATE": _form(_update),
        "+MIPLCLOSE": _form(_close),
        "+MIPLDEL": _form(_delete),
        "+MIPLREAD": _form(_answer_read),
        "+MIPLWRITE": _form(_answer_write),
        "+MIPLEXECUTE": _form(_answer_execute),
    }
