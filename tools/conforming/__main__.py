"""`tools/conformance PORT`: what is on a port, held against what is written of the M5310."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import serial

from tools.conforming.cases import CASES, Case
from tools.conforming.host import Capture, Host
from tools.conforming.report import Row, Verdict, differences, judged

ALL_WELL, SOME_DIFFER, USAGE_ERROR = 0, 1, 2

_CHANGES = """\
Some cases change the board: its error numbers, a socket, a OneNET instance of an endpoint that no
platform knows (its login is to be refused). They are undone as far as the board allows.
Go on with them? [y/N] """


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="tools/conformance", description=__doc__)
    made.add_argument("port", help="a serial port, or a URL of pyserial")
    made.add_argument("--baud", type=int, default=9600, help="the speed of the board (9600)")
    changing = made.add_mutually_exclusive_group()
    changing.add_argument("--read-only", action="store_true", help="leave out what changes it")
    changing.add_argument("--yes", action="store_true", help="do not ask before what changes it")
    made.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        default=Path("conformance.json"),
        help="where the captures go (conformance.json)",
    )
    made.add_argument(
        "--against", type=Path, metavar="FILE", help="captures of another board, to compare with"
    )
    return made.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all as written; 1: some cases differ; 2: it could not be tried."""
    given = options(arguments)
    try:
        other = [] if given.against is None else load(given.against)
        with Host(given.port, given.baud) as host:
            changing = not given.read_only and (given.yes or input(_CHANGES).strip() in ("y", "Y"))
            rows = list(tried(host, CASES, changing=changing))
        captures = [row.capture for row in rows if row.capture is not None]
        given.save.write_text(
            json.dumps([capture.as_data() for capture in captures], indent=1), encoding="utf-8"
        )
    except (OSError, EOFError, ValueError, serial.SerialException) as error:
        print(f"tools/conformance: {error}", file=sys.stderr)
        return USAGE_ERROR
    print(", ".join(f"{count(rows, verdict)} {verdict.value}" for verdict in Verdict))
    if given.against is not None:
        found = differences(captures, other)
        print(f"\n{len(found)} of the answers differ from {given.against}:")
        print("\n".join(found))
    wrong = count(rows, Verdict.DIFFERENT) + count(rows, Verdict.NO_ANSWER)
    return SOME_DIFFER if wrong else ALL_WELL


def tried(host: Host, cases: Sequence[Case], *, changing: bool) -> Iterable[Row]:
    """Each case in its order, shown as soon as it is judged."""
    print("§  grade seconds  verdict     case")
    for case in cases:
        row = judged(case, host.play(case) if changing or not case.changes else None)
        print(row.text(), flush=True)
        yield row


def load(path: Path) -> list[Capture]:
    """Raises OSError, or ValueError: the file holds no captures."""
    try:
        return [Capture.read(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: no captures of this program ({error})") from error


def count(rows: Sequence[Row], verdict: Verdict) -> int:
    return sum(row.verdict is verdict for row in rows)


if __name__ == "__main__":
    sys.exit(main())
