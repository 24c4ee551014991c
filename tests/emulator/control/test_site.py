"""The calls of the page stand beside OneNET's: one listener, one key, one description."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import pytest

from emulator.emulator import Emulator

pytestmark = pytest.mark.realtime


def get(emulator: Emulator, path: str, key: str | None = None) -> dict:
    headers = {"api-key": emulator.api_key if key is None else key}
    with urlopen(Request(f"{emulator.http_url}{path}", headers=headers)) as answer:
        return json.load(answer)


def test_the_state_has_the_emulators_time_and_modules() -> None:
    with Emulator(page=True, modules=2) as emulator:
        state = get(emulator, "/emulator/state")["data"]
        assert state["modules"] == 2
        assert state["started"] <= state["now"] <= emulator.now()


def test_calls_of_the_page_are_described_and_need_the_key() -> None:
    with Emulator(page=True) as emulator:
        assert "/emulator/state" in get(emulator, "/openapi.json")["paths"]
        assert get(emulator, "/emulator/state", key="wrong")["errno"] == 3


def test_without_the_page_its_calls_are_not_served() -> None:
    with Emulator() as emulator:
        assert emulator.page_url is None
        assert get(emulator, "/emulator/state")["errno"] == 8
        assert "/emulator/state" not in get(emulator, "/openapi.json")["paths"]
