"""The module in style `onenet` sends what China Mobile's suite sends, byte for byte.

The capture (tests/wire/coap/suite_2_3_0.json) is of its SDK 2.3.0: `>` from the device, `<`
from the platform. Message ids and tokens of the device's own messages are drawn at random.
"""

from __future__ import annotations

from emulator.lwm2m.model import Item, Path
from emulator.module.lwm2m.host import (
    ExecuteRequest,
    ReadRequest,
    ServerAddress,
    WriteRequest,
)
from emulator.module.lwm2m.registration import Account
from tests.support import captures
from tests.support.lwm2m import ClientBench

STRING, INTEGER, FLOAT, BOOL = 1, 3, 4, 5
RESOURCES = [
    (Path(3200, 0, 5500), BOOL),
    (Path(3303, 0, 5700), FLOAT),
    (Path(3303, 0, 5701), STRING),
    (Path(3303, 0, 5605), STRING),
    (Path(3303, 1, 5700), FLOAT),
    (Path(3303, 1, 5701), STRING),
    (Path(3303, 1, 5605), STRING),
]
VALUES = {5700: 30.123, 5701: "Cel"}
# The suite takes the resources of a discover from the host, which gave none for 3200; here they
# are those that were declared. And it leaves Block1 out of the answer to the last block, which
# RFC 7959 2.3 asks for.
OTHER = {"624540995000", "624440ac5013"}


class Suite(ClientBench):
    """The device of the capture, with its host."""

    def __init__(self) -> None:
        super().__init__()
        name = "865820030013982;460040983300005"
        self.client.configure(Account(name, 60, ServerAddress(), auth="auth77"))
        for path, value_type in RESOURCES:
            if not self.client.objects.knows(path.instance_path):
                self.client.add_instance(path.instance_path)
            self.client.objects.declare(path, value_type)
        self.client.open(30.0, self.now)

    def take(self) -> list[bytes]:
        sent = list(self.datagrams)
        self.datagrams.clear()
        return sent

    def receive(self, datagram: bytes) -> None:
        self.deliver_datagram(datagram)
        requests = self.client.requests
        for event in list(self.host.events):
            kind, msgid = event[0], event[1] if len(event) > 1 else 0
            assert isinstance(msgid, int)
            if kind == "read" and isinstance(event[2], Path) and event[2].object != 3:
                self.answer_read(requests.find(ReadRequest, msgid, self.now))
            elif kind == "write":
                requests.complete(requests.find(WriteRequest, msgid, self.now), self.now)
            elif kind == "execute":
                requests.complete(requests.find(ExecuteRequest, msgid, self.now), self.now)

    def answer_read(self, request: ReadRequest) -> None:
        paths = [path for path, _ in RESOURCES if request.path.covers(path)]
        values = [path for path in paths if path.resource in VALUES]
        if not values:
            self.client.requests.fail(request, self.now)
            return
        for path in values:
            request.add(path, VALUES[path.resource or 0], 4)
        self.client.requests.complete(request, self.now)


def without_identity(datagram: bytes) -> bytes:
    """A message of the device without its message id and token."""
    return datagram[:2] + datagram[4 + (datagram[0] & 15) :]


def captured() -> list[tuple[str, bytes]]:
    messages = captures.captured("suite_2_3_0")
    return [(">" if sender == "device" else "<", datagram) for sender, datagram, _ in messages]


def logged_in() -> Suite:
    suite = Suite()
    (register,) = suite.take()
    created = captured()[1][1]
    suite.receive(created[:2] + register[2:8] + created[8:])
    (update,) = suite.take()
    suite.receive(bytes((0x64, 0x44)) + update[2:8])
    return suite


def kind_of(datagram: bytes) -> int:
    return datagram[0] >> 4 & 3


CON, ACK = 0, 2


def test_register_and_update_equal_those_of_the_suite() -> None:
    register, update = (data for way, data in captured() if way == ">" and kind_of(data) == CON)
    suite = Suite()
    (sent,) = suite.take()
    assert without_identity(sent) == without_identity(register)
    created = captured()[1][1]
    suite.receive(created[:2] + sent[2:8] + created[8:])
    (sent,) = suite.take()
    assert without_identity(sent) == without_identity(update)


def test_answers_equal_those_of_the_suite() -> None:
    suite = logged_in()
    answers = {data[2:4]: data for way, data in captured() if way == ">" and kind_of(data) == ACK}
    for way, request in captured():
        if way == "<" and kind_of(request) == CON:
            suite.receive(request)
            wanted = answers[request[2:4]]
            sent = suite.take()
            assert wanted.hex() in OTHER or sent == [wanted], (request.hex(), wanted.hex())


def test_notifications_equal_those_of_the_suite() -> None:
    """But for the type: that suite's are acknowledgements, those of the modules made from it NON.

    Each round of the capture counts the values up by one.
    """
    suite = logged_in()
    own = [data for way, data in captured() if way == ">" and data[2] == 0x45]
    wanted = [data for data in own if kind_of(data) == ACK]
    for _, request in captured():
        if request[0] >> 4 == 4 and request[1] == 1 and request[6:7] == b"\x60":
            suite.receive(request)
    suite.take()
    for turn in range(5):
        levels = [
            (Path(3200, 0, 5500), 11 + turn),
            *[(Path(3303, number, 5700), 31.123 + turn) for number in (0, 1)],
        ]
        for path, value in levels:
            report(suite, path, value)
        sent = {data[4:6] + data[7:8]: data for data in suite.take()}
        for data in wanted[4 * turn : 4 * turn + 4]:
            ours = sent[data[4:6] + data[7:8]]
            assert (ours[0] | 0x30, ours[1], ours[4:]) == (data[0] | 0x30, data[1], data[4:])


def report(suite: Suite, path: Path, value: float) -> None:
    suite.client.notify(Item(path, value), INTEGER, size=4, ackid=0, complete=True, now=0.0)
