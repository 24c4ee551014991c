"""The page stays right when something else changes what it shows, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from emulator import Emulator
from m5310.onenet import OneNetSync
from tests.support.browser import Browser
from tests.support.mcu import Mcu

pytestmark = pytest.mark.realtime

ROW = "[role=grid] .space [role=row]"


@pytest.fixture
def other(it: Emulator) -> Iterator[OneNetSync]:
    """Another program that uses the API."""
    with OneNetSync(it.api_key, str(it.http_url)) as program:
        yield program


def call(it: Emulator, method: str, path: str, body: object) -> None:
    headers = {"api-key": it.api_key, "Content-Type": "application/json"}
    request = Request(
        f"{it.http_url}{path}", method=method, headers=headers, data=json.dumps(body).encode()
    )
    with urlopen(request) as response:
        answer = json.load(response)
    assert answer["errno"] == 0, answer


def test_list_follows_devices_that_others_create_edit_and_delete(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    page.shows("Devices: 1", "#device-count")
    created = other.create_device("Greenhouse", "861234567890123", "460001234567890")
    page.shows("Greenhouse", ROW)
    other.update_device(created, title="Orchard")
    page.shows("Orchard", ROW)
    other.delete_device(created)
    page.shows("Devices: 1", "#device-count")
    assert page.all(ROW, "Orchard") == []
    other.delete_device(str(it.device_id))
    page.shows("There is no device yet.", "main .empty")


def test_device_that_others_delete_is_said_to_be_gone(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    """And not that the key is wrong, as OneNET refuses a device that is not there."""
    page.go(f"devices/{it.device_id}")
    page.shows("Resources", "main [role=tab]")
    page.click("Edit")
    other.delete_device(str(it.device_id))
    for view in (None, "devices/500000999", "devices/x%2Fy"):
        if view is not None:
            page.go(view)
        page.shows("No such device", "h1")
        page.shows("It has been deleted, or its id is wrong.", "main [role=alert]")
        assert "auth failed" not in page.text
        assert page.all("dialog, main [role=tab], .toast.error") == []


def test_triggers_and_faults_that_others_set_show(page: Browser, it: Emulator) -> None:
    page.go("triggers")
    page.shows("There is no trigger.")
    new = {"url": "http://127.0.0.1:8000/", "type": ">", "threshold": 31, "ds_id": "3303_0_5700"}
    call(it, "POST", "/triggers", new)
    page.shows("> 31", ROW)

    page.go("platform")
    page.type("Share that is lost", "0.25")  # not saved yet
    call(it, "PUT", "/emulator/air", {"latency": 2.5})
    call(it, "PUT", "/emulator/platform", {"refusing": True})
    latency = page.named("input", "Latency each way, s")
    page.until(lambda: latency.get_attribute("value") == "2.5", "the other latency")
    page.until(lambda: page.named("input", "refuses logins").is_selected(), "the refusal")
    assert page.named("input", "Share that is lost").get_attribute("value") == "0.25"


def test_stream_that_is_new_can_be_chosen(page: Browser, it: Emulator) -> None:
    def add(stream: str, value: float) -> None:
        points = [{"at": "2018-06-01T12:00:00", "value": value}]  # one report may bring several
        body = {"datastreams": [{"id": stream, "datapoints": points}]}
        call(it, "POST", f"/devices/{it.device_id}/datapoints", body)

    add("3303_0_5700", 25)
    page.go(f"devices/{it.device_id}/points")
    page.shows("25", ROW)
    add("3311_0_5851", 77)
    page.shows("3311/0/5851 Light Control, Dimmer", "#stream")
    page.type("Stream", "3311_0_5851")
    page.shows("77", ROW)
    assert page.all(ROW, "25") == []


def test_dialog_ends_with_the_tab_that_it_was_opened_on(page: Browser, it: Emulator) -> None:
    page.go(f"devices/{it.device_id}")
    page.click("Offline commands")
    page.click("New offline command")
    page.find("dialog[open]")
    page.driver.back()
    page.until(lambda: not page.all("dialog"), "the end of the dialog")
    page.find('[data-tab="resources"][aria-selected=true]')


def test_scenario_that_is_being_written_stays_over_other_views(page: Browser) -> None:
    page.go("platform")
    page.type("Events (TOML)", "# mine")
    page.go("devices")
    page.go("platform")
    assert page.named("textarea", "Events (TOML)").get_attribute("value") == "# mine"


def test_operation_while_time_stands_still_says_why_there_is_no_answer(
    page: Browser, it: Emulator
) -> None:
    with Mcu(it):
        page.go(f"devices/{it.device_id}")
        page.shows("online", "#device-state")
        page.script("dispatchEvent(new Event('pagehide'))")  # no event comes: it would be later
        page.click("Pause time")
        page.shows("Let time run", "#clock-pause")
        page.click("Read 3303")
        page.shows("Time is paused", ".toast")
        page.click("Let time run")
        page.shows("21.5", 'tr[data-path="3303/0/5700"]')


def test_what_a_person_selects_or_points_at_stays_while_the_page_follows(
    page: Browser, it: Emulator, other: OneNetSync
) -> None:
    page.go("modules/1")
    page.shows("registered", "main .card")
    imei = page.shows(it.imei, "main dd")
    page.script("getSelection().selectAllChildren(arguments[0])", imei)
    call(it, "PUT", "/emulator/modules/1", {"coverage": "ECL2"})
    page.shows("Coverage: ECL0: good → ECL2: very weak", "[role=log]")
    assert page.script("return String(getSelection())") == it.imei

    page.go(f"devices/{it.device_id}")
    edit = page.named("button", "Edit")
    page.script("arguments[0].focus()", edit)
    other.update_device(str(it.device_id), title="Greenhouse")
    page.shows("Greenhouse", "h1")
    assert page.script("return document.activeElement.innerText") == "Edit"
