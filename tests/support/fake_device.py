"""A device as the cloud sees it, which answers requests and records them; a cloud with one.

It speaks CoAP by aiocoap's codec, not by the emulator's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from aiocoap import Message
from aiocoap.numbers import Code, Type
from aiocoap.optiontypes import OpaqueOption

from emulator.air.faults import Faults, Link
from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Operation, Read
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.lwm2m.requests import Request
from emulator.onenet.platform import Platform
from emulator.onenet.store.database import Database
from emulator.onenet.years import YEARS
from emulator.simulation.simulation import ACCESS_MACHINE, Simulation
from tests.support.stored import streams

IMEI, IMSI = "867726030000001", "460040000000001"
TEMPERATURE = Path(3303, 0, 5700)
TLV, LINKS = 11542, 40

Answer = Callable[[Message], Message | None]


class FakeDevice:
    """Answers each request with the result of `answer`; None: no answer.

    `received` are all messages of the server, `requests` the requests among them. `deadlines` are
    the times at which it wants to be stepped, `steps` those at which it was stepped.
    """

    def __init__(self, endpoint: str = f"{IMEI};{IMSI}") -> None:
        self.endpoint = endpoint
        self.answer: Answer = success
        self.destination = ACCESS_MACHINE
        self.received: list[Message] = []
        self.datagrams: list[bytes] = []
        self.times: list[float] = []
        self.deadlines: list[float] = []
        self.steps: list[float] = []
        self.link = Link()
        self.on_change: Callable[[], None] = lambda: None
        self.send_up: Callable[[str, bytes, float], None] = lambda _to, _datagram, _now: None
        self._unsent: list[bytes] = []
        self._mid = 100

    @property
    def requests(self) -> list[Message]:
        return [message for message in self.received if message.code.is_request()]

    def operations(self) -> list[str]:
        """The requests in short, such as `Observe /3303/0`."""
        return [operation_of(request) for request in self.requests]

    def token(self, path: Path) -> bytes:
        """Of the newest observe of `path`."""
        observe = f"Observe {path}"
        requests = reversed(self.requests)
        token: bytes = next(r.token for r in requests if operation_of(r) == observe)
        return token

    def response(self) -> Message:
        """The newest response to a request of this device."""
        return next(m for m in reversed(self.received) if m.code.is_response())

    def brief(self) -> list[str]:
        """All messages of the server in short, such as `ACK 2.01 101` with the message id."""
        return [brief(message) for message in self.received]

    # Sends, at the next step

    def register(
        self, *objects: Path, lifetime: object = 300, auth: str | None = None, queries: str = ""
    ) -> Message:
        links = ",".join(f"<{path}>" for path in objects)
        query = (f"ep={self.endpoint}", "b=U", f"lt={lifetime}", *queries.split())
        return self.request(
            Code.POST, "rd", query, f'</>;rt="oma.lwm2m",{links}'.strip(",").encode(), auth
        )

    def update(self, *objects: Path, lifetime: object = None, auth: str | None = None) -> Message:
        links = ",".join(f"<{path}>" for path in objects)
        query = () if lifetime is None else (f"lt={lifetime}",)
        return self.request(Code.POST, self._location, query, links.encode(), auth)

    def deregister(self, auth: str | None = None) -> Message:
        return self.request(Code.DELETE, self._location, auth=auth)

    def request(
        self,
        code: Code,
        path: str,
        query: tuple[str, ...] = (),
        payload: bytes = b"",
        auth: str | None = None,
        content_format: int | None = None,
    ) -> Message:
        uri = path.split("/") if path else ()
        message = Message(code=code, uri_path=uri, uri_query=query, payload=payload)
        message.opt.content_format = content_format
        if auth is not None:
            message.opt.add_option(OpaqueOption(63, auth.encode()))
        message.token = b"\x12\x34"
        return self.send(message, Type.CON)

    def notify(
        self,
        path: Path,
        value: float | str,
        *,
        token: bytes | None = None,
        confirmable: bool = False,
        observe: int = 0,
    ) -> Message:
        """Report a value, as TLV of its instance; `observe` 0: newer than the one before."""
        message = Message(
            code=Code.CONTENT,
            observe=observe or self._mid,
            content_format=TLV,
            payload=resource(path, value),
        )
        message.token = self.token(path.instance_path) if token is None else token
        return self.send(message, Type.CON if confirmable else Type.NON)

    def send(self, message: Message, kind: Type) -> Message:
        """Send `message` with a message id of its own."""
        self._mid += 1
        message.mtype, message.mid = kind, self._mid
        self.send_bytes(message.encode())
        return message

    def send_bytes(self, datagram: bytes) -> None:
        self._unsent.append(datagram)
        self.on_change()

    def respond(self, request: Message, answer: Message) -> None:
        """Answer `request`, however late."""
        self.send_bytes(acknowledgement(request, answer))

    @property
    def _location(self) -> str:
        return f"rd/{self.endpoint.partition(';')[0]}"

    # For the simulation

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        message = Message.decode(datagram)
        self.datagrams.append(datagram)
        self.received.append(message)
        self.times.append(now)
        if message.code.is_request():
            answer = self.answer(message)
            if answer is not None:
                self.send_up(source, acknowledgement(message, answer), now)

    def step(self, now: float) -> float | None:
        self.steps.append(now)
        unsent, self._unsent = self._unsent, []
        for datagram in unsent:
            self.send_up(self.destination, datagram, now)
        self.deadlines = [at for at in self.deadlines if at > now]
        return min(self.deadlines, default=None)


def acknowledgement(request: Message, answer: Message) -> bytes:
    answer.mtype, answer.mid, answer.token = Type.ACK, request.mid, request.token
    datagram: bytes = answer.encode()
    return datagram


def operation_of(request: Message) -> str:
    """A request of the server in short, such as `Observe /3303/0`."""
    opt, code = request.opt, request.code
    path = "/" + "/".join(opt.uri_path)
    if code == Code.GET:
        if opt.accept == LINKS:
            return f"Discover {path}"
        return f"{ {None: 'Read', 0: 'Observe', 1: 'CancelObserve'}[opt.observe] } {path}"
    if opt.content_format is not None:
        return f"Write {path}"
    return f"{'Execute' if code == Code.POST else 'WriteAttributes'} {path}"


def path_of(request: Message) -> Path:
    return Path(*map(int, request.opt.uri_path))


def brief(message: Message) -> str:
    return f"{message.mtype.name} {message.code.dotted} {message.mid}"


def resource(path: Path, value: float | str) -> bytes:
    """The TLV of a resource: a float, or a text of up to 7 bytes (LwM2M 1.0.2 section 6.4.3)."""
    assert path.resource is not None
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BH", 0xE0 | len(text), path.resource) + text
    return struct.pack(">BHf", 0xE4, path.resource, value)


def success(request: Message) -> Message:
    """The success response to any request."""
    kind, _, path = operation_of(request).partition(" ")
    match kind:
        case "Read" if path.count("/") == 3:
            return Message(code=Code.CONTENT, content_format=0, payload=b"20.123")
        case "Read":
            inner = resource(TEMPERATURE, 20.123)
            instance = b"" if path.count("/") == 2 else bytes((0x00 | len(inner), 0))
            return Message(code=Code.CONTENT, content_format=TLV, payload=instance + inner)
        case "Discover":
            links = f"<{path}>,<{path}/0/5700>".encode()
            return Message(code=Code.CONTENT, content_format=LINKS, payload=links)
        case "Observe":
            return Message(code=Code.CONTENT, observe=0)
        case "CancelObserve":
            return Message(code=Code.CONTENT)
        case _:
            return Message(code=Code.CHANGED)


def silent(_: Message) -> None:
    """No response, as from a sleeping device."""


def refusing(code: Code) -> Answer:
    return lambda _request: Message(code=code)


class CloudWithDevice:
    """A platform with one device, behind an air without latency, at times that the test sets.

    `outcomes` are those of `request`.
    """

    def __init__(
        self,
        *,
        observed: bool = True,
        final_read: bool = False,
        year: int = 2019,
        now: float = 0.0,
        auth: str | None = None,
        database: Database | None = None,
    ) -> None:
        self.now = now
        self.platform = Platform(replace(YEARS[year], final_read=final_read), database=database)
        self.simulation = Simulation(self.platform, MemoryAir(Faults(latency=0)))
        self.module = FakeDevice()
        self.simulation.add(self.module)
        description = Description("a device", IMEI, IMSI, observed=observed, auth=auth)
        known = self.platform.device_by_imei(IMEI)
        self.device = known or self.platform.create_device(description, now)
        self.outcomes: list[Outcome] = []

    def step(self, seconds: float = 0) -> None:
        self.now += seconds
        self.simulation.step(self.now)

    def log_in(self, *objects: Path, lifetime: int = 300) -> None:
        self.module.register(*(objects or (Path(3303, 0),)), lifetime=lifetime)
        self.step()
        assert self.module.response().code == Code.CREATED

    def request(self, operation: Operation = Read(TEMPERATURE)) -> Request:  # noqa: B008 - frozen
        request = self.platform.request(self.device, operation, self.outcomes.append, self.now)
        self.step()
        return request

    @property
    def online(self) -> bool:
        return self.platform.online(self.device)

    def values(self) -> list[object]:
        """The values of all data points, stream by stream."""
        return [
            point.value
            for stream in streams(self.platform, self.device, 6000)
            for point in stream.points
        ]
