"""The module's end of ptys, as bare as it gets: whoever is measured must be the slower side.

A program of its own: `responder.py answer|stamp|flood <descriptor of a master>...`. It knows
nothing of the driver, and its way of answering is the same for all contestants.
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
    """Each line of each port."""
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
    """Also measure how long each next command takes to come; `GAPS` brings the median in ns.

    From the moment before an answer is written to the first byte of what follows, on the clock
    of the system.
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
    """As many unsolicited lines as each line of the standard input says, as fast as they go."""
    for count in sys.stdin:
        rest = memoryview(READ * int(count))
        while rest:
            rest = rest[os.write(master, rest[:4096]) :]


def main() -> None:
    way, *numbers = sys.argv[1:]
    masters = [int(number) for number in numbers]
    match way:
        case "answer":
            answer(masters)
        case "stamp":
            stamp(*masters)
        case "flood":
            flood(*masters)
        case _:
            sys.exit(f"{way!r} is no way to respond; there are answer, stamp, flood")


if __name__ == "__main__":
    main()
