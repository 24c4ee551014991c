"""UDP sockets of a scripted module as asyncio datagram endpoints."""

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
from m5310.module.udp import BACKLOG, CLOSE_TIMEOUT, Address, Datagrams, ModuleDatagramTransport
from tests.support.clock import elapse, run
from tests.support.datagrams import PEER, RecordingProtocol
from tests.support.effort import scaled
from tests.support.scripted import Reply, Scripted


class Sockets(Scripted):
    """A module with sockets: `inbox` has the datagrams waiting in each, `outbox` those sent."""

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
        self.modem.listen(self._on_line, self.datagrams.lost)

    def _on_line(self, line: str) -> None:
        if urc := waiting(line):
            self.datagrams.arrived(urc.socket)

    def arrive(
        self, number: int, data: bytes, peer: Address = PEER, *, announced: bool = True
    ) -> None:
        self.inbox[number].append((*peer, data))
        if announced:
            self.send(f"+NSONMI:{number},{len(data)}")

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

    async def close_all(self) -> None:
        await self.datagrams.close()
        await self.modem.close()


# --- open ------------------------------------------------------------------------------------


async def test_socket_is_an_asyncio_transport() -> None:
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
    await port.close_all()


async def test_eighth_socket_is_refused() -> None:
    port = Sockets()
    made = [await port.endpoint() for _ in range(7)]
    assert [transport.get_extra_info("number") for transport, _ in made] == list(range(7))
    with pytest.raises(CommandError, match="not allowed"):
        await port.endpoint()
    await port.close_all()
    assert port.inbox == {}
    assert [protocol.ended for _, protocol in made] == [[None]] * 7


@pytest.mark.parametrize(
    ("local_port", "remote"), [(-1, None), (65536, None), (0, ("onenet.cn", 1)), (0, ("1.2", -1))]
)
async def test_invalid_address_is_not_sent(local_port: int, remote: Address | None) -> None:
    port = Sockets()
    with pytest.raises(ParameterError):
        await port.endpoint(local_port=local_port, remote=remote)
    assert port.sent == []
    await port.close_all()


async def test_failing_factory_opens_no_socket() -> None:
    port = Sockets()

    def factory() -> RecordingProtocol:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await port.datagrams.open(factory, local_port=0, remote=None)
    assert port.sent == []
    await port.close_all()


async def test_failing_connection_made_closes_the_socket() -> None:
    class Failing(RecordingProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            raise RuntimeError("no")

    port = Sockets()
    with pytest.raises(RuntimeError):
        await port.datagrams.open(Failing, local_port=0, remote=None)
    await port.until("AT+NSOCL=0")
    await port.close_all()


async def test_cancelled_open_closes_the_socket() -> None:
    port = Sockets()
    task = asyncio.create_task(port.endpoint())
    await port.until("AT+NSOCR")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await port.close_all()
    assert port.sent == ['AT+NSOCR="DGRAM",17,0,1', "AT+NSOCL=0"]


async def test_cancelled_open_of_a_refused_socket() -> None:
    port = Sockets(NSOCR="ERROR")
    task = asyncio.create_task(port.endpoint())
    await port.until("AT+NSOCR")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await port.close_all()


# --- send ------------------------------------------------------------------------------------


async def test_close_sends_queued_datagrams() -> None:
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
    await port.close_all()


async def test_abort_drops_queued_datagrams() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    for number in range(5):
        transport.sendto(bytes([number]))
    transport.abort()
    await protocol.until(lambda: bool(protocol.ended))
    assert port.outbox == []
    await port.close_all()


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
async def test_invalid_datagram_is_not_sent(data: bytes, address: Address) -> None:
    port = Sockets()
    transport, _ = await port.endpoint()
    with pytest.raises(ParameterError):
        transport.sendto(data, address)
    with pytest.raises(ParameterError, match="needs an address"):
        transport.sendto(b"x")
    with pytest.raises(TypeError):
        transport.sendto(5, PEER)
    await port.close_all()
    assert port.outbox == []


async def test_connected_socket_uses_its_peer_only() -> None:
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
    await port.close_all()


@pytest.mark.parametrize(
    ("remote", "peer"),
    [
        (["183.230.40.40", 5683], PEER),  # as from a configuration file
        (("2001:DB8:0::1", 5683), ("2001:db8::1", 5683)),
    ],
)
async def test_notations_of_one_peer(remote: Any, peer: Address) -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=remote)
    assert transport.get_extra_info("peername") == peer
    transport.sendto(b"x", remote)
    transport.sendto(b"x")
    port.arrive(0, b"friend", tuple(remote))
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"friend", peer)]
    await port.close_all()


async def test_unusual_origin_is_passed_unchanged() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.arrive(0, b"x", ("010.000.000.007", 7))
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"x", ("010.000.000.007", 7))]
    await port.close_all()


async def test_full_queue_drops_and_reports_the_newest() -> None:
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
    await port.close_all()


@pytest.mark.parametrize(
    ("reply", "kind"), [("+CME ERROR:30", CommandError), (None, CommandTimeout)]
)
async def test_refused_datagram_is_reported_to_the_protocol(
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
    await port.close_all()


async def test_partly_accepted_datagram_is_reported() -> None:
    port = Sockets(NSOST=["0,3", "OK"])
    transport, protocol = await port.endpoint(remote=PEER)
    transport.sendto(b"hello")
    await protocol.until(lambda: bool(protocol.errors))
    (error,) = protocol.errors
    assert str(error).endswith("accepted 3 of 5 bytes of a datagram")
    transport.sendto(b"bye")
    await port.until("AT+NSOST=0,183.230.40.40,5683,3,627965")
    await port.close_all()
    assert protocol.errors == [error]


# --- receive ---------------------------------------------------------------------------------


async def test_idle_socket_writes_nothing() -> None:
    port = Sockets()
    await port.endpoint()
    port.arrive(0, b"x")
    await elapse(0.1)
    fetched = len(port.sent)
    assert fetched == 3  # create, fetch, fetch again
    loop = asyncio.get_running_loop()
    assert [one for one in loop._scheduled if not one.cancelled()] == []  # type: ignore[attr-defined]
    await port.close_all()


async def test_announcement_without_datagram() -> None:
    port = Sockets()
    _, protocol = await port.endpoint()
    port.send("+NSONMI:0,5", "+NSONMI:3,5", "+NSONMI:x")
    await port.until("AT+NSORF=0")
    await port.close_all()
    assert protocol.received == []
    assert protocol.errors == []


async def test_announcement_before_the_socket_is_known() -> None:
    port = Sockets()

    def rule(line: str) -> Reply:
        reply = port._create(line)
        assert isinstance(reply, list)
        port.arrive(0, b"early", announced=False)
        return [*reply, "+NSONMI:0,5"]

    port.rules["AT+NSOCR"] = rule
    _, protocol = await port.endpoint()
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"early", PEER)]
    await port.close_all()


async def test_directions_take_turns() -> None:
    port = Sockets()
    transport, protocol = await port.endpoint(remote=PEER)
    for number in range(6):
        port.arrive(0, bytes([number]))
        transport.sendto(bytes([number]))
    await protocol.until(lambda: len(protocol.received) == 6)
    assert [line[3:8] for line in port.sent[1:13]] == ["NSORF", "NSOST"] * 6
    await port.close_all()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("+CME ERROR:3", CommandError),
        (None, CommandTimeout),
        (["0,1.2.3.4,5,3,00FF,0", "OK"], AnswerError),
    ],
)
async def test_failed_fetch_is_reported_and_the_next_works(
    reply: Reply, kind: type[M5310Error]
) -> None:
    port = Sockets(NSORF=reply)
    _, protocol = await port.endpoint()
    port.inbox[0].append((*PEER, b"x"))
    port.send("+NSONMI:0,1")
    await protocol.until(lambda: bool(protocol.errors))
    assert isinstance(protocol.errors[0].__cause__, kind)
    assert len(protocol.errors) == 1
    port.rules["AT+NSORF"] = port._receive
    port.send("+NSONMI:0,1")
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"x", PEER)]
    await port.close_all()


async def test_missing_remainder_drops_the_datagram() -> None:
    replies = iter([["0,1.2.3.4,5,2,00FF,9", "OK"], "OK"])
    port = Sockets(NSORF=lambda _: next(replies))
    _, protocol = await port.endpoint()
    port.send("+NSONMI:0,11")
    await port.until("AT+NSORF")
    await elapse(0.1)
    assert (protocol.received, protocol.errors) == ([], [])
    await port.close_all()


async def test_error_of_the_protocol_is_reported_by_the_loop() -> None:
    class Failing(RecordingProtocol):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            super().datagram_received(data, addr)
            raise RuntimeError("error of the protocol")

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context["exception"])
    )
    port = Sockets()
    _, protocol = await port.datagrams.open(Failing, local_port=0, remote=None)
    port.arrive(0, b"one")
    port.arrive(0, b"two")
    await protocol.until(lambda: len(protocol.received) == 2)
    assert [str(error) for error in reported] == ["error of the protocol"] * 2
    await port.close_all()


@settings(max_examples=scaled(30))
@given(
    st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=1500)), max_size=12),
    st.data(),
)
def test_datagrams_are_received_in_order(
    arrivals: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    announcements = [data.draw(st.booleans()) for _ in arrivals]

    async def play() -> None:
        port = Sockets()
        protocols = [(await port.endpoint())[1] for _ in range(3)]
        for (number, payload), announce in zip(arrivals, announcements, strict=True):
            port.arrive(number, payload, announced=announce)
            await elapse(0.001)
        for number in range(3):
            port.send(f"+NSONMI:{number},1")
        await elapse(5)
        for number, protocol in enumerate(protocols):
            expected = [payload for socket, payload in arrivals if socket == number]
            assert [payload for payload, _ in protocol.received] == expected
            assert protocol.errors == []
        await port.close_all()

    run(play())


# --- close, restart, loss --------------------------------------------------------------------


async def test_lost_port_ends_all_sockets() -> None:
    port = Sockets()
    made = [await port.endpoint() for _ in range(2)]
    made[0][0].sendto(b"x", PEER)
    port.vanish()
    for _, protocol in made:
        await protocol.until(lambda protocol=protocol: bool(protocol.ended))
        assert len(protocol.ended) == 1
        assert isinstance(protocol.ended[0], PortError)
    await port.close_all()


async def test_port_error_of_a_command_ends_the_socket() -> None:
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


async def test_restart_during_a_command_ends_the_socket() -> None:
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
    await port.close_all()


async def test_close_gives_up_after_its_timeout() -> None:
    port = Sockets()
    made = [await port.endpoint() for _ in range(7)]
    port.rules = {"AT": None}
    begun = asyncio.get_running_loop().time()
    await port.datagrams.close()
    assert asyncio.get_running_loop().time() - begun == pytest.approx(CLOSE_TIMEOUT, abs=0.1)
    await asyncio.sleep(0)
    assert all(len(protocol.ended) == 1 for _, protocol in made)
    await port.modem.close()


async def test_close_during_a_fetch_drops_the_datagram() -> None:
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
    await port.close_all()


@pytest.mark.parametrize("size", [0, 512])
async def test_endless_remainder_is_reported(size: int) -> None:
    port = Sockets(NSORF=[f"0,1.2.3.4,5,{size},{bytes(size).hex()},1", "OK"])
    _, protocol = await port.endpoint()
    port.send("+NSONMI:0,1")
    await protocol.until(lambda: bool(protocol.errors))
    assert "1 bytes remain after" in str(protocol.errors[0])
    assert len(port.sent) < 200
    assert protocol.received == []
    await port.close_all()
