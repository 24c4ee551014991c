"""What the page says in Chinese when the emulator, or the platform, refuses a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from emulator import Emulator
from emulator.onenet.errors import invalid
from emulator.scenario.parser import ScenarioError, read
from tests.support.browser import Browser
from tests.support.invalid_scenarios import INVALID
from tests.support.programs import Program

pytestmark = pytest.mark.realtime

_TRANSLATE = """
const [texts, done] = arguments;
import("/page/refusals.js").then(({ translated }) =>
  done(texts.map((text) => translated("/emulator/scenario", text))));
"""
# Words of English sentences: names of keys and values stay.
_ENGLISH = re.compile(
    r"\b(expected|is|are|has|the|an?|would|not|unknown|missing|already|characters|table"
    r"|invalid|found|limit|begins|number|nothing|listens|machine|other)\b"
)


@pytest.fixture
def chinese(page: Browser) -> Iterator[Browser]:
    page.type("Language", "zh")
    page.shows("设备", "h1")
    yield page
    page.script("localStorage.clear()")


def refused(it: Emulator, method: str, path: str, body: object = None) -> str:
    """The error of a call."""
    headers = {"api-key": it.api_key, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{it.http_url}{path}", method=method, headers=headers, data=data)
    with urlopen(request) as response:
        answer: dict[str, Any] = json.load(response)
    assert answer["errno"] != 0, answer
    return str(answer["error"])


def left(page: Browser, texts: list[str]) -> list[tuple[str, str]]:
    """Those of `texts` that are not wholly in Chinese on the page."""
    said = page.driver.execute_async_script(_TRANSLATE, texts)
    return [
        (text, words)
        for text, words in zip(texts, said, strict=True)
        if not re.search("[一-鿿]", words)
        or _ENGLISH.search(re.sub('".*?("|\\.\\.\\.)', "", words))
    ]


def test_refusals_that_a_person_meets_by_clicking_are_in_chinese(
    chinese: Browser, it: Emulator
) -> None:
    page = chinese
    page.go("modules/1")
    page.click("结束登录")
    page.shows("模组 1 的登录状态为 未配置（ABSENT），应为 已登录（REGISTERED）", ".toast.error")

    page.go("wire/1")
    with Program(it.port):
        page.type("AT 命令", "AT")
        page.click("发送")
        page.shows(f"主机已打开端口 {it.port}：请先结束主机程序", ".toast.error")

    page.go("platform")
    page.type("丢失比例", "2")
    page.click("保存")
    page.shows("loss 2 不正确，应为 数字，0 至 1", ".toast.error")
    page.type("事件（TOML）", "[[event]]\nat = 1\ncoverage = 'x, expected y'")
    page.click("播放")
    page.shows('第 3 行：coverage "x, expected y" 不正确，应为 下列之一：ECL0', "[role=alert]")


def test_refusals_of_onenet_stay_as_they_are_after_a_chinese_lead(
    chinese: Browser, it: Emulator
) -> None:
    page = chinese
    page.click("新建设备")
    page.type("名称", "again")
    page.type("IMEI", it.imei)
    page.type("IMSI", it.imsi)
    page.find("dialog button[type=submit]").click()
    page.shows("平台拒绝：", "dialog [role=alert]")
    text = page.find("dialog [role=alert]").text
    assert re.fullmatch(r"平台拒绝：[ -~]+ \(errno \d+\)", text), text


def test_each_mistake_of_a_scenario_has_chinese(chinese: Browser) -> None:
    texts = []
    for text, _ in INVALID:
        with pytest.raises(ScenarioError) as raised:
            read(text, "text", modules=2)
        texts.append(str(invalid(" ".join(str(raised.value).split())[:400])))
    assert not (wrong := left(chinese, texts)), wrong


MISTAKES = [
    ("GET", "/emulator/modules/7", None),
    ("PUT", "/emulator/modules/1", {}),
    ("PUT", "/emulator/modules/1", {"coverage": "X"}),
    ("PUT", "/emulator/modules/1", {"busy": 1}),
    ("PUT", "/emulator/modules/1", {"colour": 1}),
    ("PUT", "/emulator/modules/1", {"noise": {"loss": 2}}),
    ("POST", "/emulator/modules/1/restart", {}),
    ("POST", "/emulator/modules/1/type", {"text": ""}),
    ("POST", "/emulator/modules/1/type", {"text": "x" * 1025}),
    ("PUT", "/emulator/air", {"loss": 7}),
    ("PUT", "/emulator/platform", {"repeats": 0.5}),
    ("PUT", "/emulator/clock", {"speed": 0}),
    ("POST", "/emulator/clock/advance", {"seconds": 1e9}),
    ("POST", "/emulator/scenario", {"text": ""}),
    ("PUT", "/emulator/push", {"url": "x", "token": "t"}),
    ("PUT", "/emulator/push", {"url": "http://x y/", "token": "t"}),
    ("PUT", "/emulator/push", {"url": "http://x/" + "y" * 9000, "token": "t"}),
    ("PUT", "/emulator/push", {"url": "http://x:99999", "token": "t"}),
    ("PUT", "/emulator/push", {"url": "http://me@x", "token": "t"}),
    ("PUT", "/emulator/push", {"url": "http://127.0.0.1:1", "token": ""}),
    ("PUT", "/emulator/push", {"url": "http://127.0.0.1:1", "token": "t", "aes_key": "x"}),
    ("PUT", "/emulator/push", {"url": "http://127.0.0.1:1", "token": "t", "batch_seconds": 9999}),
    ("PUT", "/emulator/push", {"url": "http://127.0.0.1:1", "token": "t", "batch_count": 999}),
    ("PUT", "/emulator/push", {"url": "http://127.0.0.1:1", "token": "t"}),
    ("PUT", "/emulator/push", {"url": "http://192.0.2.1:1", "token": "t"}),
    ("GET", "/emulator/traffic?format=x", None),
    ("GET", "/emulator/traffic?format=recording", None),
    ("GET", "/emulator/events?module=7", None),
]


@pytest.mark.parametrize("year", [2018, 2019])
def test_each_refusal_of_the_page_s_calls_has_chinese(window: Browser, year: int) -> None:
    with Emulator(page=True, baud=None, year=year) as it:
        texts = [refused(it, *mistake) for mistake in MISTAKES]
        it.line.plugged = False
        texts.append(refused(it, "POST", "/emulator/modules/1/type", {"text": "AT"}))
        window.open(str(it.page_url))
        window.find("h1")
        window.script("localStorage.setItem('m5310.language', 'zh')")
        window.open(str(it.page_url))
        window.shows("设备", "h1")
        assert not (wrong := left(window, texts)), wrong
        window.script("localStorage.clear()")
        window.driver.get("about:blank")


@pytest.mark.parametrize("year", [2018, 2019])
def test_wrong_key_asks_for_the_right_one(window: Browser, year: int) -> None:
    """Its number differs between the years."""
    with Emulator(page=True, baud=None, year=year) as it:
        window.open(f"{it.http_url}/#key=wrong")
        window.shows("auth failed", "main [role=alert]")
        window.type("Key (api-key)", it.api_key)
        window.click("Open")
        window.shows("Devices", "h1")
        window.driver.get("about:blank")
