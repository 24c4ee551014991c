"""A page that is left gives its connection back: browsers have few to one server, and keep pages
that were left for the way back.
"""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import pytest

from emulator import Emulator
from tests.support.browser import Browser


@pytest.mark.realtime
def test_page_that_was_left_holds_no_connection(page: Browser, it: Emulator) -> None:
    page.shows("live", "#link")
    page.driver.get("about:blank")
    page.until(lambda: viewers(it) == 0, "the end of the stream")
    page.driver.back()
    page.shows("live", "#link")
    page.until(lambda: viewers(it) == 1, "the stream")


def viewers(it: Emulator) -> int:
    request = Request(f"{it.http_url}/emulator/state", headers={"api-key": it.api_key})
    with urlopen(request) as response:
        answer = json.load(response)
    return int(answer["data"]["viewers"])
