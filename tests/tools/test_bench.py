"""`tools/bench` runs to its end and its figures are numbers. How fast is nobody's test."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tools.benchmarks", *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("name", ["lines", "memory", "exchange", "gap", "flood", "modules"])
def test_each_benchmark_gives_its_figures(name: str) -> None:
    done = bench("--json", "--rounds", "1", "--scale", "0.02", name)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert figures
    for figure in figures:
        assert math.isfinite(figure["ratio"])
        assert figure["ratio"] > 0 or "beyond" in figure["figure"]  # a difference may be below 0


def test_several_end_in_one_table_of_all_their_figures() -> None:
    done = bench("--rounds", "1", "--scale", "0.02", "lines", "memory")
    assert done.returncode == 0, done.stderr
    _, _, summary = done.stdout.partition("all of them\n")
    header, *rows, aims, _machine = summary.splitlines()
    assert header.split() == ["ratio", "aim", "verdict", "against"]
    names = [row.partition("  ")[0] for row in map(str.strip, rows)]
    assert names == ["lines: engine", "lines: engine, typed", "memory: device, logged in"]
    assert aims.startswith("2 aims: ")


def test_an_unknown_name_is_told_what_there_is() -> None:
    done = bench("nothing")
    assert done.returncode == 2
    assert "flood" in done.stderr
