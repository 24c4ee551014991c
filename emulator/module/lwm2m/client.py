"""LwM2M client of the emulated module: what a host may ask of it, and messages of the platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.air.messages import (
    Ack,
    CancelObserve,
    Deregister,
    Discover,
    Downlink,
    Execute,
    Notification,
    Observe,
    Read,
    Register,
    Reset,
    Response,
    Update,
    Uplink,
    Write,
)
from emulator.air.model import DEFAULT_SERVER, Code, Item, Path, ServerAddress
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.host import PAYLOAD_LIMIT, Host, InvalidValue, NoNetwork, NotAllowed
from emulator.module.lwm2m.objects import Objects
from emulator.module.lwm2m.observations import Observations
from emulator.module.lwm2m.registration import REGISTERED, SERVING, Event, Registration, State
from emulator.module.lwm2m.requests import ALL_MSGIDS, Requests

ACKIDS_REMEMBERED = 4096  # guess: bounds the memory; an ackid may be used again after so many
REPORT_ITEMS = 64  # guess: bounds the memory; resources in one report


class Client:
    """Set `host` before the first call. `send` transmits a message; `online` returns whether the
    radio is registered. `msgids`: the message ids that the host gets to see and may answer.

    Methods that the host's commands call raise a `ClientError` and change nothing when they refuse.
    """

    host: Host

    def __init__(
        self,
        send: Callable[[Uplink], None],
        online: Callable[[], bool],
        *,
        first_mid: int,
        msgids: range = ALL_MSGIDS,
    ) -> None:
        self.objects = Objects()
        self.requests = Requests(self.objects, send, msgids)
        self._send = send
        self._online = online
        self._exchanges = Exchanges(first_mid)
        self._registration = Registration(send, self._exchanges, self._registration_ended)
        self._observations = Observations(
            send, self._exchanges, lambda ackid: self.host.acknowledged(ackid)
        )
        self._endpoint = ""
        self._lifetime = 0
        self._server = DEFAULT_SERVER
        self._old: frozenset[Path] = frozenset()  # instances that the login listed
        self._listed: frozenset[Path] = frozenset()  # and those that an update has listed since
        self._report: list[tuple[Item, int]] = []  # of an incomplete report, with their sizes
        self._ackids: dict[int, None] = {}  # used ones, oldest first

    @property
    def state(self) -> State:
        return self._registration.state

    @property
    def waiting(self) -> bool:
        """Whether an answer of the platform is outstanding whose outcome the host will get."""
        return len(self._exchanges) > 0

    @property
    def observed(self) -> tuple[Path, ...]:
        """What the platform observes."""
        return self._observations.paths

    def _registration_ended(self) -> None:
        self._observations.clear()
        self.requests.clear()
        self._report.clear()

    # Configuration and objects -----------------------------------------------------------------

    def check(self, event: Event) -> None:
        """Raises NotAllowed when `event` is not legal in this state."""
        self._registration.check(event)

    def configure(
        self, endpoint: str, lifetime: int, server: ServerAddress = DEFAULT_SERVER
    ) -> None:
        """Create the instance; `lifetime` in seconds."""
        self._registration.transition(Event.CONFIGURE)
        self._endpoint, self._lifetime, self._server = endpoint, lifetime, server

    def delete(self) -> None:
        """Delete the instance with all its objects."""
        self._registration.delete()
        self.objects.clear()
        self._ackids.clear()

    def add_instance(self, instance: Path) -> None:
        """One that is there keeps its resources."""
        self._registration.check(Event.ADD_INSTANCE)
        if self.objects.knows(instance):
            return
        if self.objects.full:
            raise NotAllowed
        self.objects.add(instance)

    def delete_instance(self, instance: Path) -> None:
        """Does nothing where there is none."""
        self._registration.check(Event.DELETE_INSTANCE)
        self.objects.remove(instance)
        self._report = [line for line in self._report if not instance.covers(line[0].path)]
        self._observations.remove_instance(instance)

    # Registration ------------------------------------------------------------------------------

    def open(self, timeout: float, now: float) -> None:
        """Register; `Host.registered` follows, after `timeout` seconds at the latest."""
        self._registration.check(Event.OPEN)
        if not self._online():
            raise NoNetwork
        objects = self.objects.instances
        self._old = self._listed = frozenset(objects)
        self._registration.open(self._endpoint, self._lifetime, objects, self._server, timeout, now)

    def update(self, lifetime: int, *, with_objects: bool, now: float) -> None:
        """Renew the registration for `lifetime` seconds; `Host.updated` follows."""
        objects = self.objects.instances if with_objects else None
        self._registration.update(lifetime, objects, now)
        self._lifetime = lifetime
        if objects is not None:
            self._listed = frozenset(objects)

    def close(self, now: float) -> None:
        """Deregister; `Host.deregistered` follows, at once if the login was still under way."""
        given_up = self.state is State.REGISTERING
        self._registration.close(now)
        if given_up:
            self.host.deregistered()

    # Values to the platform --------------------------------------------------------------------

    def notify(
        self, item: Item, value_type: int, *, size: int, ackid: int, complete: bool, now: float
    ) -> None:
        """Before the registration: declare a resource. After it: add its value to a report.

        `size`: bytes of the value. `complete`: send the report; with an ackid above 0 follows
        `Host.acknowledged` (any other line ignores it). The newest type of a resource counts.

        An instance that was added after the login is declared in the same way until an update
        lists it; then it is reported like the others.
        """
        self._registration.check(Event.NOTIFY)
        instance = item.path.instance_path
        if not self.objects.knows(instance):
            raise NotAllowed
        if not self.objects.can_declare(item.path):
            raise NotAllowed
        reports = self.reports(item.path)
        if reports:
            self._check_report(item, size, ackid, complete=complete, now=now)
        self.objects.declare(item.path, value_type)
        if reports:
            self._report.append((item, size))
            if complete:
                self._send_report(ackid, now)

    def reports(self, path: Path) -> bool:
        """Whether `notify` reports this resource; otherwise it declares it."""
        return self.state in REGISTERED and path.instance_path in self._listed

    def drop_report(self) -> None:
        """Forget the lines of an incomplete report."""
        self._report.clear()

    def _check_report(
        self, item: Item, size: int, ackid: int, *, complete: bool, now: float
    ) -> None:
        # OneNET guide 5.1.2: only what was declared before the login is reported.
        # guess: of an instance that came later, the first report declares too
        declared = (
            self.objects.type_of(item.path) is not None or item.path.instance_path not in self._old
        )
        # OneNET guide 5.2.1: an ackid is not used twice; 1000 bytes a report.
        fits = (
            declared
            and not (complete and ackid in self._ackids)
            and sum(taken for _, taken in self._report) + size <= PAYLOAD_LIMIT
            and len(self._report) < REPORT_ITEMS
        )
        if not fits:
            raise InvalidValue
        if complete and not self._observations.has_room_for(
            [*(line.path for line, _ in self._report), item.path], now
        ):
            raise NotAllowed

    def _send_report(self, ackid: int, now: float) -> None:
        if ackid:
            self._ackids[ackid] = None
            if len(self._ackids) > ACKIDS_REMEMBERED:
                del self._ackids[next(iter(self._ackids))]
        items = tuple(item for item, _ in self._report)
        self._report.clear()
        self._observations.report(items, ackid, now)

    # From the platform -------------------------------------------------------------------------

    def deliver(self, message: Downlink, now: float) -> None:
        """Take a message from the air. Answers to nothing that is pending are ignored."""
        match message:
            case Read() | Write() | Execute():
                if self.state in SERVING:
                    self.requests.receive(message, self.host, now)
            case Response():
                exchange = self._exchanges.end(message.mid)
                if exchange is not None and not isinstance(exchange, Notification):
                    self._conclude(exchange, message)
            case Ack():
                self._observations.acknowledge(message.mid)
            case Reset():
                self._observations.reset(message.mid)
            case Discover() | Observe() | CancelObserve():
                if self.state in SERVING:
                    self._answer(message, now)
            case _:
                assert_never(message)

    def _conclude(self, message: Register | Update | Deregister, response: Response | None) -> None:
        accepted = self._registration.conclude(message, response)
        match message:
            case Register():
                self.host.registered(accepted=accepted)
            case Update():
                self.host.updated(accepted=accepted)
            case Deregister():
                self.host.deregistered()
            case _:
                assert_never(message)

    def _answer(self, request: Discover | Observe | CancelObserve, now: float) -> None:
        """Answer what the module answers itself, then report it to the host."""
        path, mid = request.path, request.mid
        msgid = self.requests.msgid(mid)
        links = self.objects.links(path)
        match request:
            case Discover():
                self._send(Response(mid, Code.CONTENT if links else Code.NOT_FOUND, links=links))
                if links:
                    self.host.discovered(msgid, path)
            case Observe():
                if not links:
                    self._send(Response(mid, Code.NOT_FOUND))
                elif not self._observations.observe(request):
                    self._send(Response(mid, Code.INTERNAL_SERVER_ERROR))
                else:
                    # The answer carries no value (observed in the suite's own code).
                    self._send(Response(mid, Code.CONTENT))
                    self.host.observed(msgid, path, active=True)
                    self._observations.release(now)
            case CancelObserve():
                known = self._observations.cancel(request)
                self._send(Response(mid, Code.CONTENT if known else Code.NOT_FOUND))
                if known:
                    self.host.observed(msgid, path, active=False)
            case _:
                assert_never(request)

    @property
    def due(self) -> float | None:
        """When to call `step` next; None: nothing is pending."""
        return self._exchanges.due

    def step(self, now: float) -> None:
        """Repeat messages and give up those that have expired by `now`."""
        for message in self._exchanges.expired(now):
            if isinstance(message, Notification):
                self._observations.give_up(message.mid)
            else:
                self._conclude(message, None)
        for message in self._exchanges.repeated(now):
            self._send(message)
