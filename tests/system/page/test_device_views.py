"""What a person sees of devices that others use and change at the same time, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest

from emulator import Emulator
from m5310.onenet import OneNetSync
from tests.support.browser import Browser
from tests.support.mcu import Mcu

pytestmark = pytest.mark.realtime


@pytest.fixture
def other(it: Emulator) -> Iterator[OneNetSync]:
    """Another program that uses the API."""
    with OneNetSync(it.api_key, str(it.http_url)) as program:
        yield program


def add_points(it: Emulator, stream: str, points: Sequence[Mapping[str, object]]) -> None:
    """As an application does."""
    body = json.dumps({"datastreams": [{"id": stream, "datapoints": points}]}).encode()
    headers = {"api-key": it.api_key, "Content-Type": "application/json"}
    url = f"{it.http_url}/devices/{it.device_id}/datapoints"
    with urlopen(Request(url, headers=headers, data=body)) as response:
        assert json.load(response)["errno"] == 0


def test_device_is_created_found_in_the_list_and_deleted(page: Browser, other: OneNetSync) -> None:
    page.click("Create device")
    page.type("Title", "Greenhouse")
    page.type("IMEI", "861234567890123")
    page.type("IMSI", "460001234567890")
    page.find("dialog button[type=submit]").click()
    page.shows("Greenhouse", "[role=grid] [role=row]")
    page.shows("Devices: 2", "#device-count")
    created = other.device_by_imei("861234567890123")
    page.shows(f"Device {created.id} created", ".toast")

    page.click("Greenhouse")
    page.shows("Greenhouse", "h1")
    page.shows("460001234567890", "main dd")
    page.go("devices")
    page.click("Delete Greenhouse")
    page.find("dialog button[type=submit]").click()
    page.shows("Devices: 1", "#device-count")
    assert page.all("[role=grid] [role=row]", "Greenhouse") == []
    assert [one.id for one in other.devices().devices] != [created.id]
    assert len(other.devices().devices) == 1


def test_head_of_a_device_follows_what_is_observed_and_edited(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    other.delete_device(str(it.device_id))
    device = other.create_device("Hall", it.imei, it.imsi, observed=False)
    with Mcu(it):
        page.go(f"devices/{device}")
        page.shows("online", "#device-state")
        page.shows("Has observations (obsv_st)\nno", "main dl div")
        page.click("Discover 3303")
        page.click("Observe 3303/0/5700")
        page.find("dialog button[type=submit]").click()
        page.shows("Has observations (obsv_st)\nyes", "main dl div")
    other.update_device(device, title="Greenhouse")
    page.shows("Greenhouse", "h1")
    page.shows("offline", "#device-state")


def test_offline_command_of_another_program_shows(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    page.go(f"devices/{it.device_id}/commands")
    page.shows("There is no offline command.", "#commands")
    valid = datetime.fromtimestamp(it.now() + 60, UTC)
    expires = valid + timedelta(hours=1)
    other.offline_read(it.imei, "3303/0/5700", valid=valid, expires=expires)
    page.shows("3303/0/5700", "#commands td")
    page.shows("waits", "#commands td")


def test_written_value_shows_and_the_end_of_an_operation_is_told(
    page: Browser, it: Emulator
) -> None:
    row = 'tr[data-path="3311/0/5850"]'
    with Mcu(it):
        page.go(f"devices/{it.device_id}")
        page.shows("online", "#device-state")
        page.click("Read 3311")
        page.shows("false", row)
        page.click("Write 3311/0/5850")
        page.type("Type", "text")
        page.type("Value", "typed")
        page.type("Type", "number")
        assert page.named("input", "Value").get_attribute("value") == "typed"
        page.type("Type", "boolean")
        page.type("Value", "true")
        page.find("dialog button[type=submit]").click()
        page.shows("Write 3311/0/5850: done", ".toast")
        page.shows("true", row)
        page.shows("written, ", row)
        page.click("Observe 3311/0/5850")
        page.find("dialog button[type=submit]").click()
        page.shows("Observe 3311/0/5850: done", ".toast")


def test_streams_that_are_no_resource_or_hostile_leave_the_tree_whole(
    page: Browser, it: Emulator
) -> None:
    hostile = "\u202e<img src=x onerror=alert(1)>"
    for stream, value in (
        ("99999_0_1", 1),
        ("03303_0_5700", 2),
        ("__proto__", 3),
        ("1_2", 4),
        ("<b>", 5),
        ("65535_65535_65535", hostile),
        ("3303_0_5701", hostile),
        ("3303_0_5700", {"a": [1, {"b": hostile}]}),
    ):
        add_points(it, stream, [{"value": value}])
    page.go(f"devices/{it.device_id}")
    page.shows(r"\u202e<img src=x onerror=alert(1)>", 'tr[data-path="65535/65535/65535"]')
    page.shows('{"a":[1,', 'tr[data-path="3303/0/5700"]')
    assert len(page.all("#resources tr[data-path]")) == 3
    assert "\u202e" not in page.text
    assert page.all("img[src=x]") == []


@pytest.mark.parametrize(
    "values", [[1e308, -1e308, 0], [5e-324, 0], [2**63 - 1, 2**63 - 2], [1e308], [-0.0]], ids=str
)
def test_plot_takes_each_number(page: Browser, it: Emulator, values: list[float]) -> None:
    """A mistake in its numbers is in the browser's log, which the fixture looks at."""
    points = [
        {"at": f"2018-06-01T12:00:0{number}", "value": value} for number, value in enumerate(values)
    ]
    add_points(it, "any", points)
    page.go(f"devices/{it.device_id}/points")
    page.shows(f"Points: {len(values)}", "#point-count")
    heights = [float(one.get_attribute("cy") or "nan") for one in page.all(".plot .point")]
    assert len(heights) == len(values)
    assert all(0 < one < 300 for one in heights)
