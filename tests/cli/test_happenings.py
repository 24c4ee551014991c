"""What happens to a device, in words: known events as sentences, new ones not hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest

from m5310.cli.happenings import event_words
from m5310.device.upkeep import (
    Reconnecting,
    RenewalFailed,
    Renewed,
    Reset,
    Restored,
    UpkeepEvent,
)
from m5310.errors import RegistrationError

ERROR = RegistrationError("no verdict came", timed_out=True)

SAID = {
    Reset("REBOOT_CAUSE_UNKNOWN"): "the module has restarted (REBOOT_CAUSE_UNKNOWN); "
    "bringing the device back",
    Reconnecting(2, 3.7, ERROR): "attempt 2 failed, the next in 4 s: no verdict came",
    Restored(1): "the device is back in service",
    Restored(3): "the device is back in service, after 3 attempts",
    Renewed(86400): "the registration is renewed for 24 h",
    RenewalFailed(ERROR): "the registration was not renewed: no verdict came",
}


@pytest.mark.parametrize("event", SAID)
def test_events_are_sentences(event: UpkeepEvent) -> None:
    assert event_words(event) == SAID[event]


@dataclass(frozen=True, slots=True)
class PortFound:
    same_name: bool
    port: str


@dataclass(frozen=True, slots=True)
class PortLost:
    pass


class Unforeseen:
    pass


def test_an_event_of_the_future_is_not_hidden() -> None:
    assert event_words(PortFound(False, "COM3")) == "port found: same name False, port COM3"
    assert event_words(PortLost()) == "port lost"
    assert event_words(Unforeseen()) == "unforeseen"


def test_every_event_of_today_has_a_sentence_of_its_own() -> None:
    assert {type(event) for event in SAID} >= set(get_args(UpkeepEvent))
