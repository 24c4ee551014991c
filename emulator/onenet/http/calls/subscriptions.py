"""Subscriptions: a device reports what it observes for the platform (guide 4.2.8)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from emulator.onenet.errors import invalid, required
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import Boolean, Integer, Number
from emulator.onenet.http.route import EP_NAME, IMEI, TIMEOUT, Key, Parameter, Route, object_path
from emulator.onenet.lwm2m.operations import CancelObserve, Observe, WriteAttributes

_MAX_PERIOD = 2**31 - 1  # seconds; guess: `int` of the guide
# In the order in which China Mobile's suite reports them.
_NUMERIC = ("lt", "gt", "st")
_ATTRIBUTES = ("pmin", "pmax", *_NUMERIC)


async def observe(call: Call) -> Answer:
    """Subscribe, or end a subscription. One made by hand lasts as long as the device is online."""
    path = call.path()
    attributes = _checked(call.query)
    device = call.device_by_imei()
    if call.query["cancel"]:  # guess: attributes have no effect then
        await call.request(device, CancelObserve(path))
        return success()
    if attributes:
        await call.request(device, WriteAttributes(path, attributes))
    await call.request(device, Observe(path))
    return success()


def _checked(query: Mapping[str, Any]) -> tuple[str, ...]:
    """The attributes as a device gets them. Raises ApiError if they contradict each other."""
    given = {name: query[name] for name in _ATTRIBUTES if query[name] is not None}
    if query["res_id"] is None and any(name in given for name in _NUMERIC):
        raise required("res_id, as gt, lt and st are for one resource")
    if {"pmin", "pmax"} <= given.keys() and not given["pmax"] >= given["pmin"] > 0:
        raise invalid(
            f"pmin {given['pmin']} and pmax {given['pmax']}, expected 0 < pmin <= pmax (seconds)"
        )
    if "st" in given and given["st"] <= 0:
        raise invalid(f"st {given['st']:g}, expected more than 0")
    if {"lt", "gt"} <= given.keys() and not given["lt"] + 2 * given.get("st", 0) < given["gt"]:
        raise invalid(f"lt {given['lt']:g} and gt {given['gt']:g}, expected lt + 2 * st < gt")
    return tuple(f"{name}={_text(value)}" for name, value in given.items())


def _text(value: float) -> str:
    """Without an exponent, which LwM2M 1.0.2 section 5.1.2 does not have: 0.0000001, not 1e-07."""
    return format(Decimal(repr(value)), "f")


ROUTES = (
    Route(
        "POST",
        "/nbiot/observe",
        "Subscribe to a device, or end a subscription",
        "4.2.8",
        Key.MASTER,
        observe,
        query=(
            IMEI,
            EP_NAME,
            Parameter("cancel", Boolean(lenient=True), required=True),
            *object_path(1),
            Parameter("pmin", Integer(0, _MAX_PERIOD)),
            Parameter("pmax", Integer(1, _MAX_PERIOD)),
            Parameter("gt", Number()),
            Parameter("lt", Number()),
            Parameter("st", Number()),
            TIMEOUT,
        ),
    ),
)
