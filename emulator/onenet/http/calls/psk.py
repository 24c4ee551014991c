"""The key of a device for DTLS (OneNET's documents of 2019).

guess: the documents have one for the bootstrap (`psk`) and one for the access machine (`accpsk`);
here both are the one key of the device, which a bootstrap replaces.
"""

from __future__ import annotations

from emulator.onenet.endpoint_names import PSK
from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import Schema
from emulator.onenet.http.route import EP_NAME, IMEI, Body, Key, Route


async def show(call: Call) -> Answer:
    device = call.device_by_imei()
    if device.psk is None:
        raise ApiError(Reason.NOT_FOUND, f"device {device.id} has no key (psk)")
    return success({"key": device.psk})


async def change(call: Call) -> Answer:
    """Give the device a key, or another one."""
    key = call.body.get("key")
    if key is None:
        raise required("key")
    if not isinstance(key, str) or not PSK.fullmatch(key):
        raise invalid(f"key {shown(key)}, expected 8 to 16 letters or digits")
    device = call.device_by_imei()
    call.act(lambda _: call.platform.devices.set_key(device, key))
    return success()


_QUERY = (IMEI, EP_NAME)
_KEY: Schema = {
    "type": "object",
    "properties": {"key": {"type": "string", "pattern": f"^{PSK.pattern}$"}},
    "required": ["key"],
}
_SET = "Set the key of a device"
ROUTES = tuple(
    Route(method, path, summary, "documents of 2019", Key.MASTER, call, _QUERY, body, data)
    for path in ("/nbiot/device/psk", "/nbiot/device/accpsk")
    for method, summary, call, body, data in (
        ("GET", "Show the key of a device", show, None, _KEY),
        ("POST", _SET, change, Body(_KEY), None),
        ("PUT", _SET, change, Body(_KEY), None),
    )
)
