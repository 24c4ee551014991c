"""RFC 2217: pyserial's client, defaults, and invalid or hostile input."""

from __future__ import annotations

import asyncio

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from emulator.line.ports.port import parse_address
from emulator.line.ports.rfc2217 import Rfc2217Session
from emulator.line.ports.tcp import ProtocolViolation, TcpPort
from emulator.line.uart_frames import Frame, Parity
from tests.support.patience import PATIENCE
from tests.support.peers import Recorder

IAC, SB, SE, COM = b"\xff", b"\xfa", b"\xf0", b"\x2c"


def subnegotiation(option: bytes) -> bytes:
    return IAC + SB + COM + option + IAC + SE


def session() -> tuple[Rfc2217Session, bytearray]:
    unsent = bytearray()
    return Rfc2217Session(unsent.extend), unsent


@pytest.mark.realtime
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # in pyserial's client
async def test_pyserial_client_sets_frame_and_transfers_bytes() -> None:
    recorder = Recorder()
    port = TcpPort(
        parse_address("rfc2217://127.0.0.1:0"), Rfc2217Session, recorder.receive, recorder.note
    )
    every = bytes(range(256))
    frames: list[Frame | None] = []

    def talk() -> bytes:
        with serial.serial_for_url(port.name, 115_200, timeout=PATIENCE) as host:
            host.bytesize, host.parity, host.stopbits = 7, "E", 2
            frames.append(port.frame)
            host.bytesize, host.parity, host.stopbits = 8, "N", 1
            assert host.cts
            assert host.dsr
            assert host.cd
            assert not host.ri
            host.dtr = host.rts = False
            host.break_condition = True
            host.break_condition = False
            host.reset_input_buffer()
            host.reset_output_buffer()
            host.write(every)
            return bytes(host.read(256))

    talking = asyncio.get_running_loop().run_in_executor(None, talk)
    await recorder.wait_for(every)
    assert port.frame == Frame(115_200)
    port.write(every)
    assert await talking == every
    assert frames == [Frame(115_200, 7, Parity.EVEN, 2)]
    await asyncio.get_running_loop().shutdown_default_executor()
    port.close()


def test_default_frame() -> None:
    telnet, unsent = session()
    assert telnet.frame == Frame(9600)
    assert IAC + b"\xfb" + COM in unsent  # WILL COM-PORT-OPTION


def test_iac_bytes_are_doubled() -> None:
    telnet, _ = session()
    assert telnet.encode(b"a\xffb") == b"a\xff\xffb"
    assert telnet.decode(b"a\xff\xffb") == b"a\xffb"
    assert telnet.decode(b"A" + subnegotiation(b"\x01\x00\x01\xc2\x00") + b"T\r") == b"AT\r"
    assert telnet.frame == Frame(115_200)


@given(st.binary(max_size=200))
def test_encode_and_decode_are_inverse(data: bytes) -> None:
    telnet, _ = session()
    assert telnet.decode(telnet.encode(data)) == data


@pytest.mark.parametrize(
    "sent",
    [
        subnegotiation(b"\x01\x00"),  # a speed of one byte
        subnegotiation(b"\x01"),
        subnegotiation(b"\x03\x63"),  # no such parity
        subnegotiation(b"\x04\x09"),  # no such stop bits
        subnegotiation(b"\x0b"),  # a mask of no byte
        subnegotiation(b"\x02\x09"),  # nine data bits
        IAC + SE,  # the end of what did not begin
        IAC + SB + b"x" * 1000,
    ],
)
def test_invalid_option_is_a_violation(sent: bytes) -> None:
    telnet, _ = session()
    with pytest.raises(ProtocolViolation, match=r"Telnet option|data bits"):
        telnet.decode(sent)


@given(st.binary(max_size=100))
def test_any_input_is_bytes_or_a_violation(data: bytes) -> None:
    telnet, unsent = session()
    for start in (b"", IAC, IAC + SB + COM):
        try:
            telnet.decode(start + data)
        except ProtocolViolation:
            return
        assert telnet.frame is not None
        assert len(unsent) < 10_000
