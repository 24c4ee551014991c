"""UDP sockets of the module as asyncio's datagram endpoints."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.at.codec import Answer, Command
from m5310.commands.sockets import waiting
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
)
from m5310.module.udp import BACKLOG, CLOSE, Address, Datagrams, ModuleDatagramTransport
from tests.support.clock import elapse, run
from tests.support.datagrams import PEER, RecordingProtocol
from tests.support.effort import scaled
from tests.support.scripted import Reply, Scripted


class Sockets(Scripted):
    """The sockets of a module: `inbox` is what waits in each, `outbox` what was sent."""

    def __init__(self, **rules: Reply | Callable[[str], Reply]) -> None:
        super().__init__(
            {
                **{f"AT+{name}": rule for name, rule in rules.items()},
                "AT+NSOCR": self._create,
                "AT+NSOST": self._send,
                "AT+NSORF": self._receive,
                "AT+NSOCL": self._close,
            }
        )
        self.rules.update({f"AT+{name}": rule for name, rule in rules.items()})
        self.inbox: dict[int, list[tuple[str, int, bytes]]] = {}
        self.outbox: list[str] = []
        self.datagrams = Datagrams(self.modem.execute)
        self.modem.listen(self._heard, self.datagrams.lost)

    def _heard(self, line: str) -> None:
        if notice := waiting(line):
            self.datagrams.arrived(notice.socket)

    def arrive(self, number: int, data: bytes, peer: Address = PEER, *, told: bool = True) -> None:
        self.inbox[number].append((*peer, data))
        if told:
            self.say(f"+NSONMI:{number},{len(data)}")

    def _create(self, _: str) -> Reply:
        number = next((one for one in range(7) if one not in self.inbox), None)
        if number is None:
            return "+CME ERROR:3"
        self.inbox[number] = []
        return [str(number), "OK"]

    def _send(self, line: str) -> Reply:
        number, _, _, length, _ = line.removeprefix("AT+NSOST=").split(",")
        self.outbox.append(line)
        return [f"{number},{length}", "OK"]

    def _receive(self, line: str) -> Reply:
        number, length = map(int, line.removeprefix("AT+NSORF=").split(","))
        if not self.inbox[number]:
            return "OK"
        host, port, data = self.inbox[number].pop(0)
        part, rest = data[:length], data[length:]
        if rest:
            self.inbox[number].insert(0, (host, port, rest))
        answer = f"{number},{host},{port},{len(part)},{part.hex().upper()},{len(rest)}"
        return [answer, "OK"]

    def _close(self, line: str) -> Reply:
        del self.inbox[int(line.removeprefix("AT+NSOCL="))]
        return "OK"

    async def endpoint(
        self, *, local_port: int = 0, remote: Address | None = None
    ) -> tuple[ModuleDatagramTransport, RecordingProtocol]:
        return await self.datagrams.open(RecordingProtocol, local_port=local_port, remote=remote)

    async def leave(self) -> None:
        await self.datagrams.close()
        await self.modem.close()


# --- open ------------------------------------------------------------------------------------


async def test_a_socket_is_a_transport_with_a_protocol() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(local_port=4000)
    assert port.sent == ['AT+NSOCR="DGRAM",17,4000,1']
    assert isinstance(transport, asyncio.DatagramTransport)
    assert protocol.transport is transport
    assert transport.get_protocol() is protocol
    assert transport.get_extra_info("sockname") == ("", 4000)
    assert transport.get_extra_info("peername") is None
    assert transport.get_extra_info("number") == 0
    assert not transport.is_closing()
    await port.leave()


async def test_seven_sockets_and_no_eighth() -> None:
    port = Sockets()
    made = [await port.endpoint() for _ in range(7)]
    assert [transport.get_extra_info("number") for transport, _ in made] == list(range(7))
    with pytest.raises(CommandError, match="not allowed"):
        await port.endpoint()
    await port.leave()
    assert port.inbox == {}
    assert [protocol.ended for _, protocol in made] == [[None]] * 7


@pytest.mark.parametrize(
    ("local_port", "remote"), [(-1, None), (65536, None), (0, ("onenet.cn", 1)), (0, ("1.2", -1))]
)
async def test_an_address_that_is_none_is_refused_at_once(
    local_port: int, remote: Address | None
) -> None:
    port = Sockets()
    with pytest.raises(ParameterError):
        await port.endpoint(local_port=local_port, remote=remote)
    assert port.sent == []
    await port.leave()


async def test_a_factory_that_fails_opens_nothing() -> None:
    port = Sockets()

    def factory() -> RecordingProtocol:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await port.datagrams.open(factory, local_port=0, remote=None)
    assert port.sent == []
    await port.leave()


async def test_a_protocol_that_fails_at_its_connection_gives_the_socket_back() -> None:
    class Failing(RecordingProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            raise RuntimeError("no")

    port = Sockets()
    with pytest.raises(RuntimeError):
        await port.datagrams.open(Failing, local_port=0, remote=None)
    await port.until("AT+NSOCL=0")
    await port.leave()


async def test_a_caller_that_is_cancelled_leaves_no_socket_behind() -> None:
    port = Sockets()
    task = asyncio.create_task(port.endpoint())
    await port.until("AT+NSOCR")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await port.leave()
    assert port.sent == ['AT+NSOCR="DGRAM",17,0,1', "AT+NSOCL=0"]


async def test_a_refused_socket_raises_for_a_cancelled_caller_too() -> None:
    port = Sockets(NSOCR="ERROR")
    task = asyncio.create_task(port.endpoint())
    await port.until("AT+NSOCR")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await port.leave()


# --- send ------------------------------------------------------------------------------------


async def test_datagrams_go_out_in_their_order() -> None:
    port = Sockets()
    transport, _ = await port.endpoint()
    transport.sendto(b"\x01\xff", PEER)
    transport.sendto(bytearray(b"two"), ("10.0.0.1", 7))
    transport.sendto(memoryview(b"three"), PEER)
    await port.until("AT+NSOST=0,183.230.40.40,5683,5")
    assert port.outbox == [
        "AT+NSOST=0,183.230.40.40,5683,2,01FF",
        "AT+NSOST=0,10.0.0.1,7,3,74776F",
        "AT+NSOST=0,183.230.40.40,5683,5,7468726565",
    ]
    await port.leave()


async def test_what_is_queued_is_sent_before_closing() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    for number in range(5):
        transport.sendto(bytes([number]))
    transport.close()
    transport.close()
    assert transport.is_closing()
    transport.sendto(b"too late")
    await protocol.until(lambda: bool(protocol.ended))
    assert port.outbox == [f"AT+NSOST=0,183.230.40.40,5683,1,0{number}" for number in range(5)]
    assert port.sent[-1] == "AT+NSOCL=0"
    assert protocol.ended == [None]
    await port.leave()


async def test_abort_sends_nothing_more() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    for number in range(5):
        transport.sendto(bytes([number]))
    transport.abort()
    await protocol.until(lambda: bool(protocol.ended))
    assert port.outbox == []
    await port.leave()


@pytest.mark.parametrize(
    ("data", "address"),
    [
        (b"", PEER),
        (b"x" * 513, PEER),
        (b"x", ("onenet.cn", 1)),
        (b"x", ("dead.beef", 1)),
        (b"x", ("1.2.3.4", 65536)),
    ],
)
async def test_what_the_module_cannot_send_is_refused_at_once(
    data: bytes, address: Address
) -> None:
    port = Sockets()
    transport, _ = await port.endpoint()
    with pytest.raises(ParameterError):
        transport.sendto(data, address)
    with pytest.raises(ParameterError, match="without an address"):
        transport.sendto(b"x")
    with pytest.raises(TypeError):
        transport.sendto(5, PEER)
    await port.leave()
    assert port.outbox == []


async def test_a_connected_socket_speaks_to_its_peer_only() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    assert transport.get_extra_info("peername") == PEER
    transport.sendto(b"x", PEER)
    with pytest.raises(ParameterError, match="only"):
        transport.sendto(b"x", ("10.0.0.1", 7))
    port.arrive(0, b"stranger", ("10.0.0.1", 7))
    port.arrive(0, b"friend")
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"friend", PEER)]
    await port.leave()


@pytest.mark.parametrize(
    ("remote", "peer"),
    [
        (["183.230.40.40", 5683], PEER),  # as a program reads it from its configuration
        (("2001:DB8:0::1", 5683), ("2001:db8::1", 5683)),
    ],
)
async def test_a_peer_is_known_however_it_is_written(remote: Any, peer: Address) -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=remote)
    assert transport.get_extra_info("peername") == peer
    transport.sendto(b"x", remote)
    transport.sendto(b"x")
    port.arrive(0, b"friend", tuple(remote))
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"friend", peer)]
    await port.leave()


async def test_an_origin_that_is_no_address_is_told_as_it_came() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.arrive(0, b"x", ("010.000.000.007", 7))
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"x", ("010.000.000.007", 7))]
    await port.leave()


async def test_a_full_queue_drops_the_newest_and_says_so() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    for number in range(BACKLOG + 2):
        transport.sendto(bytes([number]))
    transport.close()
    await protocol.until(lambda: bool(protocol.ended))
    assert [error.errno for error in protocol.errors if isinstance(error, OSError)] == [
        errno.ENOBUFS
    ] * 2
    assert len(port.outbox) == BACKLOG
    await port.leave()


@pytest.mark.parametrize(
    ("reply", "kind"), [("+CME ERROR:30", CommandError), (None, CommandTimeout)]
)
async def test_a_refused_datagram_is_the_protocols_to_hear(
    reply: Reply, kind: type[M5310Error]
) -> None:
    port = Sockets(NSOST=reply)
    transport, protocol = await port.endpoint(remote=PEER)
    transport.sendto(b"x")
    await protocol.until(lambda: bool(protocol.errors))
    (error,) = protocol.errors
    assert isinstance(error, OSError)
    assert isinstance(error.__cause__, kind)
    assert not transport.is_closing()
    await port.leave()


async def test_a_datagram_that_was_not_taken_whole_is_an_error() -> None:
    port = Sockets(NSOST=["0,3", "OK"])
    transport, protocol = await port.endpoint(remote=PEER)
    transport.sendto(b"hello")
    await protocol.until(lambda: bool(protocol.errors))
    (error,) = protocol.errors
    assert str(error).endswith("3 bytes of a datagram of 5 are said to be taken")
    transport.sendto(b"bye")
    await port.until("AT+NSOST=0,183.230.40.40,5683,3,627965")
    await port.leave()
    assert protocol.errors == [error]


# --- receive ---------------------------------------------------------------------------------


async def test_a_datagram_is_fetched_when_it_is_announced() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.arrive(0, b"\x00\xffhello")
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"\x00\xffhello", PEER)]
    await port.leave()


async def test_a_long_datagram_is_put_together() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.arrive(0, bytes(1300))
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(bytes(1300), PEER)]
    assert port.sent.count("AT+NSORF=0,512") >= 3
    await port.leave()


async def test_one_announcement_is_enough_for_all_that_wait() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.arrive(0, b"lost announcement", told=False)
    port.arrive(0, b"another", told=False)
    port.arrive(0, b"announced")
    await protocol.until(lambda: len(protocol.received) == 3)
    assert [data for data, _ in protocol.received] == [
        b"lost announcement",
        b"another",
        b"announced",
    ]
    await port.leave()


async def test_nothing_is_asked_while_nothing_comes() -> None:
    port = Sockets()
    await port.endpoint()
    port.arrive(0, b"x")
    await elapse(0.1)
    fetched = len(port.sent)
    assert fetched == 3  # create, fetch, and a look whether there was more
    loop = asyncio.get_running_loop()
    assert [one for one in loop._scheduled if not one.cancelled()] == []  # type: ignore[attr-defined]
    await port.leave()


async def test_an_announcement_without_datagram_is_harmless() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.say("+NSONMI:0,5", "+NSONMI:3,5", "+NSONMI:x")
    await port.until("AT+NSORF=0")
    await port.leave()
    assert protocol.received == []
    assert protocol.errors == []


async def test_an_announcement_right_behind_the_ok_is_not_lost() -> None:
    port = Sockets()

    def rule(line: str) -> Reply:
        reply = port._create(line)
        assert isinstance(reply, list)
        port.arrive(0, b"early", told=False)
        return [*reply, "+NSONMI:0,5"]

    port.rules["AT+NSOCR"] = rule
    _, protocol = await port.endpoint()
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"early", PEER)]
    await port.leave()


async def test_neither_direction_starves_the_other() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    for number in range(6):
        port.arrive(0, bytes([number]))
        transport.sendto(bytes([number]))
    await protocol.until(lambda: len(protocol.received) == 6)
    assert [line[3:8] for line in port.sent[1:13]] == ["NSORF", "NSOST"] * 6
    await port.leave()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("+CME ERROR:3", CommandError),
        (None, CommandTimeout),
        (["0,1.2.3.4,5,3,00FF,0", "OK"], AnswerError),
    ],
)
async def test_a_fetch_that_fails_is_told_and_the_next_one_works(
    reply: Reply, kind: type[M5310Error]
) -> None:
    port = Sockets(NSORF=reply)
    _, protocol = await port.endpoint()
    port.inbox[0].append((*PEER, b"x"))
    port.say("+NSONMI:0,1")
    await protocol.until(lambda: bool(protocol.errors))
    assert isinstance(protocol.errors[0].__cause__, kind)
    assert len(protocol.errors) == 1
    port.rules["AT+NSORF"] = port._receive
    port.say("+NSONMI:0,1")
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"x", PEER)]
    await port.leave()


async def test_the_rest_of_a_datagram_may_be_missing() -> None:
    replies = iter([["0,1.2.3.4,5,2,00FF,9", "OK"], "OK"])
    port = Sockets(NSORF=lambda _: next(replies))
    _, protocol = await port.endpoint()
    port.say("+NSONMI:0,11")
    await port.until("AT+NSORF")
    await elapse(0.1)
    assert (protocol.received, protocol.errors) == ([], [])
    await port.leave()


async def test_what_a_protocol_raises_is_the_loops_to_report() -> None:
    class Failing(RecordingProtocol):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            super().datagram_received(data, addr)
            raise RuntimeError("the protocol's own fault")

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context["exception"])
    )
    port = Sockets()
    _, protocol = await port.datagrams.open(Failing, local_port=0, remote=None)
    port.arrive(0, b"one")
    port.arrive(0, b"two")
    await protocol.until(lambda: len(protocol.received) == 2)
    assert [str(error) for error in reported] == ["the protocol's own fault"] * 2
    await port.leave()


@settings(max_examples=scaled(30))
@given(
    st.lists(st.tuples(st.integers(0, 2), st.binary(min_size=1, max_size=1500)), max_size=12),
    st.data(),
)
def test_whatever_arrives_is_received_in_its_order(
    arrivals: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    told = [data.draw(st.booleans()) for _ in arrivals]

    async def play() -> None:
        port = Sockets()
        protocols = [(await port.endpoint())[1] for _ in range(3)]
        for (number, payload), announced in zip(arrivals, told, strict=True):
            port.arrive(number, payload, told=announced)
            await elapse(0.001)
        for number in range(3):
            port.say(f"+NSONMI:{number},1")
        await elapse(5)
        for number, protocol in enumerate(protocols):
            expected = [payload for socket, payload in arrivals if socket == number]
            assert [payload for payload, _ in protocol.received] == expected
            assert protocol.errors == []
        await port.leave()

    run(play())


# --- the end ---------------------------------------------------------------------------------


async def test_a_lost_port_ends_every_socket() -> None:
    port = Sockets()
    made = [await port.endpoint() for _ in range(2)]
    made[0][0].sendto(b"x", PEER)
    port.vanish()
    for _, protocol in made:
        await protocol.until(lambda protocol=protocol: bool(protocol.ended))
        assert len(protocol.ended) == 1
        assert isinstance(protocol.ended[0], PortError)
    await port.leave()


async def test_a_loss_that_only_a_command_tells() -> None:
    port = Sockets()
    gone = False

    async def execute(command: Command) -> Answer:
        if gone:
            raise PortError("gone")
        return await port.modem.execute(command)

    transport, protocol = await Datagrams(execute).open(
        RecordingProtocol, local_port=0, remote=None
    )
    gone = True
    transport.sendto(b"x", PEER)
    await protocol.until(lambda: bool(protocol.ended))
    assert isinstance(protocol.ended[0], PortError)
    assert transport.is_closing()
    await port.modem.close()


async def test_a_restart_ends_every_socket_while_a_command_is_out() -> None:
    port = Sockets(NSOST=None)
    transport, protocol = await port.endpoint(remote=PEER)
    transport.sendto(b"x")
    await port.until("AT+NSOST")
    reset = ModemReset("restarted")
    port.datagrams.lost(reset)
    port.datagrams.lost(reset)
    assert transport.is_closing()
    await protocol.until(lambda: bool(protocol.ended))
    await elapse(20)
    assert protocol.ended == [reset]
    assert protocol.errors == []
    transport.close()
    transport.sendto(b"y")
    assert "AT+NSOCL=0" not in port.sent
    port.inbox.clear()
    again, _ = await port.endpoint()
    assert again.get_extra_info("number") == 0
    await port.leave()


async def test_a_port_that_its_owner_closed() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    await port.modem.close()  # is not told to those who listen
    transport.sendto(b"x")
    await protocol.until(lambda: bool(protocol.ended))
    assert isinstance(protocol.ended[0], PortError)
    assert transport.is_closing()
    await port.leave()


async def test_a_module_that_does_not_answer_holds_up_nobody() -> None:
    port = Sockets()
    made = [await port.endpoint() for _ in range(7)]
    port.rules = {"AT": None}
    begun = asyncio.get_running_loop().time()
    await port.datagrams.close()
    assert asyncio.get_running_loop().time() - begun == pytest.approx(CLOSE, abs=0.1)
    await asyncio.sleep(0)
    assert all(len(protocol.ended) == 1 for _, protocol in made)
    await port.modem.close()


async def test_closing_while_a_datagram_is_fetched() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint()

    def rule(line: str) -> Reply:
        transport.close()
        return port._receive(line)

    port.rules["AT+NSORF"] = rule
    port.arrive(0, bytes(1300))
    await protocol.until(lambda: bool(protocol.ended))
    assert protocol.received == []
    assert port.sent.count("AT+NSORF=0,512") == 1
    await port.leave()


@pytest.mark.parametrize("size", [0, 512])
async def test_a_remainder_that_never_ends_does(size: int) -> None:
    port = Sockets(NSORF=[f"0,1.2.3.4,5,{size},{bytes(size).hex()},1", "OK"])
    _, protocol = await port.endpoint()
    port.say("+NSONMI:0,1")
    await protocol.until(lambda: bool(protocol.errors))
    assert "1 bytes are said to remain" in str(protocol.errors[0])
    assert len(port.sent) < 200
    assert protocol.received == []
    await port.leave()


async def test_an_empty_datagram_is_one() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.arrive(0, b"")
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"", PEER)]
    await port.leave()
