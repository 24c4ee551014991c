"""What can go wrong with a call of OneNET's HTTP API, in one tree."""

from __future__ import annotations

from typing import Final

_CLASSIC: Final = {
    1: ("internal server error", "the platform failed; try again later"),
    2: ("api-key required", "the request had no api-key"),
    3: ("auth failed", "the api-key is wrong, or the IMEI or device is not one of its product"),
    4: ("invalid JSON", "the body is no JSON"),
    5: ("request entity too large", "the body is too long"),
    6: ("invalid parameter", "a parameter has a wrong value; the detail names it"),
    7: ("parameter required", "a parameter is missing; the detail names it"),
    8: ("not found", "what was asked for is not there"),
    9: ("entity data required", "the request needs a body"),
    10: ("device not online", "the device is not registered now; try an offline command"),
    11: ("datastream already exists", "the device has a stream of this name"),
    12: ("already exists", "there is one of this name"),
    13: ("system limit", "a limit of the platform is reached, such as 10 offline commands"),
    14: ("network latency", "the device is offline, or its network is slow"),
    15: ("api freq out of limit", "too many calls; try again later"),
    16: ("unsuccess", "the device refused or did not answer; the detail says which"),
    17: ("nbiot server error", "the platform's NB-IoT part failed; try again later"),
    18: ("hs server error", "a server of the platform failed; try again later"),
    19: ("device count limit by account policy", "the account has all devices it may have"),
    20: ("max device count limit is 1000 for one time", "ask for fewer devices in one call"),
    21: ("device field constraint violation", "a field of the device has a wrong value"),
    22: ("invalid protocol", "the protocol is not one of the platform's"),
    23: ("contain sensitive words", "the platform does not take a word of the text"),
}
"""errno of every call in 2018, and of all but `/nbiot` later: reason, and what it means."""

_NBIOT: Final = {
    1: ("auth failed", "the api-key is wrong, or the IMEI is not one of its product"),
    3: ("parameter required", "a parameter is missing; the detail names it"),
    7: ("service internal error", "the platform failed; try again later"),
    2001: ("device not online", "the device is not registered now; try an offline command"),
    5006: ("system logic limit", "a limit of the platform is reached"),
    5106: ("unsuccess", "the device refused or did not answer; the detail says which"),
    5108: ("invalid parameter", "a parameter has a wrong value, or the device's answer has"),
    5117: ("rpc error", "a part of the platform did not answer; try again later"),
}
"""errno of the calls of `/nbiot` from 2019 on."""


def meaning_of(errno: int, error: str) -> str:
    """What an errno means, in words.

    1, 3 and 7 mean something else in each table: the reason that `error` begins with decides.
    """
    entries = [table[errno] for table in (_CLASSIC, _NBIOT) if errno in table]
    for reason, meaning in entries:
        if error.lower().startswith(reason):
            return meaning
    return entries[0][1] if entries else "an error that OneNET does not document"


class CallFailed(Exception):
    """A call of OneNET's API that did not bring its result."""


class OneNetError(CallFailed):
    """OneNET refused the call, or could not do it: `errno` and `error` as it answered them.

    `error` is `<reason>: <detail>`, `meaning` the same in words. The numbers are those of the
    guide's `errno`; `/nbiot` has others from 2019 on.
    """

    def __init__(self, errno: int, error: str, call: str) -> None:
        self.errno, self.error, self.meaning = errno, error, meaning_of(errno, error)
        super().__init__(f"{call}: errno {errno}, {error} ({self.meaning})")


class NotConnected(CallFailed):
    """No connection, or it broke. After a break the platform may have done the call."""


class NoAnswer(CallFailed):
    """No answer within the client's timeout. The platform may have done the call."""


class BadAnswer(CallFailed):
    """The answer is not one of OneNET's: what was expected and what came is in the message."""
