"""Checks that each line which a driver writes is legal at that moment.

It follows the module's documentation alone (OneNET access guide 5.2, host programs for the module)
and shares no code with the driver or the emulator. It reads both directions of the line and derives
the module's state from its answers. After a refusal, a missing answer or a re-opened port the state
is unknown, and everything possible is allowed; `violations` are the lines that are never legal. A
change of the state counts only later than the moment it is seen: a line may be on its way already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SHORTEST_TIMEOUT: Final = 1.0
"""Seconds after which a command's answer may be given up, and probed for with AT. The module
answers at once, or within minutes where the network is asked."""

_FORMS: Final = {
    "CONF": r"=(?P<size>\d+),(?P<config>(?:[0-9A-F]{2})+),(?P<index>[1-9]\d*),(?P<flag>[01])",
    "ADDOBJ": r"=0,(?P<instance>\d+,\d+)",
    "DELOBJ": r"=0,(?P<instance>\d+,\d+)",
    "NOTIFY": r"=0,(?P<instance>\d+,\d+),\d+,(?P<type>[1-6]),"
    r'"(?P<value>[^"]*)",(?P<flag>[01])(?:,(?P<ackid>[1-9]\d*))?',
    "OPEN": r"=0(?:,[1-9]\d*)?",
    "CLOSE": r"=0",
    "DEL": r"=0",
    "UPDATE": r"=0,(?P<lifetime>\d+),[01]",
    "READ": r"=0,(?P<msgid>\d+),-?\d+,-?\d+,-?\d+,(?P<type>[1-6]),"
    r'"(?P<value>[^"]*)",(?P<flag>[01])',
    "WRITE": r"=0,(?P<msgid>\d+),[01]",
    "EXECUTE": r"=0,(?P<msgid>\d+),[01]",
    "VER": r"\?",  # of the suite: how a driver finds out that a module does not speak it
}
_VALUES: Final = {
    "1": r".*",
    "2": r"(?:[0-9A-Fa-f]{2})*",
    "3": r"-?\d+",
    "4": r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    "5": r"[01]",
    "6": r"(?:[0-9A-Fa-f]{2})*",
}
# Not DEL, which leaves any module clean, nor the answers to a request that the module sent.
_NEEDS_CONFIGURATION: Final = ("ADDOBJ", "DELOBJ", "NOTIFY", "OPEN", "CLOSE", "UPDATE")
MAX_VALUE: Final = 1024  # bytes
_FINAL = re.compile(r"OK|ERROR|\+CME ERROR: ?\d+")
_URC = re.compile(r"\+MIPL(OPEN|CLOSE|UPDATE|READ|WRITE|EXECUTE): ?0, ?(\d+)(?:,.*)?")
_RESTART = re.compile(r"REBOOTING|REBOOT_CAUSE_\w+")


class Fact(Generic[T]):
    """A fact about the module, known since some moment; None: unknown."""

    def __init__(self, value: T | None = None) -> None:
        self._value = value
        self._since = float("-inf")

    def learn(self, value: T, now: float) -> None:
        if value != self._value:
            self._value, self._since = value, now

    def doubt(self) -> None:
        self._value = None

    def surely(self, value: T, now: float) -> bool:
        return self._value == value and self._since < now


@dataclass(slots=True)
class Written:
    """A line without a final result so far."""

    line: str
    at: float


@dataclass(slots=True)
class Session:
    """What the module holds of the device, as far as its answers show it."""

    configured: Fact[bool] = field(default_factory=Fact)
    fragment: int = 0  # of the configuration, the last one that was taken
    logged_in: Fact[bool] = field(default_factory=Fact)
    login_pending: bool = False
    instances: dict[str, Fact[bool]] = field(default_factory=dict)
    others: Fact[bool] = field(default_factory=Fact)  # the instances not named in `instances`
    half_report: bool = False

    def instance(self, name: str) -> Fact[bool]:
        return self.instances.get(name, self.others)

    def clear(self, now: float, *, configured: bool) -> None:
        """The module holds nothing, or an empty configuration."""
        self.configured.learn(configured, now)
        self.logged_in.learn(False, now)
        self.login_pending = self.half_report = False
        self.instances.clear()
        self.others.learn(False, now)
        self.fragment = 0

    def doubt(self) -> None:
        for fact in (self.configured, self.logged_in, self.others, *self.instances.values()):
            fact.doubt()
        self.login_pending = self.half_report = False
        self.fragment = 0


class CommandOrder:
    """`wrote` takes the driver's bytes, `received` the module's, each as they pass the port.

    On a `lossy` line neither side knows what the other has understood: only the forms count.
    """

    def __init__(self, now: Callable[[], float], *, lossy: bool = False) -> None:
        self.violations: list[str] = []
        self.lossy = lossy
        self._now = now
        self._session = Session()
        self._waiting: Written | None = None
        self._ackids: set[str] = set()
        self._requests: dict[str, str] = {}  # the name of each request that came, by its msgid
        self._partial_line = self._partial_output = b""

    def check(self) -> None:
        assert not self.violations, "\n".join(["illegal command lines:", *self.violations])

    def reopened(self) -> None:
        """The port was opened again: the module may be another, or may have restarted."""
        self.doubt()
        self._waiting = None
        self._requests.clear()
        self._partial_line = self._partial_output = b""

    def doubt(self) -> None:
        """Something happened to the module that its answers do not show."""
        self._session.doubt()

    # --- the driver's lines ------------------------------------------------------------------

    def wrote(self, data: bytes) -> None:
        *lines, self._partial_line = (self._partial_line + data).split(b"\r")
        for raw in lines:
            line = raw.decode().strip()
            if line == "AT":
                self._probe()
            elif line:
                self._command(line)
            self._waiting = Written(line, self._now())

    def _probe(self) -> None:
        if self._waiting is None:
            return
        early = self._now() - self._waiting.at < SHORTEST_TIMEOUT
        if early and self._waiting.line != "AT" and not self.lossy:
            self._object("AT", f"{self._waiting.line} is not answered yet")
        self.doubt()  # a command may have been obeyed or not; a silent module may have restarted

    def _command(self, line: str) -> None:
        if self._waiting is not None and not self.lossy:
            self._object(line, f"{self._waiting.line} is not answered yet")
        name, values = _parsed(line)
        if name is None:
            return
        if values is None:
            self._object(line, "not a form of this command")
            return
        reason = self._reason_against(name, values)
        if reason is not None:
            self._object(line, reason)

    def _reason_against(self, name: str, values: dict[str, str]) -> str | None:
        if name in _NEEDS_CONFIGURATION and self._session.configured.surely(False, self._now()):
            return "the module is not configured"
        match name:
            case "CONF":
                return self._against_configuring(values)
            case "ADDOBJ" | "DELOBJ":
                return self._against_instance(name, values["instance"])
            case "NOTIFY":
                return self._against_report(values)
            case "VER":
                return None
            case "OPEN" | "CLOSE" | "DEL" | "UPDATE":
                return self._against_session(name, values)
            case _:
                return self._against_answer(name, values)

    def _against_configuring(self, values: dict[str, str]) -> str | None:
        index = int(values["index"])
        if 2 * int(values["size"]) != len(values["config"]):
            return "the size is not that of the configuration"
        if self._session.configured.surely(True, self._now()):
            return "the module is configured already"
        if index not in (1, self._session.fragment + 1):
            return f"fragment {index} follows fragment {self._session.fragment}"
        return None

    def _against_instance(self, name: str, instance: str) -> str | None:
        known = self._session.instance(instance)
        if name == "ADDOBJ" and known.surely(True, self._now()):
            return "the instance is there already"
        if name == "DELOBJ" and known.surely(False, self._now()):
            return "there is no such instance"
        return None

    def _against_report(self, values: dict[str, str]) -> str | None:
        ackid = values["ackid"]
        if self._session.instance(values["instance"]).surely(False, self._now()):
            return "its instance was not added"
        if ackid and values["flag"] == "0":
            return "only the last line of a report has an ackid"
        if ackid and self._session.logged_in.surely(False, self._now()):
            return "a declaration cannot be acknowledged"
        if ackid in self._ackids:
            return "its ackid was used before"
        return _against_value(values)

    def _against_session(self, name: str, values: dict[str, str]) -> str | None:
        logged_in, now = self._session.logged_in, self._now()
        if self._session.half_report and name != "CLOSE":
            return "half a report is waiting for its end"
        if name == "UPDATE" and not 10 <= int(values["lifetime"]) <= 86_400:
            return "the lifetime is out of range"
        if name == "OPEN" and self._session.login_pending:
            return "a login is under way"
        if name in ("OPEN", "DEL") and logged_in.surely(True, now):
            return "the module is logged in"
        if name == "UPDATE" and logged_in.surely(False, now):
            return "the module is not logged in"
        # What refused a configuration may be logged in by an earlier program, and is logged out.
        ours = self._session.configured.surely(True, now)
        if name == "CLOSE" and ours and logged_in.surely(False, now):
            return "the module is not logged in"
        return None

    def _against_answer(self, name: str, values: dict[str, str]) -> str | None:
        if self._requests.get(values["msgid"]) != name and not self.lossy:
            return "no such request is waiting for an answer"
        return _against_value(values) if name == "READ" else None

    def _object(self, line: str, reason: str) -> None:
        self.violations.append(f"{self._now():.3f}: {line}: {reason}")

    # --- the module's lines ------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        *lines, self._partial_output = re.split(rb"[\r\n]+", self._partial_output + data)
        for raw in lines:
            line = re.sub(rb"[^ -~]", b"", raw).decode()
            if _FINAL.fullmatch(line):
                self._answered(ok=line == "OK")
            elif _RESTART.fullmatch(line):
                self._restarted()
            elif match := _URC.fullmatch(line):
                self._reported(match[1], match[2])

    def _restarted(self) -> None:
        self._waiting = None
        self._requests.clear()
        if self.lossy:
            self.doubt()
        else:
            self._session.clear(self._now(), configured=False)

    def _reported(self, name: str, number: str) -> None:
        session, now = self._session, self._now()
        if self.lossy:
            return
        match name, number:
            case (("READ" | "WRITE" | "EXECUTE"), msgid):
                self._requests[msgid] = name
            case "OPEN", _ if session.login_pending:
                session.logged_in.learn(number == "1", now)
                session.login_pending = False
            case "CLOSE", "1":
                session.logged_in.learn(False, now)
                session.login_pending = False
            case _:
                session.logged_in.doubt()

    def _answered(self, *, ok: bool) -> None:
        written, self._waiting = self._waiting, None
        if written is None or self.lossy:
            return
        name, values = _parsed(written.line)
        if name is None or values is None:
            return
        if ok:
            self._obeyed(name, values)
        else:
            self.doubt()  # garbled on its way, or the module is not in the state it was thought in

    def _obeyed(self, name: str, values: dict[str, str]) -> None:
        session, now = self._session, self._now()
        match name:
            case "CONF" if values["flag"] == "0":
                session.fragment = int(values["index"])
            case "CONF":
                session.clear(now, configured=True)
            case "DEL":
                session.clear(now, configured=False)
            case "ADDOBJ" | "DELOBJ":
                known = session.instances.setdefault(values["instance"], Fact())
                known.learn(name == "ADDOBJ", now)
            case "NOTIFY":
                session.half_report = values["flag"] == "0"
                if values["ackid"]:
                    self._ackids.add(values["ackid"])
            case "OPEN":
                session.logged_in.doubt()
                session.login_pending = True
            case "CLOSE":
                session.logged_in.doubt()
                session.login_pending = session.half_report = False
            case "READ" if values["flag"] == "0":
                pass
            case "READ" | "WRITE" | "EXECUTE":
                self._requests.pop(values["msgid"], None)


def _parsed(line: str) -> tuple[str | None, dict[str, str] | None]:
    """The name of a OneNET command and its values; None for another command, or another form."""
    name = re.match(r"AT\+MIPL(\w+)", line)
    if name is None:
        return None, None
    form = _FORMS.get(name[1])
    match = re.fullmatch(form, line[name.end() :]) if form else None
    return name[1], match.groupdict(default="") if match else None


def _against_value(values: dict[str, str]) -> str | None:
    value = values["value"]
    if len(value.encode()) > MAX_VALUE:
        return f"a value of more than {MAX_VALUE} bytes"
    if value and not re.fullmatch(_VALUES[values["type"]], value):
        return f"not a value of type {values['type']}"
    return None
