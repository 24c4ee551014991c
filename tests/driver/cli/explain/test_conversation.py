"""The driver's words for another program, in its language."""

from __future__ import annotations

import gettext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.cli.explain.conversation import conversation

CONVERSATION = [
    ("host", "AT+CSQ", "ask for the signal strength", "查询信号强度"),
    ("module", "+CSQ:28,99", "signal -57 dBm, good", "信号 -57 dBm，好"),
    ("module", "OK", "done", "成功"),
    ("host", "AT+MIPLOPEN=0,30", "log in to OneNET within 30 s", "登录 OneNET，限时 30 秒"),
    ("module", "+CME ERROR:3", "refused: operation not allowed", "被拒绝：不允许的操作"),
    ("module", "hello", None, None),
]


def test_lines_in_english_and_in_chinese() -> None:
    english, chinese = conversation("en"), conversation("zh")
    for side, line, in_english, in_chinese in CONVERSATION:
        assert (english(side, line), chinese(side, line)) == (in_english, in_chinese)


@pytest.mark.parametrize("language", ["de", "", "../zh", "zh_CN\0"])
def test_another_language_is_english(language: str) -> None:
    assert conversation(language)("host", "AT+CSQ") == "ask for the signal strength"


def test_the_language_of_the_process_changes_nothing_and_is_not_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    before = gettext.textdomain()
    assert conversation("en")("host", "AT+CSQ") == "ask for the signal strength"
    assert conversation("zh")("module", "OK") == "成功"
    assert gettext.textdomain() == before


def test_a_bare_line_is_understood_by_its_command() -> None:
    describe = conversation("en")
    describe("host", "AT+CIMI")
    assert describe("module", "460040000000001") is not None
    assert conversation("en")("module", "460040000000001") is None


@given(st.lists(st.tuples(st.sampled_from(["host", "module"]), st.text(max_size=40)), max_size=5))
def test_any_lines_have_plain_words_or_none(lines: list[tuple[str, str]]) -> None:
    for language in ("en", "zh"):
        describe = conversation(language)
        for side, line in lines:
            assert type(describe(side, line)) in (str, type(None))
