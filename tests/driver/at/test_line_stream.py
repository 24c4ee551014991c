"""Unsolicited lines as a stream: the meant ones, in order, bounded, with an end."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.line_stream import Following, Wanted, shape
from m5310.errors import ParameterError, PortError, StateError
from tests.support.scripted import Scripted


async def everything(lines: Following) -> list[str]:
    return [line async for line in lines]


@pytest.mark.parametrize(
    ("wanted", "line", "meant"),
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
def test_which_lines_are_meant(wanted: Wanted, line: str, meant: bool) -> None:
    assert bool(shape(wanted).fullmatch(line)) is meant


@pytest.mark.parametrize("wanted", ["", ":"])
def test_a_name_that_is_none(wanted: str) -> None:
    with pytest.raises(ParameterError, match="name of a line"):
        shape(wanted)


@given(st.text(min_size=1).filter(lambda name: not name.endswith(":")), st.text())
def test_any_name_means_itself_and_never_a_pattern(name: str, rest: str) -> None:
    values = re.sub(r"[\r\n]", "", rest)
    assert shape(name).fullmatch(f"{name}:{values}")
    assert not shape(name).fullmatch(f"{name}X:{values}")


async def test_the_lines_that_are_meant_in_their_order() -> None:
    port = Scripted()
    port.say("+CEREG:0")  # before anybody followed
    async with Following(port.modem, ("+CEREG", "+CSCON")) as lines:
        port.say("+CEREG:2", "+NPSMR:1", "+CSCON:1", "REBOOTING", "+CEREG:1")
        lines.close()
        assert await everything(lines) == ["+CEREG:2", "+CSCON:1", "+CEREG:1"]
    await port.modem.close()


async def test_all_lines_in_one_stream() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        port.say("+CEREG:2", "REBOOTING")
        assert [await anext(lines), await anext(lines)] == ["+CEREG:2", "REBOOTING"]
    await port.modem.close()


async def test_the_reader_waits_for_the_next_line() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        reader = asyncio.create_task(anext(lines))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not reader.done()
        port.say("+CEREG:2")
        assert await reader == "+CEREG:2"
    await port.modem.close()


async def test_two_readers_share_the_lines() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        readers = [asyncio.create_task(anext(lines)) for _ in range(2)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        port.say("+A:1")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        port.say("+A:2")
        assert set(await asyncio.gather(*readers)) == {"+A:1", "+A:2"}
    await port.modem.close()


async def test_a_slow_reader_loses_the_oldest_and_knows_how_many() -> None:
    port = Scripted()
    async with Following(port.modem, (), limit=3) as lines:
        port.say(*(f"+A:{number}" for number in range(10)))
        assert lines.dropped == 7
        lines.close()
        assert await everything(lines) == ["+A:7", "+A:8", "+A:9"]
    await port.modem.close()


async def test_a_lost_port_ends_it_after_what_had_come() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        port.say("+A:1")
        port.vanish()
        assert await anext(lines) == "+A:1"
        for _ in range(2):
            with pytest.raises(PortError, match="unplugged"):
                await anext(lines)
    await port.modem.close()


async def test_a_lost_port_wakes_the_reader() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        reader = asyncio.create_task(everything(lines))
        await asyncio.sleep(0)
        port.vanish()
        with pytest.raises(PortError):
            await reader
    await port.modem.close()


async def test_a_modem_that_its_owner_closes_wakes_the_reader() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        port.say("+A:1")
        reader = asyncio.create_task(everything(lines))
        await port.modem.close()
        with pytest.raises(PortError, match="was closed"):
            await reader


async def test_leaving_ends_it_for_a_reader_elsewhere() -> None:
    port = Scripted()
    async with Following(port.modem, ()) as lines:
        reader = asyncio.create_task(everything(lines))
        await asyncio.sleep(0)
    assert await reader == []
    port.say("+A:1")
    assert await everything(lines) == []  # nothing is heard any more
    lines.close()
    await port.modem.close()


async def test_it_is_entered_once_and_before_it_is_read() -> None:
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


async def test_without_a_port_there_is_nothing_to_follow() -> None:
    port = Scripted()
    await port.modem.close()
    with pytest.raises(PortError):
        await Following(port.modem, ()).__aenter__()


async def test_a_limit_that_holds_nothing() -> None:
    port = Scripted()
    with pytest.raises(ParameterError, match="limit must be"):
        Following(port.modem, (), limit=0)
    await port.modem.close()
