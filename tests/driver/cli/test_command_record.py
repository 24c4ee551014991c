"""`m5310 record` as a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from m5310.cli.recording import Chunk, Sender, Speed, read
from tests.support.cli_process import ROOT, Piped, m5310
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime


def test_conversation_is_recorded_and_decoded(port: str, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    there, back = (f"AT+NATSPEED={baud},30,1,2,1,0,0" for baud in (115200, 9600))
    ran = m5310("record", port, str(file), stdin=f"{there}\nAT+CSQ\n{back}\nAT+CIMI\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    with file.open(encoding="utf-8") as lines:
        header, found = read(lines)
        entries = list(found)
    chunks = [(each.sender, each.data) for each in entries if isinstance(each, Chunk)]
    assert (header.port, header.baud) == (port, 9600)
    assert re.match(r"m5310 \d", header.by)
    assert [each.baud for each in entries if isinstance(each, Speed)] == [115200, 9600]
    assert chunks[-3] == (Sender.HOST, b"AT+CIMI\r")
    assert chunks[-1] == (Sender.MODULE, b"\r\nOK\r\n")
    shown = m5310("decode", str(file)).stdout
    assert f"by {header.by}\n" in shown
    assert re.search(r"\d  +speed changed to 115200 baud\n", shown)
    assert re.search(r"> AT\+CIMI +ask for the SIM's number \(IMSI\)\n", shown)
    assert re.search(r"< 460040000000001 +IMSI 460040000000001\n", shown)


def test_replay_to_another_host_does_not_differ(port: str, tmp_path: Path) -> None:
    """The recorder's own AT is in the recording, but no command of the recorded program."""
    file = tmp_path / "session.jsonl"
    assert m5310("record", port, str(file), stdin="AT+CIMI\nAT\nAT+CSQ\n").returncode == 0
    with file.open(encoding="utf-8") as lines:
        found = list(read(lines)[1])
    sent = [each for each in found if isinstance(each, Chunk) and each.sender is Sender.HOST]
    assert [each.data for each in sent if not each.own] == [b"AT+CIMI\r", b"AT\r", b"AT+CSQ\r"]
    assert {each.data.strip() for each in sent if each.own} == {b"AT"}
    ran = subprocess.run(
        [*(sys.executable, "-m", "emulator"), *("replay", file), *("--port", "-")],
        input="AT+CIMI\rAT\rAT+CSQ\r",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
    )
    assert (ran.returncode, ran.stderr) == (0, "The recording is played on -\n")


def test_existing_file_is_not_overwritten(port: str, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    ran = m5310("record", port, str(tmp_path / "precious"), stdin="AT\n")
    assert ran.returncode == 2
    assert "exists already; name a new file" in ran.stderr
    assert (tmp_path / "precious").read_text() == "precious"


def test_listening_to_a_file(tmp_path: Path) -> None:
    master, slave = os.openpty()
    file = tmp_path / "received.jsonl"
    running = Piped("record", "--listen", os.ttyname(slave), str(file))
    running.until_error("Ctrl-C ends")
    os.write(master, b"\r\n+CEREG:1\r\n\r\n+CSCON:1\r\n")
    while "CSCON" not in file.read_text():
        pass
    assert running.end(signal.SIGINT)[0] == 130
    assert len(file.read_text().splitlines()) == 3
    os.close(master)
    os.close(slave)


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


def test_lost_port_ends_listening() -> None:
    master, slave = os.openpty()
    running = Piped("record", "--listen", os.ttyname(slave), "-")
    running.until('"recording": 1')
    os.close(slave)
    os.close(master)
    status, _, errors = running.end()
    assert status == 2
    assert "was lost" in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_ends_the_recording(port: str) -> None:
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
def test_write_error_names_the_file(port: str, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    without_coverage = {  # its data would exceed the limit, too
        name: value for name, value in os.environ.items() if not name.startswith("COV")
    }
    ran = subprocess.run(
        f"ulimit -f 2; yes AT+CSQ | head -100 | {sys.executable} -m m5310 record {port} {file}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
        env=without_coverage,
    )
    assert ran.returncode == 2
    assert ran.stderr == f"m5310: {file}: File too large\n"
