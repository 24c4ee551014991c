"""`m5310 run` as a process: a device on the emulated module, asked by the emulated platform."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.support.cli_process import AtTerminal, Piped, m5310
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime

PROFILE = """
[[resource]]
path = "3303/0/5700"
type = "float"
command = "{command}"
every = 1

[[resource]]
path = "3311/0/5850"
type = "boolean"
access = ["read", "write", "execute"]

[[resource]]
path = "3200/0/5505"
type = "opaque"
value = "00ff"
"""
SUBSCRIBED = "m5310: the platform has subscribed to the device"
LOGGING_OUT = "m5310: logging out; Ctrl-C again exits at once"


def call(emulator: dict[str, str], path: str, body: object = None) -> object:
    """The answer of the platform's HTTP API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{emulator['http']}{path}imei={emulator['imei']}&obj_id=3311&obj_inst_id=0",
        data,
        {"api-key": emulator["api_key"]},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def profile(tmp_path: Path, command: str = "echo 21.5", more: str = "") -> str:
    file = tmp_path / "device.toml"
    file.write_text(more + PROFILE.replace("{command}", command), encoding="utf-8")
    return str(file)


def told(errors: str) -> list[str]:
    """The lines but that of the subscription.

    It comes some seconds after the login: before the signal on a busy machine.
    """
    return [line for line in errors.splitlines() if line != SUBSCRIBED]


def test_reports_and_platform_requests(port: str, emulator: dict[str, str], tmp_path: Path) -> None:
    running = Piped("run", profile(tmp_path, more=f'port = "{port}"\n'))
    running.until(f"logged in as {emulator['imei']};{emulator['imsi']}; Ctrl-C logs out")
    running.until("reported 3303/0/5700 = 21.5")
    running.type("3303/0/5700=warm\n\n3303/0/5700\n1/2/3=4\n3200/0/5505=abcd\n3311/0/5850=on\n")
    running.until("reported 3200/0/5505 = abcd")
    running.until("reported 3311/0/5850 = true")
    call(emulator, "/nbiot?mode=2&", {"data": [{"res_id": 5850, "val": False}]})
    running.until("written 3311/0/5850 = false")
    call(emulator, "/nbiot?")
    running.until("read 3311/0/5850: false")
    call(emulator, "/nbiot/execute?res_id=5850&", {"args": "blink"})
    running.until("executed 3311/0/5850 with 'blink'")
    status, _, errors = running.end(signal.SIGINT)
    assert status == 130
    assert told(errors) == [
        "m5310: 'warm' is not a value of type float; expected a number, such as 21.5",
        "m5310: '3303/0/5700' is not a report; expected one like 3303/0/5700=22.5",
        "m5310: 1/2/3 is not in the profile; add a [[resource]] for it",
        LOGGING_OUT,
    ]
    # the module has no device left
    assert m5310("send", port, "AT+MIPLDEL=0").returncode == 1


def test_sigterm_logs_out(port: str, tmp_path: Path) -> None:
    running = Piped("run", profile(tmp_path), "--port", port)
    running.until("logged in as")
    status, _, errors = running.end(signal.SIGTERM)
    assert (status, told(errors)) == (143, [LOGGING_OUT])


def test_failing_command_does_not_end_the_device(port: str, tmp_path: Path) -> None:
    endpoint = "865820030013978;460040000000001"
    more = f'endpoint = "{endpoint}"\nuri = "coap://183.230.40.40:5683"\n'
    running = Piped("run", profile(tmp_path, "exit 7", more), "--port", port)
    running.until(f"logged in as {endpoint}")
    running.type("3303/0/5700=1\n")
    running.until("reported 3303/0/5700 = 1.0")
    running.until_error("m5310: 3303/0/5700: 'exit 7' ended with status 7\n")
    assert running.end(signal.SIGINT)[0] == 130


def test_refused_login_is_one_line(port: str, tmp_path: Path) -> None:
    ran = m5310("run", profile(tmp_path), "--port", port, "--endpoint", "1;2")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("m5310: ") == 1


def test_closed_reader_ends_the_device_quietly(port: str, tmp_path: Path) -> None:
    running = Piped("run", profile(tmp_path), "--port", port)
    running.until("logged in as")
    assert running.process.stdout
    running.process.stdout.close()
    assert running.process.wait(PATIENCE) == 141
    assert running.process.stderr
    assert running.process.stderr.read() == b""


def test_progress_at_a_terminal(port: str, tmp_path: Path) -> None:
    terminal = AtTerminal("run", profile(tmp_path), "--port", port, environment={})
    terminal.until("logged in as")
    terminal.type("3303/0/5700=2\r")
    terminal.until("reported 3303/0/5700 = 2.0")
    terminal.type("\x03")
    assert terminal.end() == 130
    screen = terminal.screen.decode()
    assert "searching for the network ... 0 s" in screen
    assert "logging in ... 0 s" in screen
    assert LOGGING_OUT in screen


def test_second_ctrl_c_exits_although_the_module_hangs(
    port: str, emulator: dict[str, str], tmp_path: Path
) -> None:
    running = Piped("run", profile(tmp_path), "--port", port)
    running.until("logged in as")
    os.kill(int(emulator["pid"]), signal.SIGSTOP)
    try:
        running.process.send_signal(signal.SIGINT)
        running.until_error(f"{LOGGING_OUT}\n")
        assert running.end(signal.SIGINT)[::2] == (130, "")
    finally:
        os.kill(int(emulator["pid"]), signal.SIGCONT)
