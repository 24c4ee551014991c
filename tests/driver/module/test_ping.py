"""Pings: each waits for its own outcome, one at a time, for a bounded time."""

from __future__ import annotations

import asyncio

import pytest

from m5310.commands.ping import PingFailure, PingReply
from m5310.errors import Code, CommandError, ModemReset, ParameterError, PortError
from m5310.module.ping import MARGIN, PingFailed, Pings
from tests.support.clock import elapse
from tests.support.scripted import Scripted

REPLY = PingReply("183.230.40.39", 54, 0.34)


async def waiting(port: Scripted, pings: Pings) -> asyncio.Task[PingReply]:
    task = asyncio.create_task(pings.ping("183.230.40.39", 12, 10))
    await port.until("AT+NPING")
    await asyncio.sleep(0)
    return task


async def test_reply() -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)
    task = await waiting(port, pings)
    assert port.sent == ["AT+NPING=183.230.40.39,12,10000"]
    pings.resolve(REPLY)
    pings.resolve(PingFailure(1))  # ignored
    assert await task is REPLY
    await port.modem.close()


async def test_reply_before_the_ok() -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)

    def rule(_: str) -> str:
        pings.resolve(REPLY)
        return "OK"

    port.rules["AT+NPING"] = rule
    assert await pings.ping("183.230.40.39", 12, 10) is REPLY
    await port.modem.close()


async def test_failure() -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)
    task = await waiting(port, pings)
    pings.resolve(PingFailure(1))
    with pytest.raises(PingFailed, match=r"183\.230\.40\.39 \(\+NPINGERR:1\)") as caught:
        await task
    assert (caught.value.reason, caught.value.code) == (1, Code.TIMEOUT)
    assert caught.value.address == "183.230.40.39"
    await port.modem.close()


async def test_ping_without_outcome_times_out() -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(PingFailed, match="no outcome") as caught:
        await pings.ping("183.230.40.39", 12, 0.0101)
    assert caught.value.reason is None
    assert asyncio.get_running_loop().time() - begun == pytest.approx(MARGIN, abs=0.1)
    assert port.sent[-1].endswith(",12,11")
    await port.modem.close()


@pytest.mark.parametrize("error", [ModemReset("restarted"), PortError("gone")])
async def test_error_ends_the_wait(error: ModemReset | PortError) -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)
    task = await waiting(port, pings)
    pings.fail(error)
    with pytest.raises(type(error)):
        await task
    await port.modem.close()


async def test_pings_run_one_at_a_time_in_order() -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)
    first = await waiting(port, pings)
    second = asyncio.create_task(pings.ping("8.8.8.8", 12, 10))
    await asyncio.sleep(0)
    pings.resolve(REPLY)
    await port.until("AT+NPING=8.8.8.8")
    assert await first is REPLY
    assert not second.done()
    pings.resolve(PingFailure(2))
    with pytest.raises(PingFailed, match=r"8\.8\.8\.8"):
        await second
    await port.modem.close()


@pytest.mark.parametrize("comes", [True, False])
async def test_outcome_of_a_cancelled_ping_is_not_taken_for_the_next(comes: bool) -> None:
    port = Scripted()
    pings = Pings(port.modem.execute)
    first = await waiting(port, pings)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(pings.ping("8.8.8.8", 12, 10))
    await elapse(5)
    assert len(port.sent) == 1
    if comes:
        pings.resolve(REPLY)
    await port.until("AT+NPING=8.8.8.8")
    assert asyncio.get_running_loop().time() == pytest.approx(5 if comes else 10 + MARGIN, abs=0.1)
    pings.resolve(PingReply("8.8.8.8", 60, 0.2))
    assert (await second).address == "8.8.8.8"
    await port.modem.close()


async def test_refused_ping_ends_at_once() -> None:
    port = Scripted({"AT+NPING": "+CME ERROR:30"})
    pings = Pings(port.modem.execute)
    with pytest.raises(CommandError, match="no network"):
        await pings.ping("183.230.40.39", 12, 10)
    pings.resolve(REPLY)  # ignored
    await port.modem.close()


@pytest.mark.parametrize(
    ("address", "size", "seconds"),
    [
        ("onenet.cn", 12, 10.0),
        ("1.2.3.4\r", 12, 10.0),
        ("1.2.3.4", 0, 10.0),
        ("1.2.3.4", 12, 0.0),
        ("1.2.3.4", 12, float("nan")),
        ("1.2.3.4", 12, float("inf")),
        ("1.2.3.4", 12, 601.0),
    ],
)
async def test_invalid_arguments_are_refused_before_sending(
    address: str, size: int, seconds: float
) -> None:
    port = Scripted()
    with pytest.raises(ParameterError):
        await Pings(port.modem.execute).ping(address, size, seconds)
    assert port.sent == []
    await port.modem.close()
