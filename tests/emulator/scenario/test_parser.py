"""Scenario files: what they may contain, and errors with their line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.module.radio.coverage import Coverage
from emulator.scenario.events import At, Begin, Event, Every, On, RadioChange
from emulator.scenario.parser import ScenarioError, read


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


# Texts with a mistake, and what is said of it.
INVALID = [
    ("", "day.toml:1: no event: expected"),
    ("event = 3", "day.toml:1: event 3, expected tables"),
    ("\nevent = [1]", "day.toml:2: event"),
    ("a = 1\nb =\n", "day.toml:2: "),
    ('[[event]]\nat = "unfinished', "day.toml:2: "),
    ("\n\nspeed = 3\n[[event]]\nat = 1\nread='/3'", "day.toml:3: speed is not allowed here"),
    ('seed = "x"\n[[event]]', 'day.toml:1: seed "x", expected a whole number, 0 or more'),
    (
        "[[event]]\nat=1\nread='/3'\n[[event]]\nat = -1\nread='/3'",
        "day.toml:5: at -1, expected",
    ),
    ("[[event]]\nat = true\nread='/3'", "day.toml:2: at true, expected a number"),
    ("[[event]]\nat = 1e99\nread='/3'", "day.toml:2: at 1e+99, expected a number"),
    ("[[event]]\nread='/3'", "day.toml:1: when it happens: nothing, expected exactly one of"),
    ("[[event]]\nat=1\nevery=2\nread='/3'", "day.toml:3: when it happens: at and every"),
    (
        "[[event]]\nat=1\ncoverag='OUT'",
        "day.toml:3: coverag is unknown, did you mean coverage?",
    ),
    ("[[event]]\nat=1", "day.toml:1: what happens: nothing, expected exactly one of"),
    ("[[event]]\nevery=0\nread='/3'", "day.toml:2: every 0, expected a number, 0.1 or more"),
    ("[[event]]\nat=1\ntimes=2\nread='/3'", "day.toml:3: times is not allowed here"),
    ("[[event]]\nat=1\nread='/3'\nfor=2", "day.toml:4: for is not allowed here"),
    ("[[event]]\nat=1\nread='3303'", 'day.toml:3: read "3303", expected a path such as'),
    ("[[event]]\nat=1\nread='/65536'", "day.toml:3: read"),
    ("[[event]]\nat=1\nread=3", "day.toml:3: read 3, expected a text"),
    ("[[event]]\nat=1\ndiscover='/3303/0'", "expected a path such as /3303"),
    ("[[event]]\nat=1\nwrite='/3303/0/1'", "day.toml:1: value is missing"),
    ("[[event]]\nat=1\nwrite='/3303/0/1'\nvalue=[1]", "day.toml:4: value [1], expected"),
    ("[[event]]\nat=1\ncoverage='gone'", "expected one of ECL0, ECL1, ECL2, OUT"),
    ("[[event]]\nat=" + "9" * 5000, "day.toml:2: Exceeds the limit"),
    ("[[event]]\nat=0x" + "F" * 5000, "day.toml:2: "),
    ("title='x'\nseed=0x" + "F" * 5000, "day.toml:2: seed 0xffff"),
    ("[[event]]\nat=" + "[" * 3000 + "]" * 3000, "day.toml:2: nested too deep, expected"),
    ("[[event]]\nat=" + "{a=" * 3000, "day.toml:2: nested too deep, expected"),
    ("a=1\n" + "[\n" * 3000, "day.toml:"),
    ("[[event]]\nat=1\nnoise=3", "day.toml:3: noise 3, expected a table such as"),
    ("[[event]]\nat=1\nnoise={loss=2}", "day.toml:3: noise: loss 2, expected a number, 0 to 1"),
    ("[[event]]\nat=1\n[event.noise]\ntheft=1", "day.toml:3: noise: theft is not allowed here"),
    ("[[event]]\nat=1\nto_host={lose=0}", "to_host: lose 0, expected a whole number, 1 or"),
    (
        "[[event]]\nat=1\nto_host={}",
        "to_host: the fault: nothing, expected exactly one of lose",
    ),
    ("[[event]]\nat=1\nplatform={silent=1}", "platform: silent 1, expected true or false"),
    ("[[event]]\nat=1\nplatform={repeats=99}", "repeats 99, expected a whole number, 0 to 10"),
    ("[[event]]\non='MIPLOPEN'\nread='/3'", 'on "MIPLOPEN", expected the start of a command'),
    ("[[event]]\nat=1\nanswer='ERROR'", "day.toml:3: answer: only commands have an answer"),
    ("[[event]]\non='AT'\nafter=1\nanswer='ERROR'", "day.toml:3: after: not with answer ="),
    (
        "[[event]]\non='AT'\nanswer='ERROR'\ncme=4000",
        "day.toml:4: cme 4000, expected an error number",
    ),
    ("[[event]]\nat=1\nwrite='/3/0/1'\nvalue='" + "x" * 1001 + "'", "of at most 1000 bytes"),
    (
        "[[event]]\nat=1\nread='/3'\nmodule=3",
        "day.toml:4: module 3, expected a whole number, 1",
    ),
    ("[[event]]\nat=1\nair={loss=1}\nmodule=1", "day.toml:4: module is not allowed here"),
    ("[[event]]\nat=1\nurc='+X:1'\nplace='after'", "day.toml:4: place: only within the answer"),
    (
        "[[event]]\non='AT'\nafter=1\nurc='+X:1'\nplace='inside'",
        "day.toml:5: place: only within",
    ),
    ("[[event]]\non='AT'\nurc='+X:1'\nplace='behind'", "one of before, between, inside, after"),
    ("[[event]]\nat=1\nbytes='0'", 'day.toml:3: bytes "0", expected two hex digits a byte'),
]


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
