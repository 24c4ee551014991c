"""How fast and how big driver and emulator are, each figure a ratio to a bare baseline.

Contestants take turns, and a ratio is formed in each round, so that what slows the machine down
slows both. Shown are the median and, as the spread, between what the middle half of the rounds
lies. A figure is `met` or `missed` if that whole spread is on one side of its aim, `noisy` if it
is on both: then run it again on a machine with less to do. Needs no root and no network.
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

# each room enters its benchmarks into the catalogue, and runs in this order
from tools.benchmarks import lines, memory, modules, wire  # noqa: F401
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
        "names", nargs="*", metavar="NAME", help="run only these (default: all, about a minute)"
    )
    made.add_argument("--rounds", type=int, help="rounds of each (default: each has its own)")
    made.add_argument(
        "--scale", type=float, default=1.0, help="multiply what a round counts (default 1)"
    )
    made.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return made


def stay_on_one_processor() -> None:
    """With two, the figures say how fast a processor falls asleep and wakes up: a factor of 2."""
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
    """Every figure once more in a line, and how many aims are met."""
    rows = ["all of them", _SUMMARY.format("", "ratio", "aim", "verdict", "against")]
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
        made.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(CATALOGUE)}")
    if (options.rounds is not None and options.rounds < 1) or options.scale <= 0:
        made.error("rounds and scale are above 0")
    stay_on_one_processor()
    before = machine()
    if not options.json:
        print(_ROW.format("", "measured", "baseline", "ratio", "spread", "aim", "verdict"))
    measured: dict[str, Sequence[Figure]] = {}
    for name in options.names or CATALOGUE:
        bench = Bench(
            rounds=options.rounds,
            scale=options.scale,
            progress=partial(progress, name),
        )
        measured[name] = CATALOGUE[name].measure(bench)
        clear()
        if not options.json:
            print(table(name, measured[name]), flush=True)
    if options.json:
        all_of_them = [plain(name, each) for name, some in measured.items() for each in some]
        print(json.dumps({"machine": before, "figures": all_of_them}, indent=2))
    else:
        if len(measured) > 1:
            print(summary(measured))
        print(", ".join(f"{key} {value}" for key, value in before.items()))


if __name__ == "__main__":
    main()
