"""OneNET's two error tables: each number is reached by a documented request, with its text.

The classic table (0 to 23) is that of all calls in 2018, and of all but `/nbiot` in 2019; `/nbiot`
has a table of its own then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from tests.support.fake_device import IMEI, IMSI, TLV, refusing, silent
from tests.support.served_api import NEW, READ, ServedApi, served_api

pytestmark = pytest.mark.realtime

Asked = Callable[[ServedApi], Awaitable[dict[str, Any]]]
WRITE = READ | {"mode": "2"}


def call(method: str, path: str, *arguments: object, **options: object) -> Asked:
    return lambda api: api.call(method, path, *arguments, **options)  # type: ignore[arg-type]


def online(asked: Asked, answer: Callable[[Message], Message | None] | None = None) -> Asked:
    async def ask(api: ServedApi) -> dict[str, Any]:
        api.log_in()
        if answer is not None:
            api.module.answer = answer
        return await asked(api)

    return ask


async def unanswered(api: ServedApi) -> dict[str, Any]:
    api.log_in()
    api.module.answer = silent
    answer = await api.begin_read()
    for _ in range(3):
        api.step(10)
    return await answer


async def logging_out(api: ServedApi) -> dict[str, Any]:
    api.log_in()
    api.module.answer = silent
    answer = await api.begin_read()
    api.module.deregister()
    api.step()
    return await answer


async def failing(api: ServedApi) -> dict[str, Any]:
    api.platform.registration = lambda _: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    return await api.call("GET", "/nbiot/resources", {"imei": IMEI})


async def full(api: ServedApi) -> dict[str, Any]:
    api.log_in()
    api.module.answer = silent
    waiting = [await api.begin_read() for _ in range(20)]
    answer = await api.call("GET", "/nbiot", READ)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return answer


def unreadable(_: Message) -> Message:
    return Message(code=Code.CONTENT, content_format=TLV, payload=b"\xc8")


MANY = ",".join(map(str, range(1001)))
CLASSIC: dict[int, tuple[str, Asked]] = {
    0: ("succ", online(call("GET", "/nbiot", READ))),
    1: ("internal server error", failing),
    2: ("api-key required", call("GET", "/devices/1", key=None)),
    3: ("auth failed", call("GET", "/nbiot", READ | {"imei": "1"})),
    4: ("invalid JSON", call("POST", "/nbiot", WRITE, b'{"data":')),
    5: (
        "request entity too large: the body has more than 65536 bytes",
        call("POST", "/nbiot", WRITE, b" " * 65537),
    ),
    6: (
        f"invalid parameter: auth_info exists::{IMEI}",
        call("POST", "/devices", body=NEW | {"auth_info": {IMEI: IMSI}}),
    ),
    7: ("parameter required: obj_id", call("GET", "/nbiot", {"imei": IMEI})),
    8: ("not found: GET /nowhere is not served", call("GET", "/nowhere")),
    9: ("entity data required", call("POST", "/nbiot", WRITE)),
    10: ("device not online: 500000001", call("GET", "/nbiot", READ)),
    13: ("system limit: 20 requests wait for this device", full),
    14: ("network latency: network latency or device offline", logging_out),
    16: ("unsuccess: TIME_OUT null", unanswered),
    20: (
        "max device count limit is 1000 for one time: devIds has 1001 entries, expected at most"
        " 1000",
        call("GET", "/devices/status", {"devIds": MANY}),
    ),
    22: (
        'invalid protocol: "EDP", expected LWM2M',
        call("POST", "/devices", body=NEW | {"protocol": "EDP"}),
    ),
}
# Why no documented request reaches them.
CLASSIC_UNREACHED = {
    11: "streams are made by reports: a second report is another point",
    12: "a second device is 6, as captured; titles may be equal",
    15: "the emulated platform has no limit of frequency",
    17: "what fails inside the platform is 1",
    18: "there is no server of that name (hs)",
    19: "more than 10,000 devices; see test_errors",
    21: "no document says which fields of a device it is about",
    23: "there is no list of such words",
}
OF_2019: dict[int, tuple[str, Asked]] = {
    0: ("succ", online(call("GET", "/nbiot", READ))),
    1: ("auth failed", call("GET", "/nbiot", READ | {"imei": "1"})),
    3: ("parameter required: obj_id", call("GET", "/nbiot", {"imei": IMEI})),
    7: ("service internal error", failing),
    2001: ("device not online", call("GET", "/nbiot", READ)),
    5006: ("system logic limit: 20 requests wait for this device", full),
    5106: ("unsuccess: TIME_OUT", unanswered),
    5108: (
        'invalid parameter: obj_id "x", expected 0 to 65535',
        call("GET", "/nbiot", READ | {"obj_id": "x"}),
    ),
}
OF_2019_UNREACHED = {5117: "it is about calls between servers of the real platform (rpc)"}

# The reasons of 5106, by what reaches them: what the device answers, or a whole call.
REASONS: dict[str, Asked] = {
    **{
        name: online(call("GET", "/nbiot", READ), refusing(code))
        for name, code in {
            "METHOD_NOT_ALLOWED": Code.METHOD_NOT_ALLOWED,
            "FORBIDDEN": Code.FORBIDDEN,
            "NOT_FOUND": Code.NOT_FOUND,
            "INTERNAL_SERVER_ERROR": Code.INTERNAL_SERVER_ERROR,
            "UNAUTHORIZED": Code.UNAUTHORIZED,
            "BAD_REQUEST": Code.BAD_REQUEST,
            "NOT_ACCEPTABLE": Code.NOT_ACCEPTABLE,
            "UNSUPPORTED_CONTENT_FORMAT": Code.UNSUPPORTED_CONTENT_FORMAT,
        }.items()
    },
    "TIME_OUT": unanswered,
    "OFFLINE": logging_out,
    "RESP_ERROR": online(call("GET", "/nbiot", READ), unreadable),
}
REASONS_UNREACHED = {
    "REQ_PARAM_ERROR": "what a request cannot have is refused before it is sent, by 5108",
    "ADDR_OCCUPIED": "no document says of what",
}


def test_tables_are_complete() -> None:
    """OneNET's documents: 0 to 23, and the table of 2019 with the reasons of 5106."""
    assert sorted([*CLASSIC, *CLASSIC_UNREACHED]) == list(range(24))
    numbers = [0, 1, 3, 7, 2001, 5006, 5106, 5108, 5117]
    assert sorted([*OF_2019, *OF_2019_UNREACHED]) == numbers
    assert len([*REASONS, *REASONS_UNREACHED]) == 13


async def answered(year: int, asked: Asked) -> tuple[int, str]:
    async with served_api(year) as api:
        answer = await asked(api)
        return answer["errno"], answer["error"]


@pytest.mark.parametrize("errno", CLASSIC)
async def test_number_of_the_classic_table(errno: int) -> None:
    text, asked = CLASSIC[errno]
    assert await answered(2018, asked) == (errno, text)


@pytest.mark.parametrize("errno", [2, 6, 8, 20, 22])
async def test_classic_number_of_other_calls_in_2019(errno: int) -> None:
    text, asked = CLASSIC[errno]
    assert await answered(2019, asked) == (errno, text)


@pytest.mark.parametrize("errno", OF_2019)
async def test_number_of_the_table_of_2019(errno: int) -> None:
    text, asked = OF_2019[errno]
    assert await answered(2019, asked) == (errno, text)


@pytest.mark.parametrize("reason", REASONS)
async def test_reason_of_a_request_that_fails(reason: str) -> None:
    assert await answered(2019, REASONS[reason]) == (5106, f"unsuccess: {reason}")
    if reason != "OFFLINE":  # which is 14 in 2018
        assert await answered(2018, REASONS[reason]) == (16, f"unsuccess: {reason} null")
