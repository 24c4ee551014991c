"""The README: its programs run, its diagram matches the table, its files exist."""

from __future__ import annotations

import inspect
import json
import operator
import os
import re
import shlex
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import ApiError, Coverage, Emulator, Sim
from emulator.cli import options
from emulator.onenet.errors import Reason
from emulator.onenet.years import YEARS
from m5310.states import DEVICE
from tests.support.readme import (
    CHINESE,
    LINES_OF_THE_EMULATOR,
    PATIENCE,
    PROGRAMS,
    README,
    ROOT,
    Running,
)
from tools.benchmarks.__main__ import CATALOGUE


@pytest.fixture
def more_options() -> list[str]:
    return []


@pytest.fixture
def emulator(
    tmp_path: Path, more_options: list[str], request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """The emulator command of the README, on a free port and without speed limit.

    The parameter of the test, if it has one, is the text of a firmware file.
    """
    link = tmp_path / "m5310"
    options = ["--link", str(link), "--api-key", "secret", "--json", "--baud", "off"]
    if firmware := getattr(request, "param", ""):
        (tmp_path / "mine.toml").write_text(firmware, encoding="utf-8")
        options += ["--firmware", str(tmp_path / "mine.toml")]
    running = Running("-m", "emulator", *options, *more_options, cwd=ROOT)
    try:
        yield json.loads(running.until("{"))
    finally:
        status, _, errors = running.end(signal.SIGTERM)
    assert (status, errors) == (0, "")
    assert not link.is_symlink()


def call(emulator: dict[str, str], command: str) -> object:
    """A curl line of the README, sent to this emulator."""
    url = re.search(r'"http://127.0.0.1:8080(/[^"]+)"', command)
    body = re.search(r"-d '([^']+)'", command)
    assert url
    data = body[1].encode() if body else None
    request = urllib.request.Request(emulator["http"] + url[1], data, {"api-key": "secret"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        answer = json.load(response)
    assert answer["errno"] == 0, answer
    return answer.get("data")


FIRMWARE = re.findall(r"`((?:like|msgids) = [^`]*)`", README)


OTHER_MODULES = re.findall(r"(--module) (\w+)", "\n".join(LINES_OF_THE_EMULATOR))


@pytest.mark.parametrize(
    ("emulator", "more_options"),
    [("", []), ("\n".join(FIRMWARE), []), *(("", list(each)) for each in OTHER_MODULES)],
    indirect=["emulator"],
)
def test_first_program(emulator: dict[str, str], tmp_path: Path) -> None:
    assert (len(FIRMWARE), len(OTHER_MODULES)) == (2, 2)
    (tmp_path / "first.py").write_text(PROGRAMS["first.py"], encoding="utf-8")
    endpoint = f"{emulator['imei']};{emulator['imsi']}"
    assert f'first.py /tmp/m5310 "{endpoint}"' in README
    program = Running("first.py", emulator["port"], endpoint, cwd=tmp_path)
    program.until("logged in")
    read, write, execute = re.findall(r"^curl .*(?:/nbiot).*$", README, re.MULTILINE)[:3]
    (instance,) = call(emulator, read)  # type: ignore[misc]
    assert instance["res"][0]["val"] >= 21.5  # type: ignore[index]
    program.until("read 3303 0 5700 -> ")
    call(emulator, write)
    program.until("written 3311 0 5850 = True")
    call(emulator, execute)
    program.until("execute 3311 0 5850 b'blink'")
    status, output, errors = program.end(signal.SIGINT)
    assert (status, errors) == (0, "")
    assert "leaving" in output


@pytest.mark.parametrize("more_options", [["--cold", "--speed", "5"]])
@pytest.mark.parametrize("name", ["first.py", "thermometer.py", "look.py"])
def test_program_on_a_board_that_was_just_powered(
    name: str, emulator: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(PROGRAMS[name], encoding="utf-8")
    endpoint = [] if name == "look.py" else [f"{emulator['imei']};{emulator['imsi']}"]
    program = Running(name, emulator["port"], *endpoint, cwd=tmp_path)
    if name == "first.py":
        program.until("logged in")
        status, _, errors = program.end(signal.SIGINT)
        shown = ("searching for the network", "the module has restarted")
        assert all(line.startswith(shown) for line in errors.splitlines()), errors
    else:
        status, output, _ = program.end()
        assert output.startswith(("reported and acknowledged", "registered: HOME"))
    assert status == 0


@pytest.mark.parametrize("name", ["first.py", "thermometer.py", "look.py"])
def test_program_without_a_port_ends_with_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PROGRAMS[name], encoding="utf-8")
    endpoint = [] if name == "look.py" else ["1;2"]
    status, output, errors = Running(name, "/dev/no-such-port", *endpoint, cwd=tmp_path).end()
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith("/dev/no-such-port does not exist; ")


def test_asyncio_program(emulator: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "thermometer.py").write_text(PROGRAMS["thermometer.py"], encoding="utf-8")
    endpoint = f"{emulator['imei']};{emulator['imsi']}"
    program = Running("thermometer.py", emulator["port"], endpoint, cwd=tmp_path)
    assert program.end() == (0, "reported and acknowledged\n", "")
    points = f"/devices/{emulator['device_id']}/datapoints?datastream_id=3303_0_5700"
    data = call(emulator, f'"http://127.0.0.1:8080{points}"')
    assert data["datastreams"][0]["datapoints"][0]["value"] == 22.5  # type: ignore[index]


def test_module_program(emulator: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "look.py").write_text(PROGRAMS["look.py"], encoding="utf-8")
    status, output, errors = Running("look.py", emulator["port"], cwd=tmp_path).end()
    assert (status, errors) == (0, "")
    lines = output.splitlines()
    assert lines[0].startswith("registered: HOME signal: -")
    assert emulator["imei"] in lines[1]
    assert "+CGDCONT:0" in lines[2]
    assert lines[3] == "first change: +CEREG:0"


def test_command_line(emulator: dict[str, str], tmp_path: Path) -> None:
    (profile,) = re.findall(r"```toml lamp.toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "lamp.toml").write_text(profile, encoding="utf-8")
    lines = re.findall(r"^\.venv/bin/m5310 (.*?)(?: +#.*)?$", README, re.MULTILINE)
    outputs = {}
    for line in lines:
        words = [word.replace("/tmp/m5310", emulator["port"]) for word in shlex.split(line)]
        running = Running("-m", "m5310", *words, cwd=tmp_path)
        if words[0] == "run":
            running.until("logged in as")
            running.until("reported 3303/0/5700 = ")
            assert running.end(signal.SIGINT)[0] == 130
            continue
        status, output, errors = running.end()
        assert (status, errors) == (0, ""), line
        outputs[words[0]] = output
    assert emulator["imei"] in outputs["probe"]
    assert "+CSQ:" in outputs["send"]
    assert "22.5" in outputs["decode"]


def test_emulator_program(tmp_path: Path) -> None:
    (tmp_path / "emulated.py").write_text(PROGRAMS["emulated.py"], encoding="utf-8")
    status, output, errors = Running("emulated.py", cwd=tmp_path).end()
    assert (status, errors) == (0, "")
    assert output.startswith("online: http://127.0.0.1:")


def test_virtual_clock_and_faults_program(tmp_path: Path) -> None:
    (tmp_path / "hardships.py").write_text(PROGRAMS["hardships.py"], encoding="utf-8")
    status, output, errors = Running("hardships.py", cwd=tmp_path).end()
    assert (status, errors) == (0, "")
    today, tomorrow, lost = output.splitlines()
    assert "2026-11-23" in today
    assert "2026-11-24" in tomorrow
    assert lost.startswith("lost: ")


def test_foreign_client_with_our_cloud(tmp_path: Path) -> None:
    (words,) = (line.split() for line in LINES_OF_THE_EMULATOR if line.startswith("platform"))
    free = ["127.0.0.1:0" if word.startswith("127.0.0.1:") else word for word in words]
    (tmp_path / "sensor.py").write_text(PROGRAMS["sensor.py"], encoding="utf-8")
    platform = Running("-m", "emulator", *free, "--json", cwd=ROOT)
    cloud = json.loads(platform.until("{"))
    (device,) = cloud["devices"]
    endpoint = f"{device['imei']};{device['imsi']}"
    assert f'sensor.py coap://127.0.0.1:5683 "{endpoint}"' in README
    client = Running("sensor.py", cloud["coap"], endpoint, cwd=tmp_path)
    client.until("registered: 2.01 Created")
    read = re.findall(r"^curl .*(?:/nbiot).*$", README, re.MULTILINE)[3]
    (instance,) = call(cloud, read)  # type: ignore[misc]
    assert instance["res"][0]["val"] >= 21.5  # type: ignore[index]
    status, output, errors = client.end(signal.SIGINT)
    assert (status, output, errors) == (0, "leaving\n", "")
    assert platform.end(signal.SIGTERM)[0] == 0


def test_lines_of_the_emulator_are_understood() -> None:
    assert len(LINES_OF_THE_EMULATOR) == 6
    for line in LINES_OF_THE_EMULATOR:
        assert options.read(options.parser(), shlex.split(line))


@pytest.mark.parametrize("part", [README, CHINESE], ids=["English", "Chinese"])
def test_options_of_the_air_in_the_table_exist(part: str) -> None:
    table = part[part.index("| `--air coap`") :].partition("\n\n")[0]
    rows = [row.split(" | ") for row in table.splitlines()]
    assert len(rows) == 10
    usage = options.parser().format_help()
    emulator = Emulator(air="coap")
    for option, parameters, _ in rows:
        assert re.findall(r"[\w-]+", option)[0] in usage
        for name in re.findall(r"`([\w.]+)`", parameters):
            if name not in inspect.signature(Emulator).parameters:
                operator.attrgetter(name)(emulator)  # raises AttributeError if there is none
    settings = re.search(r"`--air-faults (\w\S*)`", part)
    assert settings
    assert options.read(options.parser(), ["--air-faults", settings[1]])["seed"] == 7


@pytest.fixture
def user_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the meter and its tests; pytest loads only the plugin of this tree."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("meter.py", "test_meter.py", "test_lamp.py"):
        (tmp_path / name).write_text(PROGRAMS[name], encoding="utf-8")
    return tmp_path


def test_pytest_fixtures(user_project: Path) -> None:
    options = ["-p", "m5310.cli.pytest_plugin", "-W", "error"]
    status, output, errors = Running("-m", "pytest", *options, cwd=user_project).end()
    assert (status, errors) == (0, ""), output
    assert "5 passed" in output


def test_failing_test_shows_the_at_trace(user_project: Path) -> None:
    shown = re.search(r"```text\n-+ AT trace -+\n(.*?)```", README, re.DOTALL)
    assert shown
    broken = PROGRAMS["test_meter.py"].replace('== ["CSQ", "AT+CSQ"]', '== ["AT+CSQ"]')
    (user_project / "test_meter.py").write_text(broken, encoding="utf-8")
    options = ["-p", "m5310.cli.pytest_plugin", "-k", "lost"]
    status, output, _ = Running("-m", "pytest", *options, cwd=user_project).end()
    assert status == 1
    trace = output.partition(" AT trace ")[2]
    lines = [line[10:] for line in trace.splitlines() if line[10:].startswith((" -->", " <--"))]
    assert lines == [line[10:] for line in shown[1].splitlines()]


def test_scenario(tmp_path: Path) -> None:
    (day,) = re.findall(r"```toml bad-day.toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "bad-day.toml").write_text(day, encoding="utf-8")
    options = ["--json", "--baud", "off"]
    running = Running("-m", "emulator", "run", str(tmp_path / "bad-day.toml"), *options, cwd=ROOT)
    port = json.loads(running.until("{"))["port"]
    command = ["-m", "m5310", "send", port, "AT+MIPLOPEN=0,30"]
    for _ in range(2):
        status, output, errors = Running(*command, cwd=ROOT).end()
        assert "30" in output + errors
        assert status != 0
    status, _, errors = running.end(signal.SIGTERM)
    assert status == 0
    assert errors.startswith("A bad day: what happened")
    assert 'answer "ERROR": 2 times' in errors
    assert 'coverage "OUT": never' in errors


def test_each_program_is_tested() -> None:
    programs = {"first.py", "thermometer.py", "look.py", "emulated.py", "hardships.py"}
    programs |= {"application.py", "sensor.py", "meter.py", "test_meter.py", "test_lamp.py"}
    programs |= {"other.py"}  # see test_readme_modules.py
    assert set(PROGRAMS) == programs
    assert README.count("```python") == len(PROGRAMS)


@pytest.mark.parametrize("part", [README, CHINESE], ids=["English", "Chinese"])
def test_places_and_options_in_the_tables_exist(part: str) -> None:
    rows = re.findall(r"^\| (.*?) \| (.*) \|$", part, re.MULTILINE)
    values = dict(rows)
    assert set(Coverage.__members__) <= set(re.findall(r"\w+", values["`coverage`"]))
    assert set(Sim.__members__) <= set(re.findall(r"\w+", values["`sim`"]))
    begin = next(place for place, row in enumerate(rows) if row[0].startswith("`baud`"))
    options = re.findall(r"`(\w+)", "".join(first for first, _ in rows[begin : begin + 6]))
    assert len(options) > 15
    assert set(options) - {"Rates"} <= set(inspect.signature(Emulator).parameters)


@pytest.mark.parametrize("part", [README, CHINESE], ids=["English", "Chinese"])
def test_error_numbers_of_the_table_are_answered(part: str) -> None:
    rows = re.findall(r"^\| .* \| (\d.*) \| (\d.*) \|$", part, re.MULTILINE)
    errors = [
        [ApiError(Reason.NOT_ONLINE, "500000001")],
        [ApiError(Reason.UNSUCCESS, "OFFLINE")],
        [ApiError(Reason.UNSUCCESS, "TIME_OUT")],
        [ApiError(Reason.UNSUCCESS, "NOT_FOUND")],
        [ApiError(Reason.KEY_REQUIRED), ApiError(Reason.AUTH_FAILED)],
        [ApiError(Reason.PARAMETER_REQUIRED, "…"), ApiError(Reason.INVALID_PARAMETER, "…")],
    ]
    for cells, row in zip(rows, errors, strict=True):
        for cell, year in zip(cells, YEARS.values(), strict=True):
            refusals = [year.refusal("/nbiot", error) for error in row]
            shown = {int(number) for number in re.findall(r"(?:^|[;；] ?)(\d+)", cell)}
            assert shown == {refusal.errno for refusal in refusals}
            texts = {refusal.error(error) for refusal, error in zip(refusals, row, strict=True)}
            assert set(re.findall("`(.*?)`", cell)) <= texts


def test_demo(tmp_path: Path) -> None:
    status, output, errors = Running(str(ROOT / "tools" / "demo.py"), cwd=ROOT).end()
    assert (status, errors) == (0, "")
    assert "+MIPLOPEN:0,1" in output  # of the trace, which another thread prints
    steps = ["POST /triggers", '"value":22.5']
    steps += ["read_callback", "write_callback", "execute_callback"]
    places = [output.index(step) for step in steps]
    assert places == sorted(places)
    sent = re.findall("^(PUSH|TRIGGER) ", output, re.MULTILINE)
    assert sorted(sent) == ["PUSH", "PUSH", "PUSH", "TRIGGER"]  # online, a value, offline


def test_demo_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, chosen = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(opened)
    chosen.write_text(f'#!/bin/sh\nprintf %s "$1" >{shlex.quote(str(opened))}\n')
    chosen.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{chosen} %s")
    running = Running(str(ROOT / "tools" / "demo_page.py"), cwd=ROOT)
    line = running.until("The page: ")
    assert opened.read_text() == line.removeprefix("The page: ").strip()
    running.until("program: logged in")
    status, output, errors = running.end(signal.SIGINT)
    assert (status, errors) == (0, "")
    assert output.endswith("program: logged out\n")


def test_call_of_the_page(emulator: dict[str, str]) -> None:
    (line,) = re.findall("^curl .*/emulator/.*$", README, re.MULTILINE)
    state = '"http://127.0.0.1:8080/emulator/state"'
    before = call(emulator, state)["now"]  # type: ignore[index]
    call(emulator, line)
    assert call(emulator, state)["now"] >= before + 1800  # type: ignore[index]


def test_chinese_part_shows_the_same_commands() -> None:
    command = re.compile(r"^(?:tools/|\.venv/bin/|curl ).*?(?= +#|$)", re.MULTILINE)
    assert command.findall(CHINESE) == command.findall(README)


def test_chinese_part_links_to_headings_of_the_english_one() -> None:
    headings = re.findall(r"^#+ (.*)", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}
    links = set(re.findall(r"\(#([\w-]+)\)", CHINESE))
    assert links <= anchors
    assert len(links) > 5


def test_state_diagram_matches_the_table() -> None:
    assert DEVICE.mermaid() in README


def test_each_benchmark_is_listed() -> None:
    table = README.partition("\n## Benchmarks\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(CATALOGUE)


def test_named_paths_exist() -> None:
    paths = re.findall(r"`((?:m5310|emulator|tests|tools)/[\w/.]*)`", README)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
