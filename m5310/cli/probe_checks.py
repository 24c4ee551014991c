"""The checks of `m5310 probe`: a command each, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from m5310.at.codec import Answer, Command
from m5310.cli.explain.questions import WEAK, signal_words, status_words
from m5310.commands import general, identity, network
from m5310.commands import signal as measurements
from m5310.commands.network import Registration
from m5310.errors import CommandError, CommandTimeout, M5310Error
from m5310.module.attach_errors import SIM_ADVICE


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


Assess = Callable[[Answer], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """`assess` may raise AnswerError; `vital`: an error or no answer is a problem, not a note."""

    name: str
    command: Command
    assess: Assess
    vital: bool = False

    def finding(self, outcome: Answer | M5310Error) -> Finding:
        """The finding for an answer, or for the error that came instead."""
        if isinstance(outcome, Answer):
            try:
                return self.assess(outcome)
            except M5310Error as error:
                return self._failed(error)
        return self._failed(outcome)

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


def _plain(name: str, read: Callable[[Answer], str]) -> Assess:
    def assess(answer: Answer) -> Finding:
        text = read(answer)
        return Finding(name, text, Verdict.WELL, text)

    return assess


def _model(answer: Answer) -> Finding:
    model = identity.text_of(answer)
    if model.upper().startswith("M5310") and "-A" not in model.upper():
        return Finding("model", model, Verdict.WELL, model)
    return Finding(
        "model",
        model,
        Verdict.NOTE,
        f"{model}, not a first-generation M5310",
        "it may use another set of OneNET commands than this driver",
    )


def _firmware(answer: Answer) -> Finding:
    version = identity.text_of(answer)
    if "3." in version:
        return Finding("firmware", version, Verdict.WELL, version)
    return Finding(
        "firmware",
        version,
        Verdict.NOTE,
        f"{version}, older than SP3",
        "it does not acknowledge reports; update the firmware if you need that",
    )


def _radio(answer: Answer) -> Finding:
    on = general.radio_on(answer)
    if on:
        return Finding("radio", on, Verdict.WELL, "on")
    return Finding("radio", on, Verdict.WRONG, "off", "turn it on: AT+CFUN=1")


def _signal(answer: Answer) -> Finding:
    dbm = measurements.signal_of(answer)
    words = signal_words(dbm).removeprefix("signal ")
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


def _registration(answer: Answer) -> Finding:
    status = network.registration_of(answer)
    verdict = Verdict.WELL if status.stat.registered else Verdict.WRONG
    advice = _REGISTRATION.get(status.stat, "")
    return Finding("registration", status.stat.name, verdict, status_words(status), advice)


def _attached(answer: Answer) -> Finding:
    attached = network.attached(answer)
    if attached:
        return Finding("attached", attached, Verdict.WELL, "yes")
    advice = "attach: AT+CGATT=1; it takes up to 2 minutes"
    return Finding("attached", attached, Verdict.WRONG, "no", advice)


def _address(answer: Answer) -> Finding:
    address = network.address_of(answer)
    if address is not None:
        return Finding("address", address, Verdict.WELL, address)
    return Finding("address", None, Verdict.NOTE, "none yet", "the network assigns it on attach")


CHECKS: Final = (
    Check("manufacturer", identity.manufacturer(), _plain("manufacturer", identity.text_of)),
    Check("model", identity.model(), _model),
    Check("firmware", identity.firmware(), _firmware),
    Check("IMEI", identity.imei(), _plain("IMEI", identity.imei_of), vital=True),
    Check("SIM", identity.imsi(), _plain("SIM", identity.imsi_of), vital=True),
    Check("SIM card", identity.iccid(), _plain("SIM card", identity.iccid_of)),
    Check("radio", general.radio_query(), _radio, vital=True),
    Check("signal", measurements.signal_quality(), _signal, vital=True),
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
