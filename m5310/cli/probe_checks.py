"""The checks of `m5310 probe`: a command each, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    """`assess` judges the result of the command; `vital`: an error is a problem, not a note."""

    name: str
    command: Command[T]
    assess: Callable[[T], Finding]
    vital: bool = False

    def finding(self, outcome: T | M5310Error) -> Finding:
        """The finding for a result, or for the error that came instead."""
        return self._failed(outcome) if isinstance(outcome, M5310Error) else self.assess(outcome)

    def _failed(self, error: M5310Error) -> Finding:
        match error:
            case CommandError():
                words = f"refused with {error.result}"
                advice = SIM_ADVICE.get(error.number or 0, "")
            case CommandTimeout():
                words, advice = "no answer", "the module may be busy or asleep; try again"
            case _:
                words, advice = str(error), ""
        verdict = Verdict.WRONG if self.vital else Verdict.NOTE
        if verdict is Verdict.WRONG and not advice and self.name == "SIM":
            advice = _NO_SIM
        return Finding(self.name, None, verdict, words, advice)


_NO_SIM: Final = "insert an NB-IoT SIM and restart the module"


# --- assessments -----------------------------------------------------------------------------


def _plain(name: str) -> Callable[[str], Finding]:
    return lambda text: Finding(name, text, Verdict.WELL, text)


def _model(model: str) -> Finding:
    if model.upper().startswith("M5310") and "-A" not in model.upper():
        return Finding("model", model, Verdict.WELL, model)
    return Finding(
        "model",
        model,
        Verdict.NOTE,
        f"{model}, not a first-generation M5310",
        "it may use another set of OneNET commands than this driver",
    )


def _firmware(version: str) -> Finding:
    if "3." in version:
        return Finding("firmware", version, Verdict.WELL, version)
    return Finding(
        "firmware",
        version,
        Verdict.NOTE,
        f"{version}, older than SP3",
        "it does not acknowledge reports; update the firmware if you need that",
    )


def _radio(on: bool) -> Finding:
    if on:
        return Finding("radio", on, Verdict.WELL, "on")
    return Finding("radio", on, Verdict.WRONG, "off", "turn it on: AT+CFUN=1")


def _signal(dbm: int | None) -> Finding:
    words = describe_signal(dbm).removeprefix("signal ")
    if dbm is None:
        advice = "connect the antenna, or move to a place with NB-IoT coverage"
        return Finding("signal", dbm, Verdict.WRONG, words, advice)
    if dbm < WEAK:
        advice = "a better antenna position saves time and power"
        return Finding("signal", dbm, Verdict.NOTE, words, advice)
    return Finding("signal", dbm, Verdict.WELL, words)


_REGISTRATION: Final = {
    Registration.NOT_REGISTERED: "turn the radio on (AT+CFUN=1) and attach (AT+CGATT=1)",
    Registration.SEARCHING: "wait up to 2 minutes after power-on; then check the antenna",
    Registration.DENIED: "ask the operator whether this SIM is active and enabled for NB-IoT",
    Registration.UNKNOWN: "move to a place with NB-IoT coverage",
}


def _registration(status: NetworkStatus) -> Finding:
    verdict = Verdict.WELL if status.stat.registered else Verdict.WRONG
    advice = _REGISTRATION.get(status.stat, "")
    return Finding("registration", status.stat.name, verdict, describe_status(status), advice)


def _attached(attached: bool) -> Finding:
    if attached:
        return Finding("attached", attached, Verdict.WELL, "yes")
    advice = "attach: AT+CGATT=1; it takes up to 2 minutes"
    return Finding("attached", attached, Verdict.WRONG, "no", advice)


def _address(address: str | None) -> Finding:
    if address is not None:
        return Finding("address", address, Verdict.WELL, address)
    return Finding("address", None, Verdict.NOTE, "none yet", "the network assigns it on attach")


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check("manufacturer", identity.manufacturer(), _plain("manufacturer")),
    Check("model", identity.model(), _model),
    Check("firmware", identity.firmware(), _firmware),
    Check("IMEI", identity.imei(), _plain("IMEI"), vital=True),
    Check("SIM", identity.imsi(), _plain("SIM"), vital=True),
    Check("SIM card", identity.iccid(), _plain("SIM card")),
    Check("radio", general.radio_query(), _radio, vital=True),
    Check("signal", signal.signal_quality(), _signal, vital=True),
    Check("registration", network.registration(), _registration, vital=True),
    Check("attached", network.attachment(), _attached, vital=True),
    Check("address", network.addresses(), _address),
)


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
