"""Check the M5310 on a port, a board or an emulator, against its specification.

Exit status 0: all as specified; 1: some cases differ; 2: the test could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import serial

from tools.conforming.board import Board
from tools.conforming.cases import ApiCall, Need
from tools.conforming.catalogue import CASES
from tools.conforming.host import Capture, Host
from tools.conforming.peers import Api, Echo
from tools.conforming.report import HEADER, Result, Row, differences, identity, judge, skip

ALL_AS_SPECIFIED, SOME_DIFFER, CANNOT_RUN = 0, 1, 2

_CONFIRMATION = """\
Some cases change the board: error numbers, sockets, the OneNET device, power saving, the radio, the
speed of the UART; the last one restarts it. Changes are undone as far as the board allows.
Datagrams and logins may cost money. Run these cases? [y/N] """
_SPEEDS = ("57600", "115200")


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = argparse.ArgumentParser(
        prog="tools/conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("port", help="a serial port or a pyserial URL")
    made.add_argument("--baud", type=int, default=9600, help="speed of the board (default: 9600)")
    changing = made.add_mutually_exclusive_group()
    changing.add_argument(
        "--read-only", action="store_true", help="skip the cases that change the board"
    )
    changing.add_argument(
        "--yes", action="store_true", help="run the cases that change the board without asking"
    )
    made.add_argument(
        "--platform",
        metavar="URL",
        help="OneNET's HTTP API, to read, write and execute; the board must be a device there, "
        "with its IMEI and IMSI",
    )
    made.add_argument("--api-key", metavar="KEY", default="", help="key of the OneNET account")
    made.add_argument(
        "--udp",
        metavar="ADDRESS",
        help="address of this machine as seen from the board (from an emulator: 127.0.0.1)",
    )
    made.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help="for an emulator started with --speed X: the same X",
    )
    made.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        default=Path("conformance.json"),
        help="file for the captures, new or of an earlier run (default: conformance.json)",
    )
    made.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="compare with the captures of another board, all but its own numbers, place and time",
    )
    given = made.parse_args(arguments)
    if not 0 < given.speed < float("inf"):
        made.error(f"--speed {given.speed}: expected a number above 0")
    if given.against is not None and given.against.resolve() == given.save.resolve():
        made.error(f"--against {given.against}: would be overwritten; use --save with another FILE")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    given = options(arguments)
    rows: list[Row] = []
    captures: list[Capture] = []
    try:
        other = [] if given.against is None else load(given.against)
        if given.save.exists():
            load(given.save)  # only captures are replaced
        print(f"the board on {given.port}")
        print(HEADER)
        for row in run_cases(given):
            print(row.text(), flush=True)
            rows.append(row)
            captures = save(given.save, rows)  # after each case: the board may fail
    except (OSError, ValueError, KeyboardInterrupt, serial.SerialException) as error:
        reason = str(error) or "stopped"
        kept = f"; {given.save} has the captures of {len(captures)} cases" if captures else ""
        print(f"tools/conformance: {reason}{kept}", file=sys.stderr)
        return CANNOT_RUN
    print(", ".join(f"{count(rows, result)} {result.value}" for result in Result))
    if given.against is not None:
        found = differences(captures, other)
        print(f"\nhere: {identity(captures)}, on {given.port}")
        print(f"there: {identity(other)}, in {given.against}")
        print(f"{len(found)} of the answers differ from {given.against}:")
        print("\n".join(found))
        once = {capture.name for capture in captures} ^ {capture.name for capture in other}
        print(f"{len(once)} cases ran on one of the two boards only: {', '.join(sorted(once))}")
    different = count(rows, Result.DIFFERENT) + count(rows, Result.NO_ANSWER)
    return SOME_DIFFER if different else ALL_AS_SPECIFIED


def run_cases(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the result of each case. Raises OSError, serial.SerialException, ValueError."""
    with ExitStack() as peers:
        host = peers.enter_context(Host(given.port, given.baud, given.speed))
        board = Board()
        board.learn({"baud": str(given.baud), "other": _SPEEDS[str(given.baud) == _SPEEDS[0]]})
        if not given.read_only and (given.yes or confirmed()):
            board.available.add(Need.CHANGES)
        api = Api(given.platform or "", given.api_key)
        if given.platform:
            peers.enter_context(api)
            board.available.add(Need.PLATFORM)
        if given.udp:
            echo = peers.enter_context(Echo(given.udp))
            board.learn({"address": echo.address, "port": str(echo.port)})
            board.available.add(Need.DATAGRAMS)

        def call_api(call: ApiCall) -> Future[str]:
            return api.call(call, board.values["imei"])

        for case in CASES:
            reason = board.reason_to_skip(case)
            if reason:
                yield skip(case, reason)
            else:
                yield judge(case, host.play(case, board, call_api))


def confirmed() -> bool:
    """Raises ValueError if stdin has ended."""
    try:
        return input(_CONFIRMATION).strip() in ("y", "Y")
    except EOFError:
        raise ValueError("cannot ask for confirmation; use --read-only or --yes") from None


def save(path: Path, rows: Sequence[Row]) -> list[Capture]:
    """Write all captures to `path` and return them. Raises OSError."""
    captures = [row.capture for row in rows if row.capture is not None]
    data = [capture.as_data() for capture in captures]
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return captures


def load(path: Path) -> list[Capture]:
    """Raises OSError, or ValueError if the file holds no captures."""
    try:
        return [Capture.read(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (TypeError, KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a file of captures ({error!r})") from error


def count(rows: Sequence[Row], result: Result) -> int:
    return sum(row.result is result for row in rows)


def run() -> int:
    """`main`, also where the reader of the output ends before it (`| head`)."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        status = CANNOT_RUN
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
    return status


if __name__ == "__main__":
    sys.exit(run())
