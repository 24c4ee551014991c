"""The JSON of the API, against what the guide and the suite's test specification print."""

from __future__ import annotations

import json
from uuid import UUID

from emulator.air.messages import Item, Path
from emulator.onenet.datapoints import DataPoints
from emulator.onenet.devices import Description, Device
from emulator.onenet.http import answers as shapes

TEMPERATURE = Path(3303, 0, 5700)
# 2015-12-01 17:06:23.535 in Beijing
MOMENT = 1448960783.535


def test_the_values_of_a_read_are_those_of_the_test_specification() -> None:
    shown = json.dumps(shapes.values([Item(TEMPERATURE, 20.123)]), separators=(",", ":"))
    assert shown == '[{"res":[{"val":20.123,"res_id":5700}],"obj_inst_id":0}]'


def test_values_are_grouped_by_instance() -> None:
    items = [
        Item(Path(3303, 0, 5700), 1.5),
        Item(Path(3303, 0, 5701), "Cel"),
        Item(Path(3303, 1, 5700), 2.5),
    ]
    assert shapes.values(items) == [
        {"res": [{"val": 1.5, "res_id": 5700}, {"val": "Cel", "res_id": 5701}], "obj_inst_id": 0},
        {"res": [{"val": 2.5, "res_id": 5700}], "obj_inst_id": 1},
    ]
    assert shapes.values([]) == []


def test_bytes_are_an_array_of_numbers_and_the_rest_is_itself() -> None:
    for value, expected in [
        (b"\x0a\x64\x7b", [10, 100, 123]),
        (b"", []),
        (True, True),
        (7, 7),
        ("E309C82FE6", "E309C82FE6"),
    ]:
        ((shown,),) = [entry["res"] for entry in shapes.values([Item(TEMPERATURE, value)])]
        assert shown == {"val": expected, "res_id": 5700}
        assert type(shown["val"]) is type(expected)


def test_data_points_are_those_of_the_guide_s_example() -> None:
    points = DataPoints()
    path = Path(3200, 0, 5501)
    points.record(path, "39", MOMENT)
    points.record(path, "20", MOMENT + 10.953)
    assert shapes.datapoints(points.streams(26)) == {
        "count": 2,
        "datastreams": [
            {
                "datapoints": [
                    {"at": "2015-12-01 17:06:23.535", "value": "39"},
                    {"at": "2015-12-01 17:06:34.488", "value": "20"},
                ],
                "id": "3200_0_5501",
            }
        ],
    }
    assert shapes.datapoints([]) == {"count": 0, "datastreams": []}


def test_a_new_device_is_its_id() -> None:
    device = Device("233444", Description("a device", "1", "2"), 0)
    assert shapes.created(device) == {"device_id": "233444"}


def test_a_device_with_the_least() -> None:
    device = Device("233444", Description("a device", "1", "2"), MOMENT)
    assert shapes.device(device, online=False) == {
        "online": False,
        "protocol": "LWM2M",
        "title": "a device",
        "create_time": "2015-12-01 17:06:23",
        "obsv": True,
        "private": True,
        "binary": [],
        "tags": [],
        "datastreams": [],
    }


def test_a_device_with_everything() -> None:
    said = Description(
        "a device", "1", "2", "about it", ("x",), {"lon": 106}, False, False, {"manu": "me"}
    )
    device = Device("233444", said, MOMENT)
    device.points.record(TEMPERATURE, 1.5, MOMENT + 60)
    shown = shapes.device(device, online=True)
    assert shown["online"] is True
    assert (shown["desc"], shown["tags"], shown["location"]) == ("about it", ["x"], {"lon": 106})
    assert (shown["obsv"], shown["private"], shown["other"]) == (False, False, {"manu": "me"})
    (stream,) = shown["datastreams"]  # type: ignore[misc]
    assert UUID(stream.pop("uuid")).version == 5
    assert stream == {
        "create_time": "2015-12-01 17:07:23",
        "id": "3303_0_5700",
        "unit": "",
        "unit_symbol": "",
    }
    assert shapes.device(device, online=True) == shapes.device(device, online=True)


def test_resources_are_those_of_the_instances_that_logged_in() -> None:
    objects = [Path(3303, 1), Path(3200, 0), Path(3303, 0), Path(3311)]
    discovered = [
        Path(3303),
        Path(3303, 0),
        Path(3303, 0, 5701),
        Path(3303, 0, 5700),
        Path(3303, 9, 5700),
    ]
    assert shapes.resources(objects, discovered) == {
        "total_count": 3,
        "item": [
            {"obj_id": 3200, "instances": [{"inst_id": 0, "resources": []}]},
            {
                "obj_id": 3303,
                "instances": [
                    {"inst_id": 0, "resources": [5700, 5701]},
                    {"inst_id": 1, "resources": []},
                ],
            },
            {"obj_id": 3311, "instances": []},
        ],
    }
    assert shapes.resources((), ()) == {"total_count": 0, "item": []}
