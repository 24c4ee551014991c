"""Addresses and lists of several modules, as a person meets them in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Keys

from emulator import Emulator
from tests.support.browser import Browser

pytestmark = pytest.mark.realtime


@pytest.fixture
def it() -> Iterator[Emulator]:
    with Emulator(page=True, baud=None, modules=3) as emulator:
        yield emulator


@pytest.mark.parametrize(
    ("view", "back", "heading"),
    [("wire", "Wire of all modules", "Wire"), ("modules", "All modules", "Modules")],
)
def test_address_of_no_module_says_so_and_leads_back(
    page: Browser, view: str, back: str, heading: str
) -> None:
    for number in ("4", "99999999", "01", "0", "1.5", "-1", "x", "%2f"):
        page.go(f"{view}/{number}")
        page.shows(f"No such module: {number.replace('%2f', '/')}", "h1")
        page.shows("There are the modules 1 to 3.", "main [role=alert]")
    page.click(back)
    page.until(lambda: page.find("h1").text == heading, heading)
    page.go(f"{view}/3")
    page.until(lambda: page.find("h1").text in ("Wire of module 3", "Module 3"), "module 3")


def test_wire_of_all_modules_names_the_module_of_each_line_on_a_phone(page: Browser) -> None:
    page.resize(360, 800)
    for number in (2, 3):
        page.go(f"wire/{number}")
        page.type("AT command", "AT+CSQ")
        page.click("Send")
        page.shows("+CSQ:", "[role=grid] [role=row]")
    page.named("input", "Module (empty: all)").send_keys(Keys.ARROW_DOWN)
    page.until(lambda: page.find("h1").text == "Wire of module 2", "the next module")
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    page.until(lambda: page.find("h1").text == "Wire of module 1", "the one after it")
    page.go("wire")

    def modules() -> list[str]:  # the rows are drawn again when their words come
        return [row.text.split("\n")[1] for row in page.all("[role=row]", "AT+CSQ")]

    page.until(lambda: modules() == ["2", "3"], "both commands")


def test_changes_of_a_module_are_told_in_words_and_by_their_names(
    page: Browser, it: Emulator
) -> None:
    page.go("modules/1")
    page.shows("registered", "main .card")
    page.type("Coverage", "OUT")
    page.shows("Coverage: ECL0: good → no coverage", "[role=log]")
    page.shows("stat: HOME → SEARCHING", "[role=log] small")
    page.shows("Registration: registered → searching", "[role=log]")
    page.type("Language", "zh")
    page.shows("模组 1", "h1")
    page.type("覆盖", "ECL1")
    page.shows("覆盖: 无覆盖 → ECL1：较弱", "[role=log]")
