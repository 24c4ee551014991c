"""Work with China Mobile's M5310 NB-IoT module: OneNET devices from Python."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m5310.at import Answer, Command, Response
    from m5310.classic import Reading
    from m5310.device import Device
    from m5310.errors import (
        AcknowledgementTimeout,
        AnswerError,
        Code,
        CommandError,
        CommandTimeout,
        M5310Error,
        ModemReset,
        NotFound,
        NotSupported,
        ParameterError,
        PortError,
        RegistrationError,
        StateError,
        UsageError,
    )
    from m5310.lwm2m import Access, Path, Resource
    from m5310.miplconf import Blocks, Config
    from m5310.modem import Modem
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
        NbiotValue,
        nbiot_device_close,
        nbiot_device_connect,
        nbiot_device_create,
        nbiot_device_destroy,
        nbiot_device_step,
        nbiot_device_sync,
        nbiot_resource_add,
        nbiot_resource_del,
    )
    from m5310.reports import Report
    from m5310.states import DeviceState
    from m5310.values import Value, ValueType

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
    "AcknowledgementTimeout",
    "Answer",
    "AnswerError",
    "Blocks",
    "Code",
    "Command",
    "CommandError",
    "CommandTimeout",
    "Config",
    "Device",
    "DeviceState",
    "M5310Error",
    "Modem",
    "ModemReset",
    "NbiotDevice",
    "NbiotValue",
    "NotFound",
    "NotSupported",
    "ParameterError",
    "Path",
    "PortError",
    "Reading",
    "RegistrationError",
    "Report",
    "Resource",
    "Response",
    "StateError",
    "UsageError",
    "Value",
    "ValueType",
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
    "m5310.at": "Answer Command Response",
    "m5310.classic": "Reading",
    "m5310.device": "Device",
    "m5310.errors": (
        "AcknowledgementTimeout AnswerError Code CommandError CommandTimeout M5310Error "
        "ModemReset NotFound NotSupported ParameterError PortError RegistrationError "
        "StateError UsageError"
    ),
    "m5310.lwm2m": "Access Path Resource",
    "m5310.miplconf": "Blocks Config",
    "m5310.modem": "Modem",
    "m5310.nbiot": (
        "NBIOT_BOOLEAN NBIOT_EXECUTABLE NBIOT_FLOAT NBIOT_HEX_STRING NBIOT_INTEGER "
        "NBIOT_OPAQUE NBIOT_READABLE NBIOT_STRING NBIOT_UPDATED NBIOT_WRITABLE NbiotDevice "
        "NbiotValue nbiot_device_close nbiot_device_connect nbiot_device_create "
        "nbiot_device_destroy nbiot_device_step nbiot_device_sync nbiot_resource_add "
        "nbiot_resource_del"
    ),
    "m5310.reports": "Report",
    "m5310.states": "DeviceState",
    "m5310.values": "Value ValueType",
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
