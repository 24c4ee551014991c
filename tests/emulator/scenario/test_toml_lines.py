"""The line of each key in TOML text, in a time that grows with its length."""

from __future__ import annotations

import tomllib

import pytest

from emulator.scenario.toml_lines import TomlLines, load

TEXT = '''# "[[event]]
title = """a
[[event]]
"quoted" # \\" not a comment"""""
seed = 1 # ]
[[event]]

at = [
  1, # ] "
  "]",
  { a.b = '}' },
]
sim = 'MISSING\\'
[event.noise]
loss = 0.5
[[event]]
"on" = \'\'\'
AT'' ]
\'\'\'
urc = "\\"]"\r
bytes = "00"'''


def test_each_key_has_the_line_where_its_statement_begins() -> None:
    assert TomlLines.of(TEXT).numbers == {
        (None, "title"): 2,
        (None, "seed"): 5,
        (0, None): 6,
        (0, "event"): 6,
        (0, "at"): 8,
        (0, "sim"): 13,
        (0, "noise"): 14,
        (0, "loss"): 15,
        (1, None): 16,
        (1, "event"): 16,
        (1, "on"): 17,
        (1, "urc"): 20,
        (1, "bytes"): 21,
    }


@pytest.mark.parametrize(
    "text",
    [
        "at = [\n" + "1,\n" * 5_000 + "]\n",
        'title = """' + "x\n" * 5_000 + '"""\n',
        "[[event]]\nat = 1\n" * 2_000,
        "\n" * 5_000,
    ],
)
def test_each_statement_is_parsed_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text may come from anyone by the page: a long array took minutes when each line was tried."""
    parsed, really = 0, tomllib.loads

    def loads(text: str) -> dict[str, object]:
        nonlocal parsed
        parsed += len(text)
        return really(text)

    monkeypatch.setattr(tomllib, "loads", loads)
    load(text, "name")
    assert parsed <= 2 * len(text)


@pytest.mark.parametrize("line", ["", "  ", "# [[event]]", "\t#"])
def test_lines_without_a_statement_are_not_parsed_one_by_one(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, really = 0, tomllib.loads

    def loads(text: str) -> dict[str, object]:
        nonlocal calls
        calls += 1
        return really(text)

    monkeypatch.setattr(tomllib, "loads", loads)
    _, lines = load(f"{line}\n" * 5_000 + "[[event]]\nat = 1  # a comment", "name")
    assert calls == 3
    assert lines.find(0, "at") == 5_002


@pytest.mark.parametrize("key", ["a" + ".a" * 30_000, '"a"' + ' . "a"' * 10_000])
def test_a_key_of_thousands_of_parts_is_refused_at_once(key: str) -> None:
    """The time of tomllib is quadratic in its parts."""
    for text in (f"{key} = 1", f"[{key}]", f"x = {{ {key} = 1 }}"):
        with pytest.raises(ValueError, match=r"name:2: \d+ dots in one statement"):
            load(f"\n{text}", "name")


@pytest.mark.parametrize(
    "text", ["'" * 50_000, '"' * 50_000, '"\\' * 30_000, "'''" + '"""' * 9_000]
)
def test_text_without_an_end_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="name:1: "):
        load(f"a = {text}", "name")
