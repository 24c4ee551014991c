"""Clients that sign their requests instead of sending the key (OneNET's documents of 2019)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http.authorization import check
from tests.support.fake_device import IMEI
from tests.support.served_api import raw, served_api

# A key and its signature in a public program for OneNET.
KEY = "s6W5Qf29VVc1gaUfA5VBt+XZbyPBC/Wpk7Ntf7vNE0E="
PUBLISHED = (
    "version=2018-10-31&res=products%2F8q4Ad1z2jn&et=1893456000&method=sha1"
    "&sign=vw2LFxZMrYawijQhxQRSJ3aC4CQ%3D"
)
END = 1893456000


def signed(method: str, *, res: str = "products/1", et: str = "2000", key: str = KEY) -> str:
    text = f"{et}\n{method}\n{res}\n2018-10-31".encode()
    sign = b64encode(hmac.digest(b64decode(key), text, method)).decode()
    return f"version=2018-10-31&res={quote(res, '')}&et={et}&method={method}&sign={quote(sign, '')}"


def test_published_signature_is_taken_until_its_end() -> None:
    check(PUBLISHED, KEY, END)
    with pytest.raises(ApiError, match='has et "1893456000", expected seconds since 1970'):
        check(PUBLISHED, KEY, END + 1)


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256"])
def test_each_method(method: str) -> None:
    check(signed(method), KEY, 1000)
    check(signed(method).replace("%2B", "+").replace("%2F", "/").replace("%3D", "="), KEY, 1000)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "has no version, expected version=...&res="),
        (PUBLISHED.replace("&et=1893456000", ""), "has no et"),
        (PUBLISHED.replace("2018-10-31", "2020-05-29"), 'has version "2020-05-29"'),
        (PUBLISHED.replace("sha1", "sha512"), 'and method "sha512", expected 2018-10-31 and md5'),
        (signed("md5", res="products/1/devices/d"), "expected products/<product id>"),
        (PUBLISHED.replace("et=1", "et=2"), "has a sign that does not fit"),
        (PUBLISHED.replace("8q4A", "8q4B"), "has a sign that does not fit"),
        (signed("md5", key="AAAA"), "has a sign that does not fit"),
        (signed("md5", et="1e9"), 'has et "1e9"'),
    ],
)
def test_anything_else_is_refused(header: str, why: str) -> None:
    with pytest.raises(ApiError) as refused:
        check(header, KEY, 1000)
    assert refused.value.reason is Reason.AUTH_FAILED
    assert why in refused.value.detail


@given(st.text() | st.text().map(lambda text: f"{PUBLISHED}{text}"), st.text())
def test_any_text_is_taken_or_refused(header: str, key: str) -> None:
    try:
        check(header, key, 1000)
    except ApiError as error:
        assert error.reason is Reason.AUTH_FAILED  # noqa: PT017 - it need not be raised


@pytest.mark.realtime
@pytest.mark.parametrize(("year", "errno"), [(2018, 3), (2019, 1)])
async def test_signature_takes_the_place_of_the_key(year: int, errno: int) -> None:
    async with served_api(year, key=KEY) as api:
        api.log_in()
        for header, answer in (
            (PUBLISHED, b'{"errno":0,'),
            (PUBLISHED + "x", b'{"errno":%d,"error":"auth failed' % errno),
            (f"{PUBLISHED}\r\napi-key: wrong", b'{"errno":%d,"error":"auth failed"}' % errno),
        ):
            path = f"/nbiot/resources?imei={IMEI}"
            request = f"GET {path} HTTP/1.0\r\nAuthorization: {header}\r\n\r\n"
            assert (await raw(api, request.encode())).partition(b"\r\n\r\n")[2].startswith(answer)


@pytest.mark.realtime
async def test_key_that_is_no_base64_signs_nothing() -> None:
    async with served_api() as api:
        request = f"GET /devices HTTP/1.0\r\nAuthorization: {PUBLISHED}\r\n\r\n"
        assert b"a product whose key is Base64 (--api-key)" in await raw(api, request.encode())
