"""What applications and the cloud say to each other by HTTP, in the traffic of the page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.page_calls import PageCalls, page_calls

pytestmark = pytest.mark.realtime


async def http_lines(page: PageCalls) -> list[tuple[str, str]]:
    entries: list[dict[str, Any]] = (await page.get("/emulator/traffic?format=json"))["entries"]
    return [(one["way"], one["text"]) for one in entries if one["way"] in ("call", "post")]


async def test_calls_of_applications_are_traffic() -> None:
    async with page_calls() as page:
        await page.get(f"/devices/{page.it.device_id}")
        await page.answer("GET", "/nbiot?imei=1&obj_id=3303")
        await page.get("/emulator/state")  # no call of OneNET's
        assert await http_lines(page) == [
            ("call", f"GET /devices/{page.it.device_id}  0 succ"),
            ("call", "GET /nbiot?imei=1&obj_id=3303  3 auth failed"),
        ]


async def test_what_the_page_asks_for_to_show_it_is_left_out() -> None:
    """Its reads and writes of devices are those of an application."""
    async with page_calls() as page:
        marked = {"X-Emulator-Page": "1"}
        await page.answer("GET", f"/devices/{page.it.device_id}", headers=marked)
        await page.answer("GET", "/nbiot?imei=1&obj_id=3303", headers=marked)
        await page.answer("POST", "/nbiot/execute?imei=1", headers=marked)
        shown = [text.partition("?")[0] for _, text in await http_lines(page)]
        assert shown == ["GET /nbiot", "POST /nbiot/execute"]


async def test_posts_to_applications_are_traffic() -> None:
    url = "http://127.0.0.1:9/push"  # no program listens there
    async with page_calls() as page:
        await page.answer("PUT", "/emulator/push", {"url": url, "token": "abc"})
        (way, text), *_ = await http_lines(page)
        assert way == "post"
        assert text.startswith(f"GET {url}?")
        assert text.endswith("no program listens there")


async def test_a_long_call_is_cut() -> None:
    async with page_calls() as page:
        await page.answer("GET", f"/devices/{'9' * 8000}")
        [(_, text)] = await http_lines(page)
        assert len(text) <= 1000
