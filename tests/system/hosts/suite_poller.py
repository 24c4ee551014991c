"""A host of the suite as users write it: it sleeps, looks for one pattern, and forgets the rest.

Usage: suite_poller.py PORT SPEED     (its seconds are SPEED times as short); prints each step.

It looks every 10 s, takes only the first request in what has come since, and throws away what comes
within 2 s of its own answer.
"""

from __future__ import annotations

import re
import sys
import time

import serial

POLL, AFTER_ANSWER, WAITS = 10.0, 2.0, 12
REQUEST = re.compile(r"\+MIPL(OBSERVE|DISCOVER|READ|WRITE|EXECUTE):0,(\d+),([^\r]*)")
RESOURCES = {"3303": '4,"5700"', "3306": '9,"5850;5851"'}


class Sensor:
    def __init__(self, port: str, speed: float) -> None:
        self.port = serial.Serial(port, 9600, timeout=0)
        self.speed = speed
        self.observe = ""

    def sleep(self, seconds: float) -> str:
        """What has come by then."""
        time.sleep(seconds / self.speed)
        return self.port.read(4096).decode(errors="replace")

    def ask(self, line: str) -> None:
        self.port.write(f"{line}\r\n".encode())
        answer = self.sleep(AFTER_ANSWER)
        if "OK" not in answer:
            print(f"{line}: {answer!r}", flush=True)
            sys.exit(1)

    def wait_for(self, pattern: str) -> None:
        came = ""
        for _ in range(WAITS):
            came += self.sleep(POLL)
            if re.search(pattern, came):
                return
        sys.exit(f"{pattern} never came, but {came!r}")

    def request(self) -> bool:
        """Answer the first request that came since the last look. True: it was the last one."""
        for _ in range(WAITS):
            if found := REQUEST.search(self.sleep(POLL)):
                break
        else:
            sys.exit("no request came")
        name, number, rest = found.groups()
        match name:
            case "OBSERVE":
                self.observe = self.observe or number  # of the lower object
                self.ask(f"AT+MIPLOBSERVERSP=0,{number},1")
            case "DISCOVER":
                self.ask(f"AT+MIPLDISCOVERRSP=0,{number},1,{RESOURCES[rest]}")
            case "READ":
                self.ask(f"AT+MIPLREADRSP=0,{number},1,{rest},4,4,22.25,0,0")
            case "WRITE":
                self.ask(f"AT+MIPLWRITERSP=0,{number},2")
            case "EXECUTE":
                self.ask(f"AT+MIPLEXECUTERSP=0,{number},2")
        print(name.lower(), rest, flush=True)
        return name == "EXECUTE"


def main(port: str, speed: str) -> None:
    it = Sensor(port, float(speed))
    it.ask("AT+MIPLCREATE")
    it.ask("AT+MIPLADDOBJ=0,3306,1,1,2,1")
    it.ask("AT+MIPLADDOBJ=0,3303,1,1,1,0")
    it.port.write(b"AT+MIPLOPEN=0,300,60\r\n")
    # Event 6 and the first observe come in one burst: this host loses neither, since it looks for
    # the request in what came with the event.
    for _ in range(4):
        it.request()
    it.port.write(f"AT+MIPLNOTIFY=0,{it.observe},3303,0,5700,4,4,21.5,0,0,7\r\n".encode())
    it.wait_for(r"\+MIPLEVENT:0,26,7")
    print("acknowledged", flush=True)
    while not it.request():
        pass
    it.port.write(b"AT+MIPLCLOSE=0\r\n")
    it.wait_for(r"\+MIPLEVENT:0,15")
    it.ask("AT+MIPLDELETE=0")
    print("left", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
