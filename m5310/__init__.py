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

Times are in seconds. Every error is an `M5310Error` with the C kit's number in `code`; a
`UsageError` was raised before a byte was written. `Module` offers the general AT commands, `Modem`
sends any other.
"""

# ruff: noqa: I001 - several aliases on a line

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `as` exports a name (PEP 484)
    from m5310.at.codec import Answer as Answer, Command as Command, Response as Response
    from m5310.at.line_stream import Following as Following
    from m5310.at.modem import Modem as Modem
    from m5310.commands.general import Booted as Booted
    from m5310.commands.network import NetworkStatus as NetworkStatus, PingReply as PingReply
    from m5310.commands.power import PowerSaving as PowerSaving
    from m5310.device.device import Device as Device
    from m5310.device.events import (
        LoggedOut as LoggedOut,
        PortBack as PortBack,
        PortLost as PortLost,
        RadioRestarted as RadioRestarted,
        Reconnecting as Reconnecting,
        RenewalFailed as RenewalFailed,
        Renewed as Renewed,
        ReportDropped as ReportDropped,
        Reset as Reset,
        Restored as Restored,
        UpkeepCounters as UpkeepCounters,
    )
    from m5310.device.outbox import WhenFull as WhenFull
    from m5310.device.reports import Report as Report, ReportState as ReportState
    from m5310.dialects.classic.config import Blocks as Blocks, Config as Config
    from m5310.dialects.classic.urcs import Reading as Reading
    from m5310.errors import (
        AcknowledgementRefused as AcknowledgementRefused,
        AcknowledgementTimeout as AcknowledgementTimeout,
        AnswerError as AnswerError,
        Code as Code,
        CommandError as CommandError,
        CommandTimeout as CommandTimeout,
        M5310Error as M5310Error,
        ModemReset as ModemReset,
        NotFound as NotFound,
        NotSupported as NotSupported,
        OutboxFull as OutboxFull,
        ParameterError as ParameterError,
        PortError as PortError,
        RegistrationError as RegistrationError,
        StateError as StateError,
        UsageError as UsageError,
    )
    from m5310.lwm2m.path import Path as Path
    from m5310.lwm2m.resources import Access as Access, Resource as Resource
    from m5310.lwm2m.values import Value as Value, ValueType as ValueType
    from m5310.module.attach import Attached as Attached, Setup as Setup
    from m5310.module.attach_errors import (
        AttachError as AttachError,
        Attempt as Attempt,
        Obstacle as Obstacle,
    )
    from m5310.module.module import Module as Module
    from m5310.module.ping import PingFailed as PingFailed
    from m5310.module.queries import Identity as Identity
    from m5310.module.speed import SpeedError as SpeedError
    from m5310.nbiot import (
        NBIOT_BOOLEAN as NBIOT_BOOLEAN,
        NBIOT_EXECUTABLE as NBIOT_EXECUTABLE,
        NBIOT_FLOAT as NBIOT_FLOAT,
        NBIOT_HEX_STRING as NBIOT_HEX_STRING,
        NBIOT_INTEGER as NBIOT_INTEGER,
        NBIOT_OPAQUE as NBIOT_OPAQUE,
        NBIOT_READABLE as NBIOT_READABLE,
        NBIOT_STRING as NBIOT_STRING,
        NBIOT_UPDATED as NBIOT_UPDATED,
        NBIOT_WRITABLE as NBIOT_WRITABLE,
        NbiotDevice as NbiotDevice,
        nbiot_device_close as nbiot_device_close,
        nbiot_device_connect as nbiot_device_connect,
        nbiot_device_create as nbiot_device_create,
        nbiot_device_destroy as nbiot_device_destroy,
        nbiot_device_step as nbiot_device_step,
        nbiot_device_sync as nbiot_device_sync,
        nbiot_resource_add as nbiot_resource_add,
        nbiot_resource_del as nbiot_resource_del,
    )
    from m5310.nbiot.values import NbiotValue as NbiotValue
    from m5310.states import DeviceState as DeviceState

# The module of each public name, which is loaded when the name is first used (PEP 562): a program
# that needs only the errors or the decoder of a configuration does not load serial ports, and
# Ctrl-C while a command loads is quiet. The imports above repeat the table for type checkers.
_NAMES = {
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
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    try:
        module = _MODULE_OF[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value: object = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
