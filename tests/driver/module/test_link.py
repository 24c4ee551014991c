"""The module below a device: opened, lost and opened again, or lent and given back."""

from __future__ import annotations

import pytest

from m5310.at.modem import Modem
from m5310.commands import general
from m5310.errors import ParameterError, PortError, StateError
from m5310.module.link import Connection, Opener
from tests.support.scripted import Scripted


class Bench:
    def __init__(self, *, given: bool = False) -> None:
        self.ports = [Scripted()]
        self.lines: list[str] = []
        self.losses: list[PortError] = []
        port: Modem | Opener = self.ports[0].modem if given else self._open
        self.it = Connection(port, 9600, self.lines.append, self.losses.append)

    async def _open(self) -> Modem:
        if not self.ports:
            raise PortError("not plugged in")
        return self.ports[0].modem


async def test_what_the_modem_says_is_heard_until_it_is_closed() -> None:
    bench = Bench()
    (port,) = bench.ports
    assert bench.it.gone
    bench.it.check()  # nothing was lost yet
    await bench.it.open()
    assert not bench.it.gone
    assert bench.it.modem is port.modem
    await bench.it.execute(general.error_numbers(on=True))
    port.say("+MIPLCLOSE:0,1")
    assert bench.lines == ["+MIPLCLOSE:0,1"]
    await bench.it.close()
    assert bench.it.gone
    assert port.closed == 1
    assert bench.losses == []
    await bench.it.close()
    with pytest.raises(StateError, match="open it first"):
        bench.it.modem  # noqa: B018


async def test_a_port_that_is_lost_is_opened_again_on_another_modem() -> None:
    bench = Bench()
    assert bench.it.reopens
    await bench.it.open()
    old = bench.ports.pop()
    old.vanish()
    assert bench.it.gone
    (loss,) = bench.losses
    with pytest.raises(PortError) as lost:
        bench.it.check()
    assert lost.value is loss
    assert "unplugged" in str(loss)
    with pytest.raises(PortError, match="unplugged"):
        await bench.it.execute(general.error_numbers(on=True))
    with pytest.raises(PortError, match="not plugged in"):
        await bench.it.open()
    assert bench.it.gone
    bench.ports.append(Scripted())
    await bench.it.open()
    assert not bench.it.gone
    bench.it.check()
    assert bench.it.modem is bench.ports[0].modem is not old.modem
    await bench.it.close()


async def test_a_modem_that_was_lent_stays_open_and_is_heard_no_more() -> None:
    bench = Bench(given=True)
    (port,) = bench.ports
    assert not bench.it.reopens
    await bench.it.open()
    await bench.it.close()
    port.say("+MIPLCLOSE:0,1")
    assert not port.closed
    port.vanish()
    assert (bench.lines, bench.losses) == ([], [])
    with pytest.raises(PortError):
        await bench.it.open()


async def test_a_module_that_announces_its_sleep_is_asked_before_the_next_command() -> None:
    bench = Bench()
    (port,) = bench.ports
    await bench.it.open()
    command = general.error_numbers(on=True)
    await bench.it.execute(command)
    for line, probes in (("+CSCON:1", 1), ("+NPSMR:1", 2), ("+NPSMR:0", 2)):
        port.say(line)
        await bench.it.execute(command)
        assert port.modem.counters.probes == probes
    assert bench.lines == ["+CSCON:1", "+NPSMR:1", "+NPSMR:0"]
    await bench.it.close()


@pytest.mark.realtime
async def test_a_name_is_opened_as_a_port() -> None:
    connection = Connection("/dev/there-is-no-such-port", 9600, lambda _: None, lambda _: None)
    assert connection.reopens
    with pytest.raises(PortError, match="does not exist"):
        await connection.open()
    assert connection.gone


@pytest.mark.parametrize("port", [None, 5, b"/dev/ttyUSB0"])
def test_what_is_no_port(port: object) -> None:
    with pytest.raises(ParameterError, match="no port"):
        Connection(port, 9600, lambda _: None, lambda _: None)  # type: ignore[arg-type]
