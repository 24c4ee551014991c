"""The numbers of +MIPLEVENT, and what each means for a device."""

from __future__ import annotations

from typing import Final

from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Ended,
    Event,
    NotAcknowledged,
    Opened,
    Updated,
    UpdateNeeded,
    Urc,
)
from m5310.errors import AnswerError, Text

MEANINGS: Final = {
    1: Text("bootstrap begins"),
    2: Text("bootstrap done"),
    3: Text("bootstrap failed"),
    4: Text("connected"),
    5: Text("connection failed"),
    6: Text("registered"),
    7: Text("registration refused"),
    8: Text("no answer to the registration"),
    9: Text("the lifetime is over"),
    10: Text("halted"),
    11: Text("registration updated"),
    12: Text("update failed"),
    13: Text("no answer to the update"),
    14: Text("an update is needed"),
    15: Text("deregistered"),
    20: Text("an answer did not arrive"),
    21: Text("an answer arrived"),
    25: Text("a report did not arrive"),
    26: Text("a report was acknowledged"),
    31: Text("the platform deleted the device"),
    32: Text("the address of the DTLS connection is out of date"),
    33: Text("a packet of more than 1500 bytes was dropped"),
    40: Text("firmware: downloading"),
    41: Text("firmware: download failed"),
    42: Text("firmware: downloaded"),
    43: Text("firmware: updating"),
    44: Text("firmware: updated"),
    45: Text("firmware: update failed"),
    46: Text("firmware: update over"),
    47: Text("firmware: download broken off"),
    48: Text("firmware: erased"),
    49: Text("firmware: not erased"),
    51: Text("firmware: download goes on"),
}

_PROGRESS: Final = frozenset({1, 2, 4, 21})
"""Steps of a login, and arrived answers: not sent by all modules, and of no use to a program."""
_FAILED: Final = frozenset({3, 5, 7})
# 8 also ends a login under way, 31 is China Mobile's
_ENDED: Final = frozenset({8, 9, 13, 31})


def meaning(number: int) -> str:
    return MEANINGS.get(number) or Text("not known")


def parse(ref: int, number: int, extend: int | None) -> Urc:
    """What the event means. Raises AnswerError without the ackid that it must have."""
    if number in _FAILED:
        return Opened(ref, False)
    if number in _ENDED:
        return Ended(ref, number, meaning(number))
    match number:
        case 6:
            return Opened(ref, True)
        case 11 | 12:
            return Updated(ref, number == 11)
        case 14:
            return UpdateNeeded(ref, extend)
        case 15:
            return Closed(ref, True)
        case 25 | 26:
            if extend is None:
                raise AnswerError(f"event {number} without an ackid")
            return (Acknowledged if number == 26 else NotAcknowledged)(ref, extend)
        case _:
            return Event(ref, number, extend, meaning(number), number in _PROGRESS)
