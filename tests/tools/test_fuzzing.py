"""`tools/fuzz`: what it once found, and that it would find something."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

from tools.fuzzing.life import Broken, Life
from tools.fuzzing.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
SEEDS = {
    f"{name}-{place}": (name, data)
    for name, target in TARGETS.items()
    for place, data in enumerate(target.seeds())
}


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tools.fuzzing", *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("name", "data"), SEEDS.values(), ids=SEEDS)
def test_each_target_takes_what_is_well(name: str, data: bytes) -> None:
    TARGETS[name].play(data)


def test_the_search_begins_where_devices_report_and_are_asked() -> None:
    reported = 0
    for data in TARGETS["module"].seeds():
        life = Life("SP3")
        life.live(data[1:])
        reported += len(life.device.points.streams(1))
    assert reported > 2


def test_garbage_without_end_takes_no_memory() -> None:
    life = Life("SP3")
    garbage = b"".join(TARGETS["module"].seeds()).replace(b"\r", b"\r\xff\0") * 2
    held = []
    tracemalloc.start()
    try:
        for _ in range(4):
            for at in range(0, len(garbage), 500):
                life.live(garbage[at : at + 500])
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[-1] - held[1] < 100_000, held


def test_an_input_can_be_played_again(tmp_path: Path) -> None:
    well = tmp_path / "well"
    well.write_bytes(b"\0AT+CSQ\r")
    assert fuzz("module", "--input", str(well)).returncode == 0
    assert fuzz("--input", str(well)).returncode == 2
    assert "module" in fuzz("nothing").stderr


@pytest.mark.parametrize(
    ("place", "mistake", "told"),
    [
        ("module.at.conversation.Conversation._obey", lambda *_: None, "expected OK"),
        (
            "module.at.conversation.framed",
            lambda line: line.encode() + b"\n",
            "between CR LF and CR LF",
        ),
        (
            "module.at.conversation.framed",
            lambda line: b"\r\n" + bytes(10**6) + b"\r\n",
            "bytes came after",
        ),
        ("module.module.Module.step", lambda _, now: now + 1e-3, "never comes to rest"),
    ],
)
def test_what_must_hold_is_looked_at(
    place: str, mistake: object, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"emulator.{place}", mistake)
    with pytest.raises(Broken, match=told):
        TARGETS["module"].play(b"\0AT+CSQ\r")


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed: extra 'fuzz'")
@pytest.mark.parametrize("name", TARGETS)
def test_a_short_search_finds_nothing(name: str, tmp_path: Path) -> None:
    done = fuzz(name, "--seconds", "1", "--keep", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{name}: nothing in 1 s" in done.stdout
    assert not list(tmp_path.iterdir())
