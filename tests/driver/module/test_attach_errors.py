"""The obstacle, the code and the advice for each kind of evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from m5310.commands.network import Registration
from m5310.errors import Code, CommandError, M5310Error
from m5310.module.attach_errors import SIM_ADVICE, AttachError, Attempt, Evidence, Obstacle

SEEN = Evidence(
    elapsed=120.2,
    talking=True,
    speeds=(),
    noise=0,
    sim=None,
    denied=False,
    last=Attempt(12, 118, Registration.SEARCHING, -93),
)
MUTE = replace(SEEN, talking=False, last=None)


def refused(number: int | None) -> CommandError:
    return CommandError("AT+CIMI", f"+CME ERROR:{number}", number)


@pytest.mark.parametrize(
    ("evidence", "obstacle", "words"),
    [
        (MUTE, Obstacle.NO_ANSWER, "within 120 s, and no noise; check the power"),
        (
            replace(MUTE, speeds=(9600, 115200)),
            Obstacle.NO_ANSWER,
            "115200 baud, .*the port. If the module has another speed: `m5310 probe PORT` finds it",
        ),
        (
            replace(MUTE, noise=17),
            Obstacle.NO_ANSWER,
            "17 bytes of noise; `m5310 probe PORT` finds it",
        ),
        (replace(SEEN, talking=False), Obstacle.NO_ANSWER, "answered before"),
        (replace(SEEN, sim=refused(10)), Obstacle.NO_SIM, "AT.CIMI.*10.*insert a"),
        (replace(SEEN, sim=refused(311)), Obstacle.NO_SIM, "311.*PIN"),
        (replace(SEEN, sim=refused(None)), Obstacle.NO_SIM, "that a SIM is in"),
        (replace(SEEN, denied=True), Obstacle.DENIED, "denies.*subscription"),
        (
            replace(SEEN, denied=True, last=Attempt(2, 9, Registration.DENIED, -93, cause=7)),
            Obstacle.DENIED,
            "stat 3, EMM cause 7, no EPS services for this SIM.*subscription",
        ),
        (
            replace(SEEN, denied=True, last=Attempt(2, 9, Registration.DENIED, -93, cause=99)),
            Obstacle.DENIED,
            "EMM cause 99, see TS 24.301",
        ),
        (
            replace(SEEN, restarts=1),
            Obstacle.SEARCHING,
            "-93 dBm.*restarted once meanwhile: check that the power supply",
        ),
        (
            replace(SEEN, talking=False, restarts=4),
            Obstacle.NO_ANSWER,
            "answered before.*restarted 4 times.*power supply",
        ),
        (SEEN, Obstacle.SEARCHING, r"\(SEARCHING\) although -93 dBm"),
        (
            replace(SEEN, last=Attempt(12, 118, Registration.SEARCHING, None)),
            Obstacle.NO_COVERAGE,
            r"in 12 attempts within 120 s \(\+CSQ:99, SEARCHING\).*antenna",
        ),
        (replace(SEEN, last=None), Obstacle.NO_COVERAGE, "in 0 attempts"),
    ],
)
def test_evidence_shows_obstacle_and_advice(
    evidence: Evidence, obstacle: Obstacle, words: str
) -> None:
    error = AttachError(evidence)
    assert isinstance(error, M5310Error)
    assert (error.obstacle, error.evidence) == (obstacle, evidence)
    refused = obstacle in (Obstacle.NO_SIM, Obstacle.DENIED)
    assert error.code is (Code.REG_FAILED if refused else Code.TIMEOUT)
    with pytest.raises(AttachError, match=words):
        raise error


@pytest.mark.parametrize("number", SIM_ADVICE)
def test_each_sim_error_has_advice(number: int) -> None:
    assert SIM_ADVICE[number] in str(AttachError(replace(SEEN, sim=refused(number))))
