"""Startup message: JSON for scripts, text with examples for people."""

from __future__ import annotations

import json
from dataclasses import replace

from emulator.cli.startup_message import CloudInfo, DeviceInfo, StartupInfo

CLOUD = CloudInfo("http://127.0.0.1:8080", "secret", "coap://127.0.0.1:5683")
FIRST = DeviceInfo("867", "460", "500000001")
READY = StartupInfo(CLOUD, (FIRST,), ("/dev/pts/7",))
PLATFORM = StartupInfo(CLOUD, (FIRST,), ())
MODULE = StartupInfo(None, (replace(FIRST, device_id=None),), ("/dev/pts/7",), "coap://[::1]:5683")


def fleet(count: int) -> StartupInfo:
    numbers = range(1, count + 1)
    devices = tuple(DeviceInfo(f"86{n}", f"46{n}", str(n)) for n in numbers)
    return StartupInfo(CLOUD, devices, tuple(f"/tmp/m-{n}" for n in numbers))


def test_json_is_one_line_with_all_fields() -> None:
    text = READY.as_json()
    assert "\n" not in text
    module = {"port": "/dev/pts/7", "imei": "867", "imsi": "460", "device_id": "500000001"}
    assert json.loads(text) == {
        "http": "http://127.0.0.1:8080",
        "api_key": "secret",
        "coap": "coap://127.0.0.1:5683",
        **module,
        "modules": [module],
    }


def test_json_of_an_air_in_memory_has_no_coap() -> None:
    assert "coap" not in json.loads(replace(READY, cloud=replace(CLOUD, coap=None)).as_json())


def test_json_of_the_cloud_alone_lists_its_devices() -> None:
    assert json.loads(PLATFORM.as_json()) == {
        "http": "http://127.0.0.1:8080",
        "api_key": "secret",
        "coap": "coap://127.0.0.1:5683",
        "devices": [{"imei": "867", "imsi": "460", "device_id": "500000001"}],
    }


def test_json_of_the_module_alone_names_the_server() -> None:
    found = json.loads(MODULE.as_json())
    assert (found["port"], found["server"]) == ("/dev/pts/7", "coap://[::1]:5683")
    assert "http" not in found


def test_json_lists_every_module() -> None:
    found = json.loads(fleet(12).as_json())
    assert found["port"] == "/tmp/m-1"
    assert [module["port"] for module in found["modules"]] == [f"/tmp/m-{n}" for n in range(1, 13)]


def test_text_has_all_fields_and_examples() -> None:
    text = READY.as_text(9600)
    for value in ("/dev/pts/7", "9600 baud", CLOUD.http, CLOUD.coap, "secret", "867", "460"):
        assert value is not None
        assert value in text
    assert "curl -H 'api-key: secret' 'http://127.0.0.1:8080/devices/500000001'" in text
    assert "python -m serial.tools.miniterm --eol CR /dev/pts/7 9600" in text
    assert "garbage" not in text
    assert text.startswith("The emulated M5310 is running.")
    assert (
        replace(READY, model="BC35-G").as_text(None).startswith("The emulated BC35-G is running.")
    )
    assert "garbage at any other" in READY.as_text(9600, strict=True)


def test_the_page_comes_first_and_opens_with_its_key() -> None:
    url = "http://127.0.0.1:8080/#key=secret"
    cloud = replace(CLOUD, page=url)
    for info in (READY, PLATFORM):
        shown = replace(info, cloud=cloud)
        assert f"\n  page      {url}\n  HTTP API  " in shown.as_text(9600)
        assert json.loads(shown.as_json())["page"] == url
        assert "page" not in info.as_text(9600)
        assert "page" not in json.loads(info.as_json())


def test_text_of_the_cloud_alone_names_address_and_endpoint() -> None:
    text = PLATFORM.as_text(9600)
    assert "The emulated OneNET is running." in text
    assert "  CoAP      coap://127.0.0.1:5683\n" in text
    assert "  endpoint  867;460\n" in text
    assert "miniterm" not in text


def test_text_of_the_module_alone_names_the_server() -> None:
    text = MODULE.as_text(None)
    assert "  server    coap://[::1]:5683  (OneNET's addresses lead there)\n" in text
    assert "curl" not in text


def test_announcement_reads_an_instance_of_the_application() -> None:
    text = CLOUD.announcement("867;460", ["/0/0", "/3/0", "/3303/1"])
    assert text.startswith("867;460 has registered. ")
    assert "'http://127.0.0.1:8080/nbiot?imei=867&obj_id=3303&obj_inst_id=1'" in text
    assert "obj_id=3&obj_inst_id=0'" in CLOUD.announcement("867;460", ["/3/0"])


def test_text_without_device() -> None:
    text = replace(READY, devices=(DeviceInfo("867", "460", None),)).as_text(None)
    assert "refuses its login" in text
    assert "as fast as it is read" in text
    body = '{"title": "M5310 867", "protocol": "LWM2M", "auth_info": {"867": "460"}}'
    assert f"'http://127.0.0.1:8080/devices' -d '{body}'\n" in text


def test_text_shows_where_is_pushed_and_what_is_kept() -> None:
    text = READY.as_text(None)
    assert "  push      none; --push URL --token T" in text
    assert "  db " not in text
    cloud = replace(CLOUD, push="http://127.0.0.1:8000/push", db="cloud.db")
    text = replace(READY, cloud=cloud).as_text(None)
    assert "  push      http://127.0.0.1:8000/push\n  db        cloud.db\n" in text
    found = json.loads(replace(READY, cloud=cloud).as_json())
    assert (found["push"], found["db"]) == (cloud.push, cloud.db)


def test_text_of_stdio_port_has_no_terminal_example() -> None:
    assert "miniterm" not in replace(READY, ports=("-",)).as_text(None)


def test_text_lists_the_first_ten_modules() -> None:
    text = fleet(3).as_text(9600)
    assert "3 emulated M5310 modules are running." in text
    assert "/tmp/m-3  imei 863  imsi 463" in text
    assert "more" not in text
    text = fleet(12).as_text(9600)
    assert "/tmp/m-10 " in text
    assert "/tmp/m-11" not in text
    assert "2 more; --json lists all" in text


def test_text_names_another_module() -> None:
    text = replace(READY, model="NB86-G").as_text(9600)
    assert text.startswith("The emulated NB86-G is running.\n")
