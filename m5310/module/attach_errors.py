"""Why an attach failed: the evidence, the obstacle that it shows, and what to try."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from m5310.commands.network import NetworkStatus, Registration, describe_cause, describe_status
from m5310.commands.signal import describe_signal
from m5310.errors import Code, CommandError, M5310Error

# The error numbers for "no usable SIM" (TS 27.007 9.2.1; 311 seen), with advice.
SIM_ADVICE: Final = {
    10: "insert a SIM, and check that it lies in its holder the right way",
    11: "switch the PIN of the SIM off in a telephone",
    12: "unlock the SIM with its PUK in a telephone",
    13: "clean the contacts of the SIM, or try another one",
    15: "try another SIM: this one is not accepted",
    311: "switch the PIN of the SIM off in a telephone",
}


_OTHER_SPEEDS: Final = "`m5310 probe PORT` finds it, and so does attach(speeds=COMMON_SPEEDS)"


class Obstacle(Enum):
    """Why the module is not registered."""

    NO_ANSWER = "no answer"
    NO_SIM = "no SIM"
    NO_COVERAGE = "no coverage"
    SEARCHING = "searching"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One poll of the network: the `number`th (from 1), `elapsed` s after the beginning.

    `signal` is in dBm, None without reception. `cause` is the EMM cause of a rejection (TS 24.301),
    which +CEREG reports at the levels 3 and 5.
    """

    number: int
    elapsed: float
    stat: Registration
    signal: int | None
    cause: int | None = None

    def __str__(self) -> str:
        status = describe_status(NetworkStatus(self.stat, reject_cause=self.cause))
        return f"{status}, {describe_signal(self.signal)}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `attach` saw in `elapsed` s.

    `talking`: the module still answered at the end. `speeds` in baud were tried, `noise` bytes
    were received. `sim` is the refusal of the SIM. `denied`: the network denies the registration.
    `last` is the last attempt. `restarts` counts restarts after the first answer.
    """

    elapsed: float
    talking: bool
    speeds: tuple[int, ...]
    noise: int
    sim: CommandError | None
    denied: bool
    last: Attempt | None
    restarts: int = 0


class AttachError(M5310Error):
    """The module did not register on the network.

    `obstacle` is the reason, inferred from `evidence`; the message has the advice.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.obstacle: Final = _obstacle(evidence)
        super().__init__(_words(self.obstacle, evidence) + _restarts(evidence.restarts))
        refused = self.obstacle in (Obstacle.NO_SIM, Obstacle.DENIED)
        self.code = Code.REG_FAILED if refused else Code.TIMEOUT


def _obstacle(seen: Evidence) -> Obstacle:
    if not seen.talking:
        return Obstacle.NO_ANSWER
    if seen.sim is not None:
        return Obstacle.NO_SIM
    if seen.denied:
        return Obstacle.DENIED
    if seen.last is None or seen.last.signal is None:
        return Obstacle.NO_COVERAGE
    return Obstacle.SEARCHING


def _words(obstacle: Obstacle, seen: Evidence) -> str:
    within = f"within {seen.elapsed:.0f} s"
    attempts = 0 if seen.last is None else seen.last.number
    stat = "nothing known" if seen.last is None else seen.last.stat.name
    match obstacle:
        case Obstacle.NO_ANSWER:
            return f"no answer to AT {within}{_silence(seen)}"
        case Obstacle.NO_SIM:
            number = seen.sim.number if seen.sim is not None else None
            advice = SIM_ADVICE.get(number or 0, "check that a SIM is in its holder")
            return f"the SIM cannot be used: {seen.sim}; {advice}"
        case Obstacle.DENIED:
            return (
                f"the network denies the registration (+CEREG stat 3{_cause(seen)}); check that "
                "the SIM's subscription is active, allows NB-IoT and is not bound to another module"
            )
        case Obstacle.NO_COVERAGE:
            return (
                f"no signal in {attempts} attempts {within} (+CSQ:99, {stat}); check the "
                "antenna and the bands searched (AT+NBAND), or forget the frequencies found "
                "elsewhere (AT+NCSEARFCN)"
            )
        case Obstacle.SEARCHING:
            signal = None if seen.last is None else seen.last.signal
            return (
                f"not registered {within} ({stat}) although {signal} dBm are received; check the "
                "SIM's subscription and the operator (AT+COPS?), or allow more time"
            )
        case _:
            assert_never(obstacle)


def _cause(seen: Evidence) -> str:
    if seen.last is None or seen.last.cause is None:
        return ""
    return f", {describe_cause(seen.last.cause)}"


def _restarts(count: int) -> str:
    if not count:
        return ""
    times = "once" if count == 1 else f"{count} times"
    return (
        f"; it restarted {times} meanwhile: check that the power supply can deliver the peak "
        "current of the radio"
    )


def _silence(seen: Evidence) -> str:
    """What was received instead of an answer, and what to try."""
    tried = f" at {', '.join(map(str, seen.speeds))} baud" if seen.speeds else ""
    if seen.last is not None:
        return f"{tried}, although it answered before; check the power supply"
    if seen.noise:
        return f"{tried}, but {seen.noise} bytes of noise; {_OTHER_SPEEDS}"
    advice = f"{tried}, and no noise; check the power, RX and TX, and the port"
    return f"{advice}. If the module has another speed: {_OTHER_SPEEDS}" if tried else advice
