"""What a program passes is taken as meant, or refused before anything is written."""

from __future__ import annotations

import math

import pytest

from m5310.device.device import Device
from m5310.device.outbox import WhenFull
from m5310.dialects.classic.config import Config
from m5310.dialects.classic.form import Reading
from m5310.errors import ParameterError
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from tests.support.devices import ENDPOINT, module

URI = "coap://183.230.40.40:5683"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("answer_within", "x"),
        ("answer_within", -1),
        ("answer_within", 0),
        ("answer_within", math.inf),
        ("answer_within", math.nan),
        ("answer_within", True),
        ("bootstrap", "no"),
        ("bootstrap", 1),
        ("blocks", 5),
        ("blocks", (5, 5, 1)),
        ("when_full", "x"),
        ("when_full", None),
        ("reading", "either way"),
        ("reading", 1),
        ("recover", "no"),
        ("recover", 0),
        ("outbox", True),
        ("outbox", 0),
        ("lifetime", "300"),
        ("on_event", 5),
        ("on_read", "lamp"),
    ],
)
def test_parameter_that_is_not_understood_is_refused(name: str, given: object) -> None:
    with pytest.raises(ParameterError, match=f"{name}|callback") as refused:
        Device("/dev/ttyUSB0", ENDPOINT, **{name: given})  # type: ignore[arg-type]
    assert "expected" in str(refused.value) or "whole number" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("when_full", "refuse"),
        ("when_full", WhenFull.REFUSE),
        ("reading", "bare"),
        ("reading", Reading.BARE),
        ("bootstrap", None),
        ("blocks", None),
        ("answer_within", 25),
    ],
)
def test_parameter_may_be_the_value_of_its_member(name: str, given: object) -> None:
    Device("/dev/ttyUSB0", ENDPOINT, **{name: given})  # type: ignore[arg-type]


async def test_reading_by_its_value_is_that_reading() -> None:
    async with module() as m, Device(m.modem, ENDPOINT, reading="bare") as device:  # type: ignore[arg-type]
        await device.add_resource("3303/0/1", ValueType.STRING, "", Access(3))
        await device.connect()
        m.send("+MIPLWRITE:0,10001,3303,0,1,1,2,on,0,0")
        await m.until("AT+MIPLWRITE")
        assert device.resources[0].value == "1,2,on,0,0"


@pytest.mark.parametrize("on", ["no", 1, None])
def test_encryption_is_on_or_off(on: object) -> None:
    with pytest.raises(ParameterError, match="encrypt"):
        Config(ENDPOINT, URI, encrypt=on)  # type: ignore[arg-type]


async def test_calls_check_what_they_are_given() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        t = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
        await device.connect()
        sent = len(m.sent)
        for timeout in ("x", -1, math.inf, math.nan):
            with pytest.raises(ParameterError, match="timeout"):
                await device.notify(t, 2, acknowledge=True, timeout=timeout)  # type: ignore[arg-type]
            with pytest.raises(ParameterError, match="timeout"):
                await device.update(timeout=timeout)  # type: ignore[arg-type]
        with pytest.raises(ParameterError, match="acknowledge"):
            await device.notify(t, 2, acknowledge="no")  # type: ignore[call-overload]
        with pytest.raises(ParameterError, match="with_objects"):
            await device.update(with_objects="no")  # type: ignore[arg-type]
        assert len(m.sent) == sent
