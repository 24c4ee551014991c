"""OneNET guide 4.2.4 to 4.2.9: each table's request, and its answer."""

from __future__ import annotations

from datetime import UTC, datetime

from m5310.onenet import BEIJING, CommandPage, CommandState, OfflineCommand, OneNetSync, Sign
from tests.support.onenet_recorder import Recorder

IMEI = "865820030013978"
UUID = "42742677-adc3-54ca-83a1-5aaaf71482f8"
VALID = datetime(2018, 3, 8, 17, 30, tzinfo=BEIJING)
EXPIRES = datetime(2018, 3, 9, 9, 30, tzinfo=UTC)  # 17:30 in Beijing
TIMES = {
    "valid_time": "2018-03-08T17:30:00",
    "expired_time": "2018-03-09T17:30:00",
    "retry": "3",
}
MADE = f'{{"errno":0,"error":"succ","data":{{"uuid":"{UUID}"}}}}'


def test_4_2_4_read(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"error":"succ","data":[{"obj_inst_id":123,"res":[{"res_id":1234,"val":true},'
        '{"res_id":5700,"val":20.123}]},{"obj_inst_id":0,"res":[]}]}'
    ]

    values = cloud.read(IMEI, "1212/123/2122")

    assert values == {123: {1234: True, 5700: 20.123}, 0: {}}
    assert server.requested() == (
        "GET",
        "/nbiot",
        {"imei": IMEI, "obj_id": "1212", "obj_inst_id": "123", "res_id": "2122"},
        None,
    )


def test_4_2_4_read_an_object(server: Recorder, cloud: OneNetSync) -> None:
    """A resource with instances comes as `res_inst`."""
    server.answers = [
        '{"errno":0,"data":[{"res":[{"res_inst":[{"val":1,"res_inst_id":0},'
        '{"val":5,"res_inst_id":1}],"res_id":6}],"obj_inst_id":0}],"error":"succ"}'
    ]

    assert cloud.read(IMEI, "3", timeout=40, as_hex=True) == {0: {6: {0: 1, 1: 5}}}
    assert dict(server.request().query) == {
        "imei": IMEI,
        "obj_id": "3",
        "timeout": "40",
        "bin2hex": "true",
    }


def test_4_2_5_write(server: Recorder, cloud: OneNetSync) -> None:
    assert cloud.write(IMEI, "1212/7", {123: 5.5, 124: "on"}, replace=True) is None
    assert server.requested() == (
        "POST",
        "/nbiot",
        {"imei": IMEI, "obj_id": "1212", "obj_inst_id": "7", "mode": "1"},
        {"data": [{"res_id": 123, "val": 5.5}, {"res_id": 124, "val": "on"}]},
    )


def test_4_2_5_write_bytes_and_times_without_deleting(server: Recorder, cloud: OneNetSync) -> None:
    at = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)

    cloud.write(IMEI, "3311/0", {5850: True, 5706: b"\x00\xff", 13: at}, timeout=5)

    assert dict(server.request().query)["mode"] == "2"
    assert server.request().body == {
        "data": [
            {"res_id": 5850, "val": True},
            {"res_id": 5706, "type": 1, "val": "00ff"},
            {"res_id": 13, "type": 2, "val": 60},
        ]
    }


def test_4_2_6_execute(server: Recorder, cloud: OneNetSync) -> None:
    cloud.execute(IMEI, "1212/7/123", "ping")

    assert server.requested() == (
        "POST",
        "/nbiot/execute",
        {"imei": IMEI, "obj_id": "1212", "obj_inst_id": "7", "res_id": "123"},
        {"args": "ping"},
    )


def test_4_2_6_execute_without_a_body(server: Recorder, cloud: OneNetSync) -> None:
    cloud.execute(IMEI, "3/0/4")

    assert server.request().body is None


def test_4_2_7_resources(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"error":"succ","data":{"total_count":1,"item":[{"obj_id":3200,"instances":'
        '[{"inst_id":0,"resources":[5500,5050]},{"inst_id":1,"resources":[]}]}]}}'
    ]

    assert cloud.resources(IMEI, 3200) == {3200: {0: (5500, 5050), 1: ()}}
    assert server.requested() == (
        "GET",
        "/nbiot/resources",
        {"imei": IMEI, "obj_id": "3200"},
        None,
    )


def test_4_2_8_observe(server: Recorder, cloud: OneNetSync) -> None:
    cloud.observe(IMEI, "1212/7/123", pmin=11, pmax=123, gt=33.5, lt=2.5, st=12)

    method, path, query, _ = server.requested()
    assert (method, path, query) == (
        "POST",
        "/nbiot/observe",
        {
            "imei": IMEI,
            "cancel": "false",
            "obj_id": "1212",
            "obj_inst_id": "7",
            "res_id": "123",
            "pmin": "11",
            "pmax": "123",
            "gt": "33.5",
            "lt": "2.5",
            "st": "12",
        },
    )


def test_4_2_8_cancel_a_subscription(server: Recorder, cloud: OneNetSync) -> None:
    cloud.observe(IMEI, "1212", cancel=True)

    assert dict(server.request().query) == {"imei": IMEI, "cancel": "true", "obj_id": "1212"}


def test_4_2_9_1_offline_read(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [MADE]

    assert cloud.offline_read(IMEI, "1212/7/2122", valid=VALID, expires=EXPIRES) == UUID
    named = {"imei": IMEI, "obj_id": "1212", "obj_inst_id": "7", "res_id": "2122"}
    assert server.requested() == ("GET", "/nbiot/offline", named | TIMES, None)


def test_4_2_9_2_offline_write(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [MADE]

    uuid = cloud.offline_write(
        IMEI,
        "1212/7",
        {123: bytes.fromhex("0a64")},
        replace=True,
        valid=VALID,
        expires=EXPIRES,
        retry=10,
        signs=Sign.UPDATE | Sign.NOTIFY,
    )

    assert uuid == UUID
    named = {"imei": IMEI, "obj_id": "1212", "obj_inst_id": "7", "mode": "1"}
    assert server.requested() == (
        "POST",
        "/nbiot/offline",
        named | TIMES | {"retry": "10", "trigger_msg": "6"},
        {"data": [{"res_id": 123, "type": 1, "val": "0a64"}]},
    )


def test_4_2_9_3_offline_execute(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [MADE]

    uuid = cloud.offline_execute(IMEI, "1212/7/123", "ping", valid=VALID, expires=EXPIRES)

    assert uuid == UUID
    named = {"imei": IMEI, "obj_id": "1212", "obj_inst_id": "7", "res_id": "123"}
    assert server.requested() == (
        "POST",
        "/nbiot/execute/offline",
        named | TIMES,
        {"args": "ping"},
    )


AT = datetime(2017, 8, 28, 11, 34, 58, tzinfo=BEIJING)
ITEM = (
    '"type":"READ","create_time":"2017-08-28 11:34:58","valid_time":"2017-08-28 11:34:58",'
    '"expired_time":"2017-08-28 11:34:58","send_time":"2017-08-28 11:34:58","send_status":5,'
    '"confirm_time":"2017-08-28 11:34:58","confirm_status":"SUCCESS"'
)


def test_4_2_9_4_commands_of_a_device(server: Recorder, cloud: OneNetSync) -> None:
    first = "f6869ecb-3dc1-5374-9be0-4fb961f8af3c"
    server.answers = [
        '{"errno":0,"error":"succ","data":{"count":100,"items":['
        f'{{"cmd_uuid":"{first} ",{ITEM}}},'
        f'{{"cmd_uuid":"{UUID}","type":"WRITE","send_status":1}}]}}}}'
    ]

    page = cloud.offline_history(
        "121212",
        datetime(2016, 8, 5, 8, tzinfo=BEIJING),
        datetime(2016, 8, 6, 8, tzinfo=BEIJING),
        page=12,
        per_page=10,
        newest_first=False,
    )

    success = OfflineCommand(
        first, "READ", CommandState.SUCCESS, AT, AT, AT, AT, AT, "SUCCESS", None, None, None
    )
    nothing = (None,) * 9
    waiting = OfflineCommand(UUID, "WRITE", CommandState.WAITING, *nothing)
    assert page == CommandPage(100, (success, waiting))
    assert server.requested() == (
        "GET",
        "/nbiot/offline/history",
        {
            "imei": "121212",
            "start": "2016-08-05T08:00:00",
            "end": "2016-08-06T08:00:00",
            "page": "12",
            "per_page": "10",
            "sort": "ASC",
        },
        None,
    )


def test_4_2_9_4_numbers_for_words(server: Recorder, cloud: OneNetSync) -> None:
    """Later than the guide: `total_count`, and numbers for the words of `confirm_status`."""
    server.answers = [
        '{"errno":0,"error":"succ","data":{"total_count":1,"items":[{"cmd_uuid":"u","type":"READ",'
        '"send_status":6,"confirm_status":3,"remain":"2"}]}}'
    ]

    page = cloud.offline_history("1", VALID)

    assert (page.total, page.commands[0].confirmed_as) == (1, "NOT_FOUND")
    assert dict(server.request().query)["sort"] == "DESC"


def test_4_2_9_5_one_command(server: Recorder, cloud: OneNetSync) -> None:
    result = {"errno": 0, "error": "succ", "data": []}
    server.answers = [
        f'{{"errno":0,"error":"succ","data":{{{ITEM},"args":{{"imei":"1","obj_id":3200}},'
        '"content":{},"cmd_result":{"errno":0,"error":"succ","data":[]}}}'
    ]

    command = cloud.offline_command("1", UUID)

    assert (command.uuid, command.state, command.sent) == (UUID, CommandState.SUCCESS, AT)
    assert (command.args, command.content, command.result) == (
        {"imei": "1", "obj_id": 3200},
        {},
        result,
    )
    assert server.requested() == (
        "GET",
        f"/nbiot/offline/history/{UUID}",
        {"imei": "1"},
        None,
    )


def test_4_2_9_6_cancel_a_command(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"error":"success"}']

    assert cloud.cancel_offline("1", UUID) is None
    assert server.requested() == (
        "PUT",
        f"/nbiot/offline/cancel/{UUID}",
        {"imei": "1"},
        None,
    )
