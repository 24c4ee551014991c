"""UUIDs of data streams. Pure."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5


def stream_uuid(device_id: str, stream_id: str) -> str:
    """The UUID of a stream, the same on each platform. guess: OneNET draws its UUIDs."""
    return str(uuid5(NAMESPACE_URL, f"onenet:{device_id}:{stream_id}"))
