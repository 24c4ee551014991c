"""UART frames: same settings read the same bytes, other settings read other bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.line.uart_frames import Frame, Parity, levels, sample

SPEEDS = [300, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 921_600]
frames = st.builds(
    Frame,
    st.sampled_from(SPEEDS),
    st.integers(5, 8),
    st.sampled_from(Parity),
    st.integers(1, 2),
)


def received(data: bytes, sent: Frame, reader: Frame) -> bytes:
    return bytes(value for _, value in sample(data, sent, reader))


@given(st.binary(max_size=60), frames)
def test_same_settings_read_what_was_sent(data: bytes, frame: Frame) -> None:
    found = sample(data, frame, frame)
    assert bytes(value for _, value in found) == bytes(b & (1 << frame.bits) - 1 for b in data)
    byte_time = frame.length / frame.speed
    for place, (at, _) in enumerate(found, 1):
        assert place * byte_time - 2.6 / frame.speed < at <= place * byte_time


def test_levels_of_one_byte() -> None:
    # 0x41: start, 1000 0010 with the lowest bit first, stop.
    assert levels(b"A", Frame(9600)) == [0, 1, 0, 0, 0, 0, 0, 1, 0, 1]
    assert levels(b"A", Frame(9600, 7, Parity.EVEN, 2)) == [0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1]
    places = {parity: levels(b"C", Frame(9600, 7, parity))[8] for parity in Parity}
    assert places[Parity.EVEN] == 1
    assert places[Parity.ODD] == 0
    assert places[Parity.MARK] == 1
    assert places[Parity.SPACE] == 0
    assert len(levels(b"C", Frame(9600, 7, Parity.NONE))) == 9


@pytest.mark.parametrize("deviation", [-0.02, -0.01, 0.01, 0.02])
def test_two_percent_deviation_is_read(deviation: float) -> None:
    text = bytes(range(256))
    assert received(text, Frame(int(9600 * (1 + deviation))), Frame(9600)) == text


@pytest.mark.parametrize("speed", [4800, 19_200, 38_400, 115_200])
def test_wrong_speed_is_garbage(speed: int) -> None:
    text = b"\r\n+CEREG:2,1\r\n\r\nOK\r\n"
    garbage = received(text, Frame(9600), Frame(speed))
    assert garbage != text
    assert b"OK" not in garbage
    assert garbage == received(text, Frame(9600), Frame(speed))  # and always the same


def test_slow_receiver_reads_fewer_bytes_fast_one_more() -> None:
    text = b"AT+CSQ\r" * 10
    assert len(received(text, Frame(115_200), Frame(9600))) < len(text) / 4
    assert len(received(text, Frame(9600), Frame(115_200))) > len(text)


def test_spike_below_half_a_bit_is_ignored() -> None:
    assert received(b"\xff", Frame(921_600), Frame(300)) == b""


def test_receiver_8n_reads_7e_parity_in_top_bit() -> None:
    assert received(b"AC", Frame(9600, 7, Parity.EVEN), Frame(9600)) == bytes([0x41, 0x43 | 0x80])


@given(st.binary(max_size=40), frames, frames)
def test_any_settings_give_bytes_in_time_order(data: bytes, sent: Frame, reader: Frame) -> None:
    found = sample(data, sent, reader)
    times = [at for at, _ in found]
    assert times == sorted(times)
    assert all(0 <= value < 1 << reader.bits for _, value in found)
    longest = len(data) * sent.length / sent.speed + reader.length / reader.speed
    assert all(0 < at <= longest for at in times)


def test_frame_as_text() -> None:
    assert str(Frame(9600)) == "9600 8N1"
    assert str(Frame(115_200, 7, Parity.EVEN, 2)) == "115200 7E2"
