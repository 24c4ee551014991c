"""Six lives of a device, over both airs: AT on one side, OneNET's HTTP API on the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from emulator.lwm2m.model import Path
from emulator.module.boot import Cause
from tests.support.host_words import BOTH
from tests.support.language import running
from tests.support.two_airs import AIRS, IMEI, LEVEL, TEMPERATURE, World, world

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("each_language")]
Given = Callable[[], AbstractAsyncContextManager[World]]
LEVEL_7 = {"data": [{"res_id": 5851, "val": 7}]}
ASLEEP = "AT+CPSMS=1,,,01000001,00000001"  # sleeps 2 s after the network has let it go


@pytest.fixture(params=[(air, style) for air in AIRS for style in ("onenet", "standard")], ids=str)
def given(request: pytest.FixtureRequest) -> Given:
    return lambda: world(*request.param)


def observes(it: World) -> int:
    """How often the platform has observed /3303/0, repetitions included."""
    return sum(line.endswith(" 3303 0") for line in it.host.got("observe"))


# NAT rebinding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("update", [False, True])
async def test_observation_is_kept_behind_a_new_address(given: Given, update: bool) -> None:
    async with given() as it:
        await it.log_in()
        await it.report(21.0, 1)
        asked = observes(it)
        it.rebind()
        if update:
            await it.at(it.words.update(3600))
            await it.elapse(5)
            assert it.host.got("updated") == ["updated 1"]
        await it.report(22.0, 2)
        assert it.host.got("acknowledged") == ["acknowledged 1", "acknowledged 2"]
        assert (await it.values())[-2:] == [21.0, 22.0]
        assert observes(it) == asked
        answer = await it.read()
        assert answer["errno"] == 0
        assert it.carried[-1][0] == it.module_address


async def test_request_that_waits_is_answered_from_the_new_address(given: Given) -> None:
    async with given() as it:
        await it.log_in()
        it.host.busy = True
        call = await it.begin("GET", "/nbiot", TEMPERATURE)
        await it.elapse(2)
        it.rebind()
        await it.at(it.words.update(3600))
        await it.elapse(2)
        it.host.resume(it.now)
        await it.elapse(1)
        assert (await call)["errno"] == 0


# Sleep -------------------------------------------------------------------------------------------


async def test_request_waits_for_the_module_that_sleeps(given: Given) -> None:
    """It is repeated after 10 s and after 20 s; the module has woken up by then."""
    async with given() as it:
        await it.log_in()
        await it.at(ASLEEP)
        await it.elapse(60)
        assert it.module.power_saving.asleep
        call = await it.begin("POST", "/nbiot", {**LEVEL, "mode": "2"}, LEVEL_7)
        await it.elapse(15)
        assert it.host.got("write") == []
        await it.at("AT", "AT")  # the first bytes are lost to the wake-up
        await it.report(21.0, 1)
        await it.elapse(5)
        assert (await call)["errno"] == 0
        assert len(it.host.got("write")) == 1
        assert it.host.got("acknowledged") == ["acknowledged 1"]


async def test_request_to_a_module_that_sleeps_on_times_out(given: Given) -> None:
    """And the observation has survived it."""
    async with given() as it:
        await it.log_in()
        asked = observes(it)
        await it.at(ASLEEP)
        await it.elapse(60)
        answer = await it.read()
        assert answer == {"errno": 16, "error": "unsuccess: TIME_OUT null"}
        await it.at("AT", "AT")
        await it.report(21.0, 1)
        assert (await it.values())[-1] == 21.0
        assert observes(it) == asked
        assert (await it.read())["errno"] == 0


# Downlink window ---------------------------------------------------------------------------------


async def test_request_to_a_silent_module_times_out_until_it_sends_again(given: Given) -> None:
    async with given() as it:
        it.module.downlink_window = 60.0
        await it.log_in()
        await it.elapse(50)
        assert (await it.read())["errno"] == 0  # which the module has answered just now
        asked = observes(it)
        await it.elapse(40)
        answer = await it.read()
        assert answer == {"errno": 16, "error": "unsuccess: TIME_OUT null"}
        reads = [line for line in it.host.got("read") if line.endswith(" 3303 5700")]
        assert len(reads) == 1
        await it.report(22.0)
        assert (await it.values())[-1] == 22.0
        assert (await it.read())["errno"] == 0
        assert observes(it) == asked


async def test_request_in_progress_reaches_the_module_that_sends_meanwhile(given: Given) -> None:
    async with given() as it:
        it.module.downlink_window = 60.0
        await it.log_in()
        await it.elapse(100)
        call = await it.begin("GET", "/nbiot", TEMPERATURE)
        await it.elapse(5)
        await it.report(22.0)
        await it.elapse(5)  # the second sending
        assert (await call)["errno"] == 0


async def test_downlink_that_came_in_time_waits_for_a_paging_window(given: Given) -> None:
    async with given() as it:
        it.module.downlink_window = 60.0
        await it.log_in()
        await it.at('AT+CEDRXS=1,5,"0010"')  # a paging window every 20.48 s
        await it.elapse(54.5)
        call = await it.begin("GET", "/nbiot", TEMPERATURE)
        await it.elapse(5)
        assert not call.done()
        await it.elapse(16)
        assert (await call)["errno"] == 0


# Login without an answer -------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["no server", "silent server"])
async def test_login_without_an_answer_ends_after_its_timeout(given: Given, why: str) -> None:
    async with given() as it:
        if why == "no server":
            it.air.routes.clear()
        else:
            it.platform.server.send = lambda *_: None
        await it.at(*it.words.create(*BOTH), it.words.open(20))
        await it.elapse(19.9)
        assert it.host.got("opened") == []
        await it.elapse(0.1)
        assert it.host.got("opened") == ["opened 0"]
        assert await it.online() is (why == "silent server")


# Registration again ------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", [False, True])
async def test_new_registration_is_observed_again(given: Given, restart: bool) -> None:
    """After a logout, or after a restart in which the module forgot everything."""
    async with given() as it:
        await it.log_in()
        await it.report(21.0, 1)
        if restart:
            it.module.power_cycle(Cause.WATCHDOG, it.now)
        else:
            await it.at(it.words.close, it.words.delete)
            await it.elapse(5)
            assert not await it.online()
        await it.elapse(30)
        it.host.urcs.clear()
        it.rebind()
        await it.log_in()
        assert await it.online()
        assert observes(it) == 1
        await it.report(22.0, 1)
        assert it.host.got("acknowledged") == ["acknowledged 1"]
        values = await it.values()
        assert (values[-1], values.count(21.0), values.count(22.0)) == (22.0, 1, 1)


# The platform knows the device no longer ---------------------------------------------------------


async def test_report_of_an_expired_device_is_reset(given: Given) -> None:
    """The module drops that observation, and registers again: by itself in the standard style, else
    when its host opens again after an update that fails. In the suite it knows its lifetime.
    """
    async with given() as it:
        await it.log_in()
        await it.at(it.words.update(60))
        await it.elapse(90)
        assert not await it.online()
        if running().classic:
            await lost_and_registered_again(it)
        else:
            assert it.host.got("over") == ["over"]
            await opened_again(it)
            await observed_as_ever(it)


async def test_platform_that_started_again_gets_the_device_back(given: Given) -> None:
    async with given() as it:
        await it.log_in()
        it.start_platform()
        await it.serve_http()
        await lost_and_registered_again(it)


async def lost_and_registered_again(it: World) -> None:
    observed = it.module.client.observed
    assert Path(3303, 0) in observed
    it.host.urcs.clear()
    await it.report(21.0, 1)
    assert it.host.got("acknowledged") == []
    assert 21.0 not in await it.values()
    if it.module.client.style.registers_again:
        await it.elapse(5)
        assert it.host.got("updated") == []
        assert it.module.client.observed == observed
    else:
        kept = tuple(path for path in observed if path.object != 3303)
        assert it.module.client.observed == kept
        await it.at(it.words.update(3600))
        await it.elapse(5)
        assert it.host.got("updated") == ["updated 0"]
        await opened_again(it)
    assert observes(it) == 1
    await observed_as_ever(it)


async def opened_again(it: World) -> None:
    it.host.urcs.clear()
    await it.at(it.words.open(60))
    await it.elapse(5)
    assert it.host.got("opened") == ["opened 1"]
    assert observes(it) == 1


async def observed_as_ever(it: World) -> None:
    await it.report(22.0, 2)
    assert it.host.got("acknowledged") == ["acknowledged 2"]
    assert (await it.values())[-1] == 22.0
    assert 21.0 not in await it.values()
    assert (await it.read())["errno"] == 0


# DTLS --------------------------------------------------------------------------------------------


@pytest.fixture(params=[(air, style) for air in AIRS for style in ("onenet", "standard")], ids=str)
def secure(request: pytest.FixtureRequest) -> Given:
    pytest.importorskip("OpenSSL", reason="DTLS was not tried: pip install 'm5310[dtls]'")
    return lambda: world(*request.param, secure=True)


@pytest.mark.parametrize("lost", ["platform", "module", "nat"])
async def test_lost_session_is_renewed_and_the_observation_kept(secure: Given, lost: str) -> None:
    """Behind a new address, too: a session belongs to an address."""
    async with secure() as it:
        await it.log_in()
        await it.report(21.0, 1)
        asked = observes(it)
        if lost == "nat":
            it.rebind()
        else:
            it.lose_session(lost)
        await it.report(22.0, 2)
        await it.elapse(30)
        assert it.host.got("acknowledged") == ["acknowledged 1", "acknowledged 2"]
        assert (await it.values())[-2:] == [21.0, 22.0]
        assert observes(it) == asked
        assert (await it.read())["errno"] == 0


async def test_nothing_is_readable_on_a_secure_air(secure: Given) -> None:
    async with secure() as it:
        await it.log_in()
        await it.report(21.0, 1)
        assert not any(IMEI.encode() in datagram for _, _, datagram in it.carried[6:])
        assert {datagram[0] for _, _, datagram in it.carried} <= {20, 21, 22, 23}
