"""Startup message: JSON for scripts, text with examples for people."""

from __future__ import annotations

import json

from emulator.cli.startup_message import ModuleInfo, StartupInfo

FIRST = ModuleInfo("/dev/pts/7", "867", "460", "500000001")
READY = StartupInfo("http://127.0.0.1:8080", "secret", (FIRST,))


def fleet(count: int) -> StartupInfo:
    modules = [ModuleInfo(f"/tmp/m-{n}", f"86{n}", f"46{n}", str(n)) for n in range(1, count + 1)]
    return StartupInfo("http://127.0.0.1:8080", "secret", tuple(modules))


def test_json_is_one_line_with_all_fields() -> None:
    text = READY.as_json()
    assert "\n" not in text
    module = {"port": "/dev/pts/7", "imei": "867", "imsi": "460", "device_id": "500000001"}
    assert json.loads(text) == {
        "http": "http://127.0.0.1:8080",
        "api_key": "secret",
        **module,
        "modules": [module],
    }


def test_json_lists_every_module() -> None:
    found = json.loads(fleet(12).as_json())
    assert found["port"] == "/tmp/m-1"
    assert [module["port"] for module in found["modules"]] == [f"/tmp/m-{n}" for n in range(1, 13)]


def test_text_has_all_fields_and_examples() -> None:
    text = READY.as_text(9600)
    for value in ("/dev/pts/7", "9600 baud", "http://127.0.0.1:8080", "secret", "867", "460"):
        assert value in text
    assert "curl -H 'api-key: secret' 'http://127.0.0.1:8080/devices/500000001'" in text
    assert "python -m serial.tools.miniterm --eol CR /dev/pts/7 9600" in text
    assert "garbage" not in text
    assert "garbage at any other" in READY.as_text(9600, strict=True)


def test_text_without_device() -> None:
    text = StartupInfo("http://x", "k", (ModuleInfo("/dev/pts/7", "867", "460", None),)).as_text(
        None
    )
    assert "refuses its login" in text
    assert "as fast as it is read" in text
    assert "curl" not in text


def test_text_of_stdio_port_has_no_terminal_example() -> None:
    text = StartupInfo("http://x", "k", (ModuleInfo("-", "867", "460", "1"),)).as_text(None)
    assert "miniterm" not in text


def test_text_lists_the_first_ten_modules() -> None:
    text = fleet(3).as_text(9600)
    assert "3 emulated M5310 modules are running." in text
    assert "/tmp/m-3  imei 863  imsi 463" in text
    assert "more" not in text
    text = fleet(12).as_text(9600)
    assert "/tmp/m-10 " in text
    assert "/tmp/m-11" not in text
    assert "2 more; --json lists all" in text
