"""Guide 4.2.4 to 4.2.8 and what later documents add: read, write, discover, subscribe."""

from __future__ import annotations

import asyncio

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description
from tests.support.fake_device import (
    IMEI,
    TLV,
    FakeDevice,
    operation_of,
    refusing,
    silent,
    success,
)
from tests.support.served_api import READ, ServedApi, served_api

pytestmark = pytest.mark.realtime

OBSERVE = {**READ, "cancel": "false"}
DONE = {"errno": 0, "error": "succ"}


def asked(message: Message) -> str:
    """A request of the platform in short, with its query and its Observe option."""
    observe = "" if message.opt.observe is None else f" observe={message.opt.observe}"
    query = "&".join(message.opt.uri_query)
    path = "/".join(message.opt.uri_path)
    return f"{message.code.name} /{path}{'?' * bool(query)}{query}{observe}"


# Reading -----------------------------------------------------------------------------------------


async def test_guide_4_2_4_several_instances_and_several_values_of_a_resource() -> None:
    """/3/0 has two voltages, /3/1 one (LwM2M 1.0.2 section 6.4.3)."""
    tlv = b"\x08\x00\x08\x86\x06\x41\x00\x01\x41\x01\x05" + b"\x08\x01\x03\xc1\x09\x64"
    async with served_api() as api:
        api.log_in()
        api.module.answer = lambda _: Message(code=Code.CONTENT, content_format=TLV, payload=tlv)
        answer = await api.call("GET", "/nbiot", {"imei": IMEI, "obj_id": "3"})
    voltages = [{"val": 1, "res_inst_id": 0}, {"val": 5, "res_inst_id": 1}]
    assert answer["data"] == [
        {"res": [{"res_inst": voltages, "res_id": 6}], "obj_inst_id": 0},
        {"res": [{"val": 100, "res_id": 9}], "obj_inst_id": 1},
    ]


@pytest.mark.parametrize(
    ("bin2hex", "value"), [("true", "0a64ff"), ("false", [10, 100, 255]), (None, [10, 100, 255])]
)
async def test_bytes_are_read_as_hexadecimal_digits_on_demand(
    bin2hex: str | None, value: object
) -> None:
    tlv = b"\xe3\x16\x44\x0a\x64\xff"
    async with served_api() as api:
        api.log_in()
        api.module.answer = lambda _: Message(code=Code.CONTENT, content_format=TLV, payload=tlv)
        query = READ if bin2hex is None else {**READ, "bin2hex": bin2hex}
        (instance,) = (await api.call("GET", "/nbiot", query))["data"]
    assert instance["res"] == [{"val": value, "res_id": 5700}]


# Time limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "seconds", "sendings"), [(2018, 5, 1), (2018, 40, 3), (2019, 5, 1), (2019, 40, 3)]
)
async def test_request_takes_at_most_its_timeout(year: int, seconds: int, sendings: int) -> None:
    """OneNET's FAQ of 2019: 5 to 40 s."""
    async with served_api(year) as api:
        api.log_in()
        api.module.answer = silent
        before = len(api.module.requests)
        api.changed.clear()
        query = {**READ, "timeout": str(seconds)}
        answer = asyncio.ensure_future(api.call("GET", "/nbiot", query))
        await api.changed.wait()
        for _ in range(seconds - 1):
            api.step(1)
        assert len(api.module.requests) - before == sendings
        assert not answer.done()
        api.step(1)
        assert "TIME_OUT" in (await answer)["error"]


@pytest.mark.parametrize("text", ["4", "41", "0", "x", "5.5", ""])
async def test_timeout_out_of_range_is_refused(text: str) -> None:
    async with served_api() as api:
        api.log_in()
        for method, path in [
            ("GET", "/nbiot"),
            ("POST", "/nbiot/execute"),
            ("GET", "/nbiot/discover"),
        ]:
            answer = await api.call(method, path, {**READ, "timeout": text})
            assert answer["errno"] == 6
            assert answer["error"].endswith("expected 5 to 40")


# Discover ----------------------------------------------------------------------------------------


def linking(links: bytes) -> object:
    def answer(request: Message) -> Message:
        if operation_of(request).startswith("Discover"):
            return Message(code=Code.CONTENT, content_format=40, payload=links)
        return success(request)

    return answer


async def test_discover_asks_the_device_and_renews_its_list() -> None:
    async with served_api() as api:
        api.log_in(Path(3303, 0), Path(3303, 1))
        links = b"</3303>,</3303/0>,</3303/0/5700>,</3303/0/5601>,</3303/1>,</3303/1/5700>"
        api.module.answer = linking(links)  # type: ignore[assignment]
        query = {"imei": IMEI, "obj_id": "3303"}
        assert (await api.call("GET", "/nbiot/discover", query))["data"] == [
            {"obj_inst_id": 0, "res_id": [5700, 5601]},
            {"obj_inst_id": 1, "res_id": [5700]},
        ]
        one = await api.call("GET", "/nbiot/discover", {**query, "obj_inst_id": "1"})
        assert one["data"] == [{"obj_inst_id": 1, "res_id": [5700]}]
        assert api.module.operations()[-2:] == ["Discover /3303", "Discover /3303"]
        (listed,) = (await api.call("GET", "/nbiot/resources", query))["data"]["item"]
        assert listed["instances"] == [
            {"inst_id": 0, "resources": [5601, 5700]},
            {"inst_id": 1, "resources": [5700]},
        ]


async def test_list_is_empty_until_a_discover_is_answered() -> None:
    """OneNET's FAQ of 2019, 3.2.3."""
    async with served_api() as api:
        api.log_in()
        query = {"imei": IMEI, "obj_id": "3303"}
        api.module.answer = refusing(Code.NOT_FOUND)
        refused = await api.call("GET", "/nbiot/discover", query)
        assert refused == {"errno": 16, "error": "unsuccess: NOT_FOUND null"}
        (listed,) = (await api.call("GET", "/nbiot/resources", query))["data"]["item"]
        assert listed["instances"] == [{"inst_id": 0, "resources": []}]


# Subscriptions -----------------------------------------------------------------------------------


async def subscribe(api: ServedApi, **query: str) -> list[str]:
    """What the device is sent for a subscription that succeeds."""
    before = len(api.module.requests)
    assert await api.call("POST", "/nbiot/observe", OBSERVE | query, {}) == DONE
    return [asked(message) for message in api.module.requests[before:]]


async def test_guide_4_2_8_attributes_are_written_before_the_observe() -> None:
    """As in the suite's test specification 7.8 and 7.12: pmin, pmax, lt, gt, st."""
    async with served_api() as api:
        api.log_in()
        assert await subscribe(api) == ["GET /3303/0/5700 observe=0"]
        sent = await subscribe(api, pmin="15", pmax="60", gt="50", lt="0", st="2")
        assert sent == [
            "PUT /3303/0/5700?pmin=15&pmax=60&lt=0.0&gt=50.0&st=2.0",
            "GET /3303/0/5700 observe=0",
        ]
        assert (await subscribe(api, st="0.0000001"))[0] == "PUT /3303/0/5700?st=0.0000001"
        assert (await subscribe(api, gt="-123456789012345"))[0].endswith("?gt=-123456789012345.0")


async def test_guide_4_2_8_subscription_to_an_object_or_an_instance() -> None:
    async with served_api() as api:
        api.log_in()
        for query, sent in (
            ({"obj_id": "3303"}, "GET /3303 observe=0"),
            ({"obj_id": "3303", "obj_inst_id": "0"}, "GET /3303/0 observe=0"),
        ):
            answer = await api.call(
                "POST", "/nbiot/observe", {"imei": IMEI, "cancel": "false", **query}
            )
            assert answer == DONE
            assert asked(api.module.requests[-1]) == sent


async def test_guide_4_2_8_cancel_ends_the_subscription() -> None:
    async with served_api() as api:
        api.log_in()
        query = {"imei": IMEI, "obj_id": "3303", "obj_inst_id": "0", "cancel": "true"}
        assert await api.call("POST", "/nbiot/observe", query) == DONE
        cancel = api.module.requests[-1]
        assert asked(cancel) == "GET /3303/0 observe=1"
        assert cancel.token == api.module.token(Path(3303, 0))
        api.module.notify(Path(3303, 0, 5700), 21.5)
        api.step()
        points = await api.call("GET", f"/devices/{api.device.id}/datapoints")
        assert points["data"]["count"] == 0


@pytest.mark.parametrize("cancel", ["false", "False", "1", "yes", ""])
async def test_guide_4_2_8_note_4_cancel_that_is_no_boolean_counts_as_false(cancel: str) -> None:
    async with served_api() as api:
        api.log_in()
        assert await subscribe(api, cancel=cancel) == ["GET /3303/0/5700 observe=0"]


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ({"pmin": "10", "pmax": "9"}, (6, "pmin 10 and pmax 9, expected 0 < pmin <= pmax")),
        ({"pmin": "0", "pmax": "9"}, (6, "pmin 0 and pmax 9, expected 0 < pmin <= pmax")),
        ({"pmax": "0"}, (6, 'pmax "0", expected 1 to')),
        ({"pmin": "-1"}, (6, 'pmin "-1", expected 0 to')),
        ({"pmin": "1.5"}, (6, 'pmin "1.5", expected 0 to')),
        ({"lt": "5", "gt": "5"}, (6, "lt 5 and gt 5, expected lt + 2 * st < gt")),
        ({"lt": "0", "gt": "4", "st": "2"}, (6, "lt 0 and gt 4, expected lt + 2 * st < gt")),
        ({"st": "0"}, (6, "st 0, expected more than 0")),
        ({"gt": "nan"}, (6, 'gt "nan", expected a number')),
        ({"gt": "1", "res_id": None}, (7, "res_id, as gt, lt and st are for one resource")),
        ({"st": "1", "res_id": None}, (7, "res_id, as gt, lt and st are for one resource")),
        ({"cancel": None}, (7, "cancel")),
        ({"obj_id": None}, (7, "obj_id")),
        ({"obj_inst_id": None}, (6, "res_id without obj_inst_id")),
        ({"imei": None}, (7, "imei or ep_name")),
    ],
)
async def test_guide_4_2_8_notes_1_to_3_subscription_that_contradicts_itself(
    query: dict[str, str | None], refused: tuple[int, str]
) -> None:
    async with served_api() as api:
        api.log_in()
        before = len(api.module.requests)
        given = {name: text for name, text in (OBSERVE | query).items() if text is not None}
        answer = await api.call("POST", "/nbiot/observe", given)
        assert answer["errno"] == refused[0]
        assert refused[1] in answer["error"]
        assert len(api.module.requests) == before


async def test_no_observe_follows_attributes_that_are_refused() -> None:
    async with served_api() as api:
        api.log_in()
        api.module.answer = refusing(Code.METHOD_NOT_ALLOWED)
        answer = await api.call("POST", "/nbiot/observe", OBSERVE | {"pmin": "5"})
        assert answer == {"errno": 16, "error": "unsuccess: METHOD_NOT_ALLOWED null"}
        assert asked(api.module.requests[-1]) == "PUT /3303/0/5700?pmin=5"


async def test_subscription_by_hand_lasts_as_long_as_the_device_is_online() -> None:
    """OneNET's FAQ of 2019, 1.3: of a device that was created with `obsv` false."""
    async with served_api() as api:
        imei, imsi = "867726030000009", "460040000000009"
        description = Description("by hand", imei, imsi, observed=False)
        device = api.platform.create_device(description, api.now)
        module = FakeDevice(f"{imei};{imsi}")
        api.simulation.add(module)

        def log_in() -> None:
            module.register(Path(3303, 0))
            api.step()

        async def count() -> int:
            answer = await api.call("GET", f"/devices/{device.id}/datapoints", {"limit": "100"})
            return sum(len(one["datapoints"]) for one in answer["data"]["datastreams"])

        def report() -> None:
            module.notify(Path(3303, 0, 5700), 21.5)
            api.step(1)

        log_in()
        assert module.requests == []
        query = {"imei": imei, "obj_id": "3303", "obj_inst_id": "0", "cancel": "false"}
        assert await api.call("POST", "/nbiot/observe", query) == DONE
        report()
        assert await count() == 1
        module.update()
        report()
        assert await count() == 2
        log_in()
        report()
        assert await count() == 2
        assert [operation_of(one) for one in module.requests] == ["Observe /3303/0"]


# Keys for DTLS -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nbiot/device/psk", "/nbiot/device/accpsk"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_key_of_a_device_is_set_and_shown(path: str, method: str) -> None:
    """OneNET's documents of 2019: `POST /nbiot/device/accpsk?imei=` {"key":…}."""
    async with served_api() as api:
        query = {"imei": IMEI}
        missing = await api.call("GET", path, query)
        assert missing == {
            "errno": 8,
            "error": f"not found: device {api.device.id} has no key (psk)",
        }
        assert await api.call(method, path, query, {"key": "abcd1234"}) == DONE
        assert (await api.call("GET", path, query))["data"] == {"key": "abcd1234"}
        assert api.platform.key_of(api.device.endpoint) == b"abcd1234"
        for body, errno in (
            ({"key": "short"}, 6),
            ({"key": "x" * 17}, 6),
            ({"key": 12345678}, 6),
            ({}, 7),
            (None, 9),
        ):
            assert (await api.call(method, path, query, body))["errno"] == errno
        assert (await api.call(method, path, {"imei": "1"}, {"key": "abcd1234"}))["errno"] == 3
