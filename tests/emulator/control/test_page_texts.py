"""The files of the page: each text has Chinese, and nothing in them is what its policy refuses."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

PAGE = Path(str(files("emulator").joinpath("control/page")))
MODULES = sorted(PAGE.glob("*.js"))
FILES = sorted(path for path in PAGE.iterdir() if path.is_file())
TABLE = "zh.js"

_LITERAL = r'"((?:[^"\\]|\\.)*)"'
_CALL = re.compile(rf"\bt\(\s*{_LITERAL}")
_ANY_CALL = re.compile(r"(?<!function )\bt\((?!\s*\")")
_ENTRY = re.compile(rf"^  {_LITERAL}:\s+{_LITERAL},$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$|\s// .*?$", re.MULTILINE | re.DOTALL)


def code(path: Path) -> str:
    return _COMMENT.sub("", path.read_text(encoding="utf-8"))


def used() -> set[str]:
    return {text for path in MODULES for text in _CALL.findall(code(path))}


def entries() -> list[tuple[str, str]]:
    return _ENTRY.findall(code(PAGE / TABLE))


def test_each_text_of_the_page_has_chinese() -> None:
    missing = used() - {english for english, _ in entries()}
    assert not missing, f"{TABLE} lacks: {sorted(missing)}"


def test_the_table_has_no_text_that_is_not_used() -> None:
    english = [text for text, _ in entries()]
    assert sorted(set(english) - used()) == []
    assert sorted(text for text in set(english) if english.count(text) > 1) == []


def test_every_line_of_the_table_is_an_entry() -> None:
    """So that no entry is overlooked by the tests above."""
    lines = [line for line in code(PAGE / TABLE).splitlines() if line.strip()]
    assert lines[0] == "export const ZH = {"
    assert lines[-1] == "};"
    assert len(entries()) == len(lines) - 2


def test_both_languages_show_the_same_values() -> None:
    for english, chinese in entries():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese))
        assert chinese.strip()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_text_is_a_literal(path: Path) -> None:
    """Another one would never be translated, and no test would see it."""
    assert _ANY_CALL.findall(code(path)) == []


# What shows or runs a text as code, what the content security policy refuses, and what would make
# the page call another server.
_FORBIDDEN = {
    "a text that becomes elements": r"(?:inner|outer)HTML|insertAdjacentHTML|setHTML|DOMParser"
    r"|document\.write|createContextualFragment|srcdoc",
    "a text that runs": r"\beval\(|new Function\b|javascript:|set(?:Timeout|Interval)\(\s*[\"'`]",
    "an inline style": r"<style|\sstyle=|[\"']style[\"']|\bstyle:\s*[\"'`{]|cssText",
    "an inline handler": r"<[^>]*\son\w+=|setAttribute\(\s*[\"']on",
    "an inline script": r"<script(?![^>]*\ssrc=\"/page/)",
    "another server": r"(?:src|href|action)\s*[=:]\s*[\"'](?:\w+:)?//|@import|url\("
    r"|fetch\(\s*[\"'`](?:\w+:)?//|WebSocket\(|sendBeacon|importScripts|import\(",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_nothing_that_the_page_must_not_do(path: Path) -> None:
    text = code(path)
    found = [
        f"{what}: {one}" for what, form in _FORBIDDEN.items() for one in re.findall(form, text)
    ]
    assert found == []


def test_modules_import_only_files_of_the_page() -> None:
    names = {path.name for path in FILES}
    for path in MODULES:
        for source in re.findall(r"(?:from|import)\s+\"([^\"]+)\"", code(path)):
            assert source.startswith("./"), f"{path.name}: {source}"
            assert source[2:] in names, f"{path.name}: {source}"
