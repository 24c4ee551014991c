"""A person is quicker than the answers of the emulator, or points at what the page draws again, in
a real browser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver import ActionChains, Keys

from emulator import Emulator
from emulator.module.radio.coverage import Coverage
from m5310.onenet import OneNetSync
from tests.support.browser import Browser
from tests.support.mcu import Mcu

pytestmark = pytest.mark.realtime

ROW = "[role=grid] .space [role=row]"
# The answers of one kind of call come when the test says, or never.
HOLD = """
const [method, part, fails] = arguments;
const fetched = window.fetched ??= window.fetch;
window.held = [];
window.fetch = async (url, options) => {
  if (!url.includes(part) || (options?.method ?? "GET") !== method) return fetched(url, options);
  if (fails) throw new TypeError("gone");
  const answer = await fetched(url, options);
  if (window.fetch !== fetched) await new Promise((go) => window.held.push(go));
  return answer;
};
"""
GO_ON = """
window.fetch = window.fetched;
for (const go of window.held?.splice(0) ?? []) go();
const done = arguments[0]; // when what came is drawn
setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)));
"""
LINKED_AGAIN = """
dispatchEvent(new Event("pagehide"));
document.dispatchEvent(new Event("visibilitychange"));
"""


@pytest.fixture
def other(it: Emulator) -> Iterator[OneNetSync]:
    """Another program that uses the API."""
    with OneNetSync(it.api_key, str(it.http_url)) as program:
        yield program


def hold(page: Browser, method: str, part: str, *, fails: bool = False) -> None:
    page.script(HOLD, method, part, fails)


def is_held(page: Browser) -> None:
    page.until(lambda: page.script("return window.held.length"), "the call")


def go_on(page: Browser) -> None:
    page.driver.execute_async_script(GO_ON)


def add_points(it: Emulator, stream: str, *values: object) -> None:
    body = {"datastreams": [{"id": stream, "datapoints": [{"value": one} for one in values]}]}
    url = f"{it.http_url}/devices/{it.device_id}/datapoints"
    headers = {"api-key": it.api_key, "Content-Type": "application/json"}
    with urlopen(Request(url, headers=headers, data=json.dumps(body).encode())) as response:
        assert json.load(response)["errno"] == 0


def add_command(it: Emulator, other: OneNetSync, path: str) -> None:
    valid = datetime.fromtimestamp(it.now() + 60, UTC)
    other.offline_read(it.imei, path, valid=valid, expires=valid + timedelta(hours=1))


def test_answer_that_comes_late_changes_nothing_back(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    for _ in range(2):
        add_points(it, "any", *range(75))
    page.go(f"devices/{it.device_id}/points")
    page.shows("Points: 150", "#point-count")
    hold(page, "GET", "limit=6000")
    page.type("Show", "6000")
    is_held(page)
    page.type("Show", "100")
    page.shows("Points: 100", "#point-count")
    go_on(page)
    assert page.find("#point-count").text == "Points: 100"

    for number in range(22):
        if number % 10 == 0:  # no more may wait
            other.cancel_all_offline(it.imei)
        add_command(it, other, f"3303/0/{number}")
    page.go(f"devices/{it.device_id}/commands")
    page.shows("Commands: 22, page 1 of 2", "#command-count")
    hold(page, "GET", "page=1&")
    is_held(page)
    page.click("Older")
    page.until(lambda: len(page.all("#commands tbody tr")) == 2, "the second page")
    go_on(page)
    assert len(page.all("#commands tbody tr")) == 2
    hold(page, "GET", "/offline/history", fails=True)
    for _ in range(3):
        page.click("Newer")
        page.until(lambda: not page.all("[aria-busy=true]"), "the end of the call")
    go_on(page)
    page.shows("Commands: 22, page 1 of 2", "#command-count")

    page.go("platform")
    latency = page.named("input", "Latency each way, s")
    hold(page, "GET", "/emulator/state")
    page.script(LINKED_AGAIN)  # it is looked for at once
    is_held(page)
    page.type("Latency each way, s", "2.5")
    page.find("#air-save").click()
    page.shows("Saved", ".toast")
    go_on(page)
    assert latency.get_attribute("value") == "2.5"


def test_module_is_as_its_inputs_show_after_quick_changes(page: Browser, it: Emulator) -> None:
    page.go("modules/1")
    page.shows("registered", "main .card")
    coverage, busy = page.named("select", "Coverage"), page.find("#module-busy")
    hold(page, "PUT", "/emulator/modules/1")
    coverage.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    busy.click()
    busy.click()
    is_held(page)
    go_on(page)
    page.until(lambda: it.module.radio.coverage is Coverage.OUT, "the last choice")
    page.until(lambda: not page.all("[aria-busy=true]"), "the end of the calls")
    page.until(lambda: not busy.is_selected(), "the last click")
    assert not it.module.radio.busy

    hold(page, "PUT", "/emulator/modules/1", fails=True)
    page.type("Coverage", "ECL1")
    page.shows("The emulator does not answer", ".toast.error")
    page.until(lambda: coverage.get_attribute("value") == "OUT", "the choice that is so")
    go_on(page)


def test_click_selection_and_focus_stay_while_the_page_follows(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    imei = page.all(f"{ROW} [role=gridcell]", it.imei)[-1]
    mouse = ActionChains(page.driver)
    mouse.move_to_element_with_offset(imei, -60, 0).click_and_hold().move_by_offset(100, 0)
    mouse.release().perform()
    assert page.script("return String(getSelection())")
    assert page.find("h1").text == "Devices"  # to select a text opens nothing
    ActionChains(page.driver).click_and_hold(page.find(f"{ROW} a")).perform()
    with Mcu(it):
        page.shows("online: 1", "#device-count")
        ActionChains(page.driver).release().perform()
        page.shows("Resources", "main [role=tab]")
    page.go("modules/1")
    operator = page.shows("46000", "main dd")
    page.script("getSelection().selectAllChildren(arguments[0])", operator)
    page.type("Coverage", "ECL2")
    page.shows("ECL2: very weak", "main dd")
    assert page.script("return String(getSelection())") == "46000"

    focus = "return document.activeElement.getAttribute('aria-label')"
    add_points(it, "3303_0_5700", 25)
    page.go(f"devices/{it.device_id}")
    link = page.named("a", "Data points of 3303/0/5700")
    page.script("arguments[0].focus()", link)
    add_points(it, "3303_0_5700", 26)
    add_points(it, "3303_0_5701", "K")
    page.shows("26 K", "tr[data-path='3303/0/5700']")
    assert page.script(focus) == "Data points of 3303/0/5700"

    add_command(it, other, "3303/0/5700")
    page.go(f"devices/{it.device_id}/commands")
    details = page.shows("Details", "#commands button")
    name = details.accessible_name
    page.script("arguments[0].focus()", details)
    add_command(it, other, "3303/0/5701")
    page.shows("3303/0/5701", "#commands td")
    assert page.script(focus) == name


def test_typed_text_and_late_refusal_are_not_lost(page: Browser, it: Emulator) -> None:
    page.go("wire/1")
    field = page.named("input", "AT command")
    hold(page, "POST", "/type")
    field.send_keys("AT+CSQ", Keys.ENTER)
    is_held(page)
    field.send_keys("AT+CIMI")
    go_on(page)
    page.until(lambda: not page.all("[aria-busy=true]"), "the end of the call")
    field.send_keys(Keys.ARROW_UP)
    assert field.get_attribute("value") == "AT+CSQ"
    field.send_keys(Keys.ARROW_DOWN)
    assert field.get_attribute("value") == "AT+CIMI"

    page.go("devices")
    page.click("Create device")
    for name, text in (("Title", "x"), ("IMEI", it.imei), ("IMSI", "1")):
        page.type(name, text)
    hold(page, "POST", "/devices")
    page.find("dialog button[type=submit]").click()
    is_held(page)
    page.click("Cancel")
    go_on(page)
    page.shows("auth_info exists", ".toast.error")
