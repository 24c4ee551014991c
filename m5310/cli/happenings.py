"""What happens to a device that is left running, in words."""

from __future__ import annotations

import re

from m5310.cli.queries import seconds_words
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
)


def event_words(event: object) -> str:
    """One event of `m5310.device.upkeep`.

    Of any type: an event that is not worded here is told by its name and fields, and not hidden.
    """
    match event:
        case Reset(text):
            return f"the module has restarted ({text}); bringing the device back"
        case PortLost(error):
            return f"the port is gone ({error}); waiting for it to come back"
        case PortBack(port):
            return f"the port is back: {port}"
        case LoggedOut():
            return "the module has logged out by itself; logging in again"
        case Reconnecting(attempt, wait, error):
            return f"attempt {attempt} failed, the next in {wait:.0f} s: {error}"
        case RadioRestarted(stat):
            stands = stat.name.lower().replace("_", " ")
            return f"the module gave up on the network ({stands}); its radio was turned off and on"
        case Restored(attempts):
            tried = "" if attempts == 1 else f", after {attempts} attempts"
            return f"the device is back in service{tried}"
        case Renewed(lifetime):
            return f"the registration is renewed for {seconds_words(lifetime)}"
        case RenewalFailed(error):
            return f"the registration was not renewed: {error}"
        case ReportDropped(report):
            paths = ", ".join(str(resource.path) for resource in report.resources)
            return f"the report of {paths} was dropped: too many wait"
        case _:
            return _told(event)


def _told(event: object) -> str:
    """`PortLost(error=...)` as "port lost: error ..."."""
    name = re.sub(r"(?<!^)(?=[A-Z])", " ", type(event).__name__).lower()
    fields: tuple[str, ...] = getattr(event, "__match_args__", ())  # a record's, of either kind
    told = ", ".join(f"{field.replace('_', ' ')} {getattr(event, field)}" for field in fields)
    return f"{name}: {told}" if told else name
