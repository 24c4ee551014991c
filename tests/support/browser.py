"""A real browser on the emulator's page. Where Chromium or its driver is missing, its tests are
skipped and say so.

`Browser` finds what a person finds: buttons and fields by their names, text by what it says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_core_python.base import AXE_SCRIPT
from selenium import webdriver
from selenium.common.exceptions import (
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

T = TypeVar("T")

WAIT = 15.0  # seconds for something to show; a busy machine is slow
_DEBIAN = "apt-get install chromium chromium-driver"
# In one call of the browser, as each call takes milliseconds.
_SHOWN = """
const [selector, text, name] = arguments;
const label = (one) => one.labels?.length ? one.labels[0].innerText : "";
return [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length
  && (!text || one.innerText.includes(text))
  && (!name || [one.getAttribute("aria-label"), one.innerText, label(one)]
    .some((each) => each?.trim() === name)));
"""


class Browser:
    """One window. Each method that finds something waits for it, at most WAIT s."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """As in a new tab: nothing of an earlier page is left."""
        self.driver.get("about:blank")
        self.driver.get(url)

    def go(self, view: str) -> None:
        """Show a view of the page, such as `devices` or `modules/1`."""
        self.script("location.hash = arguments[0]", f"#/{view}")
        self.find(f"nav a[data-view={view.partition('/')[0]}][aria-current]")
        self.find("h1")

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """What `look` finds, once it finds something."""

        def looked(_: object) -> T | None:
            return look() or None

        ignored = (StaleElementReferenceException,)
        wait = WebDriverWait(self.driver, WAIT, poll_frequency=0.05, ignored_exceptions=ignored)
        try:
            found: T = wait.until(looked)
        except TimeoutException:
            shown = self.text[:2000]
            raise AssertionError(f"{what} did not show; the page says: {shown}") from None
        return found

    def find(self, selector: str) -> WebElement:
        return self.until(lambda: next(iter(self.all(selector)), None), selector)

    def all(self, selector: str, text: str = "", name: str = "") -> list[WebElement]:
        """The elements that are shown now, none if there are none; with a text, with a name."""
        found: list[WebElement] = self.script(_SHOWN, selector, text, name)
        return found

    def named(self, selector: str, name: str) -> WebElement:
        """The element with this accessible name, as assistive technology tells it."""

        def look() -> WebElement | None:
            found = self.all(selector, name=name)
            return next((one for one in found if one.accessible_name == name), None)

        return self.until(look, f"{selector} {name!r}")

    def click(self, name: str) -> None:
        """A button, link or tab."""
        self._click(lambda: self.named("button, a, [role=tab], summary", name), name)

    def click_on(self, text: str, selector: str) -> None:
        """The first element of `selector` that shows `text`."""
        self._click(lambda: self.shows(text, selector), text)

    def _click(self, found: Callable[[], WebElement], what: str) -> None:
        """Once more if the page has just drawn it anew."""

        def clicked() -> bool:
            found().click()
            return True

        self.until(clicked, what)

    def type(self, name: str, text: str) -> None:
        """Into a field, in place of what it holds."""
        field = self.named("input, textarea, select", name)
        if field.tag_name == "select":
            self.script(
                "arguments[0].value = arguments[1];"
                "arguments[0].dispatchEvent(new Event('change', {bubbles: true}))",
                field,
                text,
            )
            return
        field.clear()
        field.send_keys(text)

    def shows(self, text: str, selector: str = "body") -> WebElement:
        """The first element of `selector` that shows `text`."""

        return self.until(
            lambda: next(iter(self.all(selector, text)), None), f"{text!r} in {selector}"
        )

    @property
    def text(self) -> str:
        return self.driver.find_element("css selector", "body").text

    def script(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def problems(self) -> list[str]:
        """What the browser logged since the last look: errors, and what its policy refused."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def inaccessible(self) -> list[str]:
        """What axe-core finds wrong for people (WCAG 2.1 A and AA, good practice)."""
        self.script(AXE_SCRIPT)
        run = "const done = arguments[0]; axe.run().then(found => done(found.violations))"
        return [
            f"{rule['id']}: {node['html'][:200]}"
            for rule in self.driver.execute_async_script(run)
            for node in rule["nodes"]
        ]

    def resize(self, width: int, height: int = 900) -> None:
        """Of the page itself, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def prefers(self, scheme: str) -> None:
        """`dark` or `light`, as the system of a person."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def downloads(self, folder: Path) -> None:
        """From now on files are saved there, without a question."""
        allowed = {"behavior": "allow", "downloadPath": str(folder)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)

    def picture(self, path: Path) -> None:
        self.driver.save_screenshot(str(path))


@contextmanager
def browser(language: str = "en") -> Iterator[Browser]:
    """Chromium without a window on the screen. Skips the test where it is missing."""
    programs = [shutil.which("chromium"), shutil.which("chromedriver")]
    chromium, chromedriver = programs
    if chromium is None or chromedriver is None:
        pytest.skip(f"no browser, so the page was not tried: {_DEBIAN}")
    options = Options()
    options.binary_location = chromium
    for argument in ("--headless=new", "--disable-gpu", f"--lang={language}"):
        options.add_argument(argument)
    if os.geteuid() == 0:  # its sandbox needs another user
        options.add_argument("--no-sandbox")
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        window = Browser(driver)
        window.resize(1200)
        yield window
    finally:
        driver.quit()
