"""The module's end of ptys, as simple as possible, so that the contestant is the slower side.

Run as a program: `responder.py answer|stamp|flood <descriptor of a master>...`. It imports nothing
of the driver, and responds to all contestants in the same way.
"""

from __future__ import annotations

import os
import select
import sys
import time

OK = b"\r\nOK\r\n"
ANSWERS = {
    b"AT+CSQ": b"\r\n+CSQ:17,99\r\n" + OK,
    b"AT+MIPLOPEN": OK + b"\r\n+MIPLOPEN:0,1\r\n",
    b"AT+MIPLCLOSE": OK + b"\r\n+MIPLCLOSE:0,1\r\n",
}
READ = b"\r\n+MIPLREAD:0,12345,3303,0,5700\r\n"


def answer(masters: list[int]) -> None:
    """Respond to each line of each port."""
    poll = select.poll()
    for master in masters:
        poll.register(master, select.POLLIN)
    halves = dict.fromkeys(masters, b"")
    while True:
        for master, _ in poll.poll():
            *lines, halves[master] = (halves[master] + os.read(master, 4096)).split(b"\r")
            for line in lines:
                os.write(master, ANSWERS.get(line.split(b"=")[0], OK))


def stamp(master: int) -> None:
    """Respond to each line, and measure the gap until the next; `GAPS` returns the median in ns.

    The gap is the time from before a response is written to the first byte of the next command.
    """
    line = b""
    gaps: list[int] = []
    answered = None
    while True:
        data = os.read(master, 4096)
        now = time.monotonic_ns()
        if answered is not None and not line:
            gaps.append(now - answered)
        line += data
        if not line.endswith(b"\r"):
            continue
        if line == b"GAPS\r":
            gaps.sort()
            answered, reply, gaps = None, b"%d\n" % gaps[len(gaps) // 2], []
        else:
            reply = ANSWERS.get(line[:-1], OK)
            answered = time.monotonic_ns()
        line = b""
        os.write(master, reply)


def flood(master: int) -> None:
    """For each line of stdin, a number, write that many unsolicited lines without a pause."""
    for count in sys.stdin:
        rest = memoryview(READ * int(count))
        while rest:
            rest = rest[os.write(master, rest[:4096]) :]


def main() -> None:
    mode, *numbers = sys.argv[1:]
    masters = [int(number) for number in numbers]
    match mode:
        case "answer":
            answer(masters)
        case "stamp":
            stamp(*masters)
        case "flood":
            flood(*masters)
        case _:
            sys.exit(f"unknown mode {mode!r}; expected answer, stamp or flood")


if __name__ == "__main__":
    main()
