"""The numbers of +MIPLEVENT (specification of the suite; China Mobile's LwM2M manual for 31)."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.module.lwm2m.host import Happening

EVENTS: Mapping[Happening, int] = {
    Happening.BOOTSTRAP_STARTED: 1,
    Happening.BOOTSTRAP_DONE: 2,
    Happening.BOOTSTRAP_FAILED: 3,
    Happening.CONNECTED: 4,
    Happening.REGISTERED: 6,
    Happening.REGISTER_REFUSED: 7,
    Happening.REGISTER_TIMED_OUT: 8,
    Happening.LIFETIME_OVER: 9,
    Happening.UPDATED: 11,
    Happening.UPDATE_REFUSED: 12,
    Happening.UPDATE_TIMED_OUT: 13,
    Happening.UPDATE_NEEDED: 14,
    Happening.DEREGISTERED: 15,
    Happening.LOST: 25,
    Happening.ACKNOWLEDGED: 26,
    Happening.REMOVED: 31,
}
# guess: something waits for AT+MIPLRD. The EC616's firmware has an event for it; 50 is the number
# that the lists of events leave out.
BUFFERED = 50
# What has a number behind the event.
WITH_EXTEND = frozenset({Happening.UPDATE_NEEDED, Happening.LOST, Happening.ACKNOWLEDGED})
