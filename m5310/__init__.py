"""Driver for China Mobile's M5310 NB-IoT module: OneNET devices from Python.

The same device in two forms. With asyncio:

    async with Device("/dev/ttyUSB0", "<imei>;<imsi>", on_write=switch) as device:
        lamp = await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, Access(3))
        await device.connect(timeout=60)
        await device.notify(lamp, True)

or synchronous, with the names and the order of the C kit; callbacks run in your thread, inside
`nbiot_device_step`:

    dev = nbiot_device_create(port, "<imei>;<imsi>", uri, 86400, on_write, on_read, on_execute)
    nbiot_resource_add(dev, 3311, 0, 5850, NbiotValue(NBIOT_BOOLEAN, False, NBIOT_READABLE))
    nbiot_device_connect(dev, timeout=60)
    nbiot_device_step(dev, timeout=1)
    nbiot_device_destroy(dev)

Either runs unchanged on the other modules of OneNET (M5310-A, BC28, ME3616, ...): it is found out
which one answers, see `PROFILES`.

Times are in seconds. Every error is an `M5310Error` with the C kit's number in `code`; a
`UsageError` was raised before a byte was written. `Module` offers the general AT commands, `Modem`
sends any other.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from m5310.api import *  # noqa: F403 - all of its names
else:  # type checkers would take any name for public

    def __getattr__(name: str) -> object:
        """Import the names when the first is used (PEP 562).

        pytest loads this package in every project of the environment, for its fixtures.
        """
        if name != "__all__" and name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        public = import_module("m5310.api")
        found = {
            each: value
            for each, value in vars(public).items()
            if not (each.startswith("_") or isinstance(value, ModuleType))
        }
        globals().update(found, __all__=list(found))
        if name not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
