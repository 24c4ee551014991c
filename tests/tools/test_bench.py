"""`tools/bench` runs to its end and prints numbers. Speed itself is not tested."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tools.benchmarks.__main__ import CATALOGUE, main, summary
from tools.benchmarks.figures import Figure, at_least, at_most, series

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.realtime
@pytest.mark.parametrize(
    "names", [[name for name in CATALOGUE if name != "page"], ["page"]], ids=["all", "page"]
)
def test_benchmarks_give_figures(names: list[str]) -> None:
    options = ["--json", "--rounds", "1", "--scale", "1e-3"]
    words = [sys.executable, "-m", "tools.benchmarks", *names, *options]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert {figure["benchmark"] for figure in figures} == set(names)
    for figure in figures:
        assert math.isfinite(figure["ratio"])
        assert figure["ratio"] > 0 or "beyond" in figure["figure"]  # a difference may be below 0


def test_summary_counts_the_aims() -> None:
    baseline = series("bare", "us", (1.0, 1.0))
    figures = {
        "one": [Figure(series("fast", "us", (2.0, 2.0)), baseline, at_least(1.5))],
        "two": [
            Figure(series("slow", "us", (2.0, 2.0)), baseline, at_most(1.5)),
            Figure(series("unsteady", "us", (1.0, 2.0)), baseline, at_most(1.5)),
            Figure(series("no aim", "us", (1.0, 1.0)), baseline),
        ],
    }
    title, header, *rows, aims = summary(figures).splitlines()
    assert title == "summary"
    assert header.split() == ["ratio", "aim", "verdict", "against"]
    assert [row.split("  ")[1] for row in rows] == [
        "one: fast",
        "two: slow",
        "two: unsteady",
        "two: no aim",
    ]
    assert aims == "3 aims: 1 met, 1 missed, 1 noisy"


def test_unknown_name_lists_the_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert (
        "unknown benchmark nothing; expected exchange, gap, flood, http" in capsys.readouterr().err
    )
