"""The platform updates the host's own program: AT+MIPLSOTAVER, AT+MIPLSOTA (OneNET's page on the
modules M531x).

It leads the update by executes, reads and writes of the objects 3 and 5 (`emulator.onenet`). The
host answers them as those of its own objects, but for two: AT+MIPLSOTA=3 says that it has erased
its memory, AT+MIPLSOTA=1 that it has written a block.
"""

from __future__ import annotations

from emulator.lwm2m.model import Path
from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Values
from emulator.module.dialects.suite.instance import Instance
from emulator.module.lwm2m.host import Result
from emulator.module.lwm2m.states import REGISTERED

_VERSION = r"[^\"\r\n]{1,64}"  # guess: the length
_RESULTS = (0, 9)  # guess: wide enough
_DONE = (1, 3)  # guess: all others mean that it failed
_FIRMWARE_UPDATE = Path(5, 0)


class McuUpdate:
    """The methods of commands raise Refusal or a `ClientError`."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def declare(self, values: Values, _now: float) -> Answer:
        """AT+MIPLSOTAVER="version": from the next login on, the host can be updated."""
        self._check()
        values.word(_VERSION)
        values.end()
        if self._instance.client.state in REGISTERED:
            values.doubts.take("a version after the login, not before it", Cme.NOT_ALLOWED)
        self._instance.client.own.lent = True
        return OK

    def report(self, values: Values, now: float) -> Answer:
        """AT+MIPLSOTA=result"""
        self._check()
        (number,) = values.only(_RESULTS)
        self._instance.check_login()
        requests = self._instance.client.requests
        request = requests.newest(_FIRMWARE_UPDATE)
        if request is None or not requests.waits(request, now):
            values.doubts.take("a result of which nothing waits", Cme.NOT_ALLOWED)
        elif number in _DONE:
            requests.complete(request, now)
        else:
            requests.fail(request, now, Result.BAD_REQUEST)
        return OK

    def _check(self) -> None:
        if not self._instance.profile.extras:
            raise Refusal(Cme.NOT_SUPPORTED)
