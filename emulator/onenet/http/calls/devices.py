"""Devices: create, show, search, update, delete (guide 4.2.1 to 4.2.3, 4.2.11)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from emulator.onenet.devices import Device, Wanted
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http import device_answers, device_bodies
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import in_turns
from emulator.onenet.http.kinds import OBJECT, Boolean, Day, Text, Texts
from emulator.onenet.http.route import IMEI, PAGE, Body, Key, Parameter, Route, per_page

_LATER = "documents of 2018"
# Guide 4.2.11.
_MAX_STATUSES = 1000
# OneNET's documents of 2018: of a search.
_MAX_IDS, _PER_PAGE = 100, 30
_MAX_TAGS = 100  # guess


async def create(call: Call) -> Answer:
    description = device_bodies.description(call.body)
    device = call.act(partial(call.platform.create_device, description))
    return success(device_answers.created(device))


async def show(call: Call) -> Answer:
    return _detail(call, call.device())


async def show_by_imei(call: Call) -> Answer:
    """guess: what the answer has is not documented; the detail has all that programs read."""
    device = call.device_by_imei()
    if not call.sees(device):
        raise ApiError(Reason.AUTH_FAILED)
    return _detail(call, device)


async def delete(call: Call) -> Answer:
    device = call.device(whole=True)
    call.act(lambda _: call.platform.delete_device(device))
    return success()


async def update(call: Call) -> Answer:
    device = call.device(whole=True)
    description = device_bodies.updated(call.body, device.description)
    call.act(lambda _: call.platform.update_device(device, description))
    return success()


async def search(call: Call) -> Answer:
    query, online = call.query, call.platform.online
    wanted = Wanted(
        key_words=query["key_words"],
        imei=query["auth_info"],
        tags=frozenset(query["tag"]),
        online=query["online"],
        private=query["private"],
        ids=None if query["device_id"] is None else frozenset(query["device_id"]),
        begin=query["begin"],
        end=query["end"],
    )
    found = [
        device
        async for device in in_turns(call.platform.devices.search(wanted, online))
        if device is not None and call.sees(device)
    ]
    page, size = query["page"], query["per_page"]
    chosen = found[(page - 1) * size : page * size]
    shown = (
        device_answers.device(
            device, online=online(device), subscribed=call.platform.subscribed(device)
        )
        for device in chosen
    )
    return success(device_answers.found(shown, len(found), page, size))


async def statuses(call: Call) -> Answer:
    seen = visible(call, call.query["devIds"])
    shown = ((device, call.platform.online(device)) for device in seen)
    return success(device_answers.statuses(shown, len(seen)))


def visible(call: Call, ids: Sequence[str]) -> list[Device]:
    """Each device of `ids` that exists and that the key sees; guess: others are left out."""
    found = (call.platform.device(one) for one in dict.fromkeys(ids))
    return [device for device in found if device is not None and call.sees(device)]


def _detail(call: Call, device: Device) -> Answer:
    platform, scope = call.platform, call.scope(device)
    return success(
        device_answers.device(
            device,
            online=platform.online(device),
            subscribed=platform.subscribed(device),
            streams=platform.points.streams(int(device.id), scope),
            about=platform.points.about(int(device.id)),
        )
    )


# guess: ids are numbers. So a word, such as /devices/status, is no device.
DEVICE = "/devices/{device_id:[0-9]+}"
_SEARCH = (
    Parameter("key_words", Text(), default=""),
    # guess: the IMEI, as in the error of a device that exists.
    Parameter("auth_info", Text()),
    Parameter("tag", Texts(_MAX_TAGS), default=()),
    Parameter("online", Boolean()),
    Parameter("private", Boolean()),
    PAGE,
    per_page(_PER_PAGE),
    Parameter("device_id", Texts(_MAX_IDS)),
    Parameter("begin", Day()),
    Parameter("end", Day(end=True)),
)
ROUTES = (
    Route(
        "POST",
        "/devices",
        "Create a device",
        "4.2.1",
        Key.MASTER,
        create,
        body=Body(device_bodies.DEVICE),
        data=OBJECT,
    ),
    Route("GET", "/devices", "Search", _LATER, Key.DEVICE, search, query=_SEARCH, data=OBJECT),
    Route(
        "GET",
        "/devices/status",
        "Show which devices are online",
        "4.2.11",
        Key.DEVICE,
        statuses,
        query=(Parameter("devIds", Texts(_MAX_STATUSES, Reason.TOO_MANY_DEVICES), required=True),),
        data=OBJECT,
    ),
    Route(
        "GET",
        "/devices/getbyimei",
        "Show the device with an IMEI",
        _LATER,
        Key.DEVICE,
        show_by_imei,
        query=(IMEI,),
        data=OBJECT,
    ),
    Route("GET", DEVICE, "Show a device", "4.2.2", Key.DEVICE, show, data=OBJECT),
    Route(
        "PUT",
        DEVICE,
        "Change the description of a device",
        _LATER,
        Key.DEVICE,
        update,
        body=Body(device_bodies.DEVICE_UPDATE),
    ),
    Route("DELETE", DEVICE, "Delete a device", "4.2.3", Key.DEVICE, delete),
)
