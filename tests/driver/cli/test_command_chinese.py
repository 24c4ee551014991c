"""The command as a process where the language is Chinese."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path

import pytest

import m5310 as m5310_package
from emulator import Coverage, Emulator, Sim
from tests.support.cli_process import ROOT, m5310
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime

CHINESE = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}
ASCII = {**CHINESE, "PYTHONIOENCODING": "ascii"}


@pytest.fixture
def emulated() -> Iterator[Emulator]:
    with Emulator(baud=None, http=None) as emulator:
        yield emulator


def test_module_without_problems(emulated: Emulator) -> None:
    ran = m5310("probe", emulated.port, environment=CHINESE)
    assert (ran.returncode, ran.stderr) == (0, "")
    first, *rows, last = ran.stdout.splitlines()
    assert first.split() == ["检查项", "结果", "内容"]
    assert rows[3].split() == ["IMEI", "正常", emulated.imei]
    assert rows[8].split() == ["网络注册", "正常", "已注册，归属网络"]
    assert last == f"{emulated.port}，波特率 9600：没有发现问题"


def test_module_without_sim(emulated: Emulator) -> None:
    emulated.module.radio.sim = Sim.MISSING
    ran = m5310("probe", emulated.port, environment=CHINESE)
    assert (ran.returncode, ran.stderr) == (1, "")
    sim = "SIM 卡    问题  被拒绝：+CME ERROR:10 -> 请插入 SIM 卡，并检查它在卡座中的方向\n"
    assert sim in ran.stdout
    assert "由“SIM 卡”的问题引起\n" in ran.stdout
    assert ran.stdout.endswith("1 个问题：SIM 卡（被拒绝：+CME ERROR:10）\n")


def test_module_without_coverage(emulated: Emulator) -> None:
    emulated.module.radio.coverage = Coverage.OUT
    ran = m5310("probe", emulated.port, environment=CHINESE)
    assert (ran.returncode, ran.stderr) == (1, "")
    signal = "信号      问题  没有信号信息 -> 请连接天线，或换到有 NB-IoT 覆盖的地方\n"
    assert signal in ran.stdout
    assert ran.stdout.endswith("1 个问题：信号（没有信号信息）\n")


def test_json_stays_english(emulated: Emulator) -> None:
    emulated.module.radio.sim = Sim.MISSING
    english, chinese = (
        m5310("probe", emulated.port, "--json", environment=environment)
        for environment in ({}, CHINESE)
    )
    assert (chinese.stdout, chinese.stderr) == (english.stdout, english.stderr)
    assert "insert a SIM" in json.loads(chinese.stdout)["findings"][4]["advice"]


def test_refused_command_and_its_reason(emulated: Emulator) -> None:
    ran = m5310("send", emulated.port, "AT+FOO", environment=CHINESE)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "m5310: AT+FOO 被拒绝：+CME ERROR:4（不支持的操作）\n"


def test_login_that_the_platform_refuses(tmp_path: Path) -> None:
    profile = tmp_path / "device.toml"
    profile.write_text('[[resource]]\npath = "3303/0/5700"\ntype = "float"\n', encoding="utf-8")
    with Emulator(baud=None, http=None, device=False) as emulator:
        ran = m5310("run", str(profile), "--port", emulator.port, environment=CHINESE)
        endpoint = f"{emulator.imei};{emulator.imsi}"
    assert (ran.returncode, ran.stdout) == (1, "")
    refused = f"m5310: 平台拒绝了 {endpoint} 的登录；请检查平台上是否有这个 IMEI 和 IMSI 的设备\n"
    assert ran.stderr == refused


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["probe"], "m5310 probe: 缺少参数：PORT（用法见 --help）\n"),
        (["probe", "--fast", "x"], "m5310: 未知的参数：--fast（用法见 --help）\n"),
        (["probe", "--baud"], "m5310 probe: 参数 --baud：需要一个值（用法见 --help）\n"),
        (
            ["probe", "--baud", "0", "x"],
            "m5310 probe: 参数 --baud：'0' 不是波特率；应为 9600 这样的数（用法见 --help）\n",
        ),
        (["run", "/no/file.toml"], "m5310: /no/file.toml：没有这个文件或目录\n"),
        (["send", "/no/port", "CSQ"], "m5310: 'CSQ' 不以 AT 开头\n"),
    ],
)
def test_wrong_arguments(arguments: list[str], expected: str) -> None:
    ran = m5310(*arguments, environment=CHINESE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", expected)


def test_port_that_does_not_exist() -> None:
    ran = m5310("probe", "/no/port", environment=CHINESE)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("m5310: /no/port 不存在；")


def test_help() -> None:
    ran = m5310("probe", "--help", environment=CHINESE)
    assert ran.returncode == 0
    assert ran.stdout.startswith("用法：m5310 probe ")
    assert "波特率（默认：依次尝试常用波特率）" in ran.stdout


def test_output_that_cannot_write_chinese_is_english(emulated: Emulator) -> None:
    ran = m5310("probe", emulated.port, environment=ASCII)
    assert ran.stdout.endswith(": no problem found\n")
    assert m5310("probe", environment=ASCII).stderr == (
        "m5310 probe: the following arguments are required: PORT (try --help)\n"
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a wheel of this project installs."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "installed")
    return folder / "installed"


def test_installed_package_has_the_catalogue(installed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "m5310", "probe"],
        cwd=installed,
        env=CHINESE,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    assert (ran.returncode, ran.stderr) == (2, "m5310 probe: 缺少参数：PORT（用法见 --help）\n")


def test_metadata_of_the_package(installed: Path) -> None:
    """No public address of the project is known, so there is none."""
    (folder,) = installed.glob("m5310-*.dist-info")
    found = message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
    assert found["Version"] == m5310_package.__version__
    assert found["Description-Content-Type"] == "text/markdown"
    assert "Natural Language :: Chinese (Simplified)" in found.get_all("Classifier", [])
    assert not {"Home-page", "Project-URL", "Author-email"} & set(found)
    (notice,) = found.get_all("License-File", [])
    assert (folder / "licenses" / notice).is_file()


_PAGE = """
import json, sys, urllib.request
from emulator import Emulator
with Emulator(page=True) as it:
    def get(path, body=None):
        headers = {"api-key": it.api_key}
        return urllib.request.urlopen(urllib.request.Request(it.http_url + path, body, headers))
    print(get("/").headers["Content-Type"], get("/page/main.js").status)
    lines = [{"from": "host", "text": "AT+CSQ"}]
    for language in ("zh", "en"):
        body = json.dumps({"lines": lines, "language": language}).encode()
        print(*json.load(get("/emulator/explain", body))["data"]["words"])
"""


def test_installed_emulator_has_its_page_and_the_words_for_it(installed: Path) -> None:
    """Files that are no Python, and the entry point between two packages that share no code."""
    page = ROOT / "emulator" / "control" / "page"
    copy = installed / "emulator" / "control" / "page"
    assert {each.name: each.read_bytes() for each in copy.iterdir()} == {
        each.name: each.read_bytes() for each in page.iterdir()
    }
    ran = subprocess.run(
        [sys.executable, "-c", _PAGE],
        cwd=installed,
        env={"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "text/html; charset=utf-8 200",
        "查询信号强度",
        "ask for the signal strength",
    ]


def test_console_explains_in_chinese(emulated: Emulator) -> None:
    lines = "AT+CSQ\nAT+MIPLOPEN=0,30\nAT+CFUN=2\nhello\n"
    ran = m5310("console", emulated.port, stdin=lines, environment=CHINESE)
    assert ran.stdout.splitlines() == [
        "> AT+CSQ                        查询信号强度",
        "  +CSQ:28,99                    信号 -57 dBm，好",
        "  OK",
        "> AT+MIPLOPEN=0,30              登录 OneNET，限时 30 秒",
        "  +CME ERROR:3                  被拒绝：不允许的操作",
        "> AT+CFUN=2                     AT+CFUN 的参数不符：'2' 不是 0 或 1",
        "  +CME ERROR:50                 被拒绝：参数错误",
    ]
    assert ran.stderr == "m5310: 'hello' 不以 AT 开头；输入 ? 列出指令\n"


def test_help_of_the_console_and_recordings_are_chinese(emulated: Emulator, tmp_path: Path) -> None:
    file = str(tmp_path / "talk.jsonl")
    ran = m5310("record", emulated.port, file, stdin="?\nAT+CIMI\n", environment=CHINESE)
    first, second, *_ = ran.stdout.splitlines()
    assert (first, second.split()) == ("| 分隔可选的值，[ ] 可以省略", ["AT", "检查模组是否应答"])
    shown = m5310("decode", file, environment=CHINESE).stdout.splitlines()
    assert shown[0].startswith(f"{emulated.port}，波特率 9600，")
    assert shown[-1].endswith("< OK                                        成功")


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ('AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1', "上报 /3303/0/5700 = 22.5（float），完整"),
        ("+MIPLREAD:0,12345,3303,0,5700", "平台读 /3303/0/5700（请求 12345）"),
        ("+CEREG:3", "网络拒绝注册"),
        ("AT+MIPLOPEN=0，30", "模组不认识位置 13 的字符 ，（FULLWIDTH COMMA，U+FF0C）；应为 ,"),
    ],
)
def test_explained_line(line: str, meaning: str) -> None:
    assert m5310("decode", line, environment=CHINESE).stdout == f"{meaning}\n"
