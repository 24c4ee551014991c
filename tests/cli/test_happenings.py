"""What happens to a device, in words: known events as sentences, new ones not hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest

from m5310.cli.happenings import event_words
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
    UpkeepEvent,
)
from m5310.errors import PortError, RegistrationError
from m5310.lwm2m import Access, Resource
from m5310.values import ValueType

ERROR = RegistrationError("no verdict came", timed_out=True)

SAID = {
    Reset("REBOOT_CAUSE_UNKNOWN"): "the module has restarted (REBOOT_CAUSE_UNKNOWN); "
    "bringing the device back",
    PortLost(PortError("unplugged")): "the port is gone (unplugged); waiting for it to come back",
    PortBack("/dev/ttyUSB1"): "the port is back: /dev/ttyUSB1",
    LoggedOut(): "the module has logged out by itself; logging in again",
    Reconnecting(2, 3.7, ERROR): "attempt 2 failed, the next in 4 s: no verdict came",
    RadioRestarted(Registration.NOT_REGISTERED): "the module gave up on the network "
    "(not registered); its radio was turned off and on",
    Restored(1): "the device is back in service",
    Restored(3): "the device is back in service, after 3 attempts",
    Renewed(86400): "the registration is renewed for 24 h",
    RenewalFailed(ERROR): "the registration was not renewed: no verdict came",
}


@pytest.mark.parametrize("event", SAID)
def test_events_are_sentences(event: UpkeepEvent) -> None:
    assert event_words(event) == SAID[event]


async def test_a_report_that_was_dropped_is_named_by_what_it_was_of() -> None:
    resources = (
        Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE),
        Resource("3311/0/5850", ValueType.BOOLEAN, True, Access.READABLE),
    )
    report = Report(resources, 2, acknowledge=False)
    said = event_words(ReportDropped(report))
    assert said == "the report of 3303/0/5700, 3311/0/5850 was dropped: too many wait"


@dataclass(frozen=True, slots=True)
class PortFound:
    same_name: bool
    port: str


@dataclass(frozen=True, slots=True)
class Asleep:
    pass


class Unforeseen:
    pass


def test_an_event_of_the_future_is_not_hidden() -> None:
    assert event_words(PortFound(False, "COM3")) == "port found: same name False, port COM3"
    assert event_words(Asleep()) == "asleep"
    assert event_words(Unforeseen()) == "unforeseen"


def test_every_event_of_today_has_a_sentence_of_its_own() -> None:
    assert {type(event) for event in SAID} | {ReportDropped} >= set(get_args(UpkeepEvent))
