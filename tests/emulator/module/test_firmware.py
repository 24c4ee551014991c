"""Firmware variants: each difference as a host sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.module.firmware import DEFAULT, FIRMWARES, Firmware, profile
from emulator.module.module import Module
from tests.support.lwm2m_messages import Code, Discover, Notification, Read, Response, Write
from tests.support.uart import Host

BULB = Path(3306, 0, 5851)


def online(firmware: str | Firmware) -> Host:
    host = Host(firmware=firmware)
    host.configure(("3306/0/5851", 3, "7"))
    host.observed("3306/0")
    host.uplink()
    return host


def test_default_firmware_exists() -> None:
    assert Module().firmware == FIRMWARES[DEFAULT] == profile("SP3")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"'SP9': expected one of SP1, SP2, SP3, SP5, m5310, .*, or a"
    ):
        Module(firmware="SP9")


@pytest.mark.parametrize("name", FIRMWARES)
def test_version_shows_the_capabilities(name: str) -> None:
    host = Host(firmware=name)
    (revision, _), (version, _) = host.ask("AT+CGMR"), host.ask("AT+CMVER")
    assert revision.endswith(name)
    assert ("V3." in version) is FIRMWARES[name].acknowledges


@pytest.mark.parametrize("name", FIRMWARES)
def test_acknowledged_reports_by_firmware(name: str) -> None:
    host = online(name)
    report = 'AT+MIPLNOTIFY=0,3306,0,5851,3,"8",1'
    if FIRMWARES[name].acknowledges:
        host.well(f"{report},5")
    else:
        assert host.refused(f"{report},5") == 50
        assert host.uplink() == []
        host.well(report)
    (sent,) = host.uplink()
    assert isinstance(sent, Notification)
    assert sent.confirmable is FIRMWARES[name].acknowledges


@pytest.mark.parametrize(
    ("name", "read", "write"),
    [
        ("SP1", "+MIPLREAD:0,10001,3306,0,5851", "+MIPLWRITE:0,10002,3306,0,5851,55"),
        ("SP2", "+MIPLREAD:0,10001,3306,0,5851,0", "+MIPLWRITE:0,10002,3306,0,5851,55"),
        ("SP3", "+MIPLREAD:0,10001,3306,0,5851", "+MIPLWRITE:0,10002,3306,0,5851,55"),
        ("SP5", "+MIPLREAD:0,10001,3306,0,5851", "+MIPLWRITE:0,10002,3306,0,5851,3,4,55,0,0"),
    ],
)
def test_request_lines_by_firmware(name: str, read: str, write: str) -> None:
    host = online(name)
    assert host.deliver(Read(10_001, BULB)) == [read]
    host.well('AT+MIPLREAD=0,10001,3306,0,5851,3,"7",1')
    assert host.deliver(Write(10_002, BULB, (Item(BULB, 55),), replace=True)) == [write]


@pytest.mark.parametrize(("typed", "line"), [(True, ",3,4,55,0,0"), (False, ",55")])
def test_typed_urcs_override(*, typed: bool, line: str) -> None:
    host = Host(firmware="SP1", typed_urcs=typed)
    host.configure(("3306/0/5851", 3, "7"))
    host.log_in()
    (written,) = host.deliver(Write(10_002, BULB, (Item(BULB, 55),), replace=True))
    assert written == f"+MIPLWRITE:0,10002,3306,0,5851{line}"
    assert host.ask("AT+CMVER") == ["M5310_V1.1.0", "OK"]


@pytest.mark.parametrize("name", FIRMWARES)
def test_message_ids_out_of_range_are_refused(name: str) -> None:
    host = online(name)
    first, last = FIRMWARES[name].msgids.start, FIRMWARES[name].msgids.stop - 1
    host.deliver(Read(first, BULB))
    assert host.refused(f'AT+MIPLREAD=0,{first - 1},3306,0,5851,3,"7",1') == 50
    assert host.refused(f"AT+MIPLWRITE=0,{last + 1},1") == 50
    host.well(f'AT+MIPLREAD=0,{first},3306,0,5851,3,"7",1')


@pytest.mark.parametrize("first", [0, 1, 9_999])
@pytest.mark.parametrize("count", [1, 20, 9_999])
def test_requests_have_message_ids_that_the_host_may_answer(first: int, count: int) -> None:
    """The platform's own ids are 10000 to 65535; its repeat of a request keeps the id."""
    host = Host(firmware=replace(FIRMWARES["SP3"], msgids=range(first, first + count)))
    host.configure(("3306/0/5851", 3, "7"))
    host.log_in()
    host.uplink()
    for mid in (10_000, 10_001, 65_535):
        (line,) = host.deliver(Read(mid, BULB))
        msgid = int(line.split(",")[1])
        assert first <= msgid < first + count
        assert host.deliver(Read(mid, BULB)) == [line]
        host.well(f'AT+MIPLREAD=0,{msgid},3306,0,5851,3,"7",1')
        assert host.uplink() == [Response(mid, Code.CONTENT, items=(Item(BULB, 7),))]
    (discovered,) = host.deliver(Discover(10_002, Path(3306)))
    assert first <= int(discovered.split(",")[1]) < first + count


def test_custom_firmware() -> None:
    own = Firmware(
        revision="MINE", version="M5310_V9", read_suffix=",7", msgids=range(20_000, 30_000)
    )
    host = online(own)
    assert host.ask("AT+CGMR") == ["MINE", "OK"]
    assert host.deliver(Read(20_001, BULB)) == ["+MIPLREAD:0,20001,3306,0,5851,7"]
    assert host.refused('AT+MIPLREAD=0,10001,3306,0,5851,3,"8",1') == 50
    host.well('AT+MIPLREAD=0,20001,3306,0,5851,3,"8",1')


@pytest.mark.parametrize(
    "wrong",
    [
        {"revision": "A\r\nOK"},
        {"version": "ERROR"},
        {"version": ""},
        {"read_suffix": "\r\nOK"},
        {"msgids": range(5, 5)},
    ],
)
def test_firmware_that_no_host_could_read_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} .*: expected (one|for example)"):
        replace(FIRMWARES["SP3"], **wrong)


def test_profile_overrides_and_unpaced_line() -> None:
    first = FIRMWARES["SP1"]
    assert profile("SP1") == first
    free = profile("SP1", paced=False)
    assert (free.quiet, free.overruns, free.hasty_lost) == (0.0, False, True)
    overridden = profile(
        "SP1", paced=False, typed_urcs=True, quiet=1.0, hasty_lost=False, overruns=True
    )
    assert (
        overridden.typed_urcs,
        overridden.quiet,
        overridden.hasty_lost,
        overridden.overruns,
    ) == (True, 1.0, False, True)
    assert overridden.version == first.version
