"""What a person can ask a module: each question with the command that asks and its answer in words.

Shapes and readers are those of the driver's vocabulary; only the words are added here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from m5310.at.codec import Answer, Command
from m5310.commands import general, identity, network, power, sockets
from m5310.commands import signal as measurements
from m5310.commands.clock import clock, clock_of
from m5310.commands.network import NetworkStatus, Registration
from m5310.errors import AnswerError, shortened
from m5310.module.attach_errors import cause_words


@dataclass(frozen=True, slots=True)
class Query:
    """`asks` completes "ask for ..."; `tells` may raise AnswerError on an answer out of shape."""

    command: Command
    asks: str
    tells: Callable[[Answer], str]


# --- words that others use as well -----------------------------------------------------------

_STATS: Final = {
    Registration.NOT_REGISTERED: "not registered, and not searching",
    Registration.HOME: "registered, home network",
    Registration.SEARCHING: "not registered yet, searching",
    Registration.DENIED: "registration denied by the network",
    Registration.UNKNOWN: "registration unknown, out of coverage",
    Registration.ROAMING: "registered, roaming",
}


def status_words(status: NetworkStatus) -> str:
    words = _STATS[status.stat]
    if status.tac is not None:
        words += f", cell {status.cell:X} in area {status.tac:X}"
    if status.reject_cause is not None:
        cause = status.reject_cause
        words += f", vendor's cause {cause}" if status.cause_type else f", {cause_words(cause)}"
    return words


def cycle_words(code: str | None) -> str:
    """An eDRX cycle by its 4 bits; None: there is none. A code of other radios is told as such."""
    if code is None:
        return "eDRX off"
    try:
        return f"eDRX cycle {power.cycle_seconds(code):g} s"
    except AnswerError:
        return f"eDRX code {shortened(code, 20)}, no cycle of NB-IoT"


WEAK: Final = -105
"""dBm below which a login tends to fail for want of signal. A guess: NB-IoT itself goes lower."""
GOOD: Final = -90
"""dBm from which nothing is wrong with the antenna (a guess)."""


def signal_words(dbm: int | None) -> str:
    if dbm is None:
        return "no signal known"
    strength = "good" if dbm >= GOOD else "fair" if dbm >= WEAK else "weak"
    return f"signal {dbm} dBm, {strength}"


def seconds_words(seconds: float | None) -> str:
    """A duration of a timer; None: it does not run."""
    if seconds is None:
        return "off"
    if seconds < 120 or seconds % 60:
        return f"{seconds:g} s"
    return f"{seconds / 3600:g} h" if seconds >= 7200 else f"{seconds / 60:g} min"


# --- answers in words ------------------------------------------------------------------------


def _switch(what: str, read: Callable[[Answer], bool]) -> Callable[[Answer], str]:
    return lambda answer: f"{what} {'on' if read(answer) else 'off'}"


def _named(what: str, read: Callable[[Answer], object]) -> Callable[[Answer], str]:
    return lambda answer: f"{what} {read(answer)}"


def _lines(answer: Answer) -> str:
    return ", ".join(answer.lines)


def _operator(answer: Answer) -> str:
    name = network.operator_of(answer)
    return "no operator" if name is None else f"operator {name}"


def _address(answer: Answer) -> str:
    address = network.address_of(answer)
    return "no IP address" if address is None else f"IP address {address}"


def _bands(answer: Answer) -> str:
    return ", ".join(map(str, network.bands_of(answer)))


def _contexts(answer: Answer) -> str:
    points = network.access_points(answer).items()
    return ", ".join(f"context {number}: access point {name}" for number, name in points)


def _power_saving(answer: Answer) -> str:
    found = power.power_saving_of(answer)
    if not found.on:
        return "power saving off"
    update, active = map(seconds_words, (found.periodic_update, found.active))
    return f"power saving on: periodic update {update}, reachable after traffic {active}"


def _reception(answer: Answer) -> str:
    return cycle_words(power.discontinuous_reception_code(answer))


def _configuration(answer: Answer) -> str:
    found = general.configuration_of(answer).items()
    return ", ".join(f"{name} is {value}" for name, value in found)


_STATISTICS: Final = {
    "signal_power": "signal power {} dBm",
    "total_power": "total power {} dBm",
    "transmit_power": "transmit power {} dBm",
    "snr": "signal to noise {} dB",
    "coverage_level": "coverage level {}",
    "earfcn": "frequency (EARFCN) {}",
    "cell": "cell {}",
    "pci": "physical cell {}",
}


def _statistics(answer: Answer) -> str:
    found = measurements.statistics_of(answer)
    known = ((words, getattr(found, field)) for field, words in _STATISTICS.items())
    return ", ".join(words.format(value) for words, value in known if value is not None)


def _cells(answer: Answer) -> str:
    return "; ".join(
        f"{'serving' if cell.primary else 'neighbour'} cell {cell.pci} at EARFCN {cell.earfcn}: "
        f"{cell.rsrp:g} dBm, quality {cell.rsrq:g} dB, signal to noise {cell.snr:g} dB"
        for cell in measurements.cells_of(answer)
    )


def _sent(answer: Answer) -> str:
    return f"{sockets.sent(answer)} bytes taken"


def _received(answer: Answer) -> str:
    datagram = sockets.received(answer)
    assert datagram is not None, "an answer with a line in it brings a datagram"
    rest = f", {datagram.remaining} more bytes wait" if datagram.remaining else ""
    size = len(datagram.data)
    return f"{size} bytes from {datagram.address}:{datagram.port} on socket {datagram.socket}{rest}"


# --- the table -------------------------------------------------------------------------------

QUERIES: Final = (
    Query(identity.information(), "information", _lines),
    Query(identity.manufacturer(), "the manufacturer", _named("manufacturer", identity.text_of)),
    Query(identity.model(), "the model", _named("model", identity.text_of)),
    Query(identity.revision(), "the chip's firmware", _named("firmware", identity.text_of)),
    Query(identity.firmware(), "the module's firmware", _named("firmware", identity.text_of)),
    Query(identity.imei(), "the IMEI", _named("IMEI", identity.imei_of)),
    Query(identity.serial_number(), "the serial number", _lines),
    Query(identity.imsi(), "the SIM's number (IMSI)", _named("IMSI", identity.imsi_of)),
    Query(identity.iccid(), "the SIM card's number", _named("SIM card", identity.iccid_of)),
    Query(
        general.error_numbers_query(),
        "how errors are told",
        _switch("error numbers", general.error_numbers_on),
    ),
    Query(general.speed_query(), "the speed", _named("speed in baud:", general.speed_of)),
    Query(general.radio_query(), "the radio's state", _switch("radio", general.radio_on)),
    Query(
        clock(),
        "the time",
        lambda answer: f"time {clock_of(answer) or 'not known yet'}",
    ),
    Query(general.configuration(), "the configuration", _configuration),
    Query(
        measurements.signal_quality(),
        "the signal strength",
        lambda answer: signal_words(measurements.signal_of(answer)),
    ),
    Query(
        network.registration(),
        "the registration on the network",
        lambda answer: status_words(network.registration_of(answer)),
    ),
    Query(
        network.attachment(),
        "the attachment to the network",
        lambda answer: ("" if network.attached(answer) else "not ") + "attached to the network",
    ),
    Query(
        network.connection(),
        "the radio connection",
        lambda answer: f"radio {'connected' if network.connected(answer) else 'idle'}",
    ),
    Query(network.operator_query(), "the operator", _operator),
    Query(network.bands_query(), "the bands", _named("bands", _bands)),
    Query(measurements.statistics(), "the radio's measurements", _statistics),
    Query(measurements.cells(), "the cells around", _cells),
    Query(network.addresses(), "the IP address", _address),
    Query(network.contexts(), "the access points", _contexts),
    Query(power.power_saving_query(), "power saving", _power_saving),
    Query(power.discontinuous_reception_query(), "the eDRX cycle", _reception),
)

SOCKETS: Final = {
    "+NSOCR": Query(sockets.create(), "", _named("socket", sockets.created)),
    "+NSOST": Query(sockets.send(0, "127.0.0.1", 0, b"?"), "", _sent),
    "+NSORF": Query(sockets.receive(0, 1), "", _received),
}
"""By name: these carry values, so that no two command lines are alike."""
