"""The page's calls in the description of the API."""

from __future__ import annotations

import pytest

from emulator import Emulator
from tests.support.described import check_described
from tests.support.effort import either
from tests.support.page_calls import page_calls

pytestmark = pytest.mark.realtime
CALLS = {
    ("get", "/emulator/state"),
    ("put", "/emulator/clock"),
    ("post", "/emulator/clock/advance"),
    ("get", "/emulator/modules"),
    ("get", "/emulator/modules/{number}"),
    ("put", "/emulator/modules/{number}"),
    ("post", "/emulator/modules/{number}/restart"),
    ("post", "/emulator/modules/{number}/logout"),
    ("post", "/emulator/modules/{number}/type"),
    ("put", "/emulator/air"),
    ("put", "/emulator/platform"),
    ("get", "/emulator/scenario"),
    ("post", "/emulator/scenario"),
    ("delete", "/emulator/scenario"),
}


async def test_each_call_is_described_with_its_body_and_data() -> None:
    async with page_calls() as page:
        paths = (await page.answer("GET", "/openapi.json"))["paths"]
    described = {(method, path) for path, calls in paths.items() for method in calls}
    assert described >= CALLS
    for method, path in CALLS:
        call = paths[path][method]
        answer = call["responses"]["200"]["content"]["application/json"]["schema"]
        assert "data" in answer["properties"]
        if method in ("put", "post"):
            body = call["requestBody"]["content"]["application/json"]["schema"]
            assert body["additionalProperties"] is False
            assert body["properties"]


async def test_the_description_has_names_and_bounds() -> None:
    async with page_calls() as page:
        paths = (await page.answer("GET", "/openapi.json"))["paths"]

    def body(method: str, path: str) -> dict:
        content = paths[path][method]["requestBody"]["content"]
        return content["application/json"]["schema"]["properties"]

    one = "/emulator/modules/{number}"
    assert body("put", one)["coverage"]["enum"] == ["ECL0", "ECL1", "ECL2", "OUT"]
    assert body("put", one)["noise"]["properties"]["loss"]["maximum"] == 1
    assert "WATCHDOG" in body("post", f"{one}/restart")["cause"]["enum"]
    assert body("post", f"{one}/logout")["reason"]["enum"] == ["LIFETIME_OVER", "REMOVED"]
    assert body("post", "/emulator/clock/advance")["seconds"]["maximum"] == 31_536_000


@pytest.mark.timeout(400)
def test_described_requests_get_the_described_answers(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the requests ask for, in any order: each answer is of its schema, none fails."""
    # A stream does not end, and a download is no JSON.
    only = ("--include-path-regex", "^/emulator/(state|clock|modules|air|platform|scenario)")
    with Emulator(page=True, baud=None, modules=2) as it:
        check_described(str(it.http_url), it.api_key, either(3, 60), *only)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
