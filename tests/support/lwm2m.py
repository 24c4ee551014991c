"""An LwM2M client without an AT dialect: messages of the platform in, events for the host out."""

from __future__ import annotations

from emulator.lwm2m.model import Path
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import (
    ACCESS_MACHINE,
    CannotForward,
    ExecuteRequest,
    Happening,
    ParameterRequest,
    ReadRequest,
    ServerAddress,
    WriteRequest,
)
from emulator.module.lwm2m.registration import Account
from emulator.module.lwm2m.style import ONENET, Style
from tests.support.lwm2m_messages import (
    Code,
    Downlink,
    Observe,
    Register,
    Response,
    ServerSide,
    Update,
    Uplink,
)

UNWRITABLE = b"unwritable"  # a value that this host's dialect cannot write


TYPES = {
    1: Type.STRING,
    2: Type.OPAQUE,
    3: Type.INTEGER,
    4: Type.FLOAT,
    5: Type.BOOLEAN,
    6: Type.STRING,
}


OUTCOMES: dict[Happening, tuple[object, ...]] = {
    Happening.REGISTERED: ("registered", True),
    Happening.BOOTSTRAP_FAILED: ("registered", False),
    Happening.REGISTER_REFUSED: ("registered", False),
    Happening.REGISTER_TIMED_OUT: ("registered", False),
    Happening.UPDATED: ("updated", True),
    Happening.UPDATE_REFUSED: ("updated", False),
    Happening.UPDATE_TIMED_OUT: ("updated", False),
    Happening.DEREGISTERED: ("deregistered",),
}


class RecordingHost:
    """Keeps the client's events as tuples, and the latest requests by msgid."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.reads: dict[int, ReadRequest] = {}
        self.parameter_requests: list[ParameterRequest] = []

    def lwm2m_type(self, value_type: int) -> Type:
        return TYPES[value_type]

    def happened(self, what: Happening, number: int = 0) -> None:
        event = OUTCOMES.get(what)
        if event is not None:
            self.events.append(event)
        elif what is Happening.ACKNOWLEDGED:
            self.events.append(("acknowledged", number))

    def observed(self, msgid: int, path: Path, *, active: bool) -> None:
        self.events.append(("observed", msgid, path, active))

    def discovered(self, msgid: int, path: Path) -> None:
        self.events.append(("discovered", msgid, path))

    def parameters(self, request: ParameterRequest) -> None:
        self.parameter_requests.append(request)

    def read(self, request: ReadRequest) -> None:
        self.reads[request.msgid] = request
        self.events.append(("read", request.msgid, request.path))

    def write(self, request: WriteRequest) -> None:
        if any(item.value == UNWRITABLE for item in request.items):
            raise CannotForward
        self.events.append(("write", request.msgid, request.items, request.confirmed))

    def execute(self, request: ExecuteRequest) -> None:
        if request.arguments == UNWRITABLE:
            raise CannotForward
        self.events.append(("execute", request.msgid, request.path, request.arguments))


class ClientBench:
    """A client with its host, and everything it sends."""

    def __init__(self, style: Style = ONENET) -> None:
        self.now = 0.0
        self.online = True
        self.datagrams: list[bytes] = []  # sent since the last `uplink`
        self.host = RecordingHost()
        self.client = Client(self._send, lambda: self.online, first_mid=1, style=style)
        self.client.host = self.host
        self.server = ServerSide(self._type_of)

    def _send(self, destination: str, datagram: bytes, now: float) -> None:
        assert (destination, now) == (ACCESS_MACHINE, self.now)
        self.datagrams.append(datagram)

    def _type_of(self, path: Path) -> Type | None:
        declared = self.client.objects.type_of(path)
        if declared is None:
            return Type.STRING if path.object == 3 else None
        return TYPES[declared]

    def deliver(self, message: Downlink) -> list[tuple[object, ...]]:
        """Deliver a message of the platform; returns the events it causes."""
        return self.deliver_datagram(self.server.datagram(message))

    def deliver_datagram(self, datagram: bytes) -> list[tuple[object, ...]]:
        self.host.events.clear()
        self.client.deliver(ACCESS_MACHINE, datagram, self.now)
        return list(self.host.events)

    def uplink(self) -> list[Uplink]:
        """What the client has sent since the last call."""
        sent = [self.server.message(datagram) for datagram in self.datagrams]
        self.datagrams.clear()
        return sent

    def configure(self, *resources: tuple[Path, int]) -> None:
        """Create the instance and declare resources of these value types."""
        self.client.configure(Account("1234;test", 300, ServerAddress()))
        for path, value_type in resources:
            if not self.client.objects.knows(path.instance_path):
                self.client.add_instance(path.instance_path)
            self.client.objects.declare(path, value_type)

    def register(self) -> None:
        self.client.open(30.0, self.now)
        (register,) = self.uplink()
        assert isinstance(register, Register)
        accepted = Response(register.mid, Code.CREATED, location="rd/1")
        assert self.deliver(accepted) == [("registered", True)]
        for update in self.uplink():  # with the module's own objects
            assert isinstance(update, Update)
            self.deliver(Response(update.mid, Code.CHANGED))

    def observe(self, token: int, path: Path) -> None:
        assert self.deliver(Observe(20_000 + token, token, path))
        assert self.uplink()[0] == Response(20_000 + token, Code.CONTENT)
