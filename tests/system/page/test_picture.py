"""The README's picture of the page, which `tools/picture` makes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from emulator import Emulator
from tests.support import picture
from tests.support.browser import Browser
from tests.support.readme import README, ROOT

pytestmark = pytest.mark.realtime

LARGEST = 150_000  # bytes: it is in the repository, and on the README's first screen


def test_picture_can_be_made(page: Browser, it: Emulator, tmp_path: Path) -> None:
    picture.make(page, it, tmp_path / "page.png")
    for made in (tmp_path / "page.png", ROOT / "tools/pictures/page.png"):
        content = made.read_bytes()
        assert struct.unpack(">II", content[16:24]) == (picture.WIDTH, picture.HEIGHT)
        assert len(content) < LARGEST


def test_readme_shows_it() -> None:
    assert "](tools/pictures/page.png)" in README
