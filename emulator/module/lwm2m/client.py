"""LwM2M client of the emulated module: what a host may ask of it, and messages of the platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from aiocoap import CHANGED, Message

from emulator.clock.deadlines import earliest
from emulator.coap.endpoint import Endpoint
from emulator.coap.messages import AUTHENTICATION, RECOGNIZED_OPTIONS
from emulator.coap.server import Incoming
from emulator.coap.tuning import Tuning
from emulator.lwm2m.model import Item, Path
from emulator.module.lwm2m.answers import Answers
from emulator.module.lwm2m.attributes import AttributeTable
from emulator.module.lwm2m.host import (
    PAYLOAD_LIMIT,
    Busy,
    Happening,
    Host,
    InvalidValue,
    NoNetwork,
    NotAllowed,
    Result,
    Rules,
    ServerAddress,
)
from emulator.module.lwm2m.objects import Objects
from emulator.module.lwm2m.observations import Observations
from emulator.module.lwm2m.operations import Operation, Refused, operation_of, path_of
from emulator.module.lwm2m.own_objects import UPDATE_TRIGGER, OwnObjects
from emulator.module.lwm2m.registration import Account, Registration
from emulator.module.lwm2m.requests import ALL_MSGIDS, Requests
from emulator.module.lwm2m.states import REGISTERED, SERVING, Event, State
from emulator.module.lwm2m.style import ONENET, Style

ACKIDS_REMEMBERED = 4096  # guess: bounds the memory; an ackid may be used again after so many
REPORT_ITEMS = 64  # guess: bounds the memory; resources in one report


class Client:
    """Set `host` before the first call, and `rules` where they are others. `send` transmits a
    datagram to an address `host:port`; `online` returns whether the radio is registered.
    `endpoint`: the name under which the module itself would register. `busy`: returns whether the
    uplink takes no report, `release` asks the network to release the connection: soon, or after
    the next answer. `seed` draws tokens, `first_mid` is the first message id. `msgids`: the message
    ids that the host gets to see and may answer.

    Methods that the host's commands call raise a `ClientError` and change nothing when they refuse.
    """

    host: Host

    def __init__(
        self,
        send: Callable[[str, bytes, float], None],
        online: Callable[[], bool],
        *,
        first_mid: int,
        endpoint: str = "",
        busy: Callable[[], bool] = lambda: False,
        release: Callable[[float, bool], None] = lambda _now, _after_answer: None,
        seed: int = 0,
        msgids: range = ALL_MSGIDS,
        style: Style = ONENET,
    ) -> None:
        self._endpoint = Endpoint(
            send,
            seed=seed,
            first_mid=first_mid,
            tuning=Tuning(
                ack_random=1.0,  # to stay predictable
                nstart=None,
                deduplicate=style.deduplicates,
            ),
            known_options=RECOGNIZED_OPTIONS | {AUTHENTICATION},
        )
        self._endpoint.serve = self._serve
        self._endpoint.by_blocks = lambda message: self.own.takes_by_blocks(message)
        self.endpoint = endpoint
        self._busy = busy
        self.release = release
        self.style = style
        self.online = online
        self.objects = Objects()
        self.own = OwnObjects(style)
        self.own.on_lifetime = lambda lifetime, now: self.registration.update_silently(
            now, lifetime
        )
        self.requests = Requests(self.objects, self.own, style, lambda: self.host, msgids)
        self.registration = Registration(
            self._endpoint,
            style,
            lambda what, number: self.host.happened(what, number),
            self._registration_ended,
        )
        self._attributes = AttributeTable()
        self._observations = Observations(
            self._endpoint,
            self.objects,
            style,
            self._attributes,
            lambda ackid: self.host.happened(Happening.ACKNOWLEDGED, ackid),
            lambda ackid: self.host.happened(Happening.LOST, ackid),
            self.registration.doubt,
        )
        self.requests.on_observed = self._observations.release
        self._answers = Answers(
            style,
            self.objects,
            self.own,
            self._attributes,
            self._observations,
            self.requests,
            lambda: self.host,
        )
        self._account = Account("", 0, ServerAddress())
        self._old: frozenset[Path] = frozenset()  # instances that the login listed
        self._listed: frozenset[Path] = frozenset()  # and those that an update has listed since
        self._report: list[tuple[Item, int]] = []  # of an incomplete report, with their sizes
        self._ackids: dict[int, None] = {}  # used ones, oldest first

    @property
    def rules(self) -> Rules:
        """What the dialect demands; it may set others at any time."""
        return self._answers.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._answers.rules = rules
        self.requests.answer_time = rules.answer_time
        self._observations.holds = rules.declares
        self.registration.watches = rules.watches_lifetime

    @property
    def state(self) -> State:
        return self.registration.state

    @property
    def lifetime(self) -> int:
        """Of the account, in seconds."""
        return self._account.lifetime

    @property
    def account(self) -> Account:
        """As configured, with the server and the key that a bootstrap has given since."""
        server = self.registration.given
        return self._account if server is None else replace(self._account, server=server)

    def remaining(self, now: float) -> int:
        """Seconds until the lifetime ends; 0 without a login."""
        until = self.registration.until
        return 0 if until is None else max(round(until - now), 0)

    @property
    def configured_server(self) -> str:
        """Where a login goes first: `host:port`."""
        return self._account.server.address

    def credentials(self, key: bytes | None) -> tuple[str, bytes] | None:
        """Identity and key for DTLS: those of the bootstrap, else the endpoint name and `key`."""
        return self.registration.credentials(key)

    @property
    def waiting(self) -> bool:
        """Whether an answer of the platform is outstanding whose outcome the host will get."""
        return self.registration.waiting or self._observations.waiting

    @property
    def observed(self) -> tuple[Path, ...]:
        """What the platform observes."""
        return self._observations.paths

    def _registration_ended(self) -> None:
        self._observations.clear()
        self._attributes.clear()
        self.requests.clear()
        self._report.clear()

    # Configuration and objects -----------------------------------------------------------------

    def check(self, event: Event) -> None:
        """Raises NotAllowed when `event` is not legal in this state."""
        self.registration.check(event)

    def configure(self, account: Account) -> None:
        """Create the instance."""
        self.registration.transition(Event.CONFIGURE)
        self._account = account
        self.own.lifetime = account.lifetime
        self._endpoint.blocks.requests, self._endpoint.blocks.answers = account.blocks

    def delete(self, now: float) -> None:
        """Delete the instance with all its objects."""
        self.registration.delete(now)
        self.objects.clear()
        self.own.lent = False
        self._ackids.clear()

    def add_instance(self, instance: Path) -> None:
        """One that is there keeps its resources."""
        self.registration.check(Event.ADD_INSTANCE)
        if self.objects.knows(instance):
            return
        if self.objects.full:
            raise NotAllowed
        self.objects.add(instance)

    def delete_instance(self, instance: Path) -> None:
        """Does nothing where there is none."""
        self.registration.check(Event.DELETE_INSTANCE)
        self.objects.remove(instance)
        self._report = [line for line in self._report if not instance.covers(line[0].path)]
        self._observations.remove_instance(instance)

    # Registration ------------------------------------------------------------------------------

    def open(self, timeout: float, now: float, lifetime: int | None = None) -> None:
        """Register; how it ends follows, after `timeout` seconds at the latest. `lifetime` in
        seconds; None: that of the configuration.
        """
        self.registration.check(Event.OPEN)
        if not self.online():
            raise NoNetwork
        if lifetime is not None:
            self._account = replace(self._account, lifetime=lifetime)
            self.own.lifetime = lifetime
        instances = self.objects.instances
        self._old = self._listed = frozenset(instances)
        self.registration.open(self._account, instances, timeout, now)

    def update(self, lifetime: int, *, with_objects: bool, now: float) -> None:
        """Renew the registration for `lifetime` seconds; how it ends follows."""
        instances = self.objects.instances if with_objects else None
        self.registration.update(lifetime, instances, now)
        self._account = replace(self._account, lifetime=lifetime)
        self.own.lifetime = lifetime
        if instances is not None:
            self._listed = frozenset(instances)

    def close(self, now: float) -> None:
        """Deregister; DEREGISTERED follows, at once if the login was still under way."""
        given_up = self.state is State.REGISTERING
        self.registration.close(now)
        if given_up:
            self.host.happened(Happening.DEREGISTERED)

    def lapse(self, what: Happening) -> None:
        """End the login as if its lifetime were over, or the platform had deleted the device.

        Raises NotAllowed if there is none.
        """
        self.registration.lapse(what)

    # Values to the platform --------------------------------------------------------------------

    def notify(
        self,
        item: Item,
        value_type: int,
        *,
        size: int,
        ackid: int,
        complete: bool,
        now: float,
        observed: Path | None = None,
    ) -> None:
        """Before the registration: declare a resource. After it: add its value to a report.

        `size`: bytes of the value. `complete`: send the report; with an ackid above 0 follows
        ACKNOWLEDGED or LOST (any other line ignores it). The newest type of a resource counts.
        `observed`: what the observation covers that the report names; None: it names none.

        An instance that was added after the login is declared in the same way until an update
        lists it; then it is reported like the others.
        """
        self.registration.check(Event.NOTIFY)
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
                self._send_report(ackid, now, observed)

    def reports(self, path: Path) -> bool:
        """Whether `notify` reports this resource; otherwise it declares it."""
        listed = not self.rules.declares or path.instance_path in self._listed
        return self.state in REGISTERED and listed

    def drop_report(self) -> None:
        """Forget the lines of an incomplete report."""
        self._report.clear()

    def _check_report(
        self, item: Item, size: int, ackid: int, *, complete: bool, now: float
    ) -> None:
        # OneNET guide 5.2.1: 1000 bytes a report.
        total = sum(taken for _, taken in self._report) + size
        if total > PAYLOAD_LIMIT or len(self._report) >= REPORT_ITEMS:
            raise InvalidValue
        if self._busy():
            raise Busy
        if not self.rules.declares:
            return
        # OneNET guide 5.1.2: only what was declared before the login is reported.
        # guess: of an instance that came later, the first report declares too
        declared = (
            self.objects.type_of(item.path) is not None or item.path.instance_path not in self._old
        )
        # OneNET guide 5.2.1: an ackid is not used twice.
        if not declared or (complete and ackid in self._ackids):
            raise InvalidValue
        if complete and not self._observations.has_room_for(
            [*(line.path for line, _ in self._report), item.path], now
        ):
            raise NotAllowed

    def _send_report(self, ackid: int, now: float, observed: Path | None) -> None:
        if ackid:
            self._ackids[ackid] = None
            if len(self._ackids) > ACKIDS_REMEMBERED:
                del self._ackids[next(iter(self._ackids))]
        items = tuple(item for item, _ in self._report)
        self._report.clear()
        self._observations.report(items, ackid, now, observed)

    # Answers of the host -----------------------------------------------------------------------

    def answer_observe(self, msgid: int, result: Result, now: float) -> None:
        """See `Answers`."""
        self._answers.answer_observe(msgid, result, now)

    def answer_discover(
        self, msgid: int, result: Result, resources: tuple[int, ...], now: float
    ) -> None:
        self._answers.answer_discover(msgid, result, resources, now)

    def answer_parameters(self, msgid: int, result: Result, now: float) -> None:
        self._answers.answer_parameters(msgid, result, now)

    # From the platform -------------------------------------------------------------------------

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        """Take a datagram from the air. What does not concern the client changes nothing."""
        self._endpoint.receive(source, datagram, now)

    def _serve(self, incoming: Incoming, now: float) -> None:
        if incoming.peer != self.registration.server:
            return
        if self.state not in SERVING:
            if self.registration.serve_bootstrap(incoming, now):
                self.own.lifetime = self.registration.lifetime
            return
        try:
            path = path_of(incoming.message)
            operation = operation_of(incoming.message, path, strict=self.style.strict)
            self._do(operation, path, incoming, now)
        except Refused as refused:
            incoming.respond(Message(code=refused.code), now)

    def _do(self, operation: Operation, path: Path, incoming: Incoming, now: float) -> None:
        match operation:
            case Operation.DISCOVER:
                self._answers.discover(path, incoming, now)
            case Operation.OBSERVE:
                self._answers.observe(path, incoming, now)
            case Operation.CANCEL_OBSERVE:
                self._answers.cancel_observe(path, incoming, now)
            case Operation.WRITE_ATTRIBUTES:
                self._answers.write_attributes(path, incoming, now)
            case Operation.EXECUTE if path == UPDATE_TRIGGER and self.own.knows(path):
                incoming.respond(Message(code=CHANGED), now)
                self.registration.update_silently(now)
            case Operation.READ | Operation.WRITE | Operation.WRITE_PARTIALLY | Operation.EXECUTE:
                self.requests.receive(operation, path, incoming, now)
            case _:
                assert_never(operation)

    @property
    def due(self) -> float | None:
        """When to call `step` next; None: nothing is pending."""
        return earliest(self._endpoint.due, self.registration.due, self._observations.due)

    def step(self, now: float) -> None:
        """Repeat messages and give up those that have expired by `now`."""
        self._endpoint.step(now)
        self.registration.step(now)
        self._observations.step(now)
