"""Events: their texts, counters and listener."""

from __future__ import annotations

import logging
from typing import get_args

import pytest

from m5310.commands.network import Registration
from m5310.device.attributes import Attributes
from m5310.device.events import (
    GOOD_NEWS,
    AttributesSet,
    Created,
    EventEmitter,
    FirmwareUpdate,
    Identified,
    LoggedIn,
    LoggedOut,
    ModuleEvent,
    PortBack,
    PortLost,
    RadioRestarted,
    Reconnecting,
    RenewalFailed,
    Renewed,
    ReportDropped,
    Reported,
    Reset,
    Restored,
    Searching,
    Subscribed,
    UpdateStep,
    UpkeepCounters,
    UpkeepEvent,
    Waiting,
)
from m5310.device.reports import Report
from m5310.errors import ParameterError, PortError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.attach_errors import Attempt

ERROR = PortError("unplugged")
TEXTS: dict[UpkeepEvent, str] = {
    Created("/dev/ttyUSB0"): "the module on /dev/ttyUSB0 is configured",
    Searching(Attempt(3, 20.2, Registration.SEARCHING, None)): (
        "searching for the network for 20 s: not registered yet, searching, no signal known"
    ),
    LoggedIn("1;2"): "logged in as 1;2",
    Reset("REBOOT_CAUSE_UNKNOWN"): "the module has restarted (REBOOT_CAUSE_UNKNOWN)",
    PortLost(ERROR): "the port is lost (unplugged)",
    PortBack("/dev/ttyUSB1"): "the port is back: /dev/ttyUSB1",
    Subscribed(): "the platform has subscribed to the device",
    Identified("Quectel BC28 (bc28)"): "the module: Quectel BC28 (bc28); it speaks the suite",
    AttributesSet(Path(3303, 0, 5700), Attributes(pmin=15, gt=50.5)): (
        "the platform sets pmin=15;gt=50.5 for 3303/0/5700"
    ),
    ModuleEvent(33, None, "a packet was dropped"): (
        "the module reports event 33: a packet was dropped"
    ),
    FirmwareUpdate(UpdateStep.COMPLETE, 514): (
        "firmware of the host: the new one is complete (514 bytes)"
    ),
    LoggedOut(): "the module has logged out by itself",
    Reconnecting(2, 3.7, ERROR): "attempt 2 failed, next one in 4 s: unplugged",
    Waiting("the platform has not answered", 57.6): (
        "waiting up to 58 s: the platform has not answered"
    ),
    RadioRestarted(Registration.NOT_REGISTERED): (
        "the module stopped its network search (not registered); its radio was turned off and on"
    ),
    Restored(1): "the device is restored",
    Restored(3): "the device is restored after 3 attempts",
    Renewed(86400): "the registration is renewed for 86400 s",
    RenewalFailed(ERROR): "the registration was not renewed: unplugged",
}


async def test_each_event_is_emitted_and_counted() -> None:
    emitted: list[UpkeepEvent] = []
    emitter = EventEmitter(emitted.append)
    assert emitter.counters == UpkeepCounters(*[0] * 10)
    dropped = ReportDropped(Report((), 1, acknowledge=False))
    for event in [*TEXTS, dropped]:
        emitter.emit(event)
    assert emitted == [*TEXTS, dropped]
    assert emitter.counters == UpkeepCounters(
        resets=1,
        ports_lost=1,
        logouts=1,
        retries=1,
        radio_restarts=1,
        restored=2,
        renewed=1,
        renewals_failed=1,
        reports_dropped=1,
        subscribed=1,
    )


# --- in words --------------------------------------------------------------------------------


@pytest.mark.parametrize("event", TEXTS)
def test_text_of_event(event: UpkeepEvent) -> None:
    assert str(event) == TEXTS[event]


async def test_text_of_report_names_its_resources() -> None:
    resources = (
        Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE),
        Resource("3311/0/5850", ValueType.BOOLEAN, True, Access.READABLE),
    )
    report = Report(resources, 2, acknowledge=False)
    dropped, reported = str(ReportDropped(report)), str(Reported(report))
    assert dropped == "the report of 3303/0/5700, 3311/0/5850 was dropped: the outbox is full"
    assert reported == "reported 3303/0/5700, 3311/0/5850"


def test_every_event_has_a_text() -> None:
    assert {type(event) for event in TEXTS} | {ReportDropped, Reported} == set(
        get_args(UpkeepEvent)
    )


@pytest.mark.parametrize("event", TEXTS)
def test_disruption_without_listener_is_a_warning(
    event: UpkeepEvent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        EventEmitter(None).emit(event)
        EventEmitter(lambda _: None).emit(event)
    good = isinstance(event, GOOD_NEWS)
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.INFO if good else logging.WARNING, TEXTS[event]),
        (logging.INFO, TEXTS[event]),
    ]


# --- the program's listener ------------------------------------------------------------------


def test_error_of_listener_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: UpkeepEvent) -> None:
        raise ZeroDivisionError

    emitter = EventEmitter(fail)
    with caplog.at_level(logging.ERROR):
        emitter.emit(Restored(1))
    assert "on_event failed on Restored(attempts=1)" in caplog.text
    assert emitter.counters.restored == 1


async def coroutine(_: UpkeepEvent) -> None: ...


@pytest.mark.parametrize("listener", [coroutine, 5])
def test_listener_must_be_plain_function(listener: object) -> None:
    with pytest.raises(ParameterError, match="plain function"):
        EventEmitter(listener)  # type: ignore[arg-type]
