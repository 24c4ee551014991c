"""Captures: bytes of the packets, and what tshark reads in them."""

from __future__ import annotations

import json
import shutil
import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.recording.file import RecordingFile
from emulator.recording.format import Side
from emulator.recording.pcapng import Capture, ip_packet
from tests.support import captures

ROOT = Path(__file__).parents[3]
MODULE = "10.0.0.1:56830"
ACCESS_MACHINE = "183.230.40.40:5683"

CHECKED = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
# What tshark says of the option with the authentication code, which only OneNET has.
ONENET_OPTION = "Invalid Option Number 63"
BAD = "0"  # status of a wrong checksum


def captured(*calls: tuple[str, str, bytes]) -> bytes:
    written: list[bytes] = []
    capture = Capture(written.append)
    for number, (source, destination, datagram) in enumerate(calls):
        capture.datagram(source, destination, datagram, 1_795_415_760 + number / 8)
    capture.close()
    return b"".join(written)


# Bytes --------------------------------------------------------------------------------------------


def test_a_file_begins_with_its_section_and_the_interface_of_the_air() -> None:
    assert captured().hex() == (
        "0a0d0d0a" "1c000000" "4d3c2b1a" "0100" "0000" "ffffffffffffffff" "1c000000"
        "01000000" "20000000" "6500" "0000" "00000000" "0200" "0300" "61697200" "00000000"
        "20000000"
    )  # fmt: skip


def test_a_packet_has_its_time_in_microseconds() -> None:
    start = len(captured())
    block = captured((MODULE, ACCESS_MACHINE, b"\x70\x00\x12\x34"))[start:]
    assert block[:12].hex() == "060000004000000000000000"
    high, low = (int.from_bytes(block[at : at + 4], "little") for at in (12, 16))
    assert (high << 32) + low == 1_795_415_760_000_000
    assert block[20:28].hex() == "2000000020000000"
    assert block[-4:].hex() == "40000000"


def test_ipv4_header_is_that_of_a_known_packet() -> None:
    """The example of a header checksum: 115 bytes from 192.168.0.1 to 192.168.0.199."""
    here, there = ip_address("192.168.0.1"), ip_address("192.168.0.199")
    packet = ip_packet((here, 1), (there, 2), bytes(87))
    assert packet[:20].hex() == "45000073000040004011b861c0a80001c0a800c7"
    assert len(packet) == 115


def test_udp_checksum_covers_addresses_and_ports() -> None:
    # By hand: 0a00 + 0001 + 0a00 + 0002 + 0011 + 000a + 0001 + 0002 + 000a + 6869 = 7c94; ~: 836b
    here, there = ip_address("10.0.0.1"), ip_address("10.0.0.2")
    packet = ip_packet((here, 1), (there, 2), b"hi")
    assert packet[20:].hex() == "00010002000a836b6869"


def test_a_checksum_of_zero_is_sent_as_ones() -> None:
    # The same sum with 836b in place of "hi" and its 6869: 142b + ebd4 = ffff, so ~ is 0.
    here, there = ip_address("10.0.0.1"), ip_address("10.0.0.2")
    packet = ip_packet((here, 1), (there, 2), bytes.fromhex("ebd4"))
    assert packet[20:].hex() == "00010002000affffebd4"


def test_an_ipv6_end_makes_an_ipv6_packet() -> None:
    packet = ip_packet((ip_address("10.0.0.1"), 1), (ip_address("::1"), 2), b"hi")
    assert packet[:8].hex() == "60000000000a1140"
    assert packet[8:24].hex() == "00000000000000000000ffff0a000001"
    assert packet[24:40].hex() == "00000000000000000000000000000001"


addresses = st.builds(
    "{}:{}".format,
    st.one_of(
        st.ip_addresses(v=4),
        st.ip_addresses(v=6).map("[{}]".format),
        st.text(st.characters(exclude_characters="[]:"), min_size=1),
    ),
    st.integers(0, 65535),
)
entries = st.one_of(
    st.tuples(addresses, addresses, st.binary()),
    st.tuples(st.text(), st.sampled_from(Side), st.binary()),
)


@given(packets=st.lists(st.tuples(entries, st.floats(-10, 1e10)), max_size=8))
def test_a_capture_is_a_row_of_whole_blocks(
    packets: list[tuple[tuple[str, str, bytes], float]],
) -> None:
    """Whatever is sent, by whom and when: nothing is refused, all of it is in the file."""
    written: list[bytes] = []
    capture = Capture(written.append)
    for (first, second, data), now in packets:
        if isinstance(second, Side):
            capture.serial(first, second, data, now)
        else:
            capture.datagram(first, second, data, now)
    capture.close()
    for block in written:
        size = block[4:8]
        assert len(block) == int.from_bytes(size, "little")
        assert (len(block) % 4, block[-4:]) == (0, size)
    content = b"".join(written)
    for (_, second, data), _ in packets:
        if not isinstance(second, Side):
            assert data in content


def test_the_file_has_each_block_at_once(tmp_path: Path) -> None:
    path = tmp_path / "air.pcapng"
    with RecordingFile(path, print) as file:
        capture = Capture(file.write)
        size = path.stat().st_size
        capture.datagram(MODULE, ACCESS_MACHINE, b"\x70\x00\x12\x34", 0)
        assert path.stat().st_size == size + 64


# As tshark reads it -------------------------------------------------------------------------------

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed (Debian: tshark)"
)


def tshark(
    path: Path, *names: str, options: tuple[str, ...] = (), excused: str | None = None
) -> list[list[str]]:
    """The fields with these names of each packet; none may be malformed or damaged.

    `excused`: a message of tshark that no rule of CoAP is behind.
    """
    shown = (
        "_ws.malformed",
        "_ws.expert.message",
        "ip.checksum.status",
        "udp.checksum.status",
        *names,
    )
    wanted = [word for name in shown for word in ("-e", name)]
    command = ["tshark", "-2", "-n", *CHECKED, "-r", str(path), *options, "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [row for row in rows if row[0] and row[1] != excused] == []
    assert [row for row in rows if BAD in row[2:4]] == []
    return [row[4:] for row in rows]


@needs_tshark
def test_every_request_of_the_captures_has_its_response(tmp_path: Path) -> None:
    """Each capture is the conversation of another module with the access machine."""
    calls = []
    for number, path in enumerate(captures.FILES):
        messages = json.loads(path.read_text(encoding="utf-8"))["messages"]
        for each in messages:
            module = f"10.0.{number}.1:{56830 + each.get('conversation', 0)}"
            ends = (module, ACCESS_MACHINE)
            here, there = ends if each["from"] == "device" else ends[::-1]
            calls.append((here, there, bytes.fromhex(each["hex"])))
    file = tmp_path / "air.pcapng"
    file.write_bytes(captured(*calls))
    rows = tshark(file, "ip.src", "coap.code", "coap.response_in", excused=ONENET_OPTION)
    assert len(rows) == len(calls)
    requests = [row for row in rows if 0 < int(row[1]) < 32]
    assert len(requests) > 100
    assert [row for row in requests if not row[2]] == []


@needs_tshark
def test_addresses_of_all_kinds_have_correct_checksums(tmp_path: Path) -> None:
    hosts = ["10.0.0.1", "[::1]", "[fe80::1%eth0]", "nbiotbt.heclouds.com", "bücher.example"]
    file = tmp_path / "air.pcapng"
    datagrams = [
        (f"{here}:{port}", f"{there}:5683", bytes([0x70, 0, size, size]))
        for here in hosts
        for there in hosts
        for size, port in enumerate((1, 56830, 65535))
    ]
    file.write_bytes(captured(*datagrams, (MODULE, ACCESS_MACHINE, b"\xff" * 66_000)))
    rows = tshark(file, "ip.dst", "ip.dst_host", "udp.length", options=("-N", "n"))
    assert len(rows) == len(datagrams) + 1
    assert rows[-1][2] == "65495"  # what an IP packet holds
    named = {(row[0], row[1]) for row in rows if row[0].startswith("192.0.2.")}
    assert named == {
        ("192.0.2.1", "nbiotbt.heclouds.com"),
        ("192.0.2.2", "bücher.example"),
    }


@needs_tshark
def test_many_names_share_an_address(tmp_path: Path) -> None:
    file = tmp_path / "air.pcapng"
    file.write_bytes(captured(*((MODULE, f"host{n}:5683", b"") for n in range(300))))
    rows = [address for (address,) in tshark(file, "ip.dst")]
    assert rows[0] == "192.0.2.1"
    assert rows[253:] == ["192.0.2.254"] + ["192.0.2.255"] * 46


@needs_tshark
def test_at_lines_are_shown_beside_the_datagrams(tmp_path: Path) -> None:
    file = tmp_path / "all.pcapng"
    written: list[bytes] = []
    capture = Capture(written.append)
    capture.serial("/dev/pts/3", Side.HOST, b"AT+MIPL", 1)
    capture.serial("/dev/pts/3", Side.HOST, b"OPEN=0,3600,30\r", 1.01)
    capture.datagram(MODULE, ACCESS_MACHINE, bytes.fromhex("42020001aabb"), 1.1)
    capture.datagram(ACCESS_MACHINE, MODULE, bytes.fromhex("62410001aabb"), 1.2)
    capture.serial("/dev/pts/3", Side.MODULE, b"\r\n+MIPLOPEN:0,1\r\n", 1.25)
    capture.serial("/dev/pts/4", Side.MODULE, b"\xff\x00rest", 1.5)
    capture.close()
    file.write_bytes(b"".join(written))
    script = f"lua_script:{ROOT / 'tools/m5310_at.lua'}"
    shown = ("frame.time_epoch", "frame.interface_name", "m5310.at.command", "m5310.at.answer")
    rows = tshark(file, *shown, options=("-X", script))
    assert [[f"{float(row[0]):.2f}", *row[1:]] for row in rows] == [
        ["1.00", "/dev/pts/3", "AT+MIPLOPEN=0,3600,30", ""],
        ["1.10", "air", "", ""],
        ["1.20", "air", "", ""],
        ["1.25", "/dev/pts/3", "", "+MIPLOPEN:0,1"],
        ["1.50", "/dev/pts/4", "", "\\xff\\x00rest"],
    ]
    assert len(tshark(file, "frame.number")) == 5  # also without the script
