"""Offline commands by HTTP, table by table of the guide's 4.2.9."""

from __future__ import annotations

from typing import Any

import pytest
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from tests.support.fake_device import IMEI, TEMPERATURE, refusing, silent, success
from tests.support.served_api import ServedApi, served_api

# The test's time is 2015-12-01T17:06:23 in Beijing.
WHEN = {
    "valid_time": "2015-12-01T17:10:00",
    "expired_time": "2015-12-01T18:00:00",
    "retry": "3",
}
VALID = 217.0  # seconds from now on, and a little more than to the valid time
DEVICE = {"imei": IMEI}
RESOURCE = {**DEVICE, "obj_id": "3303", "obj_inst_id": "0", "res_id": "5700"}
INSTANCE = {**DEVICE, "obj_id": "3303", "obj_inst_id": "0", "mode": "2"}
START = {"start": "2015-12-01T00:00:00"}
ARGS = {"args": "ping"}
DATA = {"data": [{"res_id": 5700, "val": 1.5}]}


async def create(api: ServedApi, *, query: dict[str, str] | None = None) -> str:
    """An offline execute."""
    given = {**RESOURCE, **WHEN, **(query or {})}
    answer = await api.call("POST", "/nbiot/execute/offline", given, ARGS)
    assert answer["errno"] == 0, answer
    uuid: str = answer["data"]["uuid"]
    return uuid


async def detail(api: ServedApi, uuid: str) -> dict[str, Any]:
    answer = await api.call("GET", f"/nbiot/offline/history/{uuid}", DEVICE)
    assert answer["errno"] == 0, answer
    shown: dict[str, Any] = answer["data"]
    return shown


async def status(api: ServedApi, uuid: str) -> int:
    return int((await detail(api, uuid))["send_status"])


def update(api: ServedApi) -> list[str]:
    """The device updates; returns what it is asked then."""
    before = len(api.module.operations())
    api.module.update()
    api.step()
    return api.module.operations()[before:]


async def test_guide_4_2_9_1_read() -> None:
    async with served_api(2018) as api:
        api.log_in()
        answer = await api.call("GET", "/nbiot/offline", {**RESOURCE, **WHEN})
        assert list(answer) == ["errno", "data", "error"]
        assert (answer["errno"], answer["error"], list(answer["data"])) == (0, "succ", ["uuid"])
        uuid = answer["data"]["uuid"]
        assert [len(part) for part in uuid.split("-")] == [8, 4, 4, 4, 12]
        assert update(api) == []
        api.step(VALID)
        assert update(api) == ["Read /3303/0/5700"]
        shown = await detail(api, uuid)
        assert shown["type"] == "READ"
        assert shown["args"] == {
            "imei": IMEI,
            "obj_id": 3303,
            "obj_inst_id": 0,
            "res_id": 5700,
            "valid_time": "2015-12-01T17:10:00",
            "expired_time": "2015-12-01T18:00:00",
            "retry": 3,
            "trigger_msg": 7,
        }
        assert "content" not in shown
        data = [{"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0}]
        assert shown["cmd_result"] == {"errno": 0, "data": data, "error": "succ"}


async def test_guide_4_2_9_2_write() -> None:
    body = {"data": [{"res_id": 5700, "type": 1, "val": "41A0FBE7"}]}
    async with served_api(2018) as api:
        api.log_in()
        answer = await api.call("POST", "/nbiot/offline", {**INSTANCE, **WHEN}, body)
        api.step(VALID)
        assert update(api) == ["Write /3303/0"]
        written = api.module.requests[-1]
        assert (written.code, written.payload.hex()) == (Code.POST, "e4164441a0fbe7")
        shown = await detail(api, answer["data"]["uuid"])
        assert (shown["type"], shown["content"]) == ("WRITE", body)
        assert shown["args"]["mode"] == 2
        assert shown["cmd_result"] == {"errno": 0, "error": "succ"}


@pytest.mark.parametrize(("body", "payload"), [(ARGS, b"ping"), (None, b"")])
async def test_guide_4_2_9_3_execute(body: object, payload: bytes) -> None:
    async with served_api(2018) as api:
        api.log_in()
        answer = await api.call("POST", "/nbiot/execute/offline", {**RESOURCE, **WHEN}, body)
        api.step(VALID)
        assert update(api) == ["Execute /3303/0/5700"]
        assert api.module.requests[-1].payload == payload
        shown = await detail(api, answer["data"]["uuid"])
        assert (shown["type"], shown.get("content")) == ("EXECUTE", body)


async def test_guide_4_2_9_4_history() -> None:
    async with served_api(2018) as api:
        api.log_in()
        first = await create(api)
        api.step(10)
        second = await create(api)
        api.step(VALID)
        update(api)
        answer = await api.call("GET", "/nbiot/offline/history", {**DEVICE, **START})
        assert answer["data"]["count"] == answer["data"]["total_count"] == 2
        assert [item["cmd_uuid"] for item in answer["data"]["items"]] == [second, first]
        item = answer["data"]["items"][1]
        assert list(item.items()) == [
            ("cmd_uuid", first),
            ("type", "EXECUTE"),
            ("create_time", "2015-12-01 17:06:23"),
            ("valid_time", "2015-12-01 17:10:00"),
            ("expired_time", "2015-12-01 18:00:00"),
            ("send_time", "2015-12-01 17:10:10"),
            ("send_status", 5),
            ("confirm_time", "2015-12-01 17:10:10"),
            ("confirm_status", "SUCCESS"),
            ("feedback_time", "2015-12-01 17:10:10"),
            ("imei", IMEI),
            ("remain", "3"),
        ]


@pytest.mark.parametrize(
    ("query", "found", "count"),
    [
        ({}, [2, 1, 0], 3),
        ({"sort": "ASC"}, [0, 1, 2], 3),
        ({"sort": "DESC", "per_page": "2"}, [2, 1], 3),
        ({"per_page": "2", "page": "2"}, [0], 3),
        ({"page": "3"}, [], 3),
        ({"start": "2015-12-01T17:06:24"}, [2, 1], 2),
        ({"end": "2015-12-01T17:06:33"}, [1, 0], 2),
        ({"end": "2015-12-01T17:06:32"}, [0], 1),
    ],
    ids=str,
)
async def test_guide_4_2_9_4_selection(query: dict[str, str], found: list[int], count: int) -> None:
    async with served_api(2018) as api:
        uuids = []
        for _ in range(3):
            uuids.append(await create(api))
            api.step(10)
        answer = await api.call("GET", "/nbiot/offline/history", {**DEVICE, **START, **query})
        assert [uuids.index(item["cmd_uuid"]) for item in answer["data"]["items"]] == found
        assert answer["data"]["count"] == count
        assert "send_time" not in str(answer)
        assert "confirm_" not in str(answer)
        only = {**DEVICE, **START, "uuid": uuids[1]}
        answer = await api.call("GET", "/nbiot/offline/history", only)
        assert [item["cmd_uuid"] for item in answer["data"]["items"]] == [uuids[1]]


async def test_guide_4_2_9_5_detail() -> None:
    async with served_api(2018) as api:
        uuid = await create(api)
        shown = await detail(api, uuid)
        assert list(shown) == [
            *("type", "args", "content", "create_time", "valid_time", "expired_time"),
            "send_status",
        ]
        assert (shown["send_status"], shown["content"]) == (1, ARGS)
        api.log_in()
        api.step(VALID)
        update(api)
        assert list(await detail(api, uuid)) == [
            *("type", "args", "content", "create_time", "valid_time", "expired_time"),
            *("send_time", "send_status", "confirm_time", "confirm_status", "cmd_result"),
        ]


async def test_guide_4_2_9_6_cancel() -> None:
    async with served_api(2018) as api:
        api.log_in()
        uuid, other = await create(api), await create(api)
        cancelled = await api.call("PUT", f"/nbiot/offline/cancel/{uuid}", DEVICE)
        assert cancelled == {"errno": 0, "error": "success"}
        api.step(VALID)
        assert update(api) == ["Execute /3303/0/5700"]
        assert (await status(api, uuid), await status(api, other)) == (2, 5)
        for state, ended in ((2, uuid), (5, other)):
            assert await api.call("PUT", f"/nbiot/offline/cancel/{ended}", DEVICE) == {
                "errno": 6,
                "error": f"invalid parameter: command {ended} is in state {state},"
                " expected 1 (it waits)",
            }


async def test_cancel_all() -> None:
    async with served_api(2018) as api:
        api.log_in()
        api.module.answer = silent
        sent = await create(api, query={"valid_time": "2015-12-01T17:07:00"})
        waiting = [await create(api), await create(api)]
        api.step(60)
        assert update(api) == ["Execute /3303/0/5700"]
        answer = await api.call("PUT", "/nbiot/offline/cancel/all", DEVICE)
        assert answer["data"] == {"succ": waiting, "failed": [sent], "total": 3}
        assert list(answer["data"]) == ["succ", "failed", "total"]


async def test_every_state_of_guide_4_2_9_4() -> None:
    async with served_api(2018) as api:
        api.log_in()
        api.module.answer = silent
        soon = {"valid_time": "2015-12-01T17:06:30"}
        uuid = await create(api, query=soon)
        assert await status(api, uuid) == 1
        for left in "3210":
            api.step(10)
            update(api)
            assert await status(api, uuid) == 3
            api.step(31)
            history = await api.call("GET", "/nbiot/offline/history", {**DEVICE, **START})
            assert history["data"]["items"][0]["remain"] == str(max(int(left) - 1, 0))
            shown = await detail(api, uuid)
            assert shown["confirm_status"] == "TIME_OUT"
            assert "confirm_time" not in shown
            assert "cmd_result" not in shown
            assert shown["send_status"] == (1 if left != "0" else 7)
        assert update(api) == []
        # refused by the device
        api.module.answer = refusing(Code.METHOD_NOT_ALLOWED)
        uuid = await create(api)
        api.step(VALID)
        for _ in range(4):
            assert update(api) == ["Execute /3303/0/5700"]
        shown = await detail(api, uuid)
        assert (shown["send_status"], shown["confirm_status"]) == (6, "METHOD_NOT_ALLOWED")
        assert "confirm_time" in shown
        assert update(api) == []
        # expired
        uuid = await create(
            api,
            query={"valid_time": "2015-12-01T17:30:00", "expired_time": "2015-12-01T17:30:01"},
        )
        api.step(3000)
        assert await status(api, uuid) == 4


@pytest.mark.parametrize(
    ("query", "errno", "error"),
    [
        ({"imei": None}, 7, "parameter required: imei"),
        ({"obj_id": None}, 7, "parameter required: obj_id"),
        ({"valid_time": None}, 7, "parameter required: valid_time"),
        ({"expired_time": None}, 7, "parameter required: expired_time"),
        ({"retry": None}, 7, "parameter required: retry"),
        ({"retry": "2"}, 6, "invalid parameter: retry 2, expected 3 to 10"),
        ({"retry": "11"}, 6, 'invalid parameter: retry "11", expected 0 to 10'),
        ({"trigger_msg": "8"}, 6, 'invalid parameter: trigger_msg "8", expected 1 to 7'),
        ({"trigger_msg": "0"}, 6, 'invalid parameter: trigger_msg "0", expected 1 to 7'),
        (
            {"valid_time": "2015-12-01T17:06:23"},
            6,
            "invalid parameter: valid_time 2015-12-01T17:06:23, expected a time after"
            " 2015-12-01T17:06:23",
        ),
        (
            {"expired_time": "2015-12-01T17:10:00"},
            6,
            "invalid parameter: expired_time 2015-12-01T17:10:00, expected a time after"
            " 2015-12-01T17:10:00",
        ),
        (
            {"valid_time": "2015-12-01 17:10:00"},
            6,
            'invalid parameter: valid_time "2015-12-01 17:10:00", expected a time such as'
            " 2015-01-10T08:00:35",
        ),
        ({"imei": "0"}, 3, "auth failed"),
    ],
    ids=str,
)
async def test_wrong_parameters_of_2018(
    query: dict[str, str | None], errno: int, error: str
) -> None:
    given = {**RESOURCE, **WHEN, **query}
    query_ = {name: value for name, value in given.items() if value is not None}
    async with served_api(2018) as api:
        answer = await api.call("GET", "/nbiot/offline", query_)
        assert answer == {"errno": errno, "error": error}


async def test_later_documents_have_fewer_required_parameters() -> None:
    async with served_api(2019) as api:
        api.log_in()
        query = {**RESOURCE, "expired_time": "2015-12-01T18:00:00"}
        answer = await api.call("GET", "/nbiot/offline", query)
        assert update(api) == ["Read /3303/0/5700"]
        shown = await detail(api, answer["data"]["uuid"])
        assert shown["valid_time"] == shown["create_time"]
        answer = await api.call("GET", "/nbiot/offline", {**query, "retry": "0"})
        assert answer["errno"] == 0
        history = await api.call("GET", "/nbiot/offline/history", {**DEVICE, **START})
        assert [item["remain"] for item in history["data"]["items"]] == ["0", "3"]


async def test_ten_commands_may_wait() -> None:
    async with served_api(2018) as api:
        uuids = [await create(api) for _ in range(10)]
        refused = {"errno": 13, "error": "system limit: 10 offline commands wait for this device"}
        given = {**RESOURCE, **WHEN}
        assert await api.call("GET", "/nbiot/offline", given) == refused
        await api.call("PUT", f"/nbiot/offline/cancel/{uuids[4]}", DEVICE)
        await create(api)
        assert await api.call("GET", "/nbiot/offline", given) == refused


@pytest.mark.parametrize("bits", range(1, 8))
async def test_trigger_msg(bits: int) -> None:
    """1 REGISTER, 2 UPDATE, 4 NOTIFY (OneNET's documents of 2019)."""

    async def wakes(sign: str) -> bool:
        async with served_api(2018) as api:
            api.log_in()
            await create(api, query={"trigger_msg": str(bits)})
            api.step(VALID)
            if sign == "register":
                api.module.register(Path(3303, 0))
            elif sign == "update":
                api.module.update()
            else:
                api.module.notify(TEMPERATURE, 1.0)
            api.step()
            return "Execute /3303/0/5700" in api.module.operations()

    assert [await wakes(sign) for sign in ("register", "update", "notify")] == [
        bool(bits & bit) for bit in (1, 2, 4)
    ]


async def test_commands_go_out_one_after_the_other_after_the_response() -> None:
    async with served_api(2018) as api:
        api.log_in()
        for _ in range(2):
            await create(api)
        await api.call("POST", "/nbiot/offline", {**INSTANCE, **WHEN}, DATA)
        api.step(VALID)
        api.module.answer = silent
        api.module.update()
        api.step()
        assert api.module.operations()[-1:] == ["Execute /3303/0/5700"]
        assert api.module.received[-2].code == Code.CHANGED
        first = api.module.requests[-1]
        api.module.answer = success
        api.module.respond(first, success(first))
        api.step()
        assert api.module.operations()[-3:] == ["Execute /3303/0/5700"] * 2 + ["Write /3303/0"]


async def test_unknown_command_and_command_of_another_device() -> None:
    async with served_api(2018) as api:
        uuid = await create(api)
        body = {"title": "other", "protocol": "LWM2M", "auth_info": {"1": "2"}}
        await api.call("POST", "/devices", body=body)
        for method, place in (("GET", "history"), ("PUT", "cancel")):
            answer = await api.call(method, f"/nbiot/offline/{place}/{uuid}", {"imei": "1"})
            assert answer == {"errno": 8, "error": f"not found: command {uuid}"}
        assert await status(api, uuid) == 1


async def test_commands_end_with_their_device() -> None:
    async with served_api(2018) as api:
        api.log_in()
        await create(api)
        await api.call("DELETE", f"/devices/{api.device.id}")
        api.step(VALID)
        assert update(api) == []
