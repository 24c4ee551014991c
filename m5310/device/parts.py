"""The parts of one device, for those that coordinate them: `Lifecycle` and `Dispatch`."""

from __future__ import annotations

from typing import NamedTuple

from m5310.device.callbacks import Callbacks
from m5310.device.outbox import Outbox
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import RecoveryPolicy
from m5310.device.registration import Registration
from m5310.device.requests import Requests


class Parts(NamedTuple):
    registration: Registration
    provisioning: Provisioning
    recovery: RecoveryPolicy
    outbox: Outbox
    requests: Requests
    callbacks: Callbacks
