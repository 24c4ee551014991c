"""The README's section of the cloud: its application runs, its tables match the code."""

from __future__ import annotations

import inspect
import json
import re
import signal
import socket
from pathlib import Path

import pytest

from emulator import Emulator
from emulator.cli import options
from emulator.onenet.http.routes import ROUTES
from tests.support.readme import (
    CHINESE,
    LINES_OF_THE_EMULATOR,
    PROGRAMS,
    README,
    ROOT,
    Running,
)


def test_application_of_the_cloud(tmp_path: Path) -> None:
    (line,) = (line for line in LINES_OF_THE_EMULATOR if "--push" in line)
    port = str(free_port())
    line = line.replace("8000", port).replace("8080", "0")
    line = line.replace("/tmp/m5310", str(tmp_path / "m5310"))
    program = PROGRAMS["application.py"].replace("8000", port)
    (tmp_path / "application.py").write_text(program, encoding="utf-8")
    (tmp_path / "first.py").write_text(PROGRAMS["first.py"], encoding="utf-8")
    shown = README.partition("The application prints:\n\n```text\n")[2].partition("```")[0]
    running = Running("-m", "emulator", *line.split(), "--json", "--baud", "off", cwd=ROOT)
    emulator = json.loads(running.until("{"))
    imei, imsi = emulator["imei"], emulator["imsi"]
    assert f"application.py http://127.0.0.1:8080 {imei} {imsi}\n" in README
    application = Running("application.py", emulator["http"], imei, imsi, cwd=tmp_path)
    begun = application.until("the command waits")
    module = Running("first.py", emulator["port"], f"{imei};{imsi}", cwd=tmp_path)
    status, output, errors = application.end()
    assert (status, errors) == (0, "")
    # How many points come between the steps depends on the machine, and so does whether the
    # trigger fires again, at a higher value, before it is deleted.
    point, trigger = "3303_0_5700 = ", "the trigger has fired: "
    lines = (begun + output).splitlines()
    steps = [line for line in shown.splitlines() if not line.startswith(point)]
    done = [line for line in lines if not line.startswith(point)]
    fired = next((line for line in done if line.startswith(trigger)), None)
    assert [line for line in done if line == fired or not line.startswith(trigger)] == steps
    assert f"{point}23.5" in shown.splitlines()
    assert f"{point}23.5" in lines
    assert module.end(signal.SIGINT)[0] == 0
    assert running.end(signal.SIGTERM)[0] == 0


def test_application_without_a_cloud_ends_with_one_line(tmp_path: Path) -> None:
    program = PROGRAMS["application.py"].replace("8000", str(free_port()))
    (tmp_path / "application.py").write_text(program, encoding="utf-8")
    words = [f"http://127.0.0.1:{free_port()}", "1", "2"]
    status, output, errors = Running("application.py", *words, cwd=tmp_path).end()
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "no connection" in errors


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "part",
    [
        README.partition("## The cloud\n")[2].partition("\n## ")[0],
        CHINESE.partition("### 云平台\n")[2].partition("\n### ")[0],
    ],
    ids=["English", "Chinese"],
)
def test_calls_and_options_of_the_cloud_exist(part: str) -> None:
    table = part.partition("|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:3]] for row in table.splitlines()]
    chapters = {path: cell for paths, cell in rows for path in re.findall("`(.*?)`", paths)}
    served = [(re.sub(r"\{(\w+).*?\}(?=/|$)", r"<\1>", route.path), route) for route in ROUTES]
    assert chapters.keys() == {path for path, _ in served}
    for path, route in served:
        if route.section.startswith("4"):
            assert covers(chapters[path], route.section.split(",")[0]), path
        else:
            assert route.section.startswith("documents of 20")
    usage = options.parser().format_help()
    assert [option for option in re.findall(r"`(--[\w-]+)", part) if option not in usage] == []
    (names,) = re.findall(r"(?:parameter of|是) `Emulator`.*?[:：](.*?)[.。]", part, re.DOTALL)
    assert set(re.findall(r"\w+", names)) <= set(inspect.signature(Emulator).parameters)


def covers(chapters: str, section: str) -> bool:
    """Whether `section` is one of `chapters`, such as `4.2.1–4.2.3, 4.2.9`, or within one."""
    place = [int(number) for number in section.split(".")]
    ranges = re.findall(r"([\d.]+)(?:–([\d.]+))?", chapters)
    for begin, end in ranges:
        first, last = (
            [int(number) for number in text.split(".")] for text in (begin, end or begin)
        )
        if first <= place[: len(first)] and place[: len(last)] <= last:
            return True
    return False
