"""`tools/fuzz`: targets accept valid inputs and notice broken contracts; one short search."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.stored import streams
from tools.fuzzing.__main__ import main
from tools.fuzzing.module_run import ContractBroken, ModuleRun
from tools.fuzzing.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
SEEDS = {
    f"{name}-{number}": (name, data)
    for name, target in TARGETS.items()
    for number, data in enumerate(target.seeds())
}


@pytest.mark.parametrize(("name", "data"), SEEDS.values(), ids=SEEDS)
def test_valid_input_is_accepted(name: str, data: bytes) -> None:
    TARGETS[name].play(data)


def test_seeds_contain_reports() -> None:
    reported = 0
    for data in TARGETS["module"].seeds():
        run = ModuleRun("SP3")
        run.feed(data[1:])
        reported += len(streams(run.platform, run.device))
    assert reported > 2


def test_endless_garbage_takes_no_memory() -> None:
    run = ModuleRun("SP3")
    garbage = b"".join(TARGETS["module"].seeds()).replace(b"\r", b"\r\xff\0") * 2
    held = []
    tracemalloc.start()
    try:
        for _ in range(4):
            for at in range(0, len(garbage), 500):
                run.feed(garbage[at : at + 500])
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[-1] - held[1] < 100_000, held


def test_input_option_plays_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    valid = tmp_path / "valid"
    valid.write_bytes(b"\0AT+CSQ\r")
    main(["module", "--input", str(valid)])
    with pytest.raises(SystemExit) as ended:
        main(["--input", str(valid)])
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "expected module" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "mistake", "message"),
    [
        ("module.at.conversation.Conversation._execute_lines", lambda *_: None, "expected OK"),
        (
            "module.at.codec.framed",
            lambda line: line.encode() + b"\n",
            "expected lines framed by CR LF",
        ),
        (
            "module.at.codec.framed",
            lambda line: b"\r\n" + bytes(10**6) + b"\r\n",
            "bytes of output after",
        ),
        ("module.module.Module.step", lambda _, now: now + 1e-3, "endless loop"),
    ],
)
def test_broken_contract_is_noticed(
    place: str, mistake: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"emulator.{place}", mistake)
    with pytest.raises(ContractBroken, match=message):
        TARGETS["module"].play(b"\0AT+CSQ\r")


@pytest.mark.parametrize(
    ("place", "mistake"),
    [
        ("dialects.classic.form.Form.value", lambda _, text, declared: (None, text, 0, None)),
        ("device.answers.decode", lambda kind, text: text.strip()),
        ("device.answers.RequestHandler.refuse", lambda *_: ()),
        ("at.lines._TEXT", re.compile(b"(?!)")),
    ],
)
def test_changed_text_is_noticed(
    place: str, mistake: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"m5310.{place}", mistake)
    inputs = (*TARGETS["writes"].seeds(), b"\0\1\1 hello ", b"\0\1\1a\x01b", b"\1\0\1\xff")
    assert any(map(_breaks_the_contract, inputs))


def _breaks_the_contract(data: bytes) -> bool:
    try:
        TARGETS["writes"].play(data)
    except ContractBroken:
        return True
    return False


@pytest.mark.realtime
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed: extra 'fuzz'")
def test_short_search_finds_no_failure(tmp_path: Path) -> None:
    words = ["tools.fuzzing", "module", "--seconds", "1", "--keep", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "module: no failure in 1 s" in done.stdout
    assert not list(tmp_path.iterdir())
