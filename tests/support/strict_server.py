"""An LwM2M 1.0 server that accepts what the specification allows, and nothing else.

Written from OMA-TS-LightweightM2M-V1_0_2, RFC 7252 and RFC 7641, to judge clients; it shares no
code with the emulator. A bad request of the client gets the code that the specification names, a
bad answer or notification is not counted; both are kept in `faults`. No clock and no socket:
datagrams in by `receive`, out by `send`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aiocoap import Message
from aiocoap.numbers import Code

from tests.support.strict_coap import CON, Exchange, Refusal, StrictPeer, reply
from tests.support.strict_formats import (
    LINKS,
    TLV,
    Fault,
    Value,
    content,
    links,
    registered_objects,
)

_BINDINGS = {"U", "UQ", "S", "SQ", "US", "UQS"}  # 5.3.1.1
_DEFAULT_LIFETIME = 86_400  # 5.3.1
_ERRORS = {  # of each operation: 5.4, 5.5, table "response codes"
    "read": {"4.00", "4.01", "4.04", "4.05", "4.06"},
    "discover": {"4.00", "4.01", "4.04", "4.05"},
    "write": {"4.00", "4.01", "4.04", "4.05", "4.15"},
    "write-attributes": {"4.00", "4.01", "4.04", "4.05"},
    "execute": {"4.00", "4.01", "4.04", "4.05"},
    "create": {"4.00", "4.01", "4.04", "4.05", "4.15"},
    "delete": {"4.00", "4.01", "4.04", "4.05"},
    "observe": {"4.00", "4.01", "4.04", "4.05", "4.06"},
}
_SUCCESS = {"read": "2.05", "discover": "2.05", "observe": "2.05", "create": "2.01"} | {
    "delete": "2.02"
}


@dataclass
class Registration:
    endpoint: str
    peer: str
    lifetime: int
    binding: str
    objects: list[str]
    since: float


@dataclass
class Update:
    """`query` as it came; `objects`: None if there was no list."""

    query: tuple[str, ...]
    objects: list[str] | None
    at: float


@dataclass
class Observation:
    path: str
    content_format: int
    order: int
    at: float
    since: float
    notifications: list[tuple[float, dict[str, Value]]] = field(default_factory=list)
    confirmable: list[bool] = field(default_factory=list)
    active: bool = True


class StrictServer(StrictPeer):
    """One client. `forgiving`: a registration needs neither `lwm2m` nor the mandatory objects."""

    def __init__(
        self, send: Callable[[str, bytes, float], None], *, forgiving: bool = False
    ) -> None:
        super().__init__(send, first_mid=0x5000)
        self.forgiving = forgiving
        self.registration: Registration | None = None
        self.location = ""
        self.registrations: list[Registration] = []
        self.updates: list[Update] = []
        self.deregistered = 0
        self.observations: dict[bytes, Observation] = {}
        self.values: dict[bytes, dict[str, Value]] = {}  # of an answer, by token

    # --- registration interface (5.3) ----------------------------------------------------------

    def serve(self, peer: str, message: Message, now: float) -> Message:
        path = "/".join(message.opt.uri_path)
        if message.code is Code.POST and path == "rd":
            return self._register(peer, message, now)
        if self.registration is None or path != self.location:
            raise Refusal(Code.NOT_FOUND, f"no registration at /{path}")
        if message.code is Code.POST:
            return self._update(peer, message, now)
        if message.code is Code.DELETE:
            if message.payload or message.opt.uri_query:
                raise Refusal(Code.BAD_REQUEST, "a deregistration has no parameters (5.3.3)")
            self.forget()
            self.deregistered += 1
            return reply(Code.DELETED)
        raise Refusal(Code.METHOD_NOT_ALLOWED, f"{message.code} of a registration")

    def _register(self, peer: str, message: Message, now: float) -> Message:
        query = _query(message, {"ep", "lt", "lwm2m", "b", "sms"})
        if not query.get("ep"):
            raise Refusal(Code.BAD_REQUEST, "no endpoint name (5.3.1)")
        if not query.get("lwm2m") and not self.forgiving:
            raise Refusal(Code.BAD_REQUEST, "no version of LwM2M (5.3.1)")
        if query.get("lwm2m", "1.0") != "1.0":
            raise Refusal(Code.PRECONDITION_FAILED, f"version {query['lwm2m']} (5.3.1)")
        objects = [] if self.forgiving else _objects(message)
        self.forget()
        self.location = f"rd/{len(self.registrations):04X}x"
        lifetime, binding = _lifetime(query) or _DEFAULT_LIFETIME, _binding(query) or "U"
        made = Registration(query["ep"], peer, lifetime, binding, objects, now)
        self.registration = made
        self.registrations.append(made)
        return reply(Code.CREATED, location_path=tuple(self.location.split("/")))

    def _update(self, peer: str, message: Message, now: float) -> Message:
        assert self.registration is not None
        query = _query(message, {"lt", "b", "sms"})
        objects = None
        if (message.payload or message.opt.content_format is not None) and not self.forgiving:
            objects = _objects(message)
            self.registration.objects = objects
        self.registration.lifetime = _lifetime(query) or self.registration.lifetime
        self.registration.binding = _binding(query) or self.registration.binding
        self.registration.peer, self.registration.since = peer, now
        self.updates.append(Update(tuple(message.opt.uri_query), objects, now))
        return reply(Code.CHANGED)

    def registered(self, now: float) -> bool:
        """Whether its lifetime is not over."""
        mine = self.registration
        return mine is not None and now <= mine.since + mine.lifetime

    def forget(self) -> None:
        """Forget the client, as a server that restarts."""
        self.registration = None
        for observation in self.observations.values():
            observation.active = False

    # --- device management (5.4) -----------------------------------------------------------------

    def ask(
        self,
        operation: str,
        path: str,
        now: float,
        payload: bytes = b"",
        *,
        code: Code,
        content_format: int | None = None,
        accept: int | None = None,
        query: str = "",
    ) -> Exchange:
        """Any operation but observe."""
        assert self.registration is not None, "the client is not registered"

        def judge(exchange: Exchange, _now: float) -> None:
            self._judge(operation, exchange)

        return self.request(
            *(self.registration.peer, code, path, now, payload),
            content_format=content_format,
            accept=accept,
            query=query,
            on_answer=judge,
        )

    def read(self, path: str, now: float, accept: int | None = None) -> Exchange:
        return self.ask("read", path, now, code=Code.GET, accept=accept)

    def discover(self, path: str, now: float) -> Exchange:
        return self.ask("discover", path, now, code=Code.GET, accept=LINKS)

    def write(
        self,
        path: str,
        now: float,
        payload: bytes,
        content_format: int = TLV,
        *,
        part: bool = False,
    ) -> Exchange:
        """`part`: a partial update, else a replacement."""
        code = Code.POST if part else Code.PUT
        return self.ask("write", path, now, payload, code=code, content_format=content_format)

    def execute(self, path: str, now: float, arguments: bytes = b"") -> Exchange:
        form = 0 if arguments else None
        return self.ask("execute", path, now, arguments, code=Code.POST, content_format=form)

    def set_attributes(self, path: str, now: float, query: str) -> Exchange:
        return self.ask("write-attributes", path, now, code=Code.PUT, query=query)

    def _judge(self, operation: str, exchange: Exchange) -> None:
        answer, what = exchange.answer, f"{operation} {exchange.path}"
        assert answer is not None
        if not answer.code.is_successful():
            if answer.code.dotted not in _ERRORS[operation]:
                raise Fault(f"{what}: {answer.code}, which this operation does not have (5.4)")
            return
        if answer.code.dotted != _SUCCESS.get(operation, "2.04"):
            raise Fault(f"{what}: success as {answer.code} (5.4)")
        if operation in ("read", "observe"):
            form = answer.opt.content_format
            if exchange.accept is not None and form != exchange.accept:
                raise Fault(f"{what}: format {form}, but Accept {exchange.accept} (6.4)")
            self.values[exchange.token] = content(exchange.path, form, answer.payload)
        elif operation == "discover":
            self._judge_discover(exchange, answer)
        elif answer.payload:
            raise Fault(f"{what}: a payload of {len(answer.payload)} bytes")

    def _judge_discover(self, exchange: Exchange, answer: Message) -> None:
        if answer.opt.content_format != LINKS:
            raise Fault(f"discover: format {answer.opt.content_format}: expected 40 (5.4.2)")
        found = links(answer.payload)
        base = exchange.path
        if base not in found:
            raise Fault(f"discover {base}: <{base}> itself is missing (5.4.2)")
        for path in found:
            if path != base and not path.startswith(f"{base}/"):
                raise Fault(f"discover {base}: <{path}> is elsewhere (5.4.2)")
            if path.count("/") > 3:
                raise Fault(f"discover {base}: <{path}> is below a resource (5.4.2)")

    # --- information reporting (5.5) -------------------------------------------------------------

    def observe(
        self, path: str, now: float, *, accept: int | None = None, token: bytes | None = None
    ) -> Exchange:
        assert self.registration is not None, "the client is not registered"
        return self.request(
            *(self.registration.peer, Code.GET, path, now),
            accept=accept,
            observe=0,
            token=token,
            on_answer=self._observed,
        )

    def _observed(self, exchange: Exchange, now: float) -> None:
        answer = exchange.answer
        assert answer is not None
        self._judge("observe", exchange)
        if not answer.code.is_successful():
            return
        if answer.opt.observe is None:
            raise Fault(f"observe {exchange.path}: an answer without Observe (5.5.1)")
        form = int(answer.opt.content_format)
        made = Observation(exchange.path, form, answer.opt.observe, now, now)
        self.observations[exchange.token] = made

    def cancel(self, observed: Exchange, now: float) -> Exchange:
        """By Observe 1 with the token of the observation (RFC 7641 3.6)."""
        observation = self.observations[observed.token]

        def judge(exchange: Exchange, _now: float) -> None:
            observation.active = False
            self._judge("observe", exchange)
            assert exchange.answer is not None
            if exchange.answer.opt.observe is not None:
                raise Fault("the answer to a cancellation has Observe (RFC 7641 4.1)")

        return self.request(
            *(observed.peer, Code.GET, observed.path, now),
            observe=1,
            token=observed.token,
            on_answer=judge,
        )

    def stop(self, observed: Exchange) -> None:
        """From now on its notifications get a reset (5.5.3)."""
        self.observations[observed.token].active = False

    def notified(self, peer: str, message: Message, now: float) -> bool:
        observation = self.observations.get(message.token)
        if observation is None or not observation.active:
            return False
        what = f"notification of {observation.path}"
        if message.code is not Code.CONTENT:
            raise Fault(f"{what}: code {message.code}")
        order = message.opt.observe
        if order is None:
            raise Fault(f"{what}: without Observe (RFC 7641 3.2)")
        step = (order - observation.order) & 0xFFFFFF
        if not 0 < step < 1 << 23 and now - observation.at <= 128:
            raise Fault(f"{what}: {order} after {observation.order} (RFC 7641 3.4)")
        if message.opt.content_format != observation.content_format:
            raise Fault(
                f"{what}: format {message.opt.content_format}, the observation began with"
                f" {observation.content_format} (RFC 7641 4.2)"
            )
        values = content(observation.path, int(message.opt.content_format), message.payload)
        if values.keys() != self.values[message.token].keys():
            raise Fault(f"{what}: {list(values)}: expected what a read has (RFC 7641 1.2)")
        observation.order, observation.at = order, now
        observation.notifications.append((now, values))
        observation.confirmable.append(message.mtype is CON)
        return True


def _query(message: Message, known: set[str]) -> dict[str, str]:
    query: dict[str, str] = {}
    for part in message.opt.uri_query:
        name, equals, value = part.partition("=")
        if name not in known or not equals or name in query:
            raise Refusal(Code.BAD_REQUEST, f"parameter {part} (5.3.1, 5.3.2)")
        query[name] = value
    return query


def _lifetime(query: dict[str, str]) -> int | None:
    if "lt" not in query:
        return None
    if not query["lt"].isdecimal() or not 0 < int(query["lt"]) < 1 << 32:
        raise Refusal(Code.BAD_REQUEST, f"lifetime {query['lt']} (5.3.1)")
    return int(query["lt"])


def _binding(query: dict[str, str]) -> str | None:
    if query.get("b", "U") not in _BINDINGS:
        raise Refusal(Code.BAD_REQUEST, f"binding {query['b']} (5.3.1.1)")
    return query.get("b")


def _objects(message: Message) -> list[str]:
    if message.opt.content_format != LINKS:
        form = message.opt.content_format
        raise Refusal(Code.UNSUPPORTED_CONTENT_FORMAT, f"format {form}: expected 40 (5.3.1)")
    try:
        return registered_objects(message.payload)
    except Fault as fault:
        raise Refusal(Code.BAD_REQUEST, str(fault)) from None
