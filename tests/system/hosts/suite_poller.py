"""A host of the suite as users write it: it sleeps, looks for one pattern, and forgets the rest.

Usage: suite_poller.py PORT LINE...     LINE: what creates the instance; prints each step.

It looks every 10 s, takes only the first request in what has come since, and throws away what comes
within 2 s of its own answer. It sleeps in the time of the module: it prints `sleep SECONDS SENT`,
where SENT is how many bytes it has sent so far, and goes on when it is given a line with the number
of bytes that the module has sent.
"""

from __future__ import annotations

import re
import sys

import serial

POLL, AFTER_ANSWER, WAITS = 10.0, 2.0, 12
REQUEST = re.compile(r"\+MIPL(OBSERVE|DISCOVER|READ|WRITE|EXECUTE):0,(\d+),([^\r]*)")
RESOURCES = {"3303": '4,"5700"', "3306": '9,"5850;5851"'}


class Sensor:
    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, 9600, timeout=10)
        self.sent = self.received = 0
        self.observe = ""

    def send(self, line: str) -> None:
        data = f"{line}\r\n".encode()
        self.port.write(data)
        self.sent += len(data)

    def sleep(self, seconds: float) -> str:
        """What has come by then."""
        print(f"sleep {seconds} {self.sent}", flush=True)
        came = self.port.read(int(sys.stdin.readline()) - self.received)
        self.received += len(came)
        return came.decode(errors="replace")

    def ask(self, line: str) -> None:
        self.send(line)
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


def main(port: str, *lines: str) -> None:
    it = Sensor(port)
    for line in lines:
        it.ask(line)
    it.ask("AT+MIPLADDOBJ=0,3306,1,1,2,1")
    it.ask("AT+MIPLADDOBJ=0,3303,1,1,1,0")
    it.send("AT+MIPLOPEN=0,300,60")
    # Event 6 and the first observe come in one burst: this host loses neither, since it looks for
    # the request in what came with the event.
    for _ in range(4):
        it.request()
    it.send(f"AT+MIPLNOTIFY=0,{it.observe},3303,0,5700,4,4,21.5,0,0,7")
    it.wait_for(r"\+MIPLEVENT:0,26,7")
    print("acknowledged", flush=True)
    while not it.request():
        pass
    it.send("AT+MIPLCLOSE=0")
    it.wait_for(r"\+MIPLEVENT:0,15")
    it.ask("AT+MIPLDELETE=0")
    print("left", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
