"""Scenario files: what they may contain, and errors with their line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.module.radio.coverage import Coverage
from emulator.scenario.events import At, Begin, Event, Every, On, RadioChange
from emulator.scenario.parser import ScenarioError, read
from tests.support.invalid_scenarios import INVALID


def event(text: str) -> Event:
    (found,) = read(f"[[event]]\n{text}\n").events
    return found


def error_of(text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        read(text, "day.toml", modules=2)
    return str(error.value)


def test_top_level_keys_and_defaults() -> None:
    found = read('title = "A day"\nseed = 7\nbegin = "first command"\nends = 60\n'
                 '[[event]]\nat = 1\nrestart = "WATCHDOG"\n')  # fmt: skip
    assert (found.title, found.seed, found.begin, found.ends) == ("A day", 7, Begin.COMMAND, 60)
    bare = read('[[event]]\nat = 1\nrestart = "WATCHDOG"\n')
    assert (bare.title, bare.seed, bare.begin, bare.ends) == ("", 0, Begin.START, None)


def test_event_has_its_line_and_text() -> None:
    _, second = read(
        'ends = 9\n\n[[event]]\nat = 1\nread = "/3"\n\n# why\n[[event]]\nat = 2.5\n'
        'coverage = "OUT"\nfor = 90\n'
    ).events
    assert second == Event(At(2.5), RadioChange(coverage=Coverage.OUT), 90, 'coverage "OUT"', 8)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("at = 12", At(12)),
        ("every = 10", Every(10, 10)),
        ("every = 10\nfirst = 0\ntimes = 3", Every(10, 0, 3)),
        ('on = "AT+MIPLOPEN"', On("AT+MIPLOPEN")),
        ('on = "AT+MIPLOPEN"\ntimes = 2\nafter = 0.5', On("AT+MIPLOPEN", 2, 0.5)),
    ],
)
def test_when_keys(text: str, when: object) -> None:
    assert event(f'{text}\nrestart = "RESET_PIN"').when == when


@pytest.mark.parametrize(("text", "message"), INVALID)
def test_error_names_line_and_reason(text: str, message: str) -> None:
    assert message in error_of(text)


def test_event_with_module() -> None:
    first, second = read(
        '[[event]]\nat = 1\nsim = "MISSING"\n[[event]]\nat = 1\nmodule = 2\nread = "/3"\n',
        modules=2,
    ).events
    assert (first.module, second.module) == (1, 2)


def test_line_of_multi_line_value_is_its_first_line() -> None:
    text = '[[event]]\nat = 1\nread = """\n[[event]]\nat = 2\n"""\n'
    assert error_of(text).startswith("day.toml:3: read")


def test_inline_event_tables() -> None:
    text = 'ends = 9\nevent = [\n  {at = 1, coverage = "OUT"},\n  {at = 2, nonsense = 1},\n]\n'
    assert error_of(text).startswith("day.toml:2: ")


def test_parse_time_is_linear() -> None:
    whole = '[[event]]\nat = 1\ncoverage = "OUT"\n\n' * 1500  # each line by itself: an hour
    assert [event.line for event in read(whole).events] == list(range(1, 6000, 4))
    assert error_of(f"{whole}[[event]]\nat = 1\nx = 1").startswith("day.toml:6001: ")


@given(st.text(max_size=60), st.sampled_from(["", "[[event]]\n", "[[event]]\nat=1\n"]))
def test_any_text_is_a_scenario_or_an_error_with_line(text: str, head: str) -> None:
    message = "day.toml:"
    try:
        read(head + text, "day.toml")
    except ScenarioError as error:
        message = str(error)
    assert message.startswith("day.toml:")


def test_no_depth_of_nesting_ends_in_a_traceback() -> None:
    for depth in range(1, 600):
        text = f"title = 'x'\nevent = {'[' * depth}{']' * depth}"
        with pytest.raises(ScenarioError, match=r"^day\.toml:[12]: "):
            read(text, "day.toml")
