"""The stream of a view that shows no lines: clock, devices and one module, without the traffic."""

from __future__ import annotations

import pytest

from tests.support.hosts import Host, log_in
from tests.support.page_calls import page_calls

pytestmark = pytest.mark.realtime


async def test_a_stream_without_traffic_has_the_rest() -> None:
    async with page_calls() as page:
        path = "/emulator/events?traffic=false&module=1"
        async with page.stream(path) as events:
            with Host(page.it.port) as host:
                await log_in(host, page.it)
                found = {}
                while found.get("devices") is None or not found["state"]["module"]["logged_in"]:
                    name, data = await events.next()
                    found[name] = data
    assert found["devices"]["online"] == [[page.it.device_id, True]]
    assert "traffic" not in found


async def test_a_stream_has_the_traffic_unless_it_is_asked_for_without() -> None:
    async with page_calls() as page, page.stream("/emulator/events") as events:
        await page.data("POST", "/emulator/modules/1/type", {"text": "AT\r"})
        while (event := await events.next())[0] != "traffic":
            pass
    assert event[1]["entries"][0]["text"] == "AT"
