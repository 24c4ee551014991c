"""The files of the page: what a browser gets, and what nobody gets."""

from __future__ import annotations

import re
from collections.abc import Mapping

import aiohttp
import pytest

from emulator.control import static
from tests.support.page_calls import PageCalls, page_calls

pytestmark = pytest.mark.realtime


async def fetch(
    page: PageCalls, path: str, method: str = "GET", **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    async with aiohttp.ClientSession() as client:
        url = f"{page.it.http_url}{path}"
        async with client.request(method, url, headers=named) as answer:
            return answer.status, answer.headers, await answer.read()


async def test_the_address_of_the_page_opens_it_without_a_key() -> None:
    async with page_calls(api_key="a%key/#1") as page:
        assert page.it.page_url == f"{page.it.http_url}/#key=a%25key%2F%231"
        status, headers, body = await fetch(page, "/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.lower().startswith(b"<!doctype html>")


async def test_all_files_that_it_names_are_served() -> None:
    """Also what scripts import of each other."""
    media = {b"js": "text/javascript; charset=utf-8", b"css": "text/css; charset=utf-8"}
    async with page_calls() as page:
        _, _, body = await fetch(page, "/")
        waiting, seen = set(re.findall(rb"/page/[\w.]+", body)), set[bytes]()
        assert {path.rpartition(b".")[2] for path in waiting} == {b"css", b"js"}
        while waiting - seen:
            path = min(waiting - seen)
            seen.add(path)
            status, headers, body = await fetch(page, path.decode())
            assert (status, headers["Content-Type"]) == (200, media[path.rpartition(b".")[2]])
            waiting |= {b"/page/" + name for name in re.findall(rb'from "\./([\w.]+)"', body)}


@pytest.mark.parametrize("path", ["/", "/page/style.css"])
async def test_each_file_has_the_headers_that_keep_it_apart_from_other_sites(path: str) -> None:
    async with page_calls() as page:
        _, headers, _ = await fetch(page, path)
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


async def test_a_browser_that_has_a_file_does_not_get_it_again() -> None:
    async with page_calls() as page:
        _, headers, body = await fetch(page, "/")
        tag = headers["ETag"]
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            status, again, empty = await fetch(page, "/", If_None_Match=known)
            assert (status, again["ETag"], empty) == (304, tag, b"")
            assert "Content-Security-Policy" in again
        status, _, whole = await fetch(page, "/", If_None_Match='"other"')
        assert (status, whole) == (200, body)


async def test_head_has_the_length_and_no_body() -> None:
    async with page_calls() as page:
        _, headers, body = await fetch(page, "/")
        status, again, empty = await fetch(page, "/", "HEAD")
    assert (status, empty) == (200, b"")
    assert again["Content-Length"] == headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    "path",
    [
        *("/page/", "/page", "/page/none.js", "/page/index.html/", "/index.html", "/page/a/b.js"),
        *("/page/../../pyproject.toml", "/page/%2e%2e/__init__.py", "/page/..%2f__init__.py"),
        *("/page/__init__.py", "/page//etc/passwd", "/page/style.css%00", "/page/STYLE.CSS"),
    ],
)
async def test_no_other_path_is_served(path: str) -> None:
    async with page_calls() as page:
        _, headers, body = await fetch(page, path)
        assert headers["Content-Type"] == "application/json"
        assert b'"errno":2' in body  # without a key nothing else is said
        assert "is not served" in await page.refusal("GET", path)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_files_are_only_read(method: str) -> None:
    async with page_calls() as page:
        _, headers, _ = await fetch(page, "/", method)
        assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"Host": "evil.com"}, b"no name of this server"),
        ({"Origin": "http://evil.com"}, b"web pages may not call this API"),
    ],
)
async def test_other_sites_do_not_get_them(headers: dict[str, str], text: bytes) -> None:
    async with page_calls() as page:
        _, _, body = await fetch(page, "/", **headers)
        assert text in body


async def test_a_page_of_the_machines_own_address_and_the_keys_stay_in_it() -> None:
    """The key is not in what any file has, and the API takes its page's own origin."""
    async with page_calls(api_key="secret-of-this-test") as page:
        for path in static.files():
            _, _, body = await fetch(page, path, Origin=str(page.it.http_url))
            assert b"secret-of-this-test" not in body
            assert not body.startswith(b'{"errno"')


async def test_without_the_page_none_is_served() -> None:
    async with page_calls(page=False) as page:
        assert page.it.page_url is None
        assert b'"errno":2' in (await fetch(page, "/"))[2]


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
async def test_an_api_at_all_addresses_shows_an_address_that_a_browser_can_open(host: str) -> None:
    async with page_calls(http=f"{host}:0") as page:
        url = str(page.it.page_url)
        assert url.startswith("http://127.0.0.1:" if host == "0.0.0.0" else "http://[::1]:")
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            assert "html" in answer.headers["Content-Type"]


@pytest.mark.parametrize("given", [{"http": None}, {"air": "coap", "server": "coap://127.0.0.1:1"}])
async def test_a_page_needs_the_api(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="page: expected with http, and without server"):
        async with page_calls(**given):
            pass
