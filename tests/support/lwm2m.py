"""An LwM2M client without an AT dialect: messages of the platform in, events for the host out."""

from __future__ import annotations

from emulator.air.messages import Downlink, Observe, Register, Response, Uplink
from emulator.air.model import Code, Path
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import CannotForward, ExecuteRequest, ReadRequest, WriteRequest

UNWRITABLE = b"unwritable"  # a value that this host's dialect cannot write


class RecordingHost:
    """Keeps the client's events as tuples, and the latest requests by msgid."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.reads: dict[int, ReadRequest] = {}

    def registered(self, *, accepted: bool) -> None:
        self.events.append(("registered", accepted))

    def updated(self, *, accepted: bool) -> None:
        self.events.append(("updated", accepted))

    def deregistered(self) -> None:
        self.events.append(("deregistered",))

    def observed(self, msgid: int, path: Path, *, active: bool) -> None:
        self.events.append(("observed", msgid, path, active))

    def discovered(self, msgid: int, path: Path) -> None:
        self.events.append(("discovered", msgid, path))

    def acknowledged(self, ackid: int) -> None:
        self.events.append(("acknowledged", ackid))

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

    def __init__(self) -> None:
        self.now = 0.0
        self.online = True
        self.sent: list[Uplink] = []
        self.host = RecordingHost()
        self.client = Client(self.sent.append, lambda: self.online, first_mid=0)
        self.client.host = self.host

    def deliver(self, message: Downlink) -> list[tuple[object, ...]]:
        """Deliver a message of the platform; returns the events it causes."""
        self.host.events.clear()
        self.client.deliver(message, self.now)
        return list(self.host.events)

    def uplink(self) -> list[Uplink]:
        """What the client has sent since the last call."""
        sent = list(self.sent)
        self.sent.clear()
        return sent

    def configure(self, *resources: tuple[Path, int]) -> None:
        """Create the instance and declare resources of these value types."""
        self.client.configure("1234;test", 300)
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

    def observe(self, token: int, path: Path) -> None:
        assert self.deliver(Observe(20_000 + token, token, path))
        assert self.uplink()[0] == Response(20_000 + token, Code.CONTENT)
