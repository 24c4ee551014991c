"""The platform against captured sessions: what devices begin is answered with the same bytes, and
the platform's own requests have the bytes of a captured one, but for message id, token and order.
"""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import (
    CancelObserve,
    Discover,
    Execute,
    Observe,
    Operation,
    Read,
    Write,
    WriteAttributes,
)
from emulator.onenet.platform import Platform
from tests.support.captures import captured
from tests.support.stored import streams

# Of OneNET's own clients; the others are of clients of LwM2M 1.1.
ONENET = ("suite_2_3_0", "kit_master", "kit_refactor")
AUTH = {"suite_2_3_0": "auth77"}


def token_of(datagram: bytes) -> bytes:
    return datagram[4 : 4 + (datagram[0] & 15)]


def form(datagram: bytes) -> tuple[int, int, bytes]:
    """Type, code, options and payload: all but message id and token."""
    return datagram[0] >> 4, datagram[1], datagram[4 + (datagram[0] & 15) :]


def with_token(datagram: bytes, token: bytes) -> bytes:
    rest = datagram[4 + (datagram[0] & 15) :]
    return bytes((datagram[0] & 0xF0 | len(token),)) + datagram[1:4] + token + rest


class Replay:
    """A platform with the device of one session, which answers as it did there."""

    def __init__(self, name: str, conversation: int | None) -> None:
        messages = [(sender, datagram) for sender, datagram, _ in captured(name, conversation)]
        register = Message.decode(messages[0][1])
        endpoint = next(part[3:] for part in register.opt.uri_query if part.startswith("ep="))
        imei, _, imsi = endpoint.partition(";")
        self.platform = Platform()
        self.platform.server.send = self._sent
        description = Description("a device", imei, imsi, auth=AUTH.get(name))
        self.device = self.platform.create_device(description, 0)
        # The location there and here, as it stands in a datagram.
        place = Message.decode(messages[1][1]).opt.location_path[1].encode()
        self.there, self.here = _place(place), _place(imei.encode())
        self.answers: list[bytes] = []
        self.requests: list[bytes] = []
        self._unanswered: list[bytes] = []
        requests = {m[2:4]: m for sender, m in messages if sender == "server" and 0 < m[1] < 32}
        self._responses = {
            kind(requests[m[2:4]]): m
            for sender, m in messages
            if sender == "device" and m[2:4] in requests
        }
        self._observed = {
            token_of(request): path(request)
            for request in requests.values()
            if Message.decode(request).opt.observe == 0
        }
        self._tokens: dict[Path, bytes] = {}
        self.now = 0.0

    def _sent(self, _address: str, datagram: bytes, _now: float) -> None:
        if not 0 < datagram[1] < 32:
            self.answers.append(datagram)
            return
        self.requests.append(datagram)
        self._unanswered.append(datagram)
        if Message.decode(datagram).opt.observe == 0:
            self._tokens[path(datagram)] = token_of(datagram)

    def receive(self, datagram: bytes) -> list[bytes]:
        """What the platform answers; then the device answers what the platform asks."""
        if datagram[1] == Code.CONTENT:
            observed = self._observed[token_of(datagram)]
            if observed not in self._tokens:
                self.platform.request(self.device, Observe(observed), lambda _: None, self.now)
                self._answer()
            datagram = with_token(datagram, self._tokens[observed])
        self.answers.clear()
        here = datagram.replace(self.there, self.here)
        self.platform.server.receive("192.0.2.1:5683", here, self.now)
        answers = list(self.answers)
        self._answer()
        return answers

    def _answer(self) -> None:
        while self._unanswered:
            request = self._unanswered.pop(0)
            response = self._responses.get(kind(request), b"\x60\x84\0\0")
            answer = with_token(response[:2] + request[2:4] + response[4:], token_of(request))
            self.platform.server.receive("192.0.2.1:5683", answer, self.now)


def _place(name: bytes) -> bytes:
    """`rd` and the option with `name` after it, in Location-Path as in Uri-Path."""
    length = bytes((len(name),)) if len(name) < 13 else bytes((13, len(name) - 13))
    return b"rd" + length + name


def kind(request: bytes) -> tuple[object, ...]:
    """What a request asks for, whatever it accepts."""
    message = Message.decode(request)
    opt = message.opt
    links = opt.accept == 40
    return message.code, opt.uri_path, opt.observe, opt.content_format, links, message.payload


def path(request: bytes) -> Path:
    return Path(*map(int, Message.decode(request).opt.uri_path))


def begun(name: str, conversation: int | None = None) -> list[tuple[bytes, float | None]]:
    """What the device of a session sent of its own accord, with the seconds."""
    messages = captured(name, conversation)
    asked = {m[2:4] for sender, m, _ in messages if sender == "server" and 0 < m[1] < 32}
    return [(m, at) for sender, m, at in messages if sender == "device" and m[2:4] not in asked]


@pytest.mark.parametrize(
    ("name", "conversation", "count"),
    [
        ("suite_2_3_0", None, 24),
        ("kit_master", None, 21),
        ("kit_refactor", None, 23),
        ("wakaama_1_1", None, 2),
        ("strict_server", 1, 15),
        ("strict_server", 2, 3),
    ],
)
def test_what_devices_begin_is_answered_as_captured(
    name: str, conversation: int | None, count: int
) -> None:
    replay = Replay(name, conversation)
    answers = {m[2:4]: m for sender, m, _ in captured(name, conversation) if sender == "server"}
    datagrams = begun(name, conversation)
    assert len(datagrams) == count
    for datagram, seconds in datagrams:
        replay.now = replay.now + 0.1 if seconds is None else seconds
        answer = answers.get(datagram[2:4])  # a notification that is not confirmable has none
        expected = [] if answer is None else [answer.replace(replay.there, replay.here)]
        assert replay.receive(datagram) == expected
        assert replay.platform.online(replay.device) is (datagram[1] != Code.DELETE)


@pytest.mark.parametrize("name", ONENET)
def test_what_the_platform_begins_has_the_bytes_of_a_captured_request(name: str) -> None:
    known = [m for sender, m, _ in captured(name) if sender == "server" and 0 < m[1] < 32]
    replay = Replay(name, None)
    for datagram, _ in begun(name):
        replay.receive(datagram)
    forms = {form(datagram) for datagram in known}
    kinds = {kind(datagram) for datagram in known}
    compared = [request for request in replay.requests if kind(request) in kinds]
    assert compared
    assert {form(request) for request in compared} <= forms


def written(instance: str, values: dict[int, Value], *, replace: bool) -> Write:
    path = Path.parse(instance)
    items = tuple(
        Item(Path(path.object, path.instance, number), value) for number, value in values.items()
    )
    return Write(path, items, replace)


RESOURCE = Path(3303, 0, 5700)
BOUNDS = ("pmin=15", "pmax=60", "gt=50", "lt=0", "st=2")


@pytest.mark.parametrize(
    ("name", "conversation", "operation"),
    [
        ("suite_2_3_0", None, Read(RESOURCE)),
        ("suite_2_3_0", None, Read(Path(3303, 0))),
        ("suite_2_3_0", None, Read(Path(3303))),
        ("suite_2_3_0", None, Read(Path(3, 0))),
        ("suite_2_3_0", None, Discover(Path(3303))),
        ("suite_2_3_0", None, Observe(Path(3303, 0))),
        ("suite_2_3_0", None, Observe(RESOURCE)),
        ("suite_2_3_0", None, written("/3303/0", {5750: "world", 5850: True}, replace=False)),
        ("suite_2_3_0", None, written("/3303/0", {5750: "world", 5850: 1}, replace=False)),
        ("suite_2_3_0", None, Execute(Path(3303, 0, 5605), b"reset")),
        ("suite_2_3_0", None, WriteAttributes(RESOURCE, BOUNDS)),
        ("kit_master", None, written("/3200/0", {5750: "world"}, replace=False)),
        ("kit_master", None, Execute(Path(3200, 0, 5505), b"ping")),
        ("strict_server", 1, CancelObserve(RESOURCE)),
        ("strict_server", 2, written("/3/0", {14: "+05:00"}, replace=True)),
        ("strict_server", 2, written("/3/0", {14: "+04:00"}, replace=False)),
        ("strict_server", 2, Execute(Path(3, 0, 0), b"")),
    ],
)
def test_operation_has_the_bytes_of_a_captured_request(
    name: str, conversation: int | None, operation: Operation
) -> None:
    replay = Replay("kit_master", None)  # a client that does not ask for LwM2M 1.1
    replay.receive(captured("kit_master")[0][1])
    replay.platform.request(replay.device, operation, lambda _: None, 0)
    known = [m for sender, m, _ in captured(name, conversation) if sender == "server"]
    assert form(replay.requests[-1]) in [form(datagram) for datagram in known]


def test_client_of_lwm2m_1_1_is_asked_for_tlv() -> None:
    # It answers in SenML otherwise. The bytes are those of a captured read that asks for TLV.
    replay = Replay("wakaama_1_1", None)
    replay.receive(captured("wakaama_1_1")[0][1])
    replay.platform.request(replay.device, Read(Path(31024, 0)), lambda _: None, 0)
    known = [form(m) for sender, m, _ in captured("wakaama_1_1") if sender == "server"]
    assert form(replay.requests[-1]) in known
    (observe,) = [
        m for m in replay.requests if form(m)[2].startswith(bytes.fromhex("60553331303234023130"))
    ]
    assert form(observe)[2] == bytes.fromhex("60 55 3331303234 02 3130 62 2d16")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("suite_2_3_0", {"3200_0_5500", "3303_0_5700", "3303_1_5700"}),
        ("kit_master", {"3200_0_5500", "3200_0_5501", "3200_0_5505", "3200_0_5750", "3202_0_5600"}),
        (
            "kit_refactor",
            {"3200_0_5500", "3200_0_5501", "3200_0_5505", "3200_0_5750", "3202_0_5600"},
        ),
        ("wakaama_1_1", {f"31024_{n}_{m}" for n in (10, 11, 12) for m in (1, 3, 5)}),
    ],
)
def test_reported_values_are_data_points(name: str, values: set[str]) -> None:
    replay = Replay(name, None)
    for datagram, _ in begun(name):
        replay.now += 0.1
        replay.receive(datagram)
    found = {one.id: one.points for one in streams(replay.platform, replay.device, 6000)}
    assert found.keys() == values
    if name == "suite_2_3_0":
        temperatures = [point.value for point in found["3303_0_5700"]]
        assert temperatures[0] == 31.123
