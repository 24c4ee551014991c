"""The README's section of the other modules: its program runs, its table matches both sides."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from emulator.cli import firmware_file
from emulator.module.firmware import MODULES
from m5310 import PROFILES, read_profile
from tests.support.readme import CHINESE, PROGRAMS, README, ROOT, Running
from tests.support.suite_transcript import CLASSIC, TRANSCRIPTS
from tests.support.transcript import WIRE

FILES = dict(re.findall(r"```toml (\S+\.toml)\n(.*?)```", README, re.DOTALL))
TRANSCRIBED = {each.name: each.plays for each in TRANSCRIPTS}
WORDS = {"经典": "classic", "套件": "suite", "模组": "the module", "主机": "the host"}
GRADES = ("documented", "seen in", "guess", "有文档", "有实例", "推测")


def rows(part: str) -> list[list[str]]:
    """The cells of the table, without its heading."""
    table = part[part.index("| `m5310`") :].partition("\n\n")[0]
    return [row.strip("| ").split(" | ") for row in table.splitlines()]


@pytest.fixture(params=[README, CHINESE], ids=["English", "Chinese"])
def part(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_table_lists_the_modules_of_both_sides(part: str) -> None:
    names = [re.findall("`(.*?)`", row[0]) for row in rows(part)]
    assert [name for (name,) in names] == list(PROFILES)
    assert set(PROFILES) == set(MODULES)


def test_table_says_how_both_sides_speak(part: str) -> None:
    for cells in rows(part):
        (name,) = re.findall("`(.*?)`", cells[0])
        language, who = (WORDS.get(cell, cell) for cell in cells[1:3])
        assert PROFILES[name].dialect == MODULES[name].dialect == language, name
        if language == "suite":
            by_host = who.endswith("host")
            assert PROFILES[name].declares is not by_host, name
            assert MODULES[name].suite.host_answers is by_host, name


def test_transcripts_of_the_table_are_of_the_module(part: str) -> None:
    for cells in rows(part):
        (name,) = re.findall("`(.*?)`", cells[0])
        named = re.findall("`(.*?)`", cells[3])
        assert named, name
        for transcript in named:
            if name == CLASSIC:
                assert (
                    list(WIRE.parent.parent.glob(transcript))
                    or (WIRE / f"{transcript}.txt").exists()
                )
            else:
                assert name in TRANSCRIBED[transcript], (name, transcript)


def test_each_row_has_a_grade_of_evidence(part: str) -> None:
    for cells in rows(part):
        assert any(grade in cells[4] for grade in GRADES), cells


@pytest.mark.parametrize(
    ("options", "module", "words"),
    [
        (["--firmware", "emulated-a9500.toml"], "a9500.toml", "Longsung A9500 (a9500)"),
        (["--module", "sim7020"], "sim7020", "SIMCom SIM7020C (sim7020)"),
    ],
)
def test_module_that_the_user_names(
    options: list[str], module: str, words: str, tmp_path: Path
) -> None:
    for name, text in FILES.items() | {("other.py", PROGRAMS["other.py"])}:
        (tmp_path / name).write_text(text, encoding="utf-8")
    options = [str(tmp_path / each) if each in FILES else each for each in options]
    running = Running("-m", "emulator", *options, "--json", "--baud", "off", cwd=ROOT)
    emulator = json.loads(running.until("{"))
    endpoint = f"{emulator['imei']};{emulator['imsi']}"
    program = Running("other.py", emulator["port"], endpoint, module, cwd=tmp_path)
    status, output, errors = program.end()
    assert (status, errors) == (0, "")
    assert f"acknowledged: {words}\n" in output
    assert running.end(signal.SIGTERM)[0] == 0


def test_wrong_module_ends_the_program_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(PROGRAMS["other.py"], encoding="utf-8")
    status, output, errors = Running("other.py", "/dev/null", "1;2", "bc29", cwd=tmp_path).end()
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith("'bc29' is no module known here; expected one of m5310, ")


def test_files_are_read_with_the_settings_that_they_name() -> None:
    mine = read_profile(FILES["a9500.toml"])
    assert (mine.name, mine.instances, mine.answer_within) == ("a9500", 8, 10.0)
    emulated = firmware_file.read(FILES["emulated-a9500.toml"], "emulated-a9500.toml")
    assert (emulated.model, emulated.suite.pacing, emulated.suite.urc_blank) == (
        *("A9500", 2.5, True),
    )
