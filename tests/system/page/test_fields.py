"""Fields: typed values of a write, what is wrong with a field, and texts that try to turn others
around, in a real browser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from emulator import Emulator
from m5310.onenet import OneNetSync
from tests.support.browser import Browser
from tests.support.mcu import Mcu

pytestmark = pytest.mark.realtime

TURNED = "\u202eturned"


@pytest.fixture
def chinese(page: Browser) -> Iterator[Browser]:
    page.type("Language", "zh")
    page.shows("设备", "h1")
    yield page
    page.script("localStorage.clear()")


def test_what_is_wrong_with_a_field_is_said_in_the_page_s_language(chinese: Browser) -> None:
    """Not in that of the browser, which is English here."""
    page = chinese
    page.click("新建设备")
    page.find("dialog button[type=submit]").click()
    page.shows("名称：未填写，请填写", "dialog [role=alert]")
    assert page.script("return document.activeElement.labels[0].innerText") == "名称"
    page.type("名称", "x")
    page.type("IMEI", "1/2")
    page.find("dialog button[type=submit]").click()
    page.shows('IMEI："1/2" 不正确，应为：1 至 17 个字母或数字', "dialog [role=alert]")

    page.go("modules/1")
    page.type("丢失", "7")
    page.click("设置噪声")
    page.shows('丢失："7" 不正确，应为 0 至 1', ".toast.error")
    page.go("platform")
    page.type("请求重复次数", "1.5")
    page.script("document.querySelector('#platform-save').click()")
    page.shows('请求重复次数："1.5" 不正确，应为整数', ".toast.error")
    page.go("push")
    page.find("main button[type=submit]").click()
    page.shows("应用的 URL：未填写，请填写", "main [role=alert]")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("integer", "20.5", "is no whole number of 64 bits"),
        ("integer", "9223372036854775808", "is no whole number of 64 bits"),
        ("integer", "1e3", "is no whole number of 64 bits"),
        ("number", "1e400", "is too large"),
        ("number", "0x10", "is no number"),
        ("opaque", "0", "are no bytes"),
        ("time", "", "The time is not complete"),
        ("integer", "-9223372036854775808", -9223372036854775808),
        ("number", "-2.5e3", -2500.0),
        ("boolean", "false", False),
        ("time", "2018-06-01T12:00", 1527825600),
        ("text", f"<b>{TURNED}", f"<b>{TURNED}"),
    ],
)
def test_typed_value_goes_out_as_its_type_or_is_refused_at_once(
    page: Browser, kind: str, text: str, said: object
) -> None:
    read = (
        "const [kind, text, done] = arguments;"
        "import('/page/objects.js').then(({ valueInput }) => {"
        " const { element, read } = valueInput(kind);"
        " element.querySelector('#value').value = text;"
        " try { done(JSON.stringify(read())); } catch (error) { done(error.message); }"
        "})"
    )
    found = page.driver.execute_async_script(read, kind, text)
    if isinstance(said, str) and kind != "text":
        assert said in found
    else:
        assert json.loads(found)["val"] == said  # with all digits


def test_title_turns_no_text_around(page: Browser, it: Emulator) -> None:
    with OneNetSync(it.api_key, str(it.http_url)) as other:
        other.update_device(str(it.device_id), title=TURNED)
    shown = TURNED.encode("unicode_escape").decode()
    page.shows(shown, "[role=row]")
    page.click(f"Delete {shown}")
    page.shows(f"{shown} ({it.device_id}) and its data points are deleted.", "dialog p")
    page.click("Cancel")
    page.click(shown)
    page.shows(shown, "h1")
    assert "\u202e" not in page.text


def test_value_turns_no_text_around_in_the_words_of_its_line(page: Browser, it: Emulator) -> None:
    shown = TURNED.encode("unicode_escape").decode()
    with Mcu(it, name=TURNED):
        page.go("wire/1")
        page.type("Filter", "5750,1")
        page.shows(f"= {shown}", "[role=grid] .space [role=row]")  # in the words
        page.click("Pause")  # further lines would move what is pointed at
        page.click_on(f"= {shown}", "[role=grid] .space [role=row]")
        page.shows(f"{shown} (string)", ".detail p")
        assert "\u202e" not in page.text
        page.go(f"devices/{it.device_id}")
        page.shows("online", "#device-state")
        page.click("Read 3303")
        page.shows(shown, 'tr[data-path="3303/0/5750"]')


def test_key_that_no_header_can_have_asks_for_the_right_one(page: Browser, it: Emulator) -> None:
    page.script("sessionStorage.clear()")
    page.open(f"{it.http_url}/#key=%E5%AF%86%E9%92%A5")
    for _ in range(2):
        page.shows("auth failed", "main [role=alert]")
        page.type("Key (api-key)", "钥匙")
        page.click("Open")
    page.type("Key (api-key)", it.api_key)
    page.click("Open")
    page.shows("Devices", "h1")
