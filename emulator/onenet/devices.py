"""The devices that the platform knows, by their ids and by the IMEI of their module."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count

from emulator.onenet.datapoints import DataPoints
from emulator.onenet.errors import ApiError, Errno

IMEI = re.compile(r"[0-9A-Za-z]{1,17}")  # OneNET guide 4.2.1: at most 17 digits or letters
IMSI = re.compile(r"[0-9A-Za-z]{1,16}")  # OneNET guide 4.2.1: at most 16

# A guess that bounds the memory, with descriptions of up to 64 KiB each: what a real product may
# hold is not published.
MAX_DEVICES = 1000
# Nine digits, as the device ids of 2019 have.
_FIRST_ID = 500_000_001


@dataclass(frozen=True, slots=True)
class Description:
    """What the creator of a device says of it (OneNET guide 4.2.1).

    `observed` is the API's `obsv`: the platform discovers and observes the device's objects by
    itself after each login. `location` and `other` are the creator's JSON, kept as they came.
    """

    title: str
    imei: str
    imsi: str
    desc: str | None = None
    tags: tuple[str, ...] = ()
    location: dict[str, object] | None = None
    private: bool = True
    observed: bool = True
    other: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """`created` in POSIX seconds."""

    id: str
    description: Description
    created: float
    points: DataPoints = field(default_factory=DataPoints)

    @property
    def endpoint(self) -> str:
        """The name it must log in with: `imei;imsi`."""
        return f"{self.description.imei};{self.description.imsi}"


class Devices:
    def __init__(self) -> None:
        self._by_id: dict[str, Device] = {}
        self._by_imei: dict[str, Device] = {}
        self._ids = count(_FIRST_ID)

    def create(self, description: Description, now: float) -> Device:
        """Raises ApiError: the IMEI belongs to another device, or the product is full."""
        if description.imei in self._by_imei:
            raise ApiError(
                Errno.INVALID_PARAMETER, f"auth_info, imei {description.imei} has a device already"
            )
        if len(self._by_id) >= MAX_DEVICES:
            raise ApiError(Errno.LIMIT, f"{MAX_DEVICES} devices exist")
        device = Device(str(next(self._ids)), description, now)
        self._by_id[device.id] = self._by_imei[description.imei] = device
        return device

    def get(self, device_id: str) -> Device | None:
        return self._by_id.get(device_id)

    def by_imei(self, imei: str) -> Device | None:
        return self._by_imei.get(imei)

    def by_endpoint(self, endpoint: str) -> Device | None:
        """The device that logs in as `imei;imsi`; both must be its own."""
        device = self._by_imei.get(endpoint.partition(";")[0])
        return device if device and device.endpoint == endpoint else None

    def delete(self, device: Device) -> None:
        del self._by_id[device.id]
        del self._by_imei[device.description.imei]
