"""All cases in the order they run; those that change least come first."""

from __future__ import annotations

from tools.conforming.general import FRAMING, QUESTIONS, REFUSALS
from tools.conforming.hardware import RADIO, RESTART, SLEEP, SPEED
from tools.conforming.onenet import ON_THE_PLATFORM, REFUSED_LOGIN
from tools.conforming.sockets import SOCKETS

CASES = (
    *FRAMING,
    *QUESTIONS,
    *REFUSALS,
    *SOCKETS,
    *REFUSED_LOGIN,
    *ON_THE_PLATFORM,
    *SLEEP,
    *RADIO,
    *SPEED,
    *RESTART,
)
