"""Following: the wanted lines in order, in bounded memory, to the end of the port."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.line_stream import Following, Wanted, shape
from m5310.errors import ParameterError, PortError, StateError
from tests.support.scripted import Scripted


async def all_lines(lines: Following) -> list[str]:
    return [line async for line in lines]


@pytest.mark.parametrize(
    ("wanted", "line", "matches"),
    [
        ("+CEREG", "+CEREG:1", True),
        ("+CEREG:", "+CEREG:1", True),
        ("+CEREG", "+CEREG:", True),
        ("+CEREG", "+CEREGX:1", False),
        ("+CEREG", "+CEREG", False),
        ("+CEREG", "x+CEREG:1", False),
        ("+C.REG", "+CEREG:1", False),
        (re.compile("REBOOT.*"), "REBOOT_CAUSE_UNKNOWN", True),
        (re.compile("REBOOT"), "REBOOTING", False),
    ],
)
def test_shape_of_wanted_lines(wanted: Wanted, line: str, matches: bool) -> None:
    assert bool(shape(wanted).fullmatch(line)) is matches


@pytest.mark.parametrize("wanted", ["", ":"])
def test_shape_refuses_an_empty_name(wanted: str) -> None:
    with pytest.raises(ParameterError, match="name of a line"):
        shape(wanted)


@given(st.text(min_size=1).filter(lambda name: not name.endswith(":")), st.text())
def test_name_is_matched_literally(name: str, rest: str) -> None:
    values = re.sub(r"[\r\n]", "", rest)
    assert shape(name).fullmatch(f"{name}:{values}")
    assert not shape(name).fullmatch(f"{name}X:{values}")


async def test_wanted_lines_come_in_order() -> None:
    port = Scripted()
    port.send("+CEREG:0")  # before the stream was entered
    async with Following(port.modem, ("+CEREG", "+CSCON")) as lines:
        port.send("+CEREG:2", "+NPSMR:1", "+CSCON:1", "REBOOTING", "+CEREG:1")
        lines.close()
        assert await all_lines(lines) == ["+CEREG:2", "+CSCON:1", "+CEREG:1"]
    await port.modem.close()


async def test_all_lines_without_a_selection() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        port.send("+CEREG:2", "REBOOTING")
        assert [await anext(lines), await anext(lines)] == ["+CEREG:2", "REBOOTING"]
    await port.modem.close()


async def test_reader_waits_for_the_next_line() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        reader = asyncio.create_task(anext(lines))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not reader.done()
        port.send("+CEREG:2")
        assert await reader == "+CEREG:2"
    await port.modem.close()


async def test_two_readers_share_the_lines() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        readers = [asyncio.create_task(anext(lines)) for _ in range(2)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        port.send("+A:1")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        port.send("+A:2")
        assert set(await asyncio.gather(*readers)) == {"+A:1", "+A:2"}
    await port.modem.close()


async def test_slow_reader_loses_the_oldest_lines_which_are_counted() -> None:
    port = Scripted()
    async with Following(port.modem, (), limit=3) as lines:
        port.send(*(f"+A:{number}" for number in range(10)))
        assert lines.dropped == 7
        lines.close()
        assert await all_lines(lines) == ["+A:7", "+A:8", "+A:9"]
    await port.modem.close()


async def test_lost_port_is_raised_after_the_waiting_lines() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        port.send("+A:1")
        port.vanish()
        assert await anext(lines) == "+A:1"
        for _ in range(2):
            with pytest.raises(PortError, match="unplugged"):
                await anext(lines)
    await port.modem.close()


async def test_lost_port_wakes_the_reader() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        reader = asyncio.create_task(all_lines(lines))
        await asyncio.sleep(0)
        port.vanish()
        with pytest.raises(PortError):
            await reader
    await port.modem.close()


async def test_closed_modem_wakes_the_reader() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        port.send("+A:1")
        reader = asyncio.create_task(all_lines(lines))
        await port.modem.close()
        with pytest.raises(PortError, match="was closed"):
            await reader


async def test_leaving_the_stream_ends_it_for_another_reader() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        reader = asyncio.create_task(all_lines(lines))
        await asyncio.sleep(0)
    assert await reader == []
    port.send("+A:1")
    assert await all_lines(lines) == []  # no lines after the end
    lines.close()
    await port.modem.close()


async def test_stream_is_entered_once_before_it_is_read() -> None:
    port = Scripted()
    lines = Following(port.modem, ())
    with pytest.raises(StateError, match="async with"):
        aiter(lines)
    async with lines:
        with pytest.raises(StateError, match="entered before"):
            await lines.__aenter__()
    with pytest.raises(StateError, match="entered before"):
        await lines.__aenter__()
    closed = Following(port.modem, ())
    closed.close()
    with pytest.raises(StateError, match="entered before"):
        await closed.__aenter__()
    await port.modem.close()


async def test_stream_of_a_closed_modem_raises_port_error() -> None:
    port = Scripted()
    await port.modem.close()
    with pytest.raises(PortError):
        await Following(port.modem, ()).__aenter__()


async def test_limit_must_be_positive() -> None:
    port = Scripted()
    with pytest.raises(ParameterError, match="limit must be"):
        Following(port.modem, (), limit=0)
    await port.modem.close()
