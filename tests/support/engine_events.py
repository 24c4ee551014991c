"""The events of an engine for some bytes."""

from __future__ import annotations

from m5310.at.engine import Engine
from m5310.at.events import Event


def events_of(engine: Engine, data: bytes, now: float) -> list[Event]:
    return list(engine.receive(data, now))
