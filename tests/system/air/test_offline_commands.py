"""Offline commands over both airs: HTTP on one side, AT on the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.support.two_airs import AIRS, IMEI, LEVEL, World, world

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("each_language")]
Given = Callable[[], AbstractAsyncContextManager[World]]
LEVEL_7 = {"data": [{"res_id": 5851, "val": 7}]}
ASLEEP = "AT+CPSMS=1,,,01000001,00000001"  # sleeps 2 s after the network has let it go
BEIJING = timezone(timedelta(hours=8))
SIGNS: dict[str, Callable[[World], str]] = {
    "report": lambda it: it.words.report(21.0),
    "update": lambda it: it.words.update(3600),
}


@pytest.fixture(params=[(air, style) for air in AIRS for style in ("onenet", "standard")], ids=str)
def given(request: pytest.FixtureRequest) -> Given:
    return lambda: world(*request.param)


def text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S")


async def queue(it: World) -> str:
    """A write that may be sent from a second on."""
    query = {
        **LEVEL,
        "mode": "2",
        "valid_time": text(it.now + 1),
        "expired_time": text(it.now + 3600),
        "retry": "3",
    }
    answer = await it.call("POST", "/nbiot/offline", query, LEVEL_7)
    assert answer["errno"] == 0, answer
    uuid: str = answer["data"]["uuid"]
    return uuid


async def status(it: World, uuid: str) -> tuple[int, str | None]:
    answer = await it.call("GET", f"/nbiot/offline/history/{uuid}", {"imei": IMEI})
    return answer["data"]["send_status"], answer["data"].get("confirm_status")


@pytest.mark.parametrize("sign", SIGNS)
async def test_module_that_slept(given: Given, sign: str) -> None:
    async with given() as it:
        await it.log_in()
        await it.at(ASLEEP)
        await it.elapse(50)
        assert it.module.power_saving.asleep
        uuid = await queue(it)
        await it.elapse(5)
        assert it.host.got("write") == []
        await it.at("AT", "AT", SIGNS[sign](it))  # the first bytes are lost to the wake-up
        await it.elapse(5)
        assert len(it.host.got("write")) == 1
        assert await status(it, uuid) == (5, "SUCCESS")
        await it.at(SIGNS[sign](it))
        await it.elapse(5)
        assert len(it.host.got("write")) == 1


async def test_module_whose_downlink_window_is_closed(given: Given) -> None:
    async with given() as it:
        it.module.downlink_window = 20.0
        await it.log_in()
        await it.elapse(30)
        uuid = await queue(it)
        await it.elapse(5)
        assert await status(it, uuid) == (1, None)
        await it.at(SIGNS["update"](it))
        await it.elapse(5)
        assert len(it.host.got("write")) == 1
        assert await status(it, uuid) == (5, "SUCCESS")


async def test_program_that_does_not_answer_gets_the_command_again(given: Given) -> None:
    async with given() as it:
        await it.log_in()
        uuid = await queue(it)
        await it.elapse(2)
        it.host.busy = True
        await it.at(SIGNS["update"](it))
        await it.elapse(35)
        assert await status(it, uuid) == (1, "TIME_OUT")
        writes = len(it.host.got("write"))
        it.host.resume(it.now)
        await it.elapse(5)
        assert len(it.host.got("write")) == writes
        await it.at(SIGNS["update"](it))
        await it.elapse(5)
        assert len(it.host.got("write")) == writes + 1
        assert await status(it, uuid) == (5, "SUCCESS")


async def test_command_waits_for_the_next_login(given: Given) -> None:
    async with given() as it:
        uuid = await queue(it)
        await it.elapse(2)
        await it.log_in()
        assert len(it.host.got("write")) == 1
        assert await status(it, uuid) == (5, "SUCCESS")
