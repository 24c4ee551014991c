"""What happens is counted and told, whatever the program's listener does."""

from __future__ import annotations

import logging

import pytest

from m5310.commands.network import Registration
from m5310.device.reports import Report
from m5310.device.upkeep import (
    LoggedOut,
    PortBack,
    PortLost,
    RadioRestarted,
    Reconnecting,
    RenewalFailed,
    Renewed,
    ReportDropped,
    Reset,
    Restored,
    Upkeep,
    UpkeepCounters,
    UpkeepEvent,
)
from m5310.errors import ParameterError, PortError

ERROR = PortError("gone")
EVENTS: list[UpkeepEvent] = [
    Reset("text"),
    PortLost(ERROR),
    PortBack("/dev/ttyUSB1"),
    LoggedOut(),
    Reconnecting(1, 2.0, ERROR),
    RadioRestarted(Registration.DENIED),
    Restored(2),
    Renewed(60),
    RenewalFailed(ERROR),
]


async def test_each_event_is_told_and_counted() -> None:
    told: list[UpkeepEvent] = []
    upkeep = Upkeep(told.append)
    assert upkeep.counters == UpkeepCounters(*[0] * 9)
    dropped = ReportDropped(Report((), 1, acknowledge=False))
    for event in [*EVENTS, Reset("again"), dropped]:
        upkeep.tell(event)
    assert told == [*EVENTS, Reset("again"), dropped]
    assert upkeep.counters == UpkeepCounters(
        resets=2,
        ports_lost=1,
        logouts=1,
        retries=1,
        radio_restarts=1,
        restored=1,
        renewed=1,
        renewals_failed=1,
        reports_dropped=1,
    )


def test_nobody_needs_to_listen() -> None:
    upkeep = Upkeep(None)
    upkeep.tell(Restored(1))
    assert upkeep.counters.restored == 1


def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: UpkeepEvent) -> None:
        raise ZeroDivisionError

    upkeep = Upkeep(fail)
    with caplog.at_level(logging.ERROR):
        upkeep.tell(Restored(1))
    assert "on_event failed on Restored(attempts=1)" in caplog.text
    assert upkeep.counters.restored == 1


async def coroutine(_: UpkeepEvent) -> None: ...


@pytest.mark.parametrize("listener", [coroutine, 5])
def test_what_cannot_listen_is_refused(listener: object) -> None:
    with pytest.raises(ParameterError, match="plain function"):
        Upkeep(listener)  # type: ignore[arg-type]
