"""The command in this process: exit statuses, one-line errors, signals."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from m5310.cli.main import _run_async, main

NO_PORT = "/dev/m5310-is-not-here"
FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def restore_log_level() -> Iterator[None]:
    logger = logging.getLogger("asyncio")
    level = logger.level
    yield
    logger.setLevel(level)


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.realtime
@pytest.mark.parametrize("line", [["probe"], ["send", "AT"], ["console"]])
def test_missing_port_is_one_line(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([line[0], NO_PORT, *line[1:]]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"m5310: {NO_PORT} does not exist")


@pytest.mark.realtime
def test_probe_reports_a_missing_port_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", NO_PORT, "--json"]) == 2
    out, err = capsys.readouterr()
    assert '"port": "/dev/m5310-is-not-here", "baud": null, "well": false' in out
    assert '"name": "port", "value": null, "verdict": "WRONG"' in out
    assert err.startswith(f"m5310: {NO_PORT} does not exist")


def test_unreadable_profile_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"{tmp_path}/none.toml"]) == 2
    assert capsys.readouterr().err == f"m5310: {tmp_path}/none.toml: No such file or directory\n"


@pytest.mark.realtime
def test_profile_without_a_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = tmp_path / "device.toml"
    profile.write_text('[[resource]]\npath = "3303/0/5700"\ntype = "float"\n', encoding="utf-8")
    assert main(["run", str(profile)]) == 2
    message = 'device.toml: port is missing; add port = "..." or use --port'
    assert message in capsys.readouterr().err


@pytest.mark.realtime
def test_record_without_a_usable_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", NO_PORT, "-"]) == 2
    assert "name a file, or add --listen" in capsys.readouterr().err


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.realtime
@pytest.mark.parametrize(
    ("line", "status"),
    [(["bogus"], 2), (["probe", NO_PORT], 2), (["decode", "xyzzy"], 1)],
)
def test_unwritable_stderr_does_not_change_the_status(
    line: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FULL.open("w") as full:
        monkeypatch.setattr("sys.stderr", full)
        assert main(line) == status


# --- signals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_cancels_the_work(number: signal.Signals) -> None:
    ended = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)
        return 0

    assert _run_async(work(), debug=False) == 128 + number
    assert ended


def test_second_signal_exits_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses: list[int] = []
    exited = asyncio.Event()

    def on_exit(status: int) -> None:
        statuses.append(status)
        exited.set()

    monkeypatch.setattr(os, "_exit", on_exit)

    async def work() -> int:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            os.kill(os.getpid(), signal.SIGINT)
            await exited.wait()
            raise
        return 0

    assert _run_async(work(), debug=False) == 130
    assert statuses == [130]


def test_work_that_cancels_itself_is_not_a_signal() -> None:
    async def work() -> int:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        _run_async(work(), debug=False)
