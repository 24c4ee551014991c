"""`tools/transcript`: the output is a transcript of `tests/wire`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from emulator.recording.format import Recorder, Side
from tests.support.patience import PATIENCE
from tests.support.transcript import Kind, load

ROOT = Path(__file__).resolve().parents[2]


def transcribe(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tools.transcribe", *arguments]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_recording_becomes_a_transcript(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    with file.open("w", encoding="utf-8") as text:
        recorder = Recorder(text.write, 0.0, port="p", baud=9600)
        recorder.sent(Side.HOST, b"AT+CEREG?\r", 1.0)
        recorder.sent(Side.MODULE, b"\r\n+CEREG:1,1\r\n\r\nOK\r\n", 1.1)
        recorder.sent(Side.MODULE, b"\r\n+CEREG:0\r\n", 6.1)
        recorder.sent(Side.HOST, b"AT\r", 6.5)
        recorder.sent(Side.MODULE, b"\r\n\x01\r\n\r\nOK\r\n", 6.6)
        recorder.close()
    # as if recorded from a real module
    file.write_text(file.read_text().replace('"by": "emulator"', '"by": "m5310 0.1.0"'))
    done = transcribe(str(file))
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "day.txt").write_text(done.stdout, encoding="utf-8")
    opening, exchanges = load(tmp_path / "day.txt")
    assert opening == ()
    assert [exchange.title for exchange in exchanges] == [
        "AT+CEREG?. Recorded in day.jsonl. grade: seen",
        "AT. Recorded in day.jsonl. grade: seen",
    ]
    assert [(step.kind, step.text) for exchange in exchanges for step in exchange.steps] == [
        (Kind.HOST, "AT+CEREG?"),
        (Kind.ANSWER, "+CEREG:1,1"),
        (Kind.ANSWER, "OK"),
        (Kind.EVENT, "after 5"),
        (Kind.UNSOLICITED, "+CEREG:0"),
        (Kind.HOST, "AT"),
        (Kind.BYTES, r"\r\n\x01\r\n"),
        (Kind.ANSWER, "OK"),
    ]


def test_recording_of_an_emulator_is_graded_inferred(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    with file.open("w", encoding="utf-8") as text:
        recorder = Recorder(text.write, 0.0, port="p", baud=9600)
        recorder.sent(Side.HOST, b"AT\r", 1.0)
        recorder.close()
    assert transcribe(str(file)).stdout == "# AT. Recorded in day.jsonl. grade: inferred\n> AT\n"


def test_invalid_recording_is_refused(tmp_path: Path) -> None:
    for arguments, message in [
        ([], "usage"),
        ([str(tmp_path / "nowhere")], "nowhere"),
        ([str(ROOT / "README.md")], "README.md:1: "),
    ]:
        done = transcribe(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
    assert transcribe("--help").returncode == 0


def test_a_reader_that_ends_early_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    with file.open("w", encoding="utf-8") as text:
        recorder = Recorder(text.write, 0.0, port="p", baud=9600)
        for _ in range(20_000):
            recorder.sent(Side.HOST, b"AT\r", 1.0)
            recorder.sent(Side.MODULE, b"\r\nOK\r\n", 1.0)
    command = f'"$0" -m tools.transcribe {file} | head -1'
    words = ["bash", "-c", command, sys.executable]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
