"""Work with China Mobile's M5310 NB-IoT module: OneNET devices from Python.

The same device in two ways. With asyncio:

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

Times are in seconds. Whatever goes wrong is an `M5310Error` with the C kit's number in `code`;
a `UsageError` came before a byte was written. `Modem` sends any other AT command.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m5310.at.codec import Answer, Command, Response
    from m5310.at.line_stream import Following
    from m5310.at.modem import Modem
    from m5310.commands.general import Booted
    from m5310.commands.network import NetworkStatus, PingReply
    from m5310.commands.power import PowerSaving
    from m5310.device.device import Device
    from m5310.device.events import (
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
        UpkeepCounters,
    )
    from m5310.device.outbox import WhenFull
    from m5310.device.reports import Report, ReportState
    from m5310.dialects.classic.config import Blocks, Config
    from m5310.dialects.classic.urcs import Reading
    from m5310.errors import (
        AcknowledgementRefused,
        AcknowledgementTimeout,
        AnswerError,
        Code,
        CommandError,
        CommandTimeout,
        M5310Error,
        ModemReset,
        NotFound,
        NotSupported,
        OutboxFull,
        ParameterError,
        PortError,
        RegistrationError,
        StateError,
        UsageError,
    )
    from m5310.lwm2m.path import Path
    from m5310.lwm2m.resources import Access, Resource
    from m5310.lwm2m.values import Value, ValueType
    from m5310.module.attach import Attached, Setup
    from m5310.module.attach_errors import AttachError, Attempt, Obstacle
    from m5310.module.module import Module
    from m5310.module.ping import PingFailed
    from m5310.module.queries import Identity
    from m5310.module.speed import SpeedError
    from m5310.nbiot import (
        NBIOT_BOOLEAN,
        NBIOT_EXECUTABLE,
        NBIOT_FLOAT,
        NBIOT_HEX_STRING,
        NBIOT_INTEGER,
        NBIOT_OPAQUE,
        NBIOT_READABLE,
        NBIOT_STRING,
        NBIOT_UPDATED,
        NBIOT_WRITABLE,
        NbiotDevice,
        nbiot_device_close,
        nbiot_device_connect,
        nbiot_device_create,
        nbiot_device_destroy,
        nbiot_device_step,
        nbiot_device_sync,
        nbiot_resource_add,
        nbiot_resource_del,
    )
    from m5310.nbiot.values import NbiotValue
    from m5310.states import DeviceState

__all__ = [
    "NBIOT_BOOLEAN",
    "NBIOT_EXECUTABLE",
    "NBIOT_FLOAT",
    "NBIOT_HEX_STRING",
    "NBIOT_INTEGER",
    "NBIOT_OPAQUE",
    "NBIOT_READABLE",
    "NBIOT_STRING",
    "NBIOT_UPDATED",
    "NBIOT_WRITABLE",
    "Access",
    "AcknowledgementRefused",
    "AcknowledgementTimeout",
    "Answer",
    "AnswerError",
    "AttachError",
    "Attached",
    "Attempt",
    "Blocks",
    "Booted",
    "Code",
    "Command",
    "CommandError",
    "CommandTimeout",
    "Config",
    "Device",
    "DeviceState",
    "Following",
    "Identity",
    "LoggedOut",
    "M5310Error",
    "Modem",
    "ModemReset",
    "Module",
    "NbiotDevice",
    "NbiotValue",
    "NetworkStatus",
    "NotFound",
    "NotSupported",
    "Obstacle",
    "OutboxFull",
    "ParameterError",
    "Path",
    "PingFailed",
    "PingReply",
    "PortBack",
    "PortError",
    "PortLost",
    "PowerSaving",
    "RadioRestarted",
    "Reading",
    "Reconnecting",
    "RegistrationError",
    "RenewalFailed",
    "Renewed",
    "Report",
    "ReportDropped",
    "ReportState",
    "Reset",
    "Resource",
    "Response",
    "Restored",
    "Setup",
    "SpeedError",
    "StateError",
    "UpkeepCounters",
    "UsageError",
    "Value",
    "ValueType",
    "WhenFull",
    "nbiot_device_close",
    "nbiot_device_connect",
    "nbiot_device_create",
    "nbiot_device_destroy",
    "nbiot_device_step",
    "nbiot_device_sync",
    "nbiot_resource_add",
    "nbiot_resource_del",
]

# Where each name lives. Loaded when first used (PEP 562): a program that only wants the errors
# or the blob's decoder does not load serial ports and state machines.
_HOMES = {
    "m5310.at.codec": "Answer Command Response",
    "m5310.dialects.classic.urcs": "Reading",
    "m5310.device.device": "Device",
    "m5310.errors": (
        "AcknowledgementRefused AcknowledgementTimeout AnswerError Code CommandError "
        "CommandTimeout M5310Error ModemReset NotFound NotSupported OutboxFull ParameterError "
        "PortError RegistrationError StateError UsageError"
    ),
    "m5310.lwm2m.path": "Path",
    "m5310.lwm2m.resources": "Access Resource",
    "m5310.dialects.classic.config": "Blocks Config",
    "m5310.at.modem": "Modem",
    "m5310.nbiot": (
        "NBIOT_BOOLEAN NBIOT_EXECUTABLE NBIOT_FLOAT NBIOT_HEX_STRING NBIOT_INTEGER "
        "NBIOT_OPAQUE NBIOT_READABLE NBIOT_STRING NBIOT_UPDATED NBIOT_WRITABLE NbiotDevice "
        "nbiot_device_close nbiot_device_connect nbiot_device_create "
        "nbiot_device_destroy nbiot_device_step nbiot_device_sync nbiot_resource_add "
        "nbiot_resource_del"
    ),
    "m5310.device.outbox": "WhenFull",
    "m5310.device.reports": "Report ReportState",
    "m5310.states": "DeviceState",
    "m5310.lwm2m.values": "Value ValueType",
    "m5310.module.module": "Module",
    "m5310.module.queries": "Identity",
    "m5310.module.attach": "Attached Setup",
    "m5310.module.attach_errors": "AttachError Attempt Obstacle",
    "m5310.module.ping": "PingFailed",
    "m5310.module.speed": "SpeedError",
    "m5310.commands.network": "NetworkStatus PingReply",
    "m5310.commands.power": "PowerSaving",
    "m5310.commands.general": "Booted",
    "m5310.nbiot.values": "NbiotValue",
    "m5310.at.line_stream": "Following",
    "m5310.device.events": (
        "LoggedOut PortBack PortLost RadioRestarted Reconnecting RenewalFailed Renewed "
        "ReportDropped Reset Restored UpkeepCounters"
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    try:
        home = _HOME_OF[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
