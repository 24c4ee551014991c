"""Speed and memory of driver and emulator, each figure as a ratio to a bare baseline.

The two run in turn, and each round gives a ratio, so that a slow machine slows both. The table
shows the median and the spread (the middle half of the rounds). An aim is `met` or `missed` if the
whole spread is on one side of it, else the figure is `noisy`: repeat it on an idle machine. Needs
no root and no network.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

# importing a file adds its benchmarks to the catalogue, in this order
from tools.benchmarks import (  # noqa: F401
    driver,
    http,
    lines,
    memory,
    modules,
    page,
    pushes,
    round_trips,
    servers,
    store,
)
from tools.benchmarks.figures import CATALOGUE, Bench, Figure, Verdict


def parser() -> argparse.ArgumentParser:
    wrap = textwrap.TextWrapper(width=88, initial_indent=" " * 12, subsequent_indent=" " * 12)
    notes = [f"  {each.name:<10}{wrap.fill(each.note).lstrip()}" for each in CATALOGUE.values()]
    made = argparse.ArgumentParser(
        prog="tools/bench",
        description=__doc__,
        epilog="\n".join(["benchmarks:", *notes]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="benchmarks to run (default: all, about seven minutes)",
    )
    made.add_argument(
        "--rounds", type=int, help="rounds of each benchmark (default: depends on the benchmark)"
    )
    made.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="factor on the number of operations in a round (default: 1)",
    )
    made.add_argument(
        "--seconds",
        type=float,
        help="seconds of a round of the page's view of the wire (default: 20; 60 fits a night)",
    )
    made.add_argument("--json", action="store_true", help="print one JSON object, for scripts")
    return made


def stay_on_one_processor() -> None:
    """On several, the wake-up time of idle processors changes figures by a factor of 2."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def progress(name: str, done: int, rounds: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{name}: round {done} of {rounds - 1}", end="", file=sys.stderr, flush=True)
    elif not done:
        print(f"{name} ...", file=sys.stderr, flush=True)


def clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


_ROW = "{:<38}{:>17}{:>17}{:>9}  {:<15}{:<9}{}"


def table(name: str, figures: Iterable[Figure]) -> str:
    rows = [name]
    for each in figures:
        low, high = each.spread
        aim = "-" if each.aim is None else str(each.aim)
        rows.append(
            _ROW.format(
                f"  {each.measured.name}",
                str(each.measured),
                str(each.baseline),
                f"{each.ratio:.2f} x",
                f"{low:.2f} .. {high:.2f}",
                aim,
                each.verdict.value,
            ).rstrip()
        )
        rows.append(f"    against {each.baseline.name}")
    return "\n".join(rows)


_SUMMARY = "  {:<46}{:>8}  {:<9}{:<9}{}"


def summary(measured: Mapping[str, Sequence[Figure]]) -> str:
    """All figures, one line each, and the number of aims met."""
    rows = ["summary", _SUMMARY.format("", "ratio", "aim", "verdict", "against")]
    for name, figures in measured.items():
        rows += [
            _SUMMARY.format(
                f"{name}: {each.measured.name}",
                f"{each.ratio:.2f} x",
                "-" if each.aim is None else str(each.aim),
                each.verdict.value,
                each.baseline.name,
            )
            for each in figures
        ]
    aimed = [each.verdict for figures in measured.values() for each in figures if each.aim]
    counts = (f"{aimed.count(each)} {each.value}" for each in Verdict if each in aimed)
    return "\n".join([*rows, f"{len(aimed)} aims: {', '.join(counts)}"])


def plain(name: str, figure: Figure) -> dict[str, object]:
    low, high = figure.spread
    return {
        "benchmark": name,
        "figure": figure.measured.name,
        "value": figure.measured.median,
        "unit": figure.measured.unit,
        "against": figure.baseline.name,
        "baseline": figure.baseline.median,
        "ratio": figure.ratio,
        "spread": [low, high],
        "rounds": len(figure.ratios),
        "aim": None if figure.aim is None else str(figure.aim),
        "verdict": figure.verdict.value,
    }


def machine() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser()
    options = made.parse_args(arguments)
    if unknown := [name for name in options.names if name not in CATALOGUE]:
        made.error(f"unknown benchmark {', '.join(unknown)}; expected {', '.join(CATALOGUE)}")
    if (options.rounds is not None and options.rounds < 1) or min(
        options.scale, 1 if options.seconds is None else options.seconds
    ) <= 0:
        made.error("--rounds, --scale and --seconds: expected numbers above 0")
    stay_on_one_processor()
    before = machine()
    if not options.json:
        print(_ROW.format("", "measured", "baseline", "ratio", "spread", "aim", "verdict"))
    measured: dict[str, Sequence[Figure]] = {}
    for name in options.names or CATALOGUE:
        bench = Bench(
            rounds=options.rounds,
            scale=options.scale,
            seconds=options.seconds,
            progress=partial(progress, name),
        )
        measured[name] = CATALOGUE[name].measure(bench)
        clear()
        if not options.json:
            print(table(name, measured[name]), flush=True)
    if options.json:
        listed = [plain(name, each) for name, some in measured.items() for each in some]
        print(json.dumps({"machine": before, "figures": listed}, indent=2))
    else:
        if len(measured) > 1:
            print(summary(measured))
        print(", ".join(f"{key} {value}" for key, value in before.items()))


if __name__ == "__main__":
    main()
