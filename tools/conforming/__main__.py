"""`tools/conformance PORT`: what is on a port, held against what is written of the M5310."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import serial

from tools.conforming.cases import Ask, Need
from tools.conforming.catalogue import CASES
from tools.conforming.host import Capture, Host
from tools.conforming.known import Known
from tools.conforming.partners import Cloud, Echo
from tools.conforming.report import Row, Verdict, differences, judged, left_out

ALL_WELL, SOME_DIFFER, USAGE_ERROR = 0, 1, 2

_CHANGES = """\
Some cases change the board: its error numbers, its sockets, its OneNET instance, power saving, the
radio, the speed of its UART, and in the end it is restarted. They are undone as far as the board
allows, and datagrams and logins may cost money. Go on with them? [y/N] """
_SPEEDS = ("57600", "115200")


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="tools/conformance", description=__doc__)
    made.add_argument("port", help="a serial port, or a URL of pyserial")
    made.add_argument("--baud", type=int, default=9600, help="the speed of the board (9600)")
    changing = made.add_mutually_exclusive_group()
    changing.add_argument("--read-only", action="store_true", help="leave out what changes it")
    changing.add_argument("--yes", action="store_true", help="do not ask before what changes it")
    made.add_argument(
        "--platform",
        metavar="URL",
        help="OneNET's HTTP API, to have the board read, written and executed: it is a device there"
        " with its IMEI and IMSI",
    )
    made.add_argument("--api-key", metavar="KEY", default="", help="of the platform's account")
    made.add_argument(
        "--udp",
        metavar="ADDRESS",
        help="of this machine, as the board's datagrams reach it (127.0.0.1 from an emulator)",
    )
    made.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help="the board's clock runs X times as fast: an emulator's with the same option",
    )
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
    given = made.parse_args(arguments)
    if not 0 < given.speed < float("inf"):
        made.error(f"--speed {given.speed}: expected how many times as fast, a number above 0")
    if given.against is not None and given.against.resolve() == given.save.resolve():
        made.error(f"--against {given.against}: it would be written over, --save another FILE")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all as written; 1: some cases differ; 2: it could not be tried."""
    given = options(arguments)
    rows: list[Row] = []
    captures: list[Capture] = []
    try:
        other = [] if given.against is None else load(given.against)
        for row in shown(tried(given)):
            rows.append(row)
            captures = save(given.save, rows)  # each time: a board may be gone before the end
    except (OSError, ValueError, KeyboardInterrupt, serial.SerialException) as error:
        why = str(error) or "stopped"
        kept = f"; {given.save} has what came of {len(captures)} cases" if captures else ""
        print(f"tools/conformance: {why}{kept}", file=sys.stderr)
        return USAGE_ERROR
    print(", ".join(f"{count(rows, verdict)} {verdict.value}" for verdict in Verdict))
    if given.against is not None:
        found = differences(captures, other)
        print(f"\n{len(found)} of the answers differ from {given.against}:")
        print("\n".join(found))
        once = {capture.name for capture in captures} ^ {capture.name for capture in other}
        print(f"{len(once)} cases were tried on one of the two only: {', '.join(sorted(once))}")
    wrong = count(rows, Verdict.DIFFERENT) + count(rows, Verdict.NO_ANSWER)
    return SOME_DIFFER if wrong else ALL_WELL


def tried(given: argparse.Namespace) -> Iterator[Row]:
    """Each case in its order, judged. Raises OSError, serial.SerialException, ValueError."""
    with ExitStack() as partners:
        host = partners.enter_context(Host(given.port, given.baud, given.speed))
        known = Known()
        known.learn({"baud": str(given.baud), "other": _SPEEDS[str(given.baud) == _SPEEDS[0]]})
        if not given.read_only and (given.yes or agreed()):
            known.at_hand.add(Need.CHANGES)
        cloud = Cloud(given.platform or "", given.api_key)
        if given.platform:
            partners.enter_context(cloud)
            known.at_hand.add(Need.PLATFORM)
        if given.udp:
            echo = partners.enter_context(Echo(given.udp))
            known.learn({"address": echo.address, "port": str(echo.port)})
            known.at_hand.add(Need.DATAGRAMS)

        def ask(question: Ask) -> Future[str]:
            return cloud.ask(question, known.names["imei"])

        for case in CASES:
            reason = known.hindrance(case)
            if reason:
                yield left_out(case, reason)
            else:
                yield judged(case, host.play(case, known, ask))


def agreed() -> bool:
    """Raises ValueError: there is nobody to ask."""
    try:
        return input(_CHANGES).strip() in ("y", "Y")
    except EOFError:
        raise ValueError("nobody answers: say --read-only or --yes") from None


def shown(rows: Iterator[Row]) -> Iterator[Row]:
    """Each as soon as it is judged."""
    print("§  grade seconds  verdict     case")
    for row in rows:
        print(row.text(), flush=True)
        yield row


def save(path: Path, rows: Sequence[Row]) -> list[Capture]:
    """The captures that stand in `path` now. Raises OSError."""
    captures = [row.capture for row in rows if row.capture is not None]
    data = [capture.as_data() for capture in captures]
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return captures


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
