"""The public names, their signatures and their documentation."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from importlib import metadata

import pytest

import m5310

NAMES = [
    "Attributes",
    "AttributesSet",
    "HeldBack",
    "Identified",
    "ModuleEvent",
    "NotInDialect",
    "PROFILES",
    "Profile",
    "read_profile",
    "Created",
    "Firmware",
    "FirmwareUpdate",
    "UpdateStep",
    "LoggedIn",
    "Reported",
    "Searching",
    "LoggedOut",
    "OutboxFull",
    "PortBack",
    "PortLost",
    "ReportDropped",
    "ReportState",
    "WhenFull",
    "RadioRestarted",
    "Reconnecting",
    "RenewalFailed",
    "Renewed",
    "Reset",
    "Restored",
    "Subscribed",
    "UpkeepCounters",
    "Waiting",
    "AttachError",
    "Attached",
    "Attempt",
    "Booted",
    "Following",
    "Identity",
    "Module",
    "NetworkStatus",
    "Obstacle",
    "PingFailed",
    "PingReply",
    "PowerSaving",
    "Setup",
    "COMMON_SPEEDS",
    "SpeedError",
    "Access",
    "AcknowledgementRefused",
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
    "LanguageRefused",
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
    "nbiot_device_close",
    "nbiot_device_connect",
    "nbiot_device_create",
    "nbiot_device_destroy",
    "nbiot_device_step",
    "nbiot_device_sync",
    "nbiot_resource_add",
    "nbiot_resource_del",
]

SIGNATURES = {
    "nbiot_device_create": (
        "port endpoint_name uri life_time write_callback read_callback execute_callback "
        "notify_ack_callback=None * baudrate=None module=None dialect=None"
    ),
    "nbiot_resource_add": "dev objid instid resid value",
    "nbiot_resource_del": "dev objid instid resid",
    "nbiot_device_connect": "dev timeout",
    "nbiot_device_step": "dev timeout",
    "nbiot_device_sync": "dev",
    "nbiot_device_close": "dev timeout",
    "nbiot_device_destroy": "dev",
}


def test_version_is_that_of_the_package() -> None:
    assert m5310.__version__ == metadata.version("m5310")


def test_public_names() -> None:
    assert sorted(m5310.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", SIGNATURES)
def test_c_kit_function_arguments(name: str) -> None:
    written = []
    keyword_only = False
    for parameter in inspect.signature(getattr(m5310, name)).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            written.append("*")
        default = "" if parameter.default is parameter.empty else f"={parameter.default}"
        written.append(parameter.name + default)
    assert " ".join(written) == SIGNATURES[name]


def test_c_kit_constants() -> None:
    values = [m5310.NBIOT_STRING, m5310.NBIOT_OPAQUE, m5310.NBIOT_INTEGER, m5310.NBIOT_FLOAT]
    assert [*values, m5310.NBIOT_BOOLEAN, m5310.NBIOT_HEX_STRING] == [1, 2, 3, 4, 5, 6]
    flags = [m5310.NBIOT_READABLE, m5310.NBIOT_WRITABLE, m5310.NBIOT_EXECUTABLE]
    assert [*flags, m5310.NBIOT_UPDATED] == [1, 2, 4, 8]


def test_every_error_is_an_m5310_error_with_a_code() -> None:
    errors = [
        value
        for name in NAMES
        if inspect.isclass(value := getattr(m5310, name)) and issubclass(value, Exception)
    ]
    assert len(errors) == 21
    for error in errors:
        assert issubclass(error, m5310.M5310Error)
        assert isinstance(error.code, m5310.Code)


@pytest.mark.parametrize(
    ("result", "number", "code"),
    [
        ("ERROR", None, m5310.Code.BADPARAM),
        ("+CME ERROR:50", 50, m5310.Code.BADPARAM),
        ("+CME ERROR:4", 4, m5310.Code.NOT_SUPPORT),
        ("+CME ERROR:30", 30, m5310.Code.SOCKET),
        ("+CMS ERROR:30", 30, m5310.Code.BADPARAM),
    ],
)
def test_refusal_has_the_c_kit_code(result: str, number: int | None, code: m5310.Code) -> None:
    assert m5310.CommandError("AT+MIPLOPEN=0", result, number).code is code


def test_value_of_nbiot_value_is_any() -> None:
    # `value += 0.5` in a strictly typed program: no union of six types stands in the way
    assert typing.get_type_hints(m5310.NbiotValue)["value"] is typing.Any


def test_public_names_have_docstrings() -> None:
    for name in NAMES:
        value = getattr(m5310, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            text = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
            assert text, name
            assert not text.startswith(f"{name}("), name  # what dataclass makes up


def test_names_are_loaded_when_the_first_is_used() -> None:
    program = (
        "import sys, m5310; print('m5310.device' in sys.modules, 'Device' in dir(m5310));"
        "from m5310 import *; print(Device.__module__); print(m5310.nbiot.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["False True", "m5310.device.device", "m5310.nbiot"]


@pytest.mark.parametrize("name", ["Devise", "_private", "__nothing__"])
def test_name_that_is_not_public_is_refused(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'm5310' has no attribute '{name}'"):
        getattr(m5310, name)
