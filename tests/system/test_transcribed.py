"""What `tools/transcript` makes of a recording is a conversation that both sides can be played."""

from __future__ import annotations

from pathlib import Path

from emulator.module.module import Identity
from emulator.recording.format import Recorder, Side, read
from tests.support.driver_player import play as play_driver
from tests.support.emulator_player import Player
from tests.support.hostile import WHOLE
from tests.support.transcript import load
from tests.support.uart import DIRECT, Host
from tools.transcribe import transcript

# What the host sends, and the seconds that it waits after it.
SESSION = [
    ("AT+CEREG=1", 0.0),
    ("AT+CEREG?", 0.0),
    ("AT+CFUN=0", 2.0),
    ("AT+CFUN=1", 5.0),
    ("AT+NSOCR=DGRAM,17,5683", 0.0),
    (DIRECT, 0.0),
    ("AT+MIPLADDOBJ=0,3303,0", 0.0),
    ('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1', 0.0),
    ("AT+MIPLOPEN=0,30", 120.0),
    ("AT+NOSUCH", 0.0),
    ("AT+CMEE=1", 0.0),
    ("AT+NOSUCH", 3.0),
    ("AT+NRB", 5.0),
    ("AT+CEREG?", 0.0),
]


def recorded() -> bytes:
    host, written = Host(), []
    recorder = Recorder(written.append, host.now, port="p", baud=0)
    for line, seconds in SESSION:
        recorder.sent(Side.HOST, line.encode() + b"\r", host.now)
        recorder.sent(Side.MODULE, host.raw(line.encode() + b"\r"), host.now)
        end = host.now + seconds
        while (due := host.module.step(host.now)) is not None and due <= end:
            host.now = due
            recorder.sent(Side.MODULE, host.raw(b""), due)
        host.now = end
    recorder.close()
    return "".join(written).encode()


def test_recorded_session_is_played_by_both_sides(tmp_path: Path) -> None:
    file = tmp_path / "session.txt"
    identity = Identity()
    lines = transcript(read(recorded()), "Recorded")
    opening = f"@ module imei={identity.imei} imsi={identity.imsi}"
    file.write_text("\n".join([opening, "", *lines]), encoding="utf-8")
    head, exchanges = load(file)
    assert len(exchanges) == len(SESSION)
    player = Player(head, WHOLE)
    for exchange in exchanges:
        for step in exchange.steps:
            player.play(step)
        player.nothing_left(exchange.title)
    play_driver(file, WHOLE)
