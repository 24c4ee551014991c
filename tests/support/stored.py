"""What a platform keeps, for tests."""

from __future__ import annotations

from collections.abc import Collection

from emulator.onenet.devices import Device
from emulator.onenet.platform import Platform
from emulator.onenet.store.streams import Stream, joined


def streams(
    platform: Platform, device: Device, limit: int = 1, ids: Collection[str] | None = None
) -> list[Stream]:
    """The newest points of each stream of `device`."""
    return joined(platform.points.newest(int(device.id), limit, ids))
