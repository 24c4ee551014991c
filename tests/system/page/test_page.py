"""What a person sees and does on the page, in a real browser, with a real program on the port."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.remote.webelement import WebElement

from emulator import Emulator, VirtualClock
from emulator.module.boot import Cause
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from tests.support.browser import Browser
from tests.support.mcu import Mcu
from tests.support.programs import Program

pytestmark = pytest.mark.realtime

VIEWS = ("devices", "triggers", "push", "wire", "wire/1", "modules", "modules/1", "platform")
# What a device could send to attack the page.
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def device(page: Browser, it: Emulator) -> None:
    """Show the device of the emulated module."""
    page.go(f"devices/{it.device_id}")


def online(page: Browser, word: str = "online") -> WebElement:
    return page.shows(word, "#device-state")


def test_device_turns_green_when_its_module_logs_in(page: Browser, it: Emulator) -> None:
    row = f'[data-row="{it.device_id}"]'
    page.shows("offline", row)
    with Mcu(it):
        page.shows("online", row)
        circle = page.find(f"{row} .dot")
        red, green, blue = re.findall(r"\d+", circle.value_of_css_property("background-color"))[:3]
        assert int(green) > max(int(red), int(blue))
    page.shows("offline", row)


def test_read_write_and_execute_by_clicking(page: Browser, it: Emulator) -> None:
    with Mcu(it) as mcu:
        device(page, it)
        online(page)
        page.click("Discover 3303")
        page.click("Read 3303/0/5700")
        page.shows("21.5", 'tr[data-path="3303/0/5700"]')
        assert mcu.calls.get(timeout=10) == ("read", 3303, 0, 5700)

        page.click("Discover 3311")
        page.click("Write 3311/0/5850")
        page.find("dialog #value")
        page.script("document.querySelector('dialog #value').value = 'true'")
        page.find("dialog button[type=submit]").click()
        assert mcu.calls.get(timeout=10) == ("write", 3311, 0, 5850, True)

        page.named("input", "All operations on each resource").click()  # 5850 is none to execute
        page.click("Execute 3311/0/5850")
        page.find("#execute-argument").send_keys("on")
        page.find("dialog button[type=submit]").click()
        assert mcu.calls.get(timeout=10) == ("execute", 3311, 0, 5850, b"on")

        page.go("wire/1")
        for line in ("+MIPLREAD:", "+MIPLWRITE:", "+MIPLEXECUTE:"):
            page.type("Filter", line)
            page.shows(line, "[role=grid] [role=row]")


def test_each_line_is_explained_in_words(page: Browser, it: Emulator) -> None:
    with Mcu(it):
        page.go("wire/1")
        page.type("Filter", "AT+MIPLOPEN")
        page.shows("log in to OneNET within 60 s", "[role=grid] [role=row]")


def test_report_moves_the_plot(page: Browser, it: Emulator) -> None:
    with Mcu(it) as mcu:
        device(page, it)
        online(page)
        mcu.report(25.0)
        page.shows("25", 'tr[data-path="3303/0/5700"]')
        page.go(f"devices/{it.device_id}/points")
        page.shows("1", "#point-count")
        before = page.find(".plot .curve, .plot .point").get_attribute("d")
        mcu.report(30.0)
        page.shows("2", "#point-count")
        page.until(
            lambda: page.find(".plot .curve, .plot .point").get_attribute("d") != before,
            "a new curve",
        )


def test_lost_coverage_shows(page: Browser, it: Emulator) -> None:
    page.go("modules/1")
    page.shows("registered", "main .card")
    page.type("Coverage", "OUT")
    page.shows("no coverage", "main .card")
    page.shows("Registration: registered → searching", "[role=log]")
    assert it.module.radio.coverage.name == "OUT"
    page.go("modules")
    page.shows("OUT", '[data-row="1"]')


def test_advanced_time_ends_the_registration(page: Browser, it: Emulator) -> None:
    with Program(it.port) as program:
        program.log_in(it)
    device(page, it)
    online(page)
    page.go("modules/1")
    page.click("Unplug")
    page.type("Coverage", "OUT")
    page.click("Advance ...")
    page.type("Amount", "2")
    page.find("dialog button[type=submit]").click()
    device(page, it)
    online(page, "offline")


def test_clock_that_a_program_moves_shows_its_time_and_no_buttons(window: Browser) -> None:
    with Emulator(page=True, baud=None, clock=VirtualClock()) as it:
        window.open(str(it.page_url))
        window.until(
            lambda: not window.all("#clock-pause, #clock-speed, #clock-advance"), "no buttons"
        )
        window.find("#clock-time")
    window.driver.get("about:blank")
    window.problems()


def test_command_typed_by_hand_is_answered(page: Browser, it: Emulator) -> None:
    page.go("wire/1")
    page.type("AT command", "AT+CGSN=1")
    page.click("Send")
    page.shows(f"+CGSN:{it.imei}", "[role=grid] [role=row]")
    page.script("document.querySelector('#terminal').value = 'AT\\x1b[1m\\u202e'")
    page.click("Send")
    page.shows(r"AT\x1b[1m\u202e", "[role=grid] [role=row]")
    page.script(  # faster than the answers
        "const line = document.querySelector('#terminal');"
        "for (const text of arguments[0]) { line.value = text; line.form.requestSubmit(); }",
        lines := ["AT+CIMI", "AT+CGMM", "AT+CGMR"],
    )
    for line in lines:
        page.shows(line, "[role=grid] [role=row]")


def test_both_languages(page: Browser) -> None:
    assert page.find("h1").text == "Devices"
    page.type("Language", "zh")
    page.shows("设备", "h1")
    assert page.script("return document.documentElement.lang") == "zh-CN"
    for view in VIEWS:
        page.go(view)
        page.until(lambda: re.search(r"[一-鿿]", page.find("h1").text), "a Chinese heading")
    page.type("语言", "en")
    page.shows("Air and platform", "h1")


def test_hostile_text_from_the_wire_stays_text(page: Browser, it: Emulator) -> None:
    with Mcu(it, name=HOSTILE):
        device(page, it)
        online(page)
        page.click("Discover 3303")
        page.click("Read 3303/0/5750")
        page.shows(HOSTILE, 'tr[data-path="3303/0/5750"]')
        page.go("wire/1")
        page.type("Filter", "onerror")
        page.shows(HOSTILE, "[role=grid] [role=row]")
        assert page.all("img[src=x]") == []


def test_choices_of_a_module_are_those_that_the_emulator_takes(page: Browser, it: Emulator) -> None:
    page.go("modules/1")
    page.shows("registered", "main .card")
    options = "return [...document.querySelector(arguments[0]).options].map(one => one.value)"
    for name, known in (("coverage", Coverage), ("sim", Sim), ("cause", Cause)):
        assert page.script(options, f"#module-{name}") == list(known.__members__)
    page.type("SIM", "MISSING")
    page.shows("no card", "main .card dd")
    assert it.module.radio.sim is Sim.MISSING


def test_empty_number_is_refused_and_not_taken_as_zero(page: Browser, it: Emulator) -> None:
    page.go("platform")
    page.type("Latency each way, s", "")
    page.click("Save")
    page.shows("Latency each way, s: ", ".toast.error")
    assert it.air.faults.latency > 0

    page.go("modules/1")
    page.type("lost", "")
    page.click("Set noise")
    page.shows("lost: ", ".toast.error")


def test_downloads_of_the_wire_are_files_of_their_kinds(
    page: Browser, it: Emulator, tmp_path: Path
) -> None:
    def saved(form: str, name: str) -> bytes:
        page.type("Form of the file", form)
        page.click("Download")
        path = tmp_path / name
        return page.until(lambda: path.exists() and path.read_bytes(), name)

    page.downloads(tmp_path)
    page.go("wire/1")
    page.type("AT command", "AT+CSQ")
    page.click("Send")
    page.shows("+CSQ:", "[role=grid] [role=row]")
    assert b"--> AT+CSQ\n" in saved("text", "m5310.txt")
    assert saved("recording", "m5310.jsonl").startswith(b'{"recording": 1')
    assert saved("pcapng", "m5310.pcapng").startswith(b"\n\r\r\n")


def test_page_goes_on_with_an_emulator_that_was_started_again(window: Browser) -> None:
    def type_lines(*lines: str) -> None:
        for line in lines:
            window.type("AT command", line)
            window.click("Send")
            window.shows(line, "[role=grid] [role=row]")

    with Emulator(page=True, baud=None) as it:
        where, key = urlsplit(str(it.http_url)).netloc, it.api_key
        window.open(str(it.page_url))
        window.find("h1")
        window.go("wire/1")
        type_lines("AT+CSQ", "AT+CIMI", "AT+CGMR")
    with Emulator(page=True, baud=None, http=where, api_key=key) as it, Program(it.port) as program:
        program.command("AT+CGMM")  # maybe before the page has found the new one
        window.shows("The emulator was started again", "[role=grid] [role=row]")
        window.shows("AT+CGMM", "[role=grid] [role=row]")
    window.driver.get("about:blank")
    window.problems()  # it could not connect meanwhile


def test_scenario_is_played_and_a_mistake_names_its_line(page: Browser, it: Emulator) -> None:
    page.go("platform")
    page.type("Events (TOML)", "[[event]]\nat = 1\ncoverage = '<img>'")
    page.click("Play")
    page.shows('text:3: coverage "<img>", expected one of', "[role=alert]")
    page.type("Events (TOML)", f"title = '{HOSTILE}'\n[[event]]\nat = 0.1\ncoverage = 'OUT'")
    page.click("Play")
    page.shows(f"{HOSTILE} is played", "#scenario-state")
    first = page.shows('coverage "OUT"', "[role=log] p")
    page.click("Stop")
    page.shows("No scenario is played", "#scenario-state")
    assert it.module.radio.coverage is Coverage.OUT
    assert first.is_displayed()  # it is not drawn again, nor read aloud again


def test_page_says_that_the_emulator_has_gone_and_shows_the_next_one(window: Browser) -> None:
    gone = "The emulator does not answer"
    with Emulator(page=True, baud=None) as it:
        where, key = urlsplit(str(it.http_url)).netloc, it.api_key
        window.open(str(it.page_url))
        window.find("h1")
    for view in ("triggers", "devices"):
        window.go(view)
        window.shows(gone, "main .empty")
    window.go("devices/500000001")
    window.shows(gone, "main .problem")
    with Emulator(page=True, baud=None, http=where, api_key=key) as it:
        window.shows("Resources", "main [role=tab]")
        assert it.device_id == "500000001"
    window.go("platform")
    window.shows(gone, "main .problem")
    with Emulator(page=True, baud=None, http=where, api_key=key):
        window.shows("Latency each way", "main label")
        assert gone not in window.find("main").text
    window.driver.get("about:blank")
    window.problems()  # it could not connect meanwhile


def test_without_the_key_it_asks_for_it(page: Browser, it: Emulator) -> None:
    page.script("sessionStorage.clear()")
    page.open(str(it.http_url) + "/")
    page.type("Key (api-key)", it.api_key)
    page.click("Open")
    page.shows("Devices", "h1")
    assert it.api_key not in page.driver.current_url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_with_disabilities_can_use_it(page: Browser, it: Emulator, scheme: str) -> None:
    page.prefers(scheme)
    for view in (*VIEWS, f"devices/{it.device_id}"):
        page.go(view)
        assert page.inaccessible() == [], view


def test_narrow_screens_need_no_scrolling_sideways(page: Browser, it: Emulator) -> None:
    page.resize(360, 800)
    page.go("devices")
    page.shows("offline", "[role=grid] [role=row]")
    for view in (*VIEWS, f"devices/{it.device_id}"):
        page.go(view)
        wide = page.script(
            "const right = (one) => one.getBoundingClientRect().right;"
            "const room = document.documentElement.clientWidth;"
            "return [...document.querySelectorAll('header *, main *')].filter((one) =>"
            " (!one.closest('.scroll, .table, svg') && right(one) > room + 1)"
            # A list cuts what is too wide, so that its last buttons could not be seen.
            " || (one.matches('.rows .row > *') && right(one) > right(one.parentNode) + 1)"
            ").map((one) => one.outerHTML.slice(0, 80))"
        )
        assert wide == [], view
