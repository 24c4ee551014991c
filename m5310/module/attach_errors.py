"""Why an attach failed: the evidence, the obstacle that it shows, and what to try."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from m5310.commands.network import NetworkStatus, Registration, describe_cause, describe_status
from m5310.commands.signal import describe_signal
from m5310.errors import Code, CommandError, M5310Error, Text, listed

# The error numbers for "no usable SIM" (TS 27.007 9.2.1; 311 seen), with advice.
SIM_ADVICE: Final = {
    10: Text("insert a SIM, and check that it lies in its holder the right way"),
    11: Text("switch the PIN of the SIM off in a telephone"),
    12: Text("unlock the SIM with its PUK in a telephone"),
    13: Text("clean the contacts of the SIM, or try another one"),
    15: Text("try another SIM: this one is not accepted"),
    311: Text("switch the PIN of the SIM off in a telephone"),
}


_OTHER_SPEEDS: Final = Text("`m5310 probe PORT` finds it, and so does attach(speeds=COMMON_SPEEDS)")


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
        return listed((status, describe_signal(self.signal)))


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
        super().__init__(_with_restarts(_words(self.obstacle, evidence), evidence.restarts))
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


def _words(obstacle: Obstacle, seen: Evidence) -> Text:
    last, seconds = seen.last, seen.elapsed
    stat = Text("nothing known") if last is None else last.stat.name
    match obstacle:
        case Obstacle.NO_ANSWER:
            return _silence(seen)
        case Obstacle.NO_SIM:
            number = seen.sim.number if seen.sim is not None else None
            advice = SIM_ADVICE.get(number or 0, Text("check that a SIM is in its holder"))
            return Text("the SIM cannot be used: {error}; {advice}", error=seen.sim, advice=advice)
        case Obstacle.DENIED:
            return _denial(None if last is None else last.cause)
        case Obstacle.NO_COVERAGE:
            return Text(
                "no signal in {attempts} attempts within {seconds:.0f} s (+CSQ:99, {stat}); check "
                "the antenna and the bands searched (AT+NBAND), or forget the frequencies found "
                "elsewhere (AT+NCSEARFCN)",
                attempts=0 if last is None else last.number,
                seconds=seconds,
                stat=stat,
            )
        case Obstacle.SEARCHING:
            return Text(
                "not registered within {seconds:.0f} s ({stat}) although {signal} dBm are "
                "received; check the SIM's subscription and the operator (AT+COPS?), or allow "
                "more time",
                seconds=seconds,
                stat=stat,
                signal=None if last is None else last.signal,
            )
        case _:
            assert_never(obstacle)


def _denial(cause: int | None) -> Text:
    advice = Text(
        "check that the SIM's subscription is active, allows NB-IoT and is not bound to another "
        "module"
    )
    if cause is None:
        return Text("the network denies the registration (+CEREG stat 3); {advice}", advice=advice)
    return Text(
        "the network denies the registration (+CEREG stat 3, {cause}); {advice}",
        cause=describe_cause(cause),
        advice=advice,
    )


def _with_restarts(words: Text, count: int) -> Text:
    if not count:
        return words
    if count == 1:
        times = Text("it restarted once meanwhile")
    else:
        times = Text("it restarted {count} times meanwhile", count=count)
    return Text(
        "{words}; {times}: check that the power supply can deliver the peak current of the radio",
        words=words,
        times=times,
    )


def _silence(seen: Evidence) -> Text:
    """What was received instead of an answer, and what to try."""
    silence = Text("no answer to AT within {seconds:.0f} s", seconds=seen.elapsed)
    if seen.speeds:
        speeds = ", ".join(map(str, seen.speeds))
        silence = Text("{silence} at {speeds} baud", silence=silence, speeds=speeds)
    if seen.last is not None:
        return Text(
            "{silence}, although it answered before; check the power supply", silence=silence
        )
    if seen.noise:
        return Text(
            "{silence}, but {noise} bytes of noise; {advice}",
            silence=silence,
            noise=seen.noise,
            advice=_OTHER_SPEEDS,
        )
    silence = Text(
        "{silence}, and no noise; check the power, RX and TX, and the port", silence=silence
    )
    if not seen.speeds:
        return silence
    return Text(
        "{silence}. If the module has another speed: {advice}",
        silence=silence,
        advice=_OTHER_SPEEDS,
    )
