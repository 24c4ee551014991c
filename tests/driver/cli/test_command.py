"""The command as a user meets it: processes, pipes and terminals, against an emulated module."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from m5310 import __main__ as m5310_main
from m5310.cli.recording import Chunk, Sender, Speed, read
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic.config import Config
from tests.support.cli_process import PATIENCE, ROOT, AtTerminal, Piped, m5310

pytestmark = pytest.mark.realtime

PROMPT = "\x1b[?2004h"  # what a prompt is drawn after: bracketed paste on
NOWHERE = "/dev/m5310-is-not-here"


def call(emulator: dict[str, str], path: str, body: object = None) -> object:
    """What the cloud's HTTP API answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{emulator['http']}{path}imei={emulator['imei']}&obj_id=3311&obj_inst_id=0",
        data,
        {"api-key": emulator["api_key"]},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


# --- the whole command -----------------------------------------------------------------------


def test_help_teaches_with_examples() -> None:
    ran = m5310("--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "m5310 probe /dev/ttyUSB0" in ran.stdout


def test_help_loads_nothing_heavy() -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "m5310", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""},
    )
    loaded = set(re.findall(r"\| +([\w.]+)$", ran.stderr, re.MULTILINE))
    assert "m5310.cli.arguments" in loaded
    assert not {"asyncio", "serial", "transitions", "prompt_toolkit", "logging"} & loaded


def test_a_port_that_is_not_there_is_one_line() -> None:
    for arguments in (("probe", NOWHERE), ("send", NOWHERE, "AT"), ("console", NOWHERE)):
        ran = m5310(*arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith(f"m5310: {NOWHERE} does not exist")
        assert ran.stderr.count("\n") == 1


def test_with_debug_errors_are_whole_and_the_wire_is_shown(port: str) -> None:
    ran = m5310("send", "--debug", port, "AT+FOO")
    assert ran.returncode == 1
    assert "> AT+FOO" in ran.stderr
    assert "CommandError" in ran.stderr
    assert "Traceback" in ran.stderr
    assert "transition" not in ran.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
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


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("line", ["--version", "--help", "record --format", "decode +CSQ:20,99"])
def test_what_cannot_be_written_is_one_line(line: str, unbuffered: str) -> None:
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


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
def test_errors_that_nobody_can_read_leave_the_status() -> None:
    for words, status in (("bogus", 2), (f"probe {NOWHERE}", 2), ("decode xyzzy", 1)):
        with FULL.open("w") as full:
            line = [sys.executable, "-m", "m5310", *words.split()]
            ran = subprocess.run(line, stdout=subprocess.PIPE, stderr=full, check=False, cwd=ROOT)
        assert ran.returncode == status


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_supervisor_may_close_the_standard_streams(port: str, closed: str) -> None:
    for subcommand in (f"send {port} AT+CIMI", f"console {port}"):
        ran = subprocess.run(
            f"{sys.executable} -m m5310 {subcommand} {closed}",
            shell=True,
            input="",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=ROOT,
        )
        assert (ran.returncode, ran.stderr) == (0, "")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    ran = m5310("run", str(tmp_path / "none.toml"))
    assert ran.returncode == 2
    assert ran.stderr == f"m5310: {tmp_path}/none.toml: No such file or directory\n"


# --- ports -----------------------------------------------------------------------------------


def test_ports() -> None:
    ran = m5310("ports", "--json")
    assert ran.returncode == (0 if json.loads(ran.stdout) else 1)


# --- probe -----------------------------------------------------------------------------------


def test_a_module_that_is_well(port: str, emulator: dict[str, str]) -> None:
    ran = m5310("probe", port)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.search(rf"IMEI +well +{emulator['imei']}\n", ran.stdout)
    assert ran.stdout.endswith(f"{port} at 9600 baud: all is well\n")


def test_a_probe_leaves_the_module_as_it_was(port: str) -> None:
    for numbers in ("0", "1", "0"):
        assert m5310("send", port, f"AT+CMEE={numbers}").returncode == 0
        assert m5310("probe", port, "--baud", "9600").returncode == 0
        assert m5310("send", port, "AT+CMEE?").stdout == f"+CMEE:{numbers}\n"


def test_a_probe_of_no_port_is_json_as_well() -> None:
    ran = m5310("probe", NOWHERE, "--json")
    assert ran.returncode == 2
    found = json.loads(ran.stdout)
    (finding,) = found.pop("findings")
    assert found == {"port": NOWHERE, "baud": None, "well": False}
    assert (finding["name"], finding["verdict"]) == ("port", "WRONG")
    assert ran.stderr == f"m5310: {finding['words']}\n"


def test_a_module_that_is_not_well(port: str) -> None:
    assert m5310("send", port, "AT+CFUN=0").returncode == 0
    ran = m5310("probe", port, "--json")
    found = json.loads(ran.stdout)
    verdicts = {finding["name"]: finding["verdict"] for finding in found["findings"]}
    assert (ran.returncode, found["well"]) == (1, False)
    assert (verdicts["IMEI"], verdicts["radio"], verdicts["signal"]) == ("WELL", "WRONG", "WRONG")
    table = m5310("probe", port)
    assert table.returncode == 1
    assert "switch it on: AT+CFUN=1" in table.stdout
    assert table.stdout.endswith("not well\n")
    assert m5310("send", port, "AT+CFUN=1").returncode == 0


def test_nobody_there() -> None:
    master, slave = os.openpty()
    ran = m5310("probe", os.ttyname(slave), "--baud", "9600", "--json")
    os.close(master)
    os.close(slave)
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["baud"], found["well"]) == (3, None, False)
    assert found["findings"][0]["words"] == "nobody answers at 9600 baud"


# --- send ------------------------------------------------------------------------------------


def test_send_prints_what_comes(port: str, emulator: dict[str, str]) -> None:
    ran = m5310("send", port, "AT+CIMI", "at+cgsn=1", "AT")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{emulator['imsi']}\n+CGSN:{emulator['imei']}\n"


def test_send_stops_at_the_first_refusal(port: str) -> None:
    ran = m5310("send", port, "AT+FOO", "AT+CIMI")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "m5310: AT+FOO was refused with ERROR\n"


def test_send_sends_nothing_hostile(port: str) -> None:
    ran = m5310("send", port, "AT", "AT\rAT+NRB")
    assert ran.returncode == 2
    assert "control character" in ran.stderr
    for line in ("", "hello", "AT+CSQ\x1b"):
        assert m5310("send", port, "AT", line).returncode == 2
    assert m5310("send", port, "").stderr == "m5310: '' does not begin with AT\n"


def test_send_waits_for_what_follows(port: str) -> None:
    ran = m5310("send", port, "AT+NPING=10.1.2.3", "--until", "+NPING")
    assert (ran.returncode, ran.stdout[:17]) == (0, "+NPING:10.1.2.3,6"[:17])
    ran = m5310("send", port, "AT", "--until", "+NEVER", "--timeout", "0.2")
    assert ran.returncode == 3
    assert "no line that begins with +NEVER came within 0.2 s after the OK of AT" in ran.stderr


def test_nobody_answering_is_a_timeout() -> None:
    master, slave = os.openpty()
    ran = m5310("send", os.ttyname(slave), "AT", "--timeout", "0.3")
    os.close(master)
    os.close(slave)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "Check wiring, speed and power" in ran.stderr


def test_ctrl_c_is_quiet() -> None:
    master, slave = os.openpty()
    running = Piped("send", os.ttyname(slave), "AT", "--timeout", "60")
    assert os.read(master, 1) == b"A"
    assert running.end(signal.SIGINT) == (130, "", "")
    running = Piped("send", os.ttyname(slave), "AT", "--timeout", "60")
    while os.read(master, 1) != b"A":
        pass
    assert running.end(signal.SIGTERM) == (143, "", "")
    os.close(master)
    os.close(slave)


def test_a_command_under_nohup_outlives_its_terminal() -> None:
    master, slave = os.openpty()
    line = f"{sys.executable} -m m5310 send {os.ttyname(slave)} AT --timeout 60"
    running = subprocess.Popen(
        ["bash", "-c", f"trap '' HUP; exec {line}"], stderr=subprocess.PIPE, cwd=ROOT
    )
    assert os.read(master, 1) == b"A"
    running.send_signal(signal.SIGHUP)
    os.write(master, b"\r\nOK\r\n")
    while b"AT" not in os.read(master, 10):  # the first one was only a look who is there
        pass
    os.write(master, b"\r\nOK\r\n")
    _, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, errors) == (0, b"")
    os.close(master)
    os.close(slave)


def test_ctrl_c_while_loading_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("m5310.cli.main.main", interrupted)
    assert m5310_main.main() == 130


def test_at_a_terminal_the_ok_is_told(port: str) -> None:
    terminal = AtTerminal("send", port, "AT+CSQ", environment={})
    assert terminal.end() == 0
    assert b"m5310: OK" in terminal.screen


# --- console ---------------------------------------------------------------------------------


def test_a_console_from_a_pipe(port: str) -> None:
    ran = m5310("console", port, stdin="AT+CSQ\nAT+FOO\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0] == "> AT+CSQ                        ask for the signal strength"
    assert re.fullmatch(r"  \+CSQ:\d+,99 +signal -\d+ dBm, good", lines[1])
    assert lines[-1] == "  ERROR                         refused"


def test_a_console_at_a_terminal(port: str, tmp_path: Path) -> None:
    home = {"XDG_STATE_HOME": str(tmp_path)}
    terminal = AtTerminal("console", port, environment=home)
    terminal.until(PROMPT)
    terminal.type("AT+CGM")
    terminal.type("\t\t")
    terminal.until("ask for the model")
    terminal.type("\x03AT+CSQ\r")
    terminal.until("dBm, good")
    terminal.type("AT+CSCON=1\r")
    terminal.until("reports of the radio connection on")
    terminal.type("quit\r")
    assert terminal.end() == 0
    assert "+AT+CSQ" in (tmp_path / "m5310" / "history").read_text()


def test_ctrl_d_ends_a_console(port: str, tmp_path: Path) -> None:
    terminal = AtTerminal("console", port, environment={"XDG_STATE_HOME": str(tmp_path)})
    terminal.until(PROMPT)
    terminal.type("\x04")
    assert terminal.end() == 0


def test_ctrl_c_on_an_empty_line_ends_a_console(port: str, tmp_path: Path) -> None:
    (tmp_path / "m5310").write_text("in the way of the history")
    terminal = AtTerminal("console", port, environment={"XDG_STATE_HOME": str(tmp_path)})
    terminal.until(PROMPT)
    terminal.type("AT\r")
    terminal.until("OK")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert b"Traceback" not in terminal.screen


# --- record and decode -----------------------------------------------------------------------


def test_what_was_said_is_recorded_and_read_in_words(port: str, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    assert m5310("record", port, str(file), stdin="AT+CIMI\n").returncode == 0
    with file.open(encoding="utf-8") as lines:
        header, pieces = read(lines)
        said = [(each.sender, each.data) for each in pieces if isinstance(each, Chunk)]
    assert (header.port, header.baud) == (port, 9600)
    assert said[-3][0:2] == (Sender.HOST, b"AT+CIMI\r")
    assert said[-1] == (Sender.MODULE, b"\r\nOK\r\n")
    ran = m5310("decode", str(file))
    assert ran.returncode == 0
    assert re.search(r"> AT\+CIMI +ask for the SIM's number \(IMSI\)\n", ran.stdout)
    assert re.search(r"< 460040000000001 +IMSI 460040000000001\n", ran.stdout)


def test_a_console_follows_the_module_to_another_speed(port: str, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    there, back = (f"AT+NATSPEED={baud},30,1,2,1,0,0" for baud in (115200, 9600))
    ran = m5310("record", port, str(file), stdin=f"{there}\nAT+CIMI\n{back}\nAT+CIMI\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    with file.open(encoding="utf-8") as lines:
        header, entries = read(lines)
        speeds = [entry.baud for entry in entries if isinstance(entry, Speed)]
    assert (header.baud, speeds) == (9600, [115200, 9600])
    assert re.match(r"m5310 \d", header.by)
    shown = m5310("decode", str(file)).stdout
    assert f"by {header.by}\n" in shown
    assert re.search(r"\d  +the line runs at 115200 baud\n", shown)
    assert m5310("send", port, there, "AT+CSQ", back, "AT+CIMI").returncode == 0


def test_a_recording_is_never_written_over(port: str, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    ran = m5310("record", port, str(tmp_path / "precious"), stdin="AT\n")
    assert ran.returncode == 2
    assert "is there already; name a new file" in ran.stderr
    assert (tmp_path / "precious").read_text() == "precious"
    ran = m5310("record", port, "-")
    assert ran.returncode == 2
    assert "name a file, or use --listen" in ran.stderr


def test_what_is_heard_goes_to_a_file_too(tmp_path: Path) -> None:
    master, slave = os.openpty()
    file = tmp_path / "heard.jsonl"
    running = Piped("record", "--listen", os.ttyname(slave), str(file))
    running.until_error("Ctrl-C ends")
    os.write(master, b"\r\n+CEREG:1\r\n\r\n+CSCON:1\r\n")
    while "CSCON" not in file.read_text():
        pass
    assert running.end(signal.SIGINT)[0] == 130
    assert len(file.read_text().splitlines()) == 3
    os.close(master)
    os.close(slave)


def test_a_console_that_loses_its_port(tmp_path: Path) -> None:
    master, slave = os.openpty()
    running = Piped("console", os.ttyname(slave))
    running.type("AT\n")
    running.until("is anybody there?")
    os.close(slave)
    os.close(master)
    status, _, errors = running.end()
    assert status == 2
    assert "was lost" in errors


def test_listening_writes_nothing_to_the_port() -> None:
    master, slave = os.openpty()
    running = Piped("record", "--listen", os.ttyname(slave), "-")
    running.until('"recording": 1')
    os.write(master, b"\r\n+CEREG:1\r\nhalf")
    running.until("+CEREG:1")
    os.set_blocking(master, False)
    status, output, errors = running.end(signal.SIGINT)
    assert (status, errors) == (130, "m5310: listening; Ctrl-C ends\n")
    assert '"text": "half"' in output
    with pytest.raises(BlockingIOError):
        os.read(master, 1)
    os.close(master)
    os.close(slave)


def test_a_lost_port_ends_listening() -> None:
    master, slave = os.openpty()
    running = Piped("record", "--listen", os.ttyname(slave), "-")
    running.until('"recording": 1')
    os.close(slave)
    os.close(master)
    status, _, errors = running.end()
    assert status == 2
    assert "was lost" in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's full disk")
def test_a_full_disk_ends_a_recording(port: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m m5310 record --listen {port} - > /dev/full",
        shell=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
    )
    assert ran.returncode == 2
    assert "No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs ulimit")
def test_a_recording_that_cannot_grow_is_named(port: str, tmp_path: Path) -> None:
    file = tmp_path / "talk.jsonl"
    unmeasured = {  # what was covered would not fit into such a file, either
        name: value for name, value in os.environ.items() if not name.startswith("COV")
    }
    ran = subprocess.run(
        f"ulimit -f 2; yes AT+CSQ | head -100 | {sys.executable} -m m5310 record {port} {file}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
        env=unmeasured,
    )
    assert ran.returncode == 2
    assert ran.stderr == f"m5310: {file}: File too large\n"


def test_decoding_lines() -> None:
    ran = m5310("decode", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1', "+CSQ:99,99")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "report /3303/0/5700 = 22.5 (float), complete\nno signal known\n"
    ran = m5310("decode", "OK", "hello")
    assert (ran.returncode, ran.stdout) == (1, "done\n")
    assert ran.stderr == "m5310: 'hello' is no file, and no line of this language\n"


def test_what_is_no_text_is_decoded_alike_from_a_file_and_from_a_pipe(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"+CSQ:99,99\n\xff\xfe\xe6\xb8\xa9\n")
    outputs = set()
    for words in (["decode", str(log)], ["decode"]):
        with log.open("rb") as piped:
            line = [sys.executable, "-m", "m5310", *words]
            environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
            ran = subprocess.run(
                line, stdin=piped, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environment
            )
        outputs.add(ran.stdout.decode())
    (output,) = outputs
    assert "< \ufffd\ufffd\u6e29" in output


def test_decoding_a_bare_configuration() -> None:
    config = Config("1234;test", "coap://183.230.40.40:5683", 300, blocks=None)
    blob = config.encode().hex()
    ran = m5310("decode", blob, blob[:40])
    assert ran.returncode == 0
    first, second = ran.stdout.splitlines()
    assert first == "device 1234;test at coap://183.230.40.40:5683, lifetime 5 min"
    assert second.startswith("not a configuration: ")


def test_a_line_longer_than_any_file_name_is_a_line() -> None:
    config = Config("1234;test", f"coap://{'h' * 200}:5683")
    (command,) = classic.configure(config)
    ran = m5310("decode", command.line)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("configure: device 1234;test at coap://hhh")


def test_a_log_does_not_command_the_terminal() -> None:
    ran = m5310("decode", stdin="\x1b]0;owned\x07+CSQ:20,99\x1b[2J\n")
    assert ran.returncode == 0
    assert "\x1b" not in ran.stdout


def test_decoding_a_log() -> None:
    log = """
08:07:00 DEBUG /dev/ttyUSB0 > AT+CIMI
08:07:01 DEBUG /dev/ttyUSB0 < 460040000000001
<! +CEREG:1
AT+CSQ
+CSQ:20,99
boot garbage
"""
    ran = m5310("decode", stdin=log)
    assert ran.returncode == 0
    words = [re.split("  +", line)[1] for line in ran.stdout.splitlines()]
    assert words == [
        "ask for the SIM's number (IMSI)",
        "IMSI 460040000000001",
        "registered, home network",
        "ask for the signal strength",
        "signal -73 dBm, good",
        "not of this language",
    ]
    assert m5310("decode", stdin="").stdout == ""
    assert m5310("decode", "OK", "-", stdin="AT\n").stdout.splitlines()[0] == "done"


def test_a_log_is_decoded_as_it_comes_until_ctrl_c() -> None:
    running = Piped("decode")
    running.type("+CSQ:20,99\n")
    running.until("signal -73 dBm, good\n")
    assert running.end(signal.SIGINT)[::2] == (130, "")


def test_decoding_what_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"at": 1}\n')
    ran = m5310("decode", str(tmp_path / "x"))
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"m5310: {tmp_path}/x: line 1 of the recording: expected")


def test_decoding_a_line_without_end(tmp_path: Path) -> None:
    head = '{"recording": 1, "port": "p", "baud": 9600, "started": "2026-11-23T08:07:00Z"}\n'
    noise = json.dumps({"at": 1, "from": "module", "text": "x" * 5000 + "\n"})
    (tmp_path / "x").write_text(head + noise + "\n")
    ran = m5310("decode", str(tmp_path / "x"))
    assert "xxx... (a line without end)" in ran.stdout


# --- run -------------------------------------------------------------------------------------

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


def profile(tmp_path: Path, command: str = "echo 21.5", more: str = "") -> str:
    file = tmp_path / "device.toml"
    file.write_text(more + PROFILE.replace("{command}", command), encoding="utf-8")
    return str(file)


def test_a_device_from_a_file(port: str, emulator: dict[str, str], tmp_path: Path) -> None:
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
    assert errors.splitlines() == [
        "m5310: 'warm' is no float",
        "m5310: '3303/0/5700' does not read like 3303/0/5700=22.5",
        "m5310: 1/2/3 is not in the profile",
        "m5310: logging out; Ctrl-C again leaves at once",
    ]
    # nothing is left: a new configuration is taken at once
    assert m5310("send", port, "AT+MIPLDEL=0").returncode == 1


def test_a_device_ended_by_sigterm_or_a_hangup(port: str, tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        running = Piped("run", profile(tmp_path), "--port", port)
        running.until("logged in as")
        status, _, errors = running.end(number)
        assert status == 128 + number
        assert errors == "m5310: logging out; Ctrl-C again leaves at once\n"


def test_a_command_that_fails_does_not_end_the_device(port: str, tmp_path: Path) -> None:
    endpoint = "865820030013978;460040000000001"
    more = f'endpoint = "{endpoint}"\nuri = "coap://183.230.40.40:5683"\n'
    running = Piped("run", profile(tmp_path, "exit 7", more), "--port", port)
    running.until(f"logged in as {endpoint}")
    running.type("3303/0/5700=1\n")
    running.until("reported 3303/0/5700 = 1.0")
    running.until_error("m5310: 3303/0/5700: 'exit 7' ended with status 7\n")
    assert running.end(signal.SIGINT)[0] == 130


def test_a_login_that_the_platform_refuses(port: str, tmp_path: Path) -> None:
    ran = m5310("run", profile(tmp_path), "--port", port, "--endpoint", "1;2")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("m5310: ") == 1


def test_a_reader_that_leaves_ends_the_device_cleanly(port: str, tmp_path: Path) -> None:
    running = Piped("run", profile(tmp_path), "--port", port)
    running.until("logged in as")
    assert running.process.stdout
    running.process.stdout.close()
    assert running.process.wait(PATIENCE) == 141
    assert running.process.stderr
    assert running.process.stderr.read() == b""


def test_a_profile_without_a_port(tmp_path: Path) -> None:
    ran = m5310("run", profile(tmp_path))
    assert ran.returncode == 2
    assert 'device.toml: port is missing; write port = "..." or use --port' in ran.stderr


def test_a_device_at_a_terminal_shows_its_progress(port: str, tmp_path: Path) -> None:
    terminal = AtTerminal("run", profile(tmp_path), "--port", port, environment={})
    terminal.until("logged in as")
    terminal.type("3303/0/5700=2\r")
    terminal.until("reported 3303/0/5700 = 2.0")
    terminal.type("\x03")
    assert terminal.end() == 130
    screen = terminal.screen.decode()
    assert "looking for the network ... 0 s" in screen
    assert "logging in ... 0 s" in screen
    assert "logging out" in screen


def test_a_second_ctrl_c_leaves_a_module_that_hangs(
    port: str, emulator: dict[str, str], tmp_path: Path
) -> None:
    running = Piped("run", profile(tmp_path), "--port", port)
    running.until("logged in as")
    os.kill(int(emulator["pid"]), signal.SIGSTOP)
    try:
        running.process.send_signal(signal.SIGINT)
        running.until_error("logging out; Ctrl-C again leaves at once\n")
        assert running.end(signal.SIGINT)[::2] == (130, "")
    finally:
        os.kill(int(emulator["pid"]), signal.SIGCONT)
