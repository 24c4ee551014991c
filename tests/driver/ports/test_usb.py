"""A port found again: by its name, or as the USB device that it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from serial.tools import list_ports

from m5310.at.modem import Modem
from m5310.errors import ParameterError, PortError
from m5310.ports.usb import Plug, UsbPort, found, named, usb_port
from tests.support.scripted import Scripted


@dataclass(frozen=True)
class Port:
    device: str
    serial_number: str | None = "A1"
    location: str | None = "1-1.2:1.0"
    vid: int | None = 0x10C4
    pid: int | None = 0xEA60
    description: str = "CP2102"


@pytest.mark.parametrize(
    ("location", "interface"), [("1-1.2:1.0", "1.0"), ("1-1.2", ""), (None, "")]
)
def test_what_a_port_is_known_by_does_not_say_where_it_is_plugged_in(
    location: str | None, interface: str
) -> None:
    expected = UsbPort(0x10C4, 0xEA60, "A1", interface)
    assert usb_port(Port("/dev/ttyUSB0", location=location)) == expected


@pytest.mark.parametrize("number", [None, ""])
def test_without_a_serial_number_a_port_has_nothing_but_its_name(number: str | None) -> None:
    assert usb_port(Port("/dev/ttyUSB0", serial_number=number)) is None


def test_found_under_another_name_and_in_another_socket() -> None:
    (wanted,) = filter(None, [usb_port(Port("/dev/ttyUSB0"))])
    there = [
        Port("/dev/ttyS0", serial_number=None),
        Port("/dev/ttyUSB0", serial_number="B2"),
        Port("/dev/ttyUSB1", location="1-1.2:1.1"),  # the other port of the same adapter
        Port("/dev/ttyUSB2", pid=1),
        Port("/dev/ttyUSB3", location="2-4:1.0"),
    ]
    assert found(wanted, there) == "/dev/ttyUSB3"
    assert found(wanted, there[:-1]) is None


def test_a_link_names_what_it_leads_to(tmp_path: Path) -> None:
    there = tmp_path / "ttyUSB0"
    there.touch()
    link = tmp_path / "by-id"
    link.symlink_to(there)
    port = Port(str(there))
    assert named(str(link), [Port("/dev/ttyUSB9"), port]) == usb_port(port)
    assert named(str(there), [port]) == usb_port(port)
    assert named("/dev/ttyUSB7", [port]) is None


@pytest.mark.parametrize("baudrate", [0, -9600])
async def test_a_speed_that_is_none(baudrate: int) -> None:
    with pytest.raises(ParameterError):
        await Plug("/dev/ttyUSB0", baudrate).open()


class Sockets:
    """What is plugged in, and which names were opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.there: list[Port] = [Port("/dev/ttyUSB0")]
        self.opened: list[tuple[str, int]] = []
        monkeypatch.setattr(list_ports, "comports", lambda: self.there)
        monkeypatch.setattr(Modem, "open", self._open)

    async def _open(self, url: str, baudrate: int) -> Modem:
        self.opened.append((url, baudrate))
        return Scripted().modem


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Sockets:
    return Sockets(monkeypatch)


async def open_and_close(it: Plug) -> None:
    await (await it.open()).close()


@pytest.mark.realtime
async def test_opened_again_under_the_name_it_has_now(sockets: Sockets) -> None:
    it = Plug("/dev/ttyUSB0", 115200)
    await open_and_close(it)
    sockets.there = [Port("/dev/ttyUSB0", serial_number="B2"), Port("/dev/ttyUSB1")]
    await open_and_close(it)
    sockets.there = [Port("/dev/ttyUSB0")]
    await open_and_close(it)
    names = ["/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyUSB0"]
    assert sockets.opened == [(name, 115200) for name in names]


@pytest.mark.realtime
async def test_its_own_name_goes_before_others_that_it_has(sockets: Sockets) -> None:
    it = Plug("/dev/ttyUSB0", 9600)
    await open_and_close(it)
    sockets.there = [Port("/dev/cu.usb"), Port("/dev/ttyUSB0")]
    await open_and_close(it)
    assert [name for name, _ in sockets.opened] == ["/dev/ttyUSB0"] * 2


@pytest.mark.realtime
async def test_another_adapter_under_the_same_name_is_not_taken_for_it(sockets: Sockets) -> None:
    it = Plug("/dev/ttyUSB0", 9600)
    await open_and_close(it)
    sockets.there = [Port("/dev/ttyUSB0", serial_number="B2")]
    with pytest.raises(PortError, match=r"number A1, is not plugged in; there is /dev/ttyUSB0"):
        await it.open()
    sockets.there = []
    with pytest.raises(PortError, match="no serial port is plugged in"):
        await it.open()
    assert len(sockets.opened) == 1


@pytest.mark.realtime
@pytest.mark.parametrize("name", ["/dev/ttyS0", "socket://127.0.0.1:7"])
async def test_what_has_no_number_is_opened_by_its_name(sockets: Sockets, name: str) -> None:
    sockets.there = [Port("/dev/ttyS0", serial_number=None)]
    it = Plug(name, 9600)
    for _ in range(2):
        await open_and_close(it)
    assert sockets.opened == [(name, 9600)] * 2


@pytest.mark.realtime
async def test_a_port_whose_number_cannot_be_read_is_closed_again(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = Scripted()

    async def open_modem(*_: object) -> Modem:
        return port.modem

    def fail() -> list[Port]:
        raise OSError("no /sys")

    monkeypatch.setattr(Modem, "open", open_modem)
    monkeypatch.setattr(list_ports, "comports", fail)
    with pytest.raises(OSError, match="no /sys"):
        await Plug("/dev/ttyUSB0", 9600).open()
    assert port.closed == 1
