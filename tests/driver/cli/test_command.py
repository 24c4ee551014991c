"""The command as a process, in pipes and at terminals, on the port of an emulated module."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli_process import ROOT, AtTerminal, Piped, m5310
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime

PROMPT = "\x1b[?2004h"  # bracketed paste on: written before the prompt
# The prompt is drawn again below an output once the terminal passes on Ctrl-C and Ctrl-D as keys.
AFTER_OK = ("  OK", PROMPT)
FULL = Path("/dev/full")


def test_debug_shows_the_wire_and_the_traceback(port: str) -> None:
    ran = m5310("send", "--debug", port, "AT+FOO")
    assert ran.returncode == 1
    assert "> AT+FOO" in ran.stderr
    assert "CommandError" in ran.stderr
    assert "Traceback" in ran.stderr
    assert "transition" not in ran.stderr


# --- standard streams ------------------------------------------------------------------------


def test_closed_reader_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("+CSQ:20,99\n" * 20_000, encoding="utf-8")
    shell = f"{sys.executable} -m m5310 decode {tmp_path}/log | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", shell],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
        check=True,
    )
    first, status = ran.stdout.splitlines()
    assert "signal -73 dBm" in first
    assert (status, ran.stderr) == ("141", "")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("line", "unbuffered"),
    [
        ("--version", ""),
        ("--help", "1"),
        ("record --format", ""),
        ("decode +CSQ:20,99", ""),
        ("decode +CSQ:20,99", "1"),
    ],
)
def test_full_disk_is_one_line(line: str, unbuffered: str) -> None:
    with FULL.open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "m5310", *line.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert (ran.returncode, ran.stderr) == (2, "m5310: No space left on device\n")


@pytest.mark.parametrize(
    ("name", "closed"),
    [("send", "<&- >&- 2>&-"), ("send", ">&-"), ("send", "2>&-"), ("console", "<&-")],
)
def test_closed_standard_streams(port: str, name: str, closed: str) -> None:
    arguments = f"{port} AT+CIMI" if name == "send" else port
    ran = subprocess.run(
        f"{sys.executable} -m m5310 {name} {arguments} {closed}",
        shell=True,
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


# Stands in for an environment where only the fork of pyserial-asyncio is installed.
WITH_THE_FORK = """
import sys
sys.modules["serial_asyncio"] = None
from m5310.cli.main import main
status = main(sys.argv[1:])
assert "serial_asyncio_fast" in sys.modules
sys.exit(status)
"""


def test_transport_of_pyserial_asyncio_fast(port: str, emulator: dict[str, str]) -> None:
    pytest.importorskip("serial_asyncio_fast")
    ran = subprocess.run(
        [sys.executable, "-c", WITH_THE_FORK, "send", port, "AT+CGSN=1"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
    )
    assert (ran.returncode, ran.stdout) == (0, f"+CGSN:{emulator['imei']}\n"), ran.stderr


# --- ports, probe, send ----------------------------------------------------------------------


def test_ports() -> None:
    ran = m5310("ports", "--json")
    assert ran.returncode == (0 if json.loads(ran.stdout) else 1)


def test_probe(port: str, emulator: dict[str, str]) -> None:
    ran = m5310("probe", port)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.search(rf"IMEI +ok +{emulator['imei']}\n", ran.stdout)
    assert ran.stdout.endswith(f"{port} at 9600 baud: no problem found\n")


def test_send_prints_response_lines(port: str, emulator: dict[str, str]) -> None:
    ran = m5310("send", port, "AT+CIMI", "at+cgsn=1", "AT")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{emulator['imsi']}\n+CGSN:{emulator['imei']}\n"


def test_send_at_a_terminal_shows_the_ok(port: str) -> None:
    terminal = AtTerminal("send", port, "AT+CSQ", environment={})
    assert terminal.end() == 0
    assert b"m5310: OK" in terminal.screen


# --- signals ---------------------------------------------------------------------------------


def test_ctrl_c_and_sigterm_are_quiet() -> None:
    master, slave = os.openpty()
    for number in (signal.SIGINT, signal.SIGTERM):
        running = Piped("send", os.ttyname(slave), "AT", "--timeout", "60")
        while os.read(master, 1) != b"A":
            pass
        assert running.end(number) == (128 + number, "", "")
    os.close(master)
    os.close(slave)


def test_nohup_ignores_the_hangup() -> None:
    master, slave = os.openpty()
    line = f"{sys.executable} -m m5310 send {os.ttyname(slave)} AT --timeout 60"
    running = subprocess.Popen(
        ["bash", "-c", f"trap '' HUP; exec {line}"], stderr=subprocess.PIPE, cwd=ROOT
    )
    assert os.read(master, 1) == b"A"
    os.close(slave)
    running.send_signal(signal.SIGHUP)
    with contextlib.suppress(OSError):  # the command has ended
        while True:  # it probes until it is answered, and again if that takes a second
            lines = os.read(master, 100)
            os.write(master, b"\r\n+CMEE:1\r\n" * lines.count(b"CMEE?\r"))
            os.write(master, b"\r\nOK\r\n" * lines.count(b"\r"))
    _, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, errors) == (0, b"")
    os.close(master)


# --- console ---------------------------------------------------------------------------------


def test_console_in_a_pipe(port: str) -> None:
    ran = m5310("console", port, stdin="AT+CSQ\nAT+FOO\n")
    assert (ran.returncode, ran.stderr) == (1, "")  # the last command was refused
    lines = ran.stdout.splitlines()
    assert lines[0] == "> AT+CSQ                        ask for the signal strength"
    assert re.fullmatch(r"  \+CSQ:\d+,99 +signal -\d+ dBm, good", lines[1])
    assert lines[-1] == "  +CME ERROR:4                  refused: operation not supported"
    assert m5310("send", port, "AT+CMEE?").stdout == "+CMEE:0\n"  # as before


def test_console_at_a_terminal(port: str, tmp_path: Path) -> None:
    home = {"XDG_STATE_HOME": str(tmp_path)}
    terminal = AtTerminal("console", port, environment=home)
    terminal.until(PROMPT)
    terminal.type("AT+CGM")
    terminal.type("\t\t")
    terminal.until("ask for the model")
    terminal.type("\x03AT+CSQ\r")
    terminal.until("dBm, good", *AFTER_OK)
    terminal.type("AT+CMEE=0\r")
    terminal.until("error numbers off", *AFTER_OK)
    terminal.type("\x04")
    assert terminal.end() == 0
    assert "+AT+CSQ" in (tmp_path / "m5310" / "history").read_text()


def test_ctrl_c_on_an_empty_line_ends_the_console(port: str, tmp_path: Path) -> None:
    (tmp_path / "m5310").write_text("no folder can be made here for the history")
    terminal = AtTerminal("console", port, environment={"XDG_STATE_HOME": str(tmp_path)})
    terminal.until(PROMPT)
    terminal.type("AT\r")
    terminal.until(*AFTER_OK)
    terminal.type("\x03")
    assert terminal.end() == 130
    assert b"Traceback" not in terminal.screen


def test_lost_port_ends_the_console() -> None:
    master, slave = os.openpty()
    running = Piped("console", os.ttyname(slave))
    running.type("AT\n")
    running.until("> AT ")
    os.close(slave)
    os.close(master)
    status, _, errors = running.end()
    assert status == 2
    assert "was lost" in errors


# --- decode ----------------------------------------------------------------------------------


def test_decode_shows_each_line_as_it_comes() -> None:
    running = Piped("decode")
    running.type("+CSQ:20,99\n")
    running.until("signal -73 dBm, good\n")
    assert running.end(signal.SIGINT)[::2] == (130, "")
