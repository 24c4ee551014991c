"""Listeners of a device's events."""

from __future__ import annotations

from collections.abc import Callable

from m5310.device.events import (
    Created,
    Identified,
    LoggedIn,
    Reported,
    Searching,
    Subscribed,
    UpkeepEvent,
)


def upkeep(events: list[UpkeepEvent]) -> Callable[[UpkeepEvent], None]:
    """Keeps all events but those of the program's own steps and of each login."""

    def on_event(event: UpkeepEvent) -> None:
        if not isinstance(
            event, Created | Identified | Searching | LoggedIn | Subscribed | Reported
        ):
            events.append(event)

    return on_event
