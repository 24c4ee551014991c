"""`python -m emulator` as a program: what it prints, how it ends, what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator.__main__ import _Ending, main
from tests.support.hosts import Host

realtime = pytest.mark.realtime
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
SIGNALS = pytest.mark.parametrize("number", ENDING)


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Process]:
    """The command as a process, killed if the test leaves it alive."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "emulator", *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        process._transport.close()  # type: ignore[attr-defined]


async def ready(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    return json.loads(await process.stdout.readline())  # type: ignore[no-any-return]


async def ended(process: Process) -> tuple[int | None, str, str]:
    """Status, and what else it wrote."""
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@realtime
@SIGNALS
async def test_json_line_port_api_and_a_clean_end(number: signal.Signals, tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    async with running("--json", "--baud", "off", "--link", str(link)) as process:
        told = await ready(process)
        assert set(told) >= {"port", "http", "api_key", "imei", "imsi", "device_id"}
        assert told["port"] == str(link)
        with Host(told["port"]) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
        headers = {"api-key": told["api_key"]}
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.get(f"{told['http']}/devices/{told['device_id']}") as response,
        ):
            assert (await response.json())["errno"] == 0
        process.send_signal(number)
        assert await ended(process) == (0, "", "")
        assert not link.is_symlink()


@realtime
@SIGNALS
async def test_further_signals_change_nothing_to_the_very_end(number: signal.Signals) -> None:
    async with running("--json") as process:
        await ready(process)
        while process.returncode is None:
            with suppress(ProcessLookupError):  # gone, and its status not seen yet
                os.kill(process.pid, number)
            await asyncio.sleep(0)
        assert await ended(process) == (0, "", "")


@realtime
async def test_under_nohup_a_closed_terminal_changes_nothing() -> None:
    process = await asyncio.create_subprocess_exec(
        *("nohup", sys.executable, "-m", "emulator", "--json"), stdout=PIPE, stderr=PIPE
    )
    told = await ready(process)
    process.send_signal(signal.SIGHUP)
    with Host(told["port"]) as host:
        assert await host.command("AT") == "\r\nOK\r\n"
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 0
    process._transport.close()  # type: ignore[attr-defined]


@realtime
async def test_people_are_told_what_to_try() -> None:
    async with running("--imei", "123456789012345", "--imsi", "460001234567890") as process:
        assert process.stdout is not None
        text = ""
        while "Ctrl-C" not in text:
            text += (await process.stdout.readline()).decode()
        assert "123456789012345" in text
        assert "curl" in text
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")


@realtime
async def test_the_trace_is_on_stderr_and_without_colours_in_a_file() -> None:
    async with running("--json", "--trace", "--baud", "off") as process:
        told = await ready(process)
        with Host(told["port"]) as host:
            await host.command("AT+CSQ")
        process.send_signal(signal.SIGTERM)
        status, out, err = await ended(process)
        assert (status, out) == (0, "")
        lines = err.splitlines()
        assert lines[0].endswith(" --> AT+CSQ")
        assert lines[-1].endswith(" <-- OK")
        assert "\x1b" not in err


@realtime
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
async def test_a_trace_that_nobody_takes_stops_nothing(stderr: str) -> None:
    command = f'exec "$0" -m emulator --json --trace --baud off {stderr}'
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, sys.executable, stdout=PIPE, stderr=PIPE
    )
    told = await ready(process)
    with Host(told["port"]) as host:
        for _ in range(2):
            assert await host.command("AT") == "\r\nOK\r\n"
    process.send_signal(signal.SIGTERM)
    assert await ended(process) == (0, "", "")
    process._transport.close()  # type: ignore[attr-defined]


@realtime
async def test_a_module_that_the_cloud_does_not_know() -> None:
    async with running("--json", "--no-device", "--api-key", "secret") as process:
        told = await ready(process)
        assert told["device_id"] is None
        assert told["api_key"] == "secret"
        process.send_signal(signal.SIGTERM)
        assert (await ended(process))[0] == 0


@realtime
async def test_a_pipe_asks_and_is_answered_and_that_is_the_end() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", "--port", "-", "--baud", "off", "--json"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate(b"AT+CSQ\rAT\r")
    process._transport.close()  # type: ignore[attr-defined]
    assert (process.returncode, out) == (0, b"\r\n+CSQ:28,99\r\n\r\nOK\r\n\r\nOK\r\n")
    assert json.loads(err)["port"] == "-"


@realtime
async def test_a_firmware_of_one_s_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('like = "SP1"\nversion = "M5310_MINE"\nhasty_lost = false\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", "--port", "-", "--baud", "off", "--firmware", mine),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, _ = await process.communicate(b"AT+CMVER\r")
    process._transport.close()  # type: ignore[attr-defined]
    assert b"\r\nM5310_MINE\r\n" in out


@realtime
async def test_a_pipe_waits_for_answers_that_take_their_time() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", "--port", "-", "--baud", "off", "--speed", "20"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, _ = await process.communicate(b"AT+CFUN=0\rAT+NPING=192.0.2.1\rAT+NRB\r")
    process._transport.close()  # type: ignore[attr-defined]
    assert process.returncode == 0
    said = [line for line in out.decode().split("\r\n") if line]
    start = ["REBOOTING", "REBOOT_CAUSE_APPLICATION_AT", "M5310", "OK"]
    assert said == ["OK", "OK", *start]


@realtime
async def test_several_modules_at_sixty_times_the_speed() -> None:
    async with running("--json", "--modules", "2", "--speed", "60") as process:
        told = await ready(process)
        assert told["modules"][0]["port"] == told["port"]
        for module in told["modules"]:
            with Host(module["port"]) as host:
                assert module["imei"] in await host.command("AT+CGSN=1")
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")


@realtime
async def test_a_scenario_is_played_and_told_at_the_end(tmp_path: Path) -> None:
    day = tmp_path / "day.toml"
    day.write_text('title = "A day"\n[[event]]\non = "AT+CSQ"\nanswer = "ERROR"\ntimes = 1\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", "run", str(day)),
        *("--port", "-", "--baud", "off", "--json"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate(b"AT+CSQ\rAT+CSQ\r")
    process._transport.close()  # type: ignore[attr-defined]
    assert (process.returncode, out) == (0, b"\r\nERROR\r\n\r\n+CSQ:28,99\r\n\r\nOK\r\n")
    told = err.decode().splitlines()[1:]
    assert told[0] == "A day: what happened, in seconds"
    assert told[-2:] == ["2 command lines were received.", 'line 2: answer "ERROR": once']


@realtime
async def test_a_session_is_recorded_and_none_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    command = [sys.executable, "-m", "emulator", "--port", "-", "--baud", "off", "--json"]
    for status in (0, 2):
        process = await asyncio.create_subprocess_exec(
            *command, "--record", str(file), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        await process.communicate(b"AT\r")
        process._transport.close()  # type: ignore[attr-defined]
        assert process.returncode == status
        assert len(file.read_text().splitlines()) == 3


@realtime
@pytest.mark.parametrize(("said", "status"), [(b"AT\rAT+CSQ\r", 0), (b"AT+CSQ\rAT+CIMI\r", 1)])
async def test_a_recording_is_played_as_a_module(said: bytes, status: int, tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    command = [sys.executable, "-m", "emulator", "--port", "-", "--baud", "off"]
    for more in (["--record", str(file)], ["replay", str(file), "--timing", "ignored"]):
        process = await asyncio.create_subprocess_exec(
            *command, *more, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        first = "--record" in more
        out, err = await process.communicate(b"AT\rAT+CSQ\r" if first else said)
        process._transport.close()  # type: ignore[attr-defined]
        assert process.returncode == (0 if first else status)
        assert b"+CSQ:28,99" in out
    assert ("+AT+CIMI" in err.decode()) == bool(status)


@realtime
async def test_a_replay_takes_what_concerns_its_line(tmp_path: Path) -> None:
    for more, told in [
        (["--imei", "1"], "imei has no meaning here"),
        ([], "nowhere.jsonl: No such file"),
        (["--port", "nowhere"], "nowhere"),
    ]:
        async with running("replay", str(tmp_path / "nowhere.jsonl"), *more) as process:
            status, out, err = await ended(process)
            assert (status, out) == (2, "")
            assert told in err


@realtime
async def test_a_scenario_may_end_by_itself_and_nobody_need_read_of_it(tmp_path: Path) -> None:
    day = tmp_path / "day.toml"
    text = 'ends = 0\r\n[[event]]\r\nat = 1\r\nread = "/3"\r\n'
    day.write_bytes(text.encode("utf-8-sig"))  # as an editor on Windows saves it
    command = f'exec "$0" -m emulator run {day} 2>&-'
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, sys.executable, stdout=PIPE, stderr=PIPE
    )
    status, out, err = await ended(process)
    process._transport.close()  # type: ignore[attr-defined]
    assert (status, err) == (0, "")
    assert "Ctrl-C" in out


async def is_refused(*arguments: str, told: str) -> None:
    async with running("--json", *arguments) as process:
        status, out, err = await ended(process)
        assert (status, out) == (2, "")
        assert told in err
        assert err.startswith("m5310-emulator: ")
        assert err.count("\n") == 1


@realtime
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--link {folder}/file", "{folder}/file"),
        ("--link {folder}/nowhere/link", ": {folder}/nowhere/link: the link "),
        ("--imei 12;34", "imei"),
        ("--baud fast", "--baud"),
        ("--http nowhere", "HOST:PORT"),
        ("--timing kept", "--timing: expected with replay FILE only"),
        ("run {folder}/nowhere.toml", "nowhere.toml: No such file"),
        ("run {folder}/file", "{folder}/file:1: "),
        ("run {folder}/binary", "expected UTF-8"),
        ("--firmware {folder}/binary.toml", "expected UTF-8"),
        ("--firmware nowhere.toml", "nowhere.toml: No such file"),
    ],
)
async def test_what_cannot_be_started_is_one_line_and_status_2(
    arguments: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    for name in ("binary", "binary.toml"):
        (tmp_path / name).write_bytes(b"\xff")
    words = arguments.format(folder=tmp_path).split()
    await is_refused(*words, told=told.format(folder=tmp_path))
    assert (tmp_path / "file").read_text() == "mine"


@realtime
async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        await is_refused("--http", f"127.0.0.1:{number}", told="Address already in use")
        assert taken.getsockname()[1] == number  # it is still its owner's


@realtime
@SIGNALS
@pytest.mark.parametrize(
    "module", ["asyncio", "emulator.emulator", "aiohttp", "emulator.onenet.http.api"]
)
async def test_a_signal_during_the_start_ends_it_without_a_word(
    number: signal.Signals, module: str
) -> None:
    script = f"""
import builtins, os, runpy, sys
real = builtins.__import__
def interrupted(name, globals=None, locals=None, fromlist=(), level=0):
    if name == {module!r}:
        os.kill(os.getpid(), {int(number)})
    return real(name, globals, locals, fromlist, level)
builtins.__import__ = interrupted
sys.argv = ["emulator", "--json"]
runpy.run_module("emulator", run_name="__main__", alter_sys=True)
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    process._transport.close()  # type: ignore[attr-defined]
    assert (process.returncode, out, err) == (0, b"", b"")


# In this process: what a subprocess cannot show ---------------------------------------------------


@pytest.fixture
def signals_given_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, set(before))  # what waits goes where it was to go
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_given_back")
def test_a_signal_before_there_is_anything_to_close_leaves_at_once() -> None:
    _Ending()
    with pytest.raises(SystemExit) as left:
        os.kill(os.getpid(), signal.SIGTERM)
    assert left.value.code == 0


@realtime
@pytest.mark.usefixtures("signals_given_back")
async def test_a_signal_that_was_swallowed_early_still_ends_it() -> None:
    ending = _Ending()
    with pytest.raises(SystemExit):
        os.kill(os.getpid(), signal.SIGINT)
    stop = asyncio.Event()
    ending.wakes(asyncio.get_running_loop(), stop)
    assert stop.is_set()


@realtime
@pytest.mark.usefixtures("signals_given_back")
async def test_a_signal_while_it_runs_wakes_the_loop_until_it_is_over() -> None:
    ending = _Ending()
    stop = asyncio.Event()
    ending.wakes(asyncio.get_running_loop(), stop)
    os.kill(os.getpid(), signal.SIGINT)
    await stop.wait()
    stop.clear()
    ending.leave()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0)
    assert not stop.is_set()


@pytest.mark.usefixtures("signals_given_back")
def test_help_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "examples:" in capsys.readouterr().out


@pytest.mark.usefixtures("signals_given_back")
def test_without_its_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("emulator.emulator", "emulator.onenet.http.api"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(SystemExit) as left:
        main(["--json"])
    assert left.value.code == 2
    assert 'pip install "m5310[emulator]"' in capsys.readouterr().err
