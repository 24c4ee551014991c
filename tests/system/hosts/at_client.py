"""A host program on `pyatcommand`, an AT library from PyPI that knows nothing of this module.

Usage: at_client.py PORT CONFIGURATION     (an AT+MIPLCONF line); prints each step.

Echo is on, the library's own choice: it knows by the echo which lines belong to its command.
"""

from __future__ import annotations

import sys
import time

from pyatcommand import AtClient, AtResponse

ANSWER, EVENT = 5, 20  # seconds for an answer, and for what comes later
# Seconds. The library looks so long behind each final result whether more comes. If an unsolicited
# line does, it may keep it to itself: its own thread has not yet noticed that the command is over.
LOOK = 0.02


class Refused(Exception):
    """The module did not answer OK."""


class Thermometer:
    """Object 3303, resource 5700."""

    def __init__(self, port: str) -> None:
        self.client = AtClient(port=port, baudrate=9600, timeout=LOOK)
        self.client.connect(autobaud=False, retry_timeout=EVENT)
        self._early: list[str] = []  # came while another one was waited for

    def ask(self, command: str, prefix: str = "") -> str:
        answer: AtResponse = self.client.send_command(command, timeout=ANSWER, prefix=prefix)
        if not answer.ok:
            raise Refused(f"{command}: {answer.result.name} {answer.info}")
        return str(answer.info)

    def wait_for(self, beginning: str) -> str:
        """The next unsolicited line that begins so."""
        end = time.monotonic() + EVENT
        while time.monotonic() < end:
            for line in self._early:
                if line.startswith(beginning):
                    self._early.remove(line)
                    return line
            if (line := self.client.get_urc()) is not None:
                self._early.append(line)
        raise TimeoutError(f"no {beginning} in {EVENT} s; what came: {self._early}")

    def report(self, value: float, ackid: int | None = None) -> None:
        acknowledged = "" if ackid is None else f",{ackid}"
        self.ask(f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{value}",1{acknowledged}')


def main(port: str, configuration: str) -> None:
    it = Thermometer(port)
    print("imei", it.ask("AT+CGSN=1", "+CGSN:"), flush=True)
    print("model", it.ask("AT+CGMM"), flush=True)
    print("network", it.ask("AT+CEREG?", "+CEREG:"), flush=True)
    print("statistics", len(it.ask("AT+NUESTATS").splitlines()), flush=True)
    try:
        it.ask("AT+NOTHING")
    except Refused as refusal:
        print(refusal, flush=True)
    it.ask("AT+CMEE=1")
    try:
        it.ask("AT+NOTHING")
    except Refused as refusal:
        print(refusal, flush=True)

    it.ask(configuration)
    it.ask("AT+MIPLADDOBJ=0,3303,0")
    it.report(20.5)
    it.ask("AT+MIPLOPEN=0,30")
    it.wait_for("+MIPLOPEN:0,1")
    it.wait_for("+MIPLREAD:")  # of object 3, which the module answers: all is subscribed
    print("logged in", flush=True)

    msgid = it.wait_for("+MIPLREAD:").split(",")[1]
    it.ask(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"21.5",1')
    print("read", flush=True)
    _, msgid, *_, value = it.wait_for("+MIPLWRITE:").split(",")
    it.ask(f"AT+MIPLWRITE=0,{msgid},1")
    print("written", value, flush=True)
    _, msgid, *_, argument = it.wait_for("+MIPLEXECUTE:").split(",")
    it.ask(f"AT+MIPLEXECUTE=0,{msgid},1")
    print("executed", argument, flush=True)

    it.report(22.5, ackid=7)
    it.wait_for("+MIPLNOTIFY:0,7")
    it.ask("AT+MIPLCLOSE=0")
    it.wait_for("+MIPLCLOSE:0,1")
    it.client.disconnect()
    print("left", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
