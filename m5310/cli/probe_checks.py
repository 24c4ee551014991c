"""The checks of `m5310 probe`: a command each, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final, Generic, TypeVar

from m5310.at.codec import Command
from m5310.commands import general, identity, network, signal
from m5310.commands.network import NetworkStatus, Registration, describe_status
from m5310.commands.signal import WEAK, describe_strength
from m5310.dialects.profiles import PROFILES, profile_of
from m5310.errors import CommandError, CommandTimeout, M5310Error, Text
from m5310.module.attach_errors import SIM_ADVICE
from m5310.module.banner import Said

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
                words: str = Text("refused with {result}", result=error.result)
                advice = SIM_ADVICE.get(error.number or 0, _NO_SIM if self.name == "SIM" else "")
            case CommandTimeout():
                words = Text("no answer")
                advice = Text("the module may be busy or asleep; try again")
            case _:
                words, advice = str(error), ""
        return Verdict.WRONG if self.vital else Verdict.NOTE, words, advice


_NO_SIM: Final = Text("insert an NB-IoT SIM and restart the module")


# --- assessments -----------------------------------------------------------------------------


def _plain(text: str) -> Assessment:
    return Verdict.WELL, text, ""


def _model(model: str) -> Assessment:
    if profile_of([model]) is not None:
        return Verdict.WELL, model, ""
    words = Text("{model}, a module that is not known here", model=model)
    advice = Text("if it speaks China Mobile's suite, it is used as a `generic` one")
    return Verdict.NOTE, words, advice


def _firmware(version: str) -> Assessment:
    if "3." in version:
        return Verdict.WELL, version, ""
    words = Text("{version}, older than SP3", version=version)
    advice = Text("it does not acknowledge reports; update the firmware if you need that")
    return Verdict.NOTE, words, advice


def _radio(on: bool) -> Assessment:
    if on:
        return Verdict.WELL, Text("on"), ""
    return Verdict.WRONG, Text("off"), Text("turn it on: AT+CFUN=1")


def _signal(dbm: int | None) -> Assessment:
    words = describe_strength(dbm)
    if dbm is None:
        advice = Text("connect the antenna, or move to a place with NB-IoT coverage")
        return Verdict.WRONG, words, advice
    if dbm < WEAK:
        return Verdict.NOTE, words, Text("a better antenna position saves time and power")
    return Verdict.WELL, words, ""


_REGISTRATION: Final = {
    Registration.NOT_REGISTERED: Text("turn the radio on (AT+CFUN=1) and attach (AT+CGATT=1)"),
    Registration.SEARCHING: Text("wait up to 2 minutes after power-on; then check the antenna"),
    Registration.DENIED: Text("ask the operator whether this SIM is active and enabled for NB-IoT"),
    Registration.UNKNOWN: Text("move to a place with NB-IoT coverage"),
}


def _registration(status: NetworkStatus) -> Assessment:
    verdict = Verdict.WELL if status.stat.registered else Verdict.WRONG
    return verdict, describe_status(status), _REGISTRATION.get(status.stat, "")


def _attached(attached: bool) -> Assessment:
    if attached:
        return Verdict.WELL, Text("yes"), ""
    return Verdict.WRONG, Text("no"), Text("attach: AT+CGATT=1; it takes up to 2 minutes")


def _address(address: str | None) -> Assessment:
    if address is not None:
        return Verdict.WELL, address, ""
    return Verdict.NOTE, Text("none yet"), Text("the network assigns it on attach")


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(Text("manufacturer"), identity.manufacturer(), _plain),
    Check(Text("model"), identity.model(), _model),
    Check(Text("firmware"), identity.firmware(), _firmware),
    Check(Text("IMEI"), identity.imei(), _plain, vital=True),
    Check(Text("SIM"), identity.imsi(), _plain, vital=True),
    Check(Text("SIM card"), identity.iccid(), _plain),
    Check(Text("radio"), general.radio_query(), _radio, vital=True),
    Check(Text("signal"), signal.signal_quality(), _signal, vital=True),
    Check(Text("registration"), network.registration(), _registration, vital=True),
    Check(Text("attached"), network.attachment(), _attached, vital=True),
    Check(Text("address"), network.addresses(), _address),
)


def with_language(findings: list[Finding], said: Said, version: str) -> list[Finding]:
    """The findings, and the language of a module that says this of itself; `version` is that of
    its suite, empty if it has none."""
    profile = profile_of(said)
    suite = bool(version) or (profile is not None and not profile.classic)
    if version:
        if profile is None or profile.classic:
            profile = PROFILES["generic"]
        words: str = Text("the suite {version}: {profile}", version=version, profile=profile)
        found = Finding(Text("language"), profile.name, Verdict.WELL, words)
    elif suite:
        found = Finding(
            Text("language"),
            None,
            Verdict.NOTE,
            Text("{profile}, but it does not know its suite", profile=profile),
            Text("use a firmware with OneNET: Quectel's has a name that ends in _ONT"),
        )
    elif profile is not None:
        words = Text("the classic one: {profile}", profile=profile)
        found = Finding(Text("language"), profile.name, Verdict.WELL, words)
    else:
        found = Finding(Text("language"), None, Verdict.NOTE, Text("not known"))
    if suite:
        findings = [
            _with_revision(each, said.revision) if each.name == "firmware" else each
            for each in findings
        ]
    return [*findings, found]


def _with_revision(firmware: Finding, revision: str) -> Finding:
    """That of a module with the suite: it may have AT+CGMR only, and its version says nothing about
    acknowledgements."""
    value = firmware.value or revision
    if not value:
        return firmware
    return Finding(firmware.name, value, Verdict.WELL, str(value))


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
    wrong = [each.name for each in findings if each.verdict is Verdict.WRONG]
    causes = [name for name in wrong if name in _FOLLOWING]
    return [_with_cause(each, causes) for each in findings]


def _with_cause(finding: Finding, causes: list[str]) -> Finding:
    cause = next((name for name in causes if finding.name in _FOLLOWING[name]), None)
    if cause is None or finding.verdict is Verdict.WELL:
        return finding
    advice = Text("follows from the problem with the {cause}", cause=cause)
    return replace(finding, verdict=Verdict.NOTE, advice=advice)


def no_answer(port: str, speeds: tuple[int, ...]) -> Finding:
    """The finding if the module answered at none of these speeds."""
    tried = ", ".join(map(str, speeds))
    return Finding(
        Text("answer"),
        None,
        Verdict.WRONG,
        Text("no answer at {speeds} baud", speeds=tried),
        Text(
            "check power, wiring (RX to TX, TX to RX, ground to ground), and that {port} is the "
            "right port (`m5310 ports`)",
            port=port,
        ),
    )
