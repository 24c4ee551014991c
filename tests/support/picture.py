"""The README's picture of the page. `python -m tests.support.picture FILE` makes it."""

from __future__ import annotations

import sys
from pathlib import Path

from emulator import Emulator
from tests.support.browser import Browser, browser
from tests.support.mcu import Mcu

WIDTH, HEIGHT = 1200, 680


def make(window: Browser, it: Emulator, path: Path) -> None:
    """The Wire view of the module of `it`, which serves the page: the end of a login, a report."""
    assert it.page_url is not None
    window.resize(WIDTH, HEIGHT)
    window.prefers("light")
    window.open(it.page_url)
    with Mcu(it) as mcu:
        window.shows("online", f'[data-row="{it.device_id}"]')
        window.script("location.hash = '#/wire/1'")
        mcu.report(22.5)
        window.shows("AT+MIPLNOTIFY", ".rows.wire")
        window.until(lambda: "\n…\n" not in window.text, "what each line means")
        window.picture(path)


def main(path: str) -> None:
    with Emulator(page=True, baud=None) as it, browser() as window:
        make(window, it, Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
