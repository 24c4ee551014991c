"""The OneNET commands of the classic module: what the host and the platform may ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.air.messages import (
    Ack,
    CancelObserve,
    Code,
    Discover,
    Downlink,
    Execute,
    Item,
    Notification,
    Observe,
    Path,
    Read,
    Reset,
    Response,
    Uplink,
    Write,
)
from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Table, Values
from emulator.module.dialects.classic.config import LIFETIME, Assembly, Config
from emulator.module.dialects.classic.requests import ReadLine, Requests
from emulator.module.dialects.classic.values import PAYLOAD_LIMIT, ValueType, size, value_of
from emulator.module.firmware import Firmware
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.objects import Objects, Resource, covers
from emulator.module.lwm2m.observations import Reports
from emulator.module.lwm2m.registration import LOGGED_IN, OPEN_TIMEOUT, SERVING, Event, Login, State

ACKID_LIMIT = 2**31 - 1
ACKIDS_REMEMBERED = 4096  # repetitions farther apart go unnoticed; bounds the memory, a guess
REPORT_ITEMS = 64  # resources in one report; bounds the memory, a guess

_REF = (0, 0)  # the module has one OneNET instance
_ID = (0, 0xFFFF)
_ID_OR_ALL = (-1, 0xFFFF)


class Classic:
    """`urc` writes an unsolicited line, `send` a message into the air; `online` asks the radio."""

    def __init__(
        self,
        urc: Callable[[str], None],
        send: Callable[[Uplink], None],
        online: Callable[[], bool],
        *,
        firmware: Firmware,
        first_mid: int,
    ) -> None:
        self.objects = Objects()
        self.config: Config | None = None
        self._urc = urc
        self._send = send
        self._online = online
        self._exchanges = Exchanges(first_mid)
        self._login = Login(urc, send, self._exchanges, self._login_ended)
        self._reports = Reports(send, self._exchanges, self._report_acknowledged)
        self._firmware = firmware
        self._msgids = (firmware.msgids.start, firmware.msgids.stop - 1)
        self._requests = Requests(self.objects, urc, send, firmware)
        self._assembly = Assembly()
        self._lifetime = 0
        self._report: list[tuple[Item, int]] = []  # lines of a report not complete, their sizes
        self._ackids: dict[int, None] = {}  # used ones, oldest first

    def commands(self) -> Table:
        return {
            "+MIPLCONF": Forms(assign=self._configure),
            "+MIPLADDOBJ": Forms(assign=self._add_object),
            "+MIPLDELOBJ": Forms(assign=self._delete_object),
            "+MIPLNOTIFY": Forms(assign=self._notify),
            "+MIPLOPEN": Forms(assign=self._open),
            "+MIPLUPDATE": Forms(assign=self._update),
            "+MIPLCLOSE": Forms(assign=self._close),
            "+MIPLDEL": Forms(assign=self._delete),
            "+MIPLREAD": Forms(assign=self._answer_read),
            "+MIPLWRITE": Forms(assign=self._answer_write),
            "+MIPLEXECUTE": Forms(assign=self._answer_execute),
        }

    @property
    def state(self) -> State:
        return self._login.state

    @property
    def waiting(self) -> bool:
        """Whether something waits for the platform that the host will be told of."""
        return len(self._exchanges) > 0

    @property
    def observed(self) -> tuple[Path, ...]:
        """What the platform observes."""
        return self._reports.observed

    def _login_ended(self) -> None:
        self._reports.clear()
        self._requests.clear()
        self._report.clear()

    # The instance and its objects --------------------------------------------------------------

    def _configure(self, values: Values, _now: float) -> Answer:
        self._login.check(Event.CONF)
        config = self._assembly.add(values)
        if config is not None:
            self.config = config
            self._lifetime = config.lifetime
            self._login.turn(Event.CONF)
        return OK

    def _add_object(self, values: Values, _now: float) -> Answer:
        instance = _instance(values)
        self._login.check(Event.ADDOBJ)
        if self.objects.knows(instance) or self.objects.full:
            raise Refusal(Cme.NOT_ALLOWED)
        self.objects.add(instance)
        return OK

    def _delete_object(self, values: Values, _now: float) -> Answer:
        instance = _instance(values)
        self._login.check(Event.DELOBJ)
        if not self.objects.knows(instance):
            raise Refusal(Cme.NOT_ALLOWED)
        self.objects.remove(instance)
        self._report = [line for line in self._report if not covers(instance, line[0].path)]
        self._reports.forget(instance)
        return OK

    def _delete(self, values: Values, _now: float) -> Answer:
        values.integer(*_REF)
        values.end()
        self._login.check(Event.DEL)
        self._login.turn(Event.DEL)
        self.objects.clear()
        self._ackids.clear()
        self.config = None
        return OK

    # Login -------------------------------------------------------------------------------------

    def _open(self, values: Values, now: float) -> Answer:
        values.integer(*_REF)
        timeout = values.optional_integer(1, 0xFFFF)
        values.end()
        self._login.check(Event.OPEN)
        if not self._online():
            raise Refusal(Cme.NO_NETWORK)
        assert self.config is not None, "the table lets no MIPLOPEN through before MIPLCONF"
        self._login.open(
            self.config.endpoint,
            self._lifetime,
            self.objects.instances,
            OPEN_TIMEOUT if timeout is None else timeout,
            now,
        )
        return OK

    def _update(self, values: Values, now: float) -> Answer:
        values.integer(*_REF)
        lifetime = values.integer(LIFETIME.start, LIFETIME.stop - 1)
        with_objects = values.integer(0, 1)
        values.end()
        self._login.check(Event.UPDATE)
        self._lifetime = lifetime
        self._login.update(lifetime, self.objects.instances if with_objects else None, now)
        return OK

    def _close(self, values: Values, now: float) -> Answer:
        values.integer(*_REF)
        values.end()
        self._login.check(Event.CLOSE)
        self._login.close(now)
        return OK

    # Values to the platform --------------------------------------------------------------------

    def _notify(self, values: Values, now: float) -> Answer:
        """Before the login: declare a resource. After it: a line of a report."""
        values.integer(*_REF)
        path = Path(values.integer(*_ID), values.integer(*_ID), values.integer(*_ID))
        kind = ValueType(values.integer(min(ValueType), max(ValueType)))
        text = values.quoted()
        complete = bool(values.integer(0, 1))
        ackid = 0
        if self._firmware.acknowledges:
            ackid = values.optional_integer(0, ACKID_LIMIT) or 0
        values.end()
        resource = Resource(kind, value_of(kind, text))
        self._login.check(Event.NOTIFY)
        if not self.objects.knows(path):
            raise Refusal(Cme.NOT_ALLOWED)
        if self.state in LOGGED_IN:
            self._add_to_report(path, resource, size(text), ackid, complete=complete)
            if complete:
                self._send_report(ackid, now)
        else:
            if ackid:  # nothing is sent, so nothing would ever acknowledge it
                raise Refusal(Cme.INCORRECT_PARAMETERS)
            if not self.objects.has_room(path):
                raise Refusal(Cme.NOT_ALLOWED)
            self.objects.set(path, resource)
        return OK

    def _add_to_report(
        self, path: Path, resource: Resource, length: int, ackid: int, *, complete: bool
    ) -> None:
        declared = self.objects.resource(path)
        fits = (
            declared is not None
            and declared.type is resource.type
            and (complete or not ackid)
            and ackid not in self._ackids
            and sum(size for _, size in self._report) + length <= PAYLOAD_LIMIT
            and len(self._report) < REPORT_ITEMS
        )
        if not fits:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self.objects.set(path, resource)
        self._report.append((Item(path, resource.value), length))

    def _send_report(self, ackid: int, now: float) -> None:
        if ackid:
            self._ackids[ackid] = None
            if len(self._ackids) > ACKIDS_REMEMBERED:
                del self._ackids[next(iter(self._ackids))]
        items = tuple(item for item, _ in self._report)
        self._report.clear()
        self._reports.report(items, ackid, now)

    def _report_acknowledged(self, ackid: int) -> None:
        self._urc(f"+MIPLNOTIFY:0,{ackid}")

    # Answers to the platform's requests --------------------------------------------------------

    def _answer_read(self, values: Values, now: float) -> Answer:
        values.integer(*_REF)
        msgid = values.integer(*self._msgids)
        ids = (values.integer(*_ID), values.integer(*_ID_OR_ALL), values.integer(*_ID_OR_ALL))
        kind = ValueType(values.integer(min(ValueType), max(ValueType)))
        text = values.quoted()
        last = bool(values.integer(0, 1))
        values.end()
        self._requests.answer_read(ReadLine(msgid, ids, kind, text, last), now)
        return OK

    def _answer_write(self, values: Values, now: float) -> Answer:
        msgid, done = self._result(values)
        self._requests.answer_write(msgid, done=done, now=now)
        return OK

    def _answer_execute(self, values: Values, now: float) -> Answer:
        msgid, done = self._result(values)
        self._requests.answer_execute(msgid, done=done, now=now)
        return OK

    def _result(self, values: Values) -> tuple[int, bool]:
        """The msgid and the result of an answer to a write or an execute."""
        values.integer(*_REF)
        msgid = values.integer(*self._msgids)
        done = bool(values.integer(0, 1))
        values.end()
        return msgid, done

    # From the platform -------------------------------------------------------------------------

    def deliver(self, message: Downlink, now: float) -> None:
        """Take a message from the air. What nobody here waits for is ignored."""
        match message:
            case Response():
                exchange = self._exchanges.end(message.mid)
                if exchange is not None and not isinstance(exchange, Notification):
                    self._login.answered(exchange, message)
            case Ack():
                self._reports.acknowledge(message.mid)
            case Reset():
                self._reports.reset(message.mid)
            case Read() | Write() | Execute():
                if self.state in SERVING:
                    self._requests.receive(message, now)
            case Discover() | Observe() | CancelObserve():
                if self.state in SERVING:
                    self._manage(message, now)
            case _:
                assert_never(message)

    def _manage(self, request: Discover | Observe | CancelObserve, now: float) -> None:
        """Requests the module answers by itself; the host is only told."""
        path, mid = request.path, request.mid
        links = self.objects.links(path)
        match request:
            case Discover():
                self._send(Response(mid, Code.CONTENT if links else Code.NOT_FOUND, links=links))
                if links:
                    self._urc(f"+MIPLDISCOVER:0,{mid},{path.object}")
            case Observe():
                if not links:
                    self._send(Response(mid, Code.NOT_FOUND))
                elif not self._reports.observe(request):
                    self._send(Response(mid, Code.INTERNAL_SERVER_ERROR))
                else:
                    # The answer carries no value (observed in the suite's own code).
                    self._send(Response(mid, Code.CONTENT))
                    self._tell_observed(request, 1)
                    self._reports.release(now)
            case CancelObserve():
                known = self._reports.cancel(request)
                self._send(Response(mid, Code.CONTENT if known else Code.NOT_FOUND))
                if known:
                    self._tell_observed(request, 0)
            case _:
                assert_never(request)

    def _tell_observed(self, request: Observe | CancelObserve, added: int) -> None:
        path = request.path
        instance = -1 if path.instance is None else path.instance
        resource = -1 if path.resource is None else path.resource
        ids = f"{path.object},{instance},{resource}"
        self._urc(f"+MIPLOBSERVE:0,{request.mid},{added},{ids}")

    def step(self, now: float) -> float | None:
        """Repeat and give up what is due at `now`; returns the next deadline."""
        deadline = self._exchanges.deadline
        if deadline is None or deadline > now:
            return deadline
        for message in self._exchanges.expired(now):
            if isinstance(message, Notification):
                self._reports.give_up(message.mid)
            else:
                self._login.unanswered(message)
        for message in self._exchanges.repeated(now):
            self._send(message)
        return self._exchanges.deadline


def _instance(values: Values) -> Path:
    values.integer(*_REF)
    instance = Path(values.integer(*_ID), values.integer(*_ID))
    values.end()
    return instance
