"""PortSpeed: the speed of an open port."""

from __future__ import annotations

import asyncio
import termios

import pytest
import serial

from m5310.at.modem import Modem
from m5310.errors import ParameterError, PortError
from m5310.module.speed import open_modem
from m5310.ports.speed import PortSpeed


@pytest.mark.realtime
async def test_change_of_a_terminal(pty: tuple[int, str]) -> None:
    master, path = pty
    modem, port = await open_modem(path, 9600)
    async with modem:
        assert termios.tcgetattr(master)[4:6] == [termios.B9600, termios.B9600]
        await port.change(115200)
        assert termios.tcgetattr(master)[4:6] == [termios.B115200, termios.B115200]
        assert port.baudrate == 115200
        for invalid in (0, -1):
            with pytest.raises(ParameterError, match=f"speed of {invalid} baud"):
                await port.change(invalid)
        assert port.baudrate == 115200


@pytest.mark.realtime
async def test_change_of_a_port_behind_threads() -> None:
    modem, port = await open_modem("loop://", 9600)
    async with modem:
        await port.change(115200)
        assert port.baudrate == 115200


class FixedPort:
    @property
    def baudrate(self) -> int:
        return 9600

    @baudrate.setter
    def baudrate(self, _: int) -> None:
        raise ValueError("not supported by this chip")


@pytest.mark.realtime
async def test_unsupported_speed_is_a_port_error() -> None:
    modem = Modem()
    modem.connection_made(asyncio.Transport({"serial": FixedPort()}))
    port = PortSpeed.of(modem)
    assert port is not None
    with pytest.raises(PortError, match="cannot be set to 250000 baud: not supported by this chip"):
        await port.change(250000)
    assert port.baudrate == 9600


@pytest.mark.realtime
async def test_change_without_a_protocol() -> None:
    loop_port = serial.serial_for_url("loop://", 9600)
    port = PortSpeed(asyncio.Transport({"serial": loop_port}), 9600)
    await port.change(115200)
    assert port.baudrate == loop_port.baudrate == 115200
    loop_port.close()


async def test_transport_without_port_has_no_speed() -> None:
    modem = Modem()
    with pytest.raises(PortError, match="not open"):
        PortSpeed.of(modem)
    modem.connection_made(asyncio.Transport())
    assert PortSpeed.of(modem) is None


@pytest.mark.realtime
async def test_change_paces_the_protocol(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paced: list[float] = []
    monkeypatch.setattr(Modem, "pace", lambda _, byte_time: paced.append(byte_time))
    modem, port = await open_modem(pty[1], 9600)
    async with modem:
        await port.change(115200)
    assert paced == [10 / 115200]
