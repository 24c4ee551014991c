"""The link to one module: opened, lost and opened again, or lent; its sessions and events."""

from __future__ import annotations

import pytest
from serial.tools import list_ports

from m5310.at.modem import Modem
from m5310.commands import general
from m5310.commands.general import BootCause, Booted
from m5310.commands.urcs import Sleep
from m5310.errors import ModemReset, ParameterError, PortError, StateError
from m5310.module.link import LineReceived, Link, LinkEvent, Opener, PortLost, Restarted
from tests.support.scripted import Scripted

CME = general.error_numbers(on=True)
TEXT = "REBOOT_CAUSE_APPLICATION_WATCHDOG"


class LinkedPorts:
    """A link over scripted ports, one after the other, and the events that it emits."""

    def __init__(self, *, lent: bool = False) -> None:
        self.ports = [Scripted()]
        self.events: list[LinkEvent] = []
        port: Modem | Opener = self.ports[0].modem if lent else self._open
        self.link = Link(port)
        self.stop = self.link.listen(self.events.append)

    async def _open(self) -> Modem:
        if not self.ports:
            raise PortError("not plugged in")
        return self.ports[0].modem


async def test_lines_are_emitted_until_the_link_is_closed() -> None:
    linked = LinkedPorts()
    link, (port,) = linked.link, linked.ports
    assert link.gone
    link.check()  # nothing was lost yet
    await link.open()
    assert not link.gone
    assert link.modem is port.modem
    await link.execute(CME)
    port.send("+MIPLCLOSE:0,1")
    assert linked.events == [LineReceived("+MIPLCLOSE:0,1", None)]
    await link.close()
    assert link.gone
    assert port.closed == 1
    assert len(linked.events) == 1
    await link.close()
    with pytest.raises(StateError, match="open it first"):
        _ = link.modem


async def test_listener_that_stopped_gets_no_event() -> None:
    linked = LinkedPorts()
    await linked.link.open()
    linked.stop()
    linked.ports[0].send("+CSCON:1")
    assert linked.events == []
    await linked.link.close()


async def test_lost_port_is_opened_again_on_another_modem() -> None:
    linked = LinkedPorts()
    link = linked.link
    assert link.reopens
    await link.open()
    old = linked.ports.pop()
    old.vanish()
    assert link.gone
    assert link.session.number == 1
    (lost,) = linked.events
    with pytest.raises(PortError, match="unplugged") as raised:
        link.check()
    assert lost == PortLost(raised.value)
    with pytest.raises(PortError, match="unplugged"):
        await link.execute(CME)
    with pytest.raises(PortError, match="not plugged in"):
        await link.open()
    assert link.gone
    linked.ports.append(Scripted())
    await link.open()
    assert not link.gone
    link.check()
    assert link.modem is linked.ports[0].modem is not old.modem
    linked.ports[0].send("+CSCON:1")
    assert len(linked.events) == 2
    await link.close()


async def test_lent_modem_stays_open() -> None:
    linked = LinkedPorts(lent=True)
    link, (port,) = linked.link, linked.ports
    assert not link.reopens
    await link.open()
    await link.close()
    port.send("+MIPLCLOSE:0,1")
    assert not port.closed
    port.vanish()
    assert linked.events == []
    with pytest.raises(PortError):
        await link.open()


async def test_each_restart_line_ends_the_session_and_what_waits() -> None:
    linked = LinkedPorts()
    link, (port,) = linked.link, linked.ports
    port.rules = {"AT+CMEE": ["REBOOTING", TEXT, "M5310", "OK"]}
    await link.open()
    with pytest.raises(ModemReset, match="REBOOTING") as waiter:
        await link.execute(CME)
    down, up, name = linked.events
    assert down == Restarted("REBOOTING", None, waiter.value)
    assert isinstance(up, Restarted)
    assert (up.text, up.booted) == (TEXT, Booted(BootCause.WATCHDOG, TEXT))
    assert name == LineReceived("M5310", None)
    assert link.session.number == 2
    assert link.session.interruption is up.error
    link.check()  # the port is there
    await link.close()


async def test_module_that_reports_sleep_is_probed_before_the_next_command() -> None:
    linked = LinkedPorts()
    (port,) = linked.ports
    await linked.link.open()
    await linked.link.execute(CME)
    for line, probes in (("+CSCON:1", 1), ("+NPSMR:1", 2), ("+NPSMR:0", 2)):
        port.send(line)
        await linked.link.execute(CME)
        assert port.modem.counters.probes == probes
    assert linked.events[1:] == [
        LineReceived("+NPSMR:1", Sleep(True)),
        LineReceived("+NPSMR:0", Sleep(False)),
    ]
    await linked.link.close()


async def test_malformed_line_is_logged_and_emitted(caplog: pytest.LogCaptureFixture) -> None:
    linked = LinkedPorts()
    await linked.link.open()
    linked.ports[0].send("+NPING:nonsense")
    assert linked.events == [LineReceived("+NPING:nonsense", None)]
    assert "ignoring line" in caplog.text
    await linked.link.close()


# --- ports by name ---------------------------------------------------------------------------


@pytest.mark.realtime
async def test_port_that_does_not_exist() -> None:
    link = Link("/dev/there-is-no-such-port")
    assert link.reopens
    with pytest.raises(PortError, match="does not exist"):
        await link.open()
    assert link.gone


@pytest.mark.parametrize("port", [None, 5, b"/dev/ttyUSB0"])
def test_invalid_port(port: object) -> None:
    with pytest.raises(ParameterError, match="is not a port"):
        Link(port)  # type: ignore[arg-type]


@pytest.mark.parametrize("baudrate", [0, -9600])
async def test_invalid_speed(baudrate: int) -> None:
    with pytest.raises(ParameterError):
        await Link("/dev/ttyUSB0", baudrate).open()


@pytest.mark.realtime
async def test_port_is_closed_if_its_serial_number_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = Scripted()

    async def open_modem(*_: object, **__: object) -> Modem:
        return port.modem

    def fail() -> None:
        raise OSError("no /sys")

    monkeypatch.setattr(Modem, "open", open_modem)
    monkeypatch.setattr(list_ports, "comports", fail)
    link = Link("/dev/ttyUSB0")
    with pytest.raises(OSError, match="no /sys"):
        await link.open()
    assert port.closed == 1
    assert link.gone
