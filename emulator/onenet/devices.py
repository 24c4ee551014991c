"""Devices of the product, by id and by IMEI. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from emulator.onenet.endpoint_names import endpoint_name, imei_of
from emulator.onenet.errors import ApiError, Reason

# guess: bounds memory, with descriptions of up to 64 KiB each; the real limit is not published.
# Also the largest number of modules: more than Linux has ptys (kernel.pty.max, 4096).
MAX_DEVICES = 5000
# Nine digits, as device ids of 2019 have.
_FIRST_ID = 500_000_001


@dataclass(frozen=True, slots=True)
class Description:
    """The parameters of a new device (OneNET guide 4.2.1).

    `observed` is the API's `obsv`: the platform discovers and observes the device's objects by
    itself after each login. `auth`: the authentication code that its module must send (`Auth_Code`
    of the documents of 2019); None: none is asked for. `psk`: its first key for DTLS. `location`
    and `other` are JSON objects, kept unchanged.
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
    auth: str | None = None
    psk: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """`endpoint`: the name that it must register under. `created` in POSIX seconds."""

    id: str
    endpoint: str
    description: Description
    created: float


class Devices:
    """Every look-up takes constant time."""

    def __init__(self) -> None:
        self._by_id: dict[str, Device] = {}
        self._by_imei: dict[str, Device] = {}
        self._ids = count(_FIRST_ID)
        self._keys: dict[str, str] = {}  # for DTLS, by endpoint name

    def create(self, description: Description, now: float) -> Device:
        """Raises ApiError if the IMEI belongs to another device, or MAX_DEVICES exist."""
        if description.imei in self._by_imei:
            # The text was captured. guess: the value of auth_info is the IMEI, the key of the pair.
            raise ApiError(Reason.INVALID_PARAMETER, f"auth_info exists::{description.imei}")
        if len(self._by_id) >= MAX_DEVICES:
            raise ApiError(Reason.DEVICE_LIMIT, f"{MAX_DEVICES} devices exist")
        endpoint = endpoint_name(description.imei, description.imsi)
        device = Device(str(next(self._ids)), endpoint, description, now)
        self._by_id[device.id] = self._by_imei[description.imei] = device
        if description.psk is not None:
            self._keys[endpoint] = description.psk
        return device

    def key(self, endpoint: str) -> str | None:
        """The key for DTLS of the device with this endpoint name; None: it has none."""
        return self._keys.get(endpoint)

    def replace_key(self, endpoint: str, key: str) -> None:
        """Of a device that has a key."""
        assert endpoint in self._keys
        self._keys[endpoint] = key

    def get(self, device_id: str) -> Device | None:
        return self._by_id.get(device_id)

    def by_imei(self, imei: str) -> Device | None:
        return self._by_imei.get(imei)

    def by_endpoint(self, endpoint: str) -> Device | None:
        """The device with this endpoint name, IMEI and IMSI."""
        device = self._by_imei.get(imei_of(endpoint))
        return device if device and device.endpoint == endpoint else None

    def delete(self, device: Device) -> bool:
        """Returns False if it was deleted before, whether or not its IMEI has another device."""
        if self._by_id.get(device.id) is not device:
            return False
        del self._by_id[device.id]
        del self._by_imei[device.description.imei]
        self._keys.pop(device.endpoint, None)
        return True
