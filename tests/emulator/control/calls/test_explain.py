"""Lines in words, by packages that may be there, be missing, or fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from emulator.control import explainers
from emulator.control.explainers import GROUP
from tests.support.page_calls import page_calls
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime
PATH = "/emulator/explain"


class Entry:
    """An entry point, as `importlib.metadata` gives it."""

    def __init__(self, name: str, load: Callable[[], object]) -> None:
        self.name, self.load = name, load


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def installed(*entries: Entry) -> None:
        def entry_points(*, group: str) -> Iterable[Entry]:
            assert group == GROUP == "emulator.explain"
            return entries

        monkeypatch.setattr(explainers, "entry_points", entry_points)

    return installed


def echoing(language: str) -> Callable[[str, str], str | None]:
    """Explains all lines but blank ones, and counts them: each conversation begins anew."""
    count = 0

    def explain(side: str, text: str) -> str | None:
        nonlocal count
        count += 1
        return f"{count} {language} {side} {text}" if text else None

    return explain


def failing(*_: object) -> Any:
    raise RuntimeError("broken")


LINES = [{"from": "host", "text": "AT"}, {"from": "module", "text": ""}]


async def test_lines_are_explained_in_their_order_and_language(
    install: Callable[..., None],
) -> None:
    install(Entry("m5310", lambda: echoing))
    async with page_calls() as page:
        for _ in range(2):
            words = await page.data("POST", PATH, {"lines": LINES, "language": "zh"})
            assert words == {"words": ["1 zh host AT", None]}
        assert await page.data("POST", PATH, {"lines": []}) == {"words": []}
        words = await page.data("POST", PATH, {"lines": LINES[:1]})
        assert words == {"words": ["1 en host AT"]}


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (Entry("broken import", failing),),
        (Entry("broken maker", lambda: failing),),
        (Entry("broken conversation", lambda: lambda _language: failing),),
        (Entry("no function", lambda: 5), Entry("no conversation", lambda: lambda _language: 5)),
        (Entry("no words", lambda: lambda _language: lambda _side, _text: 5),),
    ],
    ids=lambda entries: ", ".join(entry.name for entry in entries) or "none",
)
async def test_without_a_package_that_explains_lines_have_no_words(
    install: Callable[..., None], entries: tuple[Entry, ...], caplog: pytest.LogCaptureFixture
) -> None:
    install(*entries)
    async with page_calls() as page:
        for _ in range(3):
            assert await page.data("POST", PATH, {"lines": LINES}) == {"words": [None, None]}
    # Each is logged once, and then left alone.
    failures = [record for record in caplog.records if record.exc_info]
    assert len(failures) == sum("broken" in e.name or e.name == "no function" for e in entries)


async def test_one_that_fails_does_not_stop_another(install: Callable[..., None]) -> None:
    install(Entry("b", lambda: echoing), Entry("a", lambda: failing))
    async with page_calls() as page:
        words = await page.data("POST", PATH, {"lines": LINES})
        assert words == {"words": ["1 en host AT", None]}


async def test_a_slow_import_does_not_hold_the_emulator(install: Callable[..., None]) -> None:
    loop, goes_on = asyncio.get_running_loop(), []

    def load() -> object:
        # The event loop must do this while the import waits for it.
        done = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop)
        done.result(timeout=PATIENCE)
        goes_on.append(True)
        return echoing

    install(Entry("slow", load))
    async with page_calls() as page:
        both = (page.data("POST", PATH, {"lines": LINES[:1]}) for _ in range(2))
        assert await asyncio.gather(*both) == [{"words": ["1 en host AT"]}] * 2
    assert goes_on == [True]  # loaded once


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "lines"),
        ({"lines": 5}, "expected a list of {from, text}"),
        ({"lines": [5]}, "expected a list of {from, text}"),
        ({"lines": [{"from": "cloud", "text": "AT"}]}, 'from "cloud", expected host or module'),
        ({"lines": [{"from": ["host"], "text": "AT"}]}, "expected host or module"),
        ({"lines": [{"from": "host", "text": 5}]}, "text 5, expected a text"),
        ({"lines": [{"from": "host"}]}, "expected a text"),
        ({"lines": [{"from": "host", "text": "AT", "at": 5}]}, '"at" is not served'),
        ({"lines": [], "language": "de"}, 'language "de", expected en or zh'),
        ({"lines": [], "language": ["en"]}, "expected en or zh"),
        ({"lines": [], "speed": 5}, '"speed" is not served, expected lines, language'),
        ({"lines": [LINES[0]] * 201}, "201 lines, expected at most 200"),
        (b"[1]", "not a JSON object"),
    ],
)
async def test_other_bodies_are_refused(body: object, text: str) -> None:
    async with page_calls() as page:
        assert text in await page.refusal("POST", PATH, body)


async def test_any_text_of_a_line_is_taken(install: Callable[..., None]) -> None:
    install(Entry("long", lambda: lambda _language: lambda _side, text: text * 1000))
    async with page_calls() as page:
        lines = [{"from": "host", "text": text} for text in ("\x00", "\ufffe", "中" * 9000)]
        words = (await page.data("POST", PATH, {"lines": lines}))["words"]
    assert [len(each) for each in words] == [1000, 1000, 2000]
