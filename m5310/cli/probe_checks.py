"""The checks of `m5310 probe`: a command each, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final, Generic, TypeVar

from m5310.at.codec import Command
from m5310.commands import general, identity, network, signal
from m5310.commands.network import NetworkStatus, Registration, describe_status
from m5310.commands.signal import WEAK, describe_signal
from m5310.errors import CommandError, CommandTimeout, M5310Error
from m5310.module.attach_errors import SIM_ADVICE

T = TypeVar("T")


class Verdict(IntEnum):
    """The names are values in --json."""

    WELL = 0
    NOTE = 1
    """Worth knowing; nothing needs to be done."""
    WRONG = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; the fields are keys of --json.

    `value` is for programs: a number if possible, None without an answer.
    """

    name: str
    value: str | int | bool | None
    verdict: Verdict
    words: str
    advice: str = ""


Assessment = tuple[Verdict, str, str]
"""Verdict, words and advice of a finding."""


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    """`assess` judges the result of the command; `vital`: an error is a problem, not a note."""

    name: str
    command: Command[T]
    assess: Callable[[T], Assessment]
    vital: bool = False

    def finding(self, outcome: T | M5310Error) -> Finding:
        """The finding for a result, or for the error that came instead."""
        if isinstance(outcome, M5310Error):
            return Finding(self.name, None, *self._failed(outcome))
        value: Any = outcome.stat.name if isinstance(outcome, NetworkStatus) else outcome
        return Finding(self.name, value, *self.assess(outcome))

    def _failed(self, error: M5310Error) -> Assessment:
        match error:
            case CommandError():
                words = f"refused with {error.result}"
                advice = SIM_ADVICE.get(error.number or 0, _NO_SIM if self.name == "SIM" else "")
            case CommandTimeout():
                words, advice = "no answer", "the module may be busy or asleep; try again"
            case _:
                words, advice = str(error), ""
        return Verdict.WRONG if self.vital else Verdict.NOTE, words, advice


_NO_SIM: Final = "insert an NB-IoT SIM and restart the module"


# --- assessments -----------------------------------------------------------------------------


def _plain(text: str) -> Assessment:
    return Verdict.WELL, text, ""


def _model(model: str) -> Assessment:
    if model.upper().startswith("M5310") and "-A" not in model.upper():
        return Verdict.WELL, model, ""
    advice = "it may use another set of OneNET commands than this driver"
    return Verdict.NOTE, f"{model}, not a first-generation M5310", advice


def _firmware(version: str) -> Assessment:
    if "3." in version:
        return Verdict.WELL, version, ""
    advice = "it does not acknowledge reports; update the firmware if you need that"
    return Verdict.NOTE, f"{version}, older than SP3", advice


def _radio(on: bool) -> Assessment:
    return (Verdict.WELL, "on", "") if on else (Verdict.WRONG, "off", "turn it on: AT+CFUN=1")


def _signal(dbm: int | None) -> Assessment:
    words = describe_signal(dbm).removeprefix("signal ")
    if dbm is None:
        advice = "connect the antenna, or move to a place with NB-IoT coverage"
        return Verdict.WRONG, words, advice
    if dbm < WEAK:
        return Verdict.NOTE, words, "a better antenna position saves time and power"
    return Verdict.WELL, words, ""


_REGISTRATION: Final = {
    Registration.NOT_REGISTERED: "turn the radio on (AT+CFUN=1) and attach (AT+CGATT=1)",
    Registration.SEARCHING: "wait up to 2 minutes after power-on; then check the antenna",
    Registration.DENIED: "ask the operator whether this SIM is active and enabled for NB-IoT",
    Registration.UNKNOWN: "move to a place with NB-IoT coverage",
}


def _registration(status: NetworkStatus) -> Assessment:
    verdict = Verdict.WELL if status.stat.registered else Verdict.WRONG
    return verdict, describe_status(status), _REGISTRATION.get(status.stat, "")


def _attached(attached: bool) -> Assessment:
    if attached:
        return Verdict.WELL, "yes", ""
    return Verdict.WRONG, "no", "attach: AT+CGATT=1; it takes up to 2 minutes"


def _address(address: str | None) -> Assessment:
    if address is not None:
        return Verdict.WELL, address, ""
    return Verdict.NOTE, "none yet", "the network assigns it on attach"


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check("manufacturer", identity.manufacturer(), _plain),
    Check("model", identity.model(), _model),
    Check("firmware", identity.firmware(), _firmware),
    Check("IMEI", identity.imei(), _plain, vital=True),
    Check("SIM", identity.imsi(), _plain, vital=True),
    Check("SIM card", identity.iccid(), _plain),
    Check("radio", general.radio_query(), _radio, vital=True),
    Check("signal", signal.signal_quality(), _signal, vital=True),
    Check("registration", network.registration(), _registration, vital=True),
    Check("attached", network.attachment(), _attached, vital=True),
    Check("address", network.addresses(), _address),
)


# What cannot be well while something before it is a problem.
_FOLLOWING: Final = {
    "SIM": {"SIM card", "radio", "signal", "registration", "attached", "address"},
    "radio": {"signal", "registration", "attached", "address"},
    "signal": {"registration", "attached", "address"},
    "registration": {"attached", "address"},
    "attached": {"address"},
}


def with_causes(findings: list[Finding]) -> list[Finding]:
    """The findings; one that follows from a problem before it is a note that names the problem."""
    problems = {each.name for each in findings if each.verdict is Verdict.WRONG}
    causes = [name for name in _FOLLOWING if name in problems]
    return [_with_cause(each, causes) for each in findings]


def _with_cause(finding: Finding, causes: list[str]) -> Finding:
    cause = next((name for name in causes if finding.name in _FOLLOWING[name]), None)
    if cause is None or finding.verdict is Verdict.WELL:
        return finding
    advice = f"follows from the problem with the {cause}"
    return replace(finding, verdict=Verdict.NOTE, advice=advice)


def no_answer(port: str, speeds: tuple[int, ...]) -> Finding:
    """The finding if the module answered at none of these speeds."""
    tried = ", ".join(map(str, speeds))
    return Finding(
        "answer",
        None,
        Verdict.WRONG,
        f"no answer at {tried} baud",
        "check power, wiring (RX to TX, TX to RX, ground to ground), and that "
        f"{port} is the right port (`m5310 ports`)",
    )
