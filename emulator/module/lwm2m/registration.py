"""LwM2M registration: the bootstrap, register, update and deregister exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from aiocoap import DELETE, NOT_FOUND, POST, Message

from emulator.clock.deadlines import earliest
from emulator.coap.client import Exchange
from emulator.coap.endpoint import Endpoint
from emulator.coap.messages import AUTHENTICATION, set_text_option
from emulator.coap.server import Incoming
from emulator.coap.tuning import schedule
from emulator.lwm2m.model import Format, Path
from emulator.module.lwm2m.bootstrap import Bootstrap
from emulator.module.lwm2m.host import Happening, NotAllowed, ServerAddress
from emulator.module.lwm2m.payloads import registered_links
from emulator.module.lwm2m.states import REGISTERED, TRANSITIONS, Event, State
from emulator.module.lwm2m.style import Style

# Seconds before each repetition (RFC 7252 4.8), without ACK_RANDOM_FACTOR, to stay predictable.
REPETITIONS = (2.0, 4.0, 8.0, 16.0)
# From the first transmission until the sender gives up.
MAX_TRANSMIT_WAIT = sum(REPETITIONS) + 2 * REPETITIONS[-1]
# Seconds before the end of a lifetime, or half of a shorter one (observed in a suite).
WARNING = 93.0
BLOCKS = (512, 512)  # of the suite, where the configuration has none (captured)


@dataclass(frozen=True, slots=True)
class Account:
    """What the configuration says: the endpoint name, the lifetime in seconds, where to register,
    and OneNET's Auth_Code (option 63), None for none. `blocks`: bytes of a block of a long request,
    and of a long answer.
    """

    endpoint: str
    lifetime: int
    server: ServerAddress
    auth: str | None = None
    blocks: tuple[int, int] = BLOCKS


class _Result(Enum):
    """Of an exchange with the server."""

    ACCEPTED = auto()
    REFUSED = auto()
    TIMED_OUT = auto()

    @classmethod
    def of(cls, response: Message | None) -> _Result:
        if response is None:
            return cls.TIMED_OUT
        return cls.ACCEPTED if response.code.is_successful() else cls.REFUSED


_LOGIN = {
    _Result.ACCEPTED: Happening.REGISTERED,
    _Result.REFUSED: Happening.REGISTER_REFUSED,
    _Result.TIMED_OUT: Happening.REGISTER_TIMED_OUT,
}
_UPDATE = {
    _Result.ACCEPTED: Happening.UPDATED,
    _Result.REFUSED: Happening.UPDATE_REFUSED,
    _Result.TIMED_OUT: Happening.UPDATE_TIMED_OUT,
}
_Conclude = Callable[[_Result], None]
Report = Callable[[Happening, int], None]


class Registration:
    """`ended` is called whenever a registration or an attempt ends, and when the instance is
    deleted. `report` is called with what happens to the login, and its number or 0.

    `watches`: report the end of the lifetime. `server`: whom messages are exchanged with; empty
    before the first login. `since`: when the server has accepted the login; `until`: when that
    ends, unless it is renewed before. Both None without a login.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        style: Style,
        report: Report,
        ended: Callable[[], None],
    ) -> None:
        self.state = State.ABSENT
        self.server = ""
        self.since: float | None = None
        self.until: float | None = None
        self.given: ServerAddress | None = None  # by a bootstrap, or by the configuration
        self.watches = False
        self._bootstrap_ends: float | None = None  # and with it the login, unless it goes on
        self._warns: float | None = None  # when the lifetime is nearly over
        self._lapses: float | None = None  # when it is
        self._endpoint = endpoint
        self._style = style
        self._report = report
        self._ended = ended
        self._location: tuple[str, ...] = ()
        self._timeout = 0.0  # of the exchanges, in seconds
        self._expires = 0.0  # of the login
        self._lifetime = 0  # that the server has accepted last
        self._exchange: Exchange | None = None
        self._bootstrap: Bootstrap | None = None

    @property
    def due(self) -> float | None:
        """When to call `step` next."""
        return earliest(self._bootstrap_ends, self._warns, self._lapses)

    @property
    def waiting(self) -> bool:
        """Whether the outcome of an exchange is outstanding."""
        return self._exchange is not None or self._bootstrap is not None

    @property
    def lifetime(self) -> int:
        """Of the login, in seconds."""
        return self._account.lifetime

    def credentials(self, key: bytes | None) -> tuple[str, bytes] | None:
        """See `Client.credentials`."""
        given = self.given or ServerAddress()
        key = given.key or key
        # guess: without another one, the identity is the endpoint name
        return None if key is None else (given.identity or self._account.endpoint, key)

    def check(self, event: Event) -> None:
        """Raises NotAllowed when `event` is not legal now."""
        if event not in TRANSITIONS[self.state]:
            raise NotAllowed

    def transition(self, event: Event) -> None:
        """Enter the state that `event` leads to. Raises NotAllowed like `check`."""
        self.check(event)
        self.state = TRANSITIONS[self.state][event]
        if self.state is not State.REGISTERING:
            self._bootstrap = self._bootstrap_ends = None
        if self.state not in REGISTERED:
            self._warns = self._lapses = self.since = self.until = None
        if self.state in (State.CONFIGURED, State.ABSENT):
            self._end_exchange()
            self._endpoint.forget(self.server)
            self._ended()

    # Actions of the host -----------------------------------------------------------------------

    def open(
        self, account: Account, instances: tuple[Path, ...], timeout: float, now: float
    ) -> None:
        """Register; without an answer it fails after `timeout` seconds."""
        self.transition(Event.OPEN)
        self._account, self._instances = account, instances
        self.given = account.server  # its key is for the bootstrap server, too
        self._timeout, self._expires = timeout, now + timeout
        if account.server.bootstrap:
            self._begin_bootstrap(now)
        else:
            self._register(account.server, now)

    def update(self, lifetime: int, instances: tuple[Path, ...] | None, now: float) -> None:
        """Renew the registration, with a new list of instances unless that is None."""
        self.transition(Event.UPDATE)
        self._end_exchange()
        message = self._update_message(lifetime, instances)

        def on_response(response: Message | None, now: float) -> None:
            self._exchange = None
            if instances is not None:
                self._instances = instances
            if self._is_lost(response):
                self._account = replace(self._account, lifetime=lifetime)
                self._register_again(self._conclude_update, now)
                return
            result = _Result.of(response)
            if result is _Result.ACCEPTED:
                self._lives(lifetime, now)
            self._conclude_update(result)

        self._request(message, on_response, now)

    def _conclude_update(self, result: _Result) -> None:
        self.transition(Event.ACCEPTED if result is _Result.ACCEPTED else Event.REFUSED)
        self._report(_UPDATE[result], 0)

    def close(self, now: float) -> None:
        """Deregister. An update or a report that waits for its answer is dropped."""
        registered = self.state in REGISTERED
        self.transition(Event.CLOSE)
        if not registered:
            return
        self._end_exchange()
        self._endpoint.forget(self.server)
        message = self._message(DELETE, self._location)

        def on_response(_response: Message | None, _now: float) -> None:
            self._exchange = None
            self.transition(Event.CLOSED)
            self._report(Happening.DEREGISTERED, 0)

        self._request(message, on_response, now)

    def delete(self, now: float) -> None:
        """Delete the instance. One that is registered says so to the platform (observed on a later
        module), once, and does not wait for the answer.
        """
        registered = self.state in REGISTERED
        self.transition(Event.DELETE)
        self.given = None
        if registered:
            message = self._message(DELETE, self._location)
            self._endpoint.request(self.server, message, lambda *_: None, now).cancel()

    # Login ---------------------------------------------------------------------------------------

    def _begin_bootstrap(self, now: float) -> None:
        self.server = self._account.server.address
        message = self._message(POST, ("bs",), (f"ep={self._account.endpoint}",))

        def on_response(response: Message | None, _now: float) -> None:
            self._exchange = None
            if response is None or not response.code.is_successful():
                self._bootstrap_failed()
            elif self._bootstrap is None:
                self._bootstrap = Bootstrap(self._style)
                self._bootstrap_ends = self._expires

        self._report(Happening.BOOTSTRAP_STARTED, 0)
        self._request(message, on_response, now)

    def _bootstrap_failed(self) -> None:
        self.transition(Event.REFUSED)
        self._report(Happening.BOOTSTRAP_FAILED, 0)

    def serve_bootstrap(self, incoming: Incoming, now: float) -> bool:
        """Answer a request of the bootstrap server; False if none is expected."""
        if self.state is not State.REGISTERING or not self._account.server.bootstrap:
            return False
        if self._bootstrap is None:  # it may come before the answer to our request, or without it
            self._bootstrap = Bootstrap(self._style)
            self._bootstrap_ends = self._expires
        bootstrap, went_on = self._bootstrap, self._bootstrap.finished
        incoming.respond(bootstrap.answer(incoming.message), now)
        if bootstrap.finished and not went_on:  # what comes later is a repetition
            self._end_exchange(bootstrap)
            if bootstrap.server is None:
                self._bootstrap_failed()
            else:
                self._report(Happening.BOOTSTRAP_DONE, 0)
                lifetime = bootstrap.lifetime or self._account.lifetime
                self._account = replace(self._account, lifetime=lifetime)
                self._register(bootstrap.server, now)
        return True

    def step(self, now: float) -> None:
        """End a login whose bootstrap has not gone on, or whose lifetime is over."""
        if self._bootstrap_ends is not None and self._bootstrap_ends <= now:
            self._bootstrap_failed()
        if self._lapses is not None and self._lapses <= now:
            self.lapse(Happening.LIFETIME_OVER)
        if self._lapses is not None and self._warns is not None and self._warns <= now:
            self._warns = None
            self._report(Happening.UPDATE_NEEDED, round(self._lapses - now))

    def lapse(self, what: Happening) -> None:
        """The login is over, as the server sees it. Raises NotAllowed if there is none."""
        self.transition(Event.LAPSED)
        self._report(what, 0)

    def _lives(self, lifetime: int, now: float) -> None:
        """The server has accepted `lifetime`."""
        self._lifetime = lifetime
        self.until = now + lifetime
        if self.watches:
            self._lapses = self.until
            self._warns = self._lapses - (WARNING if lifetime > WARNING else lifetime / 2)

    def _register(self, server: ServerAddress, now: float) -> None:
        self.server, self.given = server.address, server
        self._report(Happening.CONNECTED, 0)
        self._send_registration(self._conclude_login, now)

    def _send_registration(self, conclude: _Conclude, now: float) -> None:
        account, style = self._account, self._style
        version = () if style.version is None else (f"lwm2m={style.version}",)
        query = (f"ep={account.endpoint}", "b=U", *version, f"lt={account.lifetime}")
        message = self._message(POST, ("rd",), query)
        message.opt.content_format = Format.LINKS
        message.payload = registered_links(self._listed(self._instances, late=False), style)

        def on_response(response: Message | None, now: float) -> None:
            self._exchange = None
            location = () if response is None else response.opt.location_path
            result = _Result.of(response)
            if result is _Result.ACCEPTED and not location:
                result = _Result.REFUSED
            self._location, self._lifetime = location, account.lifetime
            conclude(result)
            if result is not _Result.ACCEPTED:
                return
            self._lives(account.lifetime, now)
            self.since = now
            if style.lists_late:
                late = self._update_message(account.lifetime, self._instances)
                self._endpoint.request(self.server, late, lambda *_: None, now)

        remaining = max(self._expires - now, 0.0)
        self._exchange = self._endpoint.request(
            self.server, message, on_response, now, schedule=schedule(REPETITIONS, remaining)
        )

    def _conclude_login(self, result: _Result) -> None:
        self.transition(Event.ACCEPTED if result is _Result.ACCEPTED else Event.REFUSED)
        self._report(_LOGIN[result], 0)

    # A server that has lost the registration ------------------------------------------------------

    def doubt(self, now: float) -> None:
        """The server has reset a notification: it may have started again."""
        if self._style.registers_again and self.state is State.REGISTERED:
            self.update_silently(now)

    def _is_lost(self, response: Message | None) -> bool:
        """Whether the answer to an update asks for a new registration (LwM2M 1.0.2, 5.3.2)."""
        again = self._style.registers_again
        return again and response is not None and response.code == NOT_FOUND

    def _register_again(self, conclude: _Conclude, now: float) -> None:
        self._endpoint.forget(self.server)
        self._ended()
        self._expires = now + self._timeout
        self._send_registration(conclude, now)

    # Messages ------------------------------------------------------------------------------------

    def _update_message(self, lifetime: int, instances: tuple[Path, ...] | None) -> Message:
        strict = self._style.strict  # only what is new (LwM2M 1.0.2, 5.3.2)
        query = () if strict and lifetime == self._lifetime else (f"lt={lifetime}",)
        message = self._message(POST, self._location, query)
        if instances is not None:
            message.payload = registered_links(self._listed(instances, late=True), self._style)
            if strict:
                message.opt.content_format = Format.LINKS
        return message

    def _listed(self, instances: tuple[Path, ...], *, late: bool) -> tuple[Path, ...]:
        style = self._style
        security = (Path(0, 0),) if style.security else ()
        own = style.own_instances if late or not style.lists_late else ()
        return (*security, *own, *instances)

    def update_silently(self, now: float, lifetime: int | None = None) -> None:
        """Renew the registration, for `lifetime` seconds unless None; not shown to the host."""
        seconds = self._lifetime if lifetime is None else lifetime
        message = self._update_message(seconds, None)

        def on_response(response: Message | None, now: float) -> None:
            if _Result.of(response) is _Result.ACCEPTED:
                self._lives(seconds, now)
            elif self._is_lost(response) and self.state is State.REGISTERED:
                self.transition(Event.UPDATE)
                self._register_again(self._conclude_silently, now)

        self._endpoint.request(self.server, message, on_response, now)

    def _conclude_silently(self, result: _Result) -> None:
        if result is _Result.ACCEPTED:
            self.transition(Event.ACCEPTED)
        else:  # guess: the host gets the end as that of a failed update
            self._conclude_update(result)

    def _message(self, code: int, path: Iterable[str], query: Iterable[str] = ()) -> Message:
        message = Message(code=code, uri_path=tuple(path), uri_query=tuple(query))
        if self._account.auth is not None:
            set_text_option(message, AUTHENTICATION, self._account.auth)
        return message

    def _request(
        self, message: Message, on_response: Callable[[Message | None, float], None], now: float
    ) -> None:
        # guess: the timeout of the login bounds the other exchanges as well
        self._exchange = self._endpoint.request(
            self.server, message, on_response, now, schedule=schedule(REPETITIONS, self._timeout)
        )

    def _end_exchange(self, bootstrap: Bootstrap | None = None) -> None:
        """`bootstrap`: the one that goes on with a registration."""
        if self._exchange is not None:
            self._exchange.cancel()
        self._exchange = self._bootstrap_ends = None
        self._bootstrap = bootstrap
