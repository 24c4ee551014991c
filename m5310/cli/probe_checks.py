"""What a probe asks of a module, and what to think of the answers."""

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
    WELL = 0
    NOTE = 1
    """Worth knowing, in no need of a remedy."""
    WRONG = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """`value` is for programs: a number where there is one, None where nothing came."""

    name: str
    value: str | int | bool | None
    verdict: Verdict
    words: str
    advice: str = ""


Judge = Callable[[Answer], Finding]


@dataclass(frozen=True, slots=True)
class Question:
    """`judge` may raise AnswerError; `vital`: without an answer the module is not well."""

    name: str
    command: Command
    judge: Judge
    vital: bool = False

    def finding(self, outcome: Answer | M5310Error) -> Finding:
        """What an answer, or the lack of one, says."""
        if isinstance(outcome, Answer):
            try:
                return self.judge(outcome)
            except M5310Error as error:
                return self._nothing(error)
        return self._nothing(outcome)

    def _nothing(self, error: M5310Error) -> Finding:
        match error:
            case CommandError():
                words = f"refused with {error.result}"
                advice = SIM_ADVICE.get(error.number or 0, "")
            case CommandTimeout():
                words, advice = "no answer", "the module may be busy or asleep: ask again"
            case _:
                words, advice = str(error), ""
        verdict = Verdict.WRONG if self.vital else Verdict.NOTE
        if verdict is Verdict.WRONG and not advice and self.name == "SIM":
            advice = _NO_SIM
        return Finding(self.name, None, verdict, words, advice)


_NO_SIM: Final = "put an NB-IoT SIM into its holder, and restart the module"


# --- verdicts --------------------------------------------------------------------------------


def _plain(name: str, read: Callable[[Answer], str]) -> Judge:
    def judge(answer: Answer) -> Finding:
        text = read(answer)
        return Finding(name, text, Verdict.WELL, text)

    return judge


def _model(answer: Answer) -> Finding:
    model = identity.text_of(answer)
    if model.upper().startswith("M5310") and "-A" not in model.upper():
        return Finding("model", model, Verdict.WELL, model)
    return Finding(
        "model",
        model,
        Verdict.NOTE,
        f"{model}, no first-generation M5310",
        "its OneNET commands may be those of the later language",
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
        "reports cannot be acknowledged; update the firmware if you need that",
    )


def _radio(answer: Answer) -> Finding:
    on = general.radio_on(answer)
    if on:
        return Finding("radio", on, Verdict.WELL, "on")
    return Finding("radio", on, Verdict.WRONG, "off", "switch it on: AT+CFUN=1")


def _signal(answer: Answer) -> Finding:
    dbm = measurements.signal_of(answer)
    words = signal_words(dbm).removeprefix("signal ")
    if dbm is None:
        advice = "connect the antenna, or go where NB-IoT coverage is"
        return Finding("signal", dbm, Verdict.WRONG, words, advice)
    if dbm < WEAK:
        advice = "a better place for the antenna will save time and power"
        return Finding("signal", dbm, Verdict.NOTE, words, advice)
    return Finding("signal", dbm, Verdict.WELL, words)


_REGISTRATION: Final = {
    Registration.NOT_REGISTERED: "switch the radio on (AT+CFUN=1) and attach (AT+CGATT=1)",
    Registration.SEARCHING: "wait, up to 2 minutes after power-on; then look at the antenna",
    Registration.DENIED: "ask the operator whether this SIM is active, and for NB-IoT",
    Registration.UNKNOWN: "go where NB-IoT coverage is",
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
    return Finding("address", None, Verdict.NOTE, "none yet", "it comes with the attachment")


QUESTIONS: Final = (
    Question("manufacturer", identity.manufacturer(), _plain("manufacturer", identity.text_of)),
    Question("model", identity.model(), _model),
    Question("firmware", identity.firmware(), _firmware),
    Question("IMEI", identity.imei(), _plain("IMEI", identity.imei_of), vital=True),
    Question("SIM", identity.imsi(), _plain("SIM", identity.imsi_of), vital=True),
    Question("SIM card", identity.iccid(), _plain("SIM card", identity.iccid_of)),
    Question("radio", general.radio_query(), _radio, vital=True),
    Question("signal", measurements.signal_quality(), _signal, vital=True),
    Question("registration", network.registration(), _registration, vital=True),
    Question("attached", network.attachment(), _attached, vital=True),
    Question("address", network.addresses(), _address),
)


def silence(port: str, speeds: tuple[int, ...]) -> Finding:
    """Nobody answered at any of these speeds."""
    tried = ", ".join(map(str, speeds))
    return Finding(
        "answer",
        None,
        Verdict.WRONG,
        f"nobody answers at {tried} baud",
        f"is the module powered, RX wired to TX and TX to RX, ground to ground, and {port} the "
        "right port (`m5310 ports`)?",
    )
