"""The language of the command: the catalogue, and what is written in it."""

from __future__ import annotations

import copy
import gettext
import io
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

from m5310.at.modem import Modem
from m5310.cli.terminal.output import Output
from m5310.cli.translation import translated, use_language
from m5310.commands.network import Registration
from m5310.device.events import Reconnecting
from m5310.errors import CommandError, CommandTimeout, M5310Error, PortError, Text
from m5310.module.attach_errors import AttachError, Attempt, Evidence
from tools.translate import catalogues, read, texts

CATALOGUES = catalogues()
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(params=CATALOGUES, ids=lambda path: path.parts[-3])
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return read(request.param)


@pytest.fixture
def language(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Sets the environment; the language of the process is as before afterwards."""
    before = gettext.textdomain()
    gettext.textdomain("messages")  # Python's default: a test before may have run the command
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    gettext.textdomain(before)


@pytest.fixture
def chinese(language: pytest.MonkeyPatch) -> None:
    language.setenv("LANG", "zh_CN.UTF-8")
    use_language()


# --- the catalogue ---------------------------------------------------------------------------


def test_there_is_chinese() -> None:
    assert [path.parts[-3] for path in CATALOGUES] == ["zh_CN"]


def test_catalogue_has_the_texts_of_the_code_and_no_others(catalogue: Catalog) -> None:
    """If this fails, run tools/translate and fill in the new texts."""
    assert {each.id for each in catalogue} == {each.id for each in texts(catalogue)}
    assert not catalogue.obsolete


def test_all_texts_are_translated(catalogue: Catalog) -> None:
    assert [each.id for each in catalogue if not each.string or (each.id and each.fuzzy)] == []


def placeholders(template: str) -> list[str]:
    return sorted(re.findall(r"\{\w+(?::[^}]*)?\}|%(?:\(\w+\))?[sr]", template))


def test_placeholders_are_those_of_the_english_text(catalogue: Catalog) -> None:
    texts = [each for each in catalogue if each.id]
    assert any(placeholders(each.id) for each in texts)
    different = [each for each in texts if placeholders(each.id) != placeholders(each.string)]
    assert [each.id for each in different] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_compiled_catalogue_is_up_to_date(path: Path) -> None:
    """If this fails, run tools/translate."""
    source = read(path)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    assert {each.id: each.string for each in compiled if each.id} == {
        each.id: each.string for each in source if each.id
    }


# --- texts -----------------------------------------------------------------------------------


def test_text_is_the_message_of_an_error() -> None:
    inner = Text("after {seconds:g} s", seconds=1.0)
    error = PortError(Text("{port} was lost: {reason}", port="COM3", reason=inner))
    assert str(error) == "COM3 was lost: after 1 s"
    assert type(f"{error}.") is str
    assert isinstance(str(error), Text)
    for copied in (copy.deepcopy(str(error)), pickle.loads(pickle.dumps(str(error)))):
        assert (copied, copied.template, copied.values) == (
            "COM3 was lost: after 1 s",
            "{port} was lost: {reason}",
            {"port": "COM3", "reason": "after 1 s"},
        )


def test_braces_in_a_text_without_values_stay() -> None:
    assert translated(Text("{}")) == Text("{}") == "{}"
    assert translated(Text("{what}", what="{0}")) == "{0}"


@pytest.mark.usefixtures("chinese")
def test_only_texts_are_translated() -> None:
    assert (translated("problem"), translated(Text("problem"))) == ("problem", "问题")
    assert translated(Text("")) == ""


def seen(sim: CommandError | None = None, **changes: object) -> Evidence:
    searching = Attempt(3, 20.0, Registration.SEARCHING, None)
    found = {"elapsed": 20.0, "talking": True, "speeds": (9600,), "noise": 0, "denied": False}
    return Evidence(**({"sim": sim, "last": searching} | found | changes))


MESSAGES = (
    (
        AttachError(seen(CommandError("AT+CIMI", "+CME ERROR:10", 10, Text("SIM not inserted")))),
        "SIM 卡无法使用：AT+CIMI 被拒绝：+CME ERROR:10（未插入 SIM 卡）；"
        "请插入 SIM 卡，并检查它在卡座中的方向",
    ),
    (
        AttachError(seen(restarts=2)),
        "20 秒内查询 3 次都没有信号（+CSQ:99，SEARCHING）；请检查天线和搜索的频段（AT+NBAND），"
        "或清除在别处存储的频点（AT+NCSEARFCN）；"
        "期间模组重启了 2 次：请检查电源能否提供射频的峰值电流",
    ),
    (
        AttachError(seen(denied=True, last=Attempt(3, 20.0, Registration.DENIED, -80, 8))),
        "网络拒绝注册（+CEREG stat 3，EMM 原因值 8，这张 SIM 卡不允许任何业务）；"
        "请检查 SIM 卡的套餐已激活、开通 NB-IoT，并且没有绑定到别的模组",
    ),
    (
        AttachError(seen(talking=False, last=None)),
        "20 秒内 AT 没有应答（波特率 9600），也没有乱码；请检查供电、RX 和 TX 接线以及串口。"
        "如果模组使用别的波特率：`m5310 probe PORT` 或 attach(speeds=COMMON_SPEEDS) 可以找到波特率",
    ),
    (
        CommandTimeout("AT+CSQ", 5.0),
        "AT+CSQ：5 秒内没有最终结果，什么也没有收到。请检查接线、供电和波特率"
        "（`m5310 probe PORT` 可以找到波特率）；休眠的模组此时应已唤醒",
    ),
    (
        Reconnecting(2, 10.0, PortError(Text("{port} is not open", port="COM3"))),
        "第 2 次尝试失败，10 秒后再试：COM3 没有打开",
    ),
    (Attempt(3, 20.0, Registration.SEARCHING, -110), "尚未注册，正在搜网，信号 -110 dBm，弱"),
)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(("message", "expected"), MESSAGES)
def test_messages_are_chinese_at_the_output(message: M5310Error, expected: str) -> None:
    output = Output(io.StringIO(), io.StringIO(), {})
    output.message(str(message))
    assert output.err.getvalue() == f"m5310: {expected}\n"


@pytest.mark.usefixtures("chinese")
async def test_lost_port_is_chinese() -> None:
    modem = Modem("COM3")
    with pytest.raises(PortError) as raised:
        await modem.execute(None)
    assert (str(raised.value), translated(str(raised.value))) == (
        "COM3 is not open",
        "COM3 没有打开",
    )


# --- which language --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "问题"),
        ({"LANG": "zh_CN"}, "问题"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "C"}, "问题"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "C"}, "问题"),
        ({"LANGUAGE": "zh_CN", "LANG": "en_US.UTF-8"}, "问题"),
        ({"LANGUAGE": "de:zh_CN", "LANG": "en_US.UTF-8"}, "问题"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "problem"),
        ({"LANG": "en_US.UTF-8"}, "problem"),
        ({"LANG": "de_DE.UTF-8"}, "problem"),
        ({}, "problem"),
    ],
)
def test_the_environment_names_the_language(
    language: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    for name, value in environment.items():
        language.setenv(name, value)
    use_language(io.StringIO())
    assert translated(Text("problem")) == expected


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "问题"), ("gb18030", "问题"), ("ascii", "problem"), ("cp1252", "problem")],
)
def test_streams_that_cannot_write_it_get_english(
    language: pytest.MonkeyPatch, encoding: str, expected: str
) -> None:
    language.setenv("LANG", "zh_CN.UTF-8")
    use_language(io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert translated(Text("problem")) == expected
