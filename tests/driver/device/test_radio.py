"""Whether a module still looks for the network, and what is done if it does not."""

from __future__ import annotations

import asyncio

import pytest

from m5310.commands.network import Registration
from m5310.device.radio import restart_idle
from m5310.errors import PortError
from tests.support.scripted import Scripted


def standing(stat: Registration, **rules: str) -> Scripted:
    refused = {
        f"AT+CFUN={digit}": rules[f"cfun{digit}"] for digit in "01" if f"cfun{digit}" in rules
    }
    return Scripted({"AT+CEREG?": [f"+CEREG:0,{stat}", "OK"], **refused})


@pytest.mark.parametrize("stat", [Registration.NOT_REGISTERED, Registration.DENIED])
async def test_an_idle_radio_is_turned_off_and_on(stat: Registration) -> None:
    port = standing(stat)
    assert await restart_idle(port.modem.execute) is stat
    assert port.sent == ["AT+CEREG?", "AT+CFUN=0", "AT+CFUN=1"]


@pytest.mark.parametrize(
    "stat", set(Registration) - {Registration.NOT_REGISTERED, Registration.DENIED}
)
async def test_one_that_searches_or_has_found_is_left_alone(stat: Registration) -> None:
    port = standing(stat)
    assert await restart_idle(port.modem.execute) is None
    assert port.sent == ["AT+CEREG?"]


async def test_a_module_that_does_not_say_how_it_stands_is_left_alone() -> None:
    port = Scripted({"AT+CEREG?": "ERROR"})
    assert await restart_idle(port.modem.execute) is None
    assert port.sent == ["AT+CEREG?"]


async def test_a_radio_that_cannot_be_turned_off_stays_on() -> None:
    port = standing(Registration.DENIED, cfun0="+CME ERROR:3")
    assert await restart_idle(port.modem.execute) is None
    assert port.sent[-1] == "AT+CFUN=0"


async def test_a_radio_that_does_not_come_on_again_is_tried_the_next_time() -> None:
    port = standing(Registration.NOT_REGISTERED, cfun1="+CME ERROR:10")
    assert await restart_idle(port.modem.execute) is Registration.NOT_REGISTERED
    del port.rules["AT+CFUN=1"]
    assert await restart_idle(port.modem.execute) is Registration.NOT_REGISTERED


async def test_a_lost_port_is_told() -> None:
    port = standing(Registration.DENIED)
    port.vanish()
    with pytest.raises(PortError):
        await restart_idle(port.modem.execute)


async def test_who_is_cancelled_half_way_leaves_the_radio_on() -> None:
    port = standing(Registration.DENIED)
    task = asyncio.create_task(restart_idle(port.modem.execute))
    await port.until("AT+CFUN=0")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert port.sent[-1] == "AT+CFUN=1"
