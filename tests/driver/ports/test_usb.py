"""A USB adapter is found under the same name, another name, or in another socket."""

from __future__ import annotations

from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from m5310.errors import PortError
from m5310.ports.usb import PortFinder, UsbPort, name_of, usb_port, usb_port_of


def plugged_port(
    device: str,
    *,
    serial_number: str | None = "A1",
    location: str | None = "1-1.2:1.0",
    pid: int = 0xEA60,
) -> ListPortInfo:
    port = ListPortInfo(device)
    port.description = "CP2102"
    port.vid, port.pid = 0x10C4, pid
    port.serial_number, port.location = serial_number, location
    return port


@pytest.mark.parametrize(
    ("location", "interface"), [("1-1.2:1.0", "1.0"), ("1-1.2", ""), (None, "")]
)
def test_usb_port_does_not_depend_on_the_socket(location: str | None, interface: str) -> None:
    expected = UsbPort(0x10C4, 0xEA60, "A1", interface)
    assert usb_port(plugged_port("/dev/ttyUSB0", location=location)) == expected


@pytest.mark.parametrize("number", [None, ""])
def test_port_without_serial_number_is_not_identified(number: str | None) -> None:
    assert usb_port(plugged_port("/dev/ttyUSB0", serial_number=number)) is None


def test_adapter_is_found_under_another_name_and_in_another_socket() -> None:
    (wanted,) = filter(None, [usb_port(plugged_port("/dev/ttyUSB0"))])
    ports = [
        plugged_port("/dev/ttyS0", serial_number=None),
        plugged_port("/dev/ttyUSB0", serial_number="B2"),
        plugged_port("/dev/ttyUSB1", location="1-1.2:1.1"),  # the other port of the same adapter
        plugged_port("/dev/ttyUSB2", pid=1),
        plugged_port("/dev/ttyUSB3", location="2-4:1.0"),
    ]
    assert name_of(wanted, ports) == "/dev/ttyUSB3"
    assert name_of(wanted, ports[:-1]) is None


def test_symbolic_link_names_its_target(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    link = tmp_path / "by-id"
    link.symlink_to(device)
    port = plugged_port(str(device))
    assert usb_port_of(str(link), [plugged_port("/dev/ttyUSB9"), port]) == usb_port(port)
    assert usb_port_of(str(device), [port]) == usb_port(port)
    assert usb_port_of("/dev/ttyUSB7", [port]) is None


class PluggedIn(list[ListPortInfo]):
    """The ports that pyserial lists."""


@pytest.fixture
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> PluggedIn:
    ports = PluggedIn([plugged_port("/dev/ttyUSB0")])
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    return ports


async def remembered(name: str) -> PortFinder:
    finder = PortFinder(name)
    assert await finder.find() == name
    await finder.remember(name)
    return finder


@pytest.mark.realtime
async def test_finds_the_name_that_the_adapter_has_now(plugged_in: PluggedIn) -> None:
    finder = await remembered("/dev/ttyUSB0")
    plugged_in[:] = [plugged_port("/dev/ttyUSB0", serial_number="B2"), plugged_port("/dev/ttyUSB1")]
    assert await finder.find() == "/dev/ttyUSB1"
    plugged_in[:] = [plugged_port("/dev/ttyUSB0")]
    assert await finder.find() == "/dev/ttyUSB0"


@pytest.mark.realtime
async def test_prefers_the_given_name_to_others_of_the_same_adapter(plugged_in: PluggedIn) -> None:
    finder = await remembered("/dev/ttyUSB0")
    plugged_in[:] = [plugged_port("/dev/cu.usb"), plugged_port("/dev/ttyUSB0")]
    assert await finder.find() == "/dev/ttyUSB0"


@pytest.mark.realtime
async def test_refuses_another_adapter_under_the_same_name(plugged_in: PluggedIn) -> None:
    finder = await remembered("/dev/ttyUSB0")
    plugged_in[:] = [plugged_port("/dev/ttyUSB0", serial_number="B2")]
    with pytest.raises(PortError, match=r"number A1, is not plugged in; there is /dev/ttyUSB0"):
        await finder.find()
    plugged_in.clear()
    with pytest.raises(PortError, match="no serial port is plugged in"):
        await finder.find()


@pytest.mark.realtime
@pytest.mark.parametrize("name", ["/dev/ttyS0", "socket://127.0.0.1:7"])
async def test_port_without_serial_number_is_found_by_name(
    plugged_in: PluggedIn, name: str
) -> None:
    plugged_in[:] = [plugged_port("/dev/ttyS0", serial_number=None)]
    assert await (await remembered(name)).find() == name
