"""The emulator command as a process: output, exit status, signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from emulator.__main__ import main
from emulator.cli.shutdown import Shutdown
from tests.support.emulator_process import ended, ready, running
from tests.support.hosts import Host
from tests.support.peers import until

realtime = pytest.mark.realtime
SIGNAL_NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
SIGNALS = pytest.mark.parametrize("number", SIGNAL_NUMBERS)


async def pipe(data: bytes, *arguments: str) -> tuple[int | None, bytes, str]:
    """Run the command with standard input and output as the module's port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator", "--port", "-", "--baud", "off", *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate(data)
    process._transport.close()  # type: ignore[attr-defined]
    return process.returncode, out, err.decode()


@realtime
@SIGNALS
async def test_json_line_port_api_and_clean_exit(number: signal.Signals, tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    async with running("--json", "--baud", "off", "--link", str(link)) as process:
        info = await ready(process)
        assert set(info) >= {"port", "http", "coap", "api_key", "imei", "imsi", "device_id"}
        assert info["port"] == str(link)
        with Host(info["port"]) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
        headers = {"api-key": info["api_key"]}
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.get(f"{info['http']}/devices/{info['device_id']}") as response,
        ):
            assert (await response.json())["errno"] == 0
        process.send_signal(number)
        assert await ended(process) == (0, "", "")
        assert not link.is_symlink()


@realtime
async def test_second_emulator_does_not_take_the_link_of_the_first(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    options = ("--json", "--baud", "off", "--link", str(link))
    async with running(*options) as first:
        await ready(first)
        async with running(*options) as second:
            status, _, err = await ended(second)
        assert status == 2
        assert f"{link} leads to /dev/pts/" in err
        with Host(str(link)) as host:
            assert await host.command("AT") == "\r\nOK\r\n"


@realtime
async def test_repeated_signals_do_not_disturb_the_exit() -> None:
    async with running("--json") as process:
        await ready(process)
        while process.returncode is None:
            with suppress(ProcessLookupError):  # gone, and its status not seen yet
                os.kill(process.pid, signal.SIGINT)
            await asyncio.sleep(0)
        assert await ended(process) == (0, "", "")


@realtime
async def test_nohup_ignores_sighup() -> None:
    process = await asyncio.create_subprocess_exec(
        *("nohup", sys.executable, "-m", "emulator", "--json"), stdout=PIPE, stderr=PIPE
    )
    info = await ready(process)
    process.send_signal(signal.SIGHUP)
    with Host(info["port"]) as host:
        assert await host.command("AT") == "\r\nOK\r\n"
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 0
    process._transport.close()  # type: ignore[attr-defined]


@realtime
async def test_text_output_with_examples() -> None:
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
async def test_trace_is_on_stderr_without_colours_in_a_file() -> None:
    async with running("--json", "--trace", "--baud", "off") as process:
        info = await ready(process)
        with Host(info["port"]) as host:
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
async def test_unwritable_stderr_does_not_stop_the_emulator(stderr: str) -> None:
    command = f'exec "$0" -m emulator --json --trace --baud off {stderr}'
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, sys.executable, stdout=PIPE, stderr=PIPE
    )
    info = await ready(process)
    with Host(info["port"]) as host:
        for _ in range(2):
            assert await host.command("AT") == "\r\nOK\r\n"
    process.send_signal(signal.SIGTERM)
    assert await ended(process) == (0, "", "")
    process._transport.close()  # type: ignore[attr-defined]


@realtime
async def test_pipe_is_answered_and_ends_the_command() -> None:
    status, out, err = await pipe(b"AT+CSQ\rAT\r", "--json")
    assert (status, out) == (0, b"\r\n+CSQ:28,99\r\n\r\nOK\r\n\r\nOK\r\n")
    assert json.loads(err)["port"] == "-"


@realtime
async def test_firmware_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('like = "SP1"\nversion = "M5310_MINE"\nhasty_lost = false\n')
    _, out, _ = await pipe(b"AT+CMVER\r", "--firmware", str(mine))
    assert b"\r\nM5310_MINE\r\n" in out


@realtime
async def test_another_module() -> None:
    _, out, _ = await pipe(b"AT+CGMI\rAT+MIPLCREATE\r", "--module", "bc28")
    assert out == b"\r\nQuectel\r\n\r\nOK\r\n\r\n+MIPLCREATE:0\r\n\r\nOK\r\n"


@realtime
async def test_pipe_waits_for_slow_answers() -> None:
    commands = b"AT+CFUN=0\rAT+NPING=192.0.2.1\rAT+NRB\r"
    status, out, _ = await pipe(commands, "--speed", "20")
    assert status == 0
    lines = [line for line in out.decode().split("\r\n") if line]
    assert lines == ["OK", "OK", "REBOOTING", "REBOOT_CAUSE_APPLICATION_AT", "M5310", "OK"]


@realtime
async def test_two_unknown_modules_at_speed_60() -> None:
    options = ("--json", "--modules", "2", "--speed", "60", "--no-device", "--api-key", "secret")
    async with running(*options) as process:
        info = await ready(process)
        assert info["modules"][0]["port"] == info["port"]
        assert info["device_id"] is None
        assert info["api_key"] == "secret"
        for module in info["modules"]:
            with Host(module["port"]) as host:
                assert module["imei"] in await host.command("AT+CGSN=1")
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")


@realtime
@pytest.mark.parametrize("mode", [(), ("platform",)])
async def test_the_page_opens_at_the_printed_address(mode: tuple[str, ...]) -> None:
    async with (
        running("--json", "--speed", "60", *mode) as process,
        aiohttp.ClientSession() as client,
    ):
        info = await ready(process)
        async with client.get(info["page"]) as answer:
            assert "<html" in await answer.text()
        key = {"api-key": info["page"].partition("#key=")[2]}
        async with client.get(f"{info['http']}/emulator/state", headers=key) as answer:
            state = (await answer.json())["data"]
        assert (state["speed"], state["steered"]) == (60, True)
        assert state["modules"] == (0 if mode else 1)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")


@realtime
@pytest.mark.parametrize("options", [("--no-page",), ("--server", "coap://127.0.0.1:9")])
async def test_no_page_is_printed_where_there_is_none(options: tuple[str, ...]) -> None:
    async with running("--json", *options) as process, aiohttp.ClientSession() as client:
        info = await ready(process)
        assert "page" not in info
        if "http" in info:
            async with client.get(info["http"]) as answer:
                assert (await answer.json())["errno"] == 2
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")


@realtime
async def test_the_speed_of_the_command_can_be_changed_while_it_runs() -> None:
    options = ("--json", "--speed", "60", "--api-key", "secret", "--baud", "off")
    async with running(*options) as process:
        url = f"{(await ready(process))['http']}/emulator/"
        async with aiohttp.ClientSession(headers={"api-key": "secret"}) as client:
            state = (await (await client.get(f"{url}state")).json())["data"]
            assert (state["speed"], state["paused"], state["steered"]) == (60, False, True)
            clock = await client.put(f"{url}clock", json={"speed": 2, "paused": True})
            changed = (await clock.json())["data"]
            assert (changed["speed"], changed["paused"]) == (2, True)


@realtime
async def test_scenario_is_played_and_reported(tmp_path: Path) -> None:
    day = tmp_path / "day.toml"
    day.write_text('title = "A day"\n[[event]]\non = "AT+CSQ"\nanswer = "ERROR"\ntimes = 1\n')
    status, out, err = await pipe(b"AT+CSQ\rAT+CSQ\r", "--json", "run", str(day))
    assert (status, out) == (0, b"\r\nERROR\r\n\r\n+CSQ:28,99\r\n\r\nOK\r\n")
    report = err.splitlines()[1:]
    assert report[0] == "A day: what happened, in seconds"
    assert report[-2:] == ["2 command lines were received.", 'line 2: answer "ERROR": once']


@realtime
async def test_recording_is_written_and_replayed(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    status, _, _ = await pipe(b"AT\rAT+CSQ\r", "--record", str(file))
    assert (status, len(file.read_text().splitlines())) == (0, 6)
    replay = ("replay", str(file), "--timing", "ignored")
    for commands, differs in ((b"AT\rAT+CSQ\r", False), (b"AT+CSQ\rAT+CIMI\r", True)):
        status, out, err = await pipe(commands, *replay)
        assert status == differs
        assert b"+CSQ:28,99" in out
        assert ("+AT+CIMI" in err) == differs


@realtime
async def test_more_modules_than_ptys_are_refused_in_one_line() -> None:
    limited = 'ulimit -n 64; exec "$0" -m emulator --modules 100'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", limited, sys.executable), stdout=PIPE, stderr=PIPE
    )
    status, out, err = await ended(process)
    process._transport.close()  # type: ignore[attr-defined]
    assert (status, out) == (2, "")
    assert err.startswith("m5310-emulator: no pty is left for a port (Too many open files): start")
    assert err.count("\n") == 1


def recorded(file: Path) -> str:
    """What both sides sent, so far."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return "".join(line["text"] for line in lines[1:])


@realtime
async def test_replay_announces_itself_as_json_and_traces_the_line(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    await pipe(b"AT+CSQ\r", "--record", str(file))
    replay = ("replay", str(file), "--json", "--timing", "ignored", "--trace")
    async with running(*replay, "--link", str(tmp_path / "m5310")) as process:
        info = await ready(process)
        assert info == {"port": str(tmp_path / "m5310"), "recording": str(file)}
        with Host(info["port"]) as host:
            await host.command("AT+CSQ")
        process.send_signal(signal.SIGTERM)
        status, out, err = await ended(process)
    assert (status, out) == (0, "")
    shown = [line.split(maxsplit=1)[1] for line in err.splitlines()]
    assert shown == ["--> AT+CSQ", "<-- +CSQ:28,99", "<-- OK"]


@realtime
async def test_recording_survives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    options = ("--json", "--baud", "off", "--record", str(file))
    async with running(*options) as process:
        info = await ready(process)
        with Host(info["port"]) as host:
            for _ in range(20):
                await host.command("AT")
            host.send("AT+CSQ")
            await until(lambda: "+CSQ:" in recorded(file))
        process.kill()
        await process.wait()
    assert recorded(file).startswith("AT\r\r\nOK\r\n" * 20 + "AT+CSQ\r\r\n+CSQ:")


@realtime
async def test_full_disk_ends_the_recording_only(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    limited = f'ulimit -f 1; exec "$0" -m emulator --port - --baud off --record {file}'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", limited, sys.executable), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate(b"AT\r" * 100)
    process._transport.close()  # type: ignore[attr-defined]
    assert (process.returncode, out) == (0, b"\r\nOK\r\n" * 100)
    notes = [line for line in err.decode().splitlines() if "recording" in line]
    assert len(notes) == 1
    assert notes[0].startswith(f"{file}: File too large: the recording ends here")


@realtime
async def test_scenario_ends_by_itself_with_closed_stderr(tmp_path: Path) -> None:
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


@realtime
@pytest.mark.parametrize(
    ("number", "module"),
    [
        (signal.SIGINT, "asyncio"),
        (signal.SIGTERM, "emulator.emulator"),
        (signal.SIGHUP, "aiohttp"),
        (signal.SIGINT, "emulator.onenet.http.api"),
    ],
)
async def test_signal_during_imports_exits_silently(number: signal.Signals, module: str) -> None:
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


# In this process -----------------------------------------------------------------------------


@pytest.fixture
def restored_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNAL_NUMBERS}
    yield
    signal.pthread_sigmask(
        signal.SIG_UNBLOCK, set(before)
    )  # deliver blocked signals to the old handlers
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("restored_signals")
def test_signal_before_attach_exits_at_once() -> None:
    Shutdown()
    with pytest.raises(SystemExit) as left:
        os.kill(os.getpid(), signal.SIGTERM)
    assert left.value.code == 0


@realtime
@pytest.mark.usefixtures("restored_signals")
async def test_swallowed_early_signal_ends_at_attach() -> None:
    shutdown = Shutdown()
    with pytest.raises(SystemExit):
        os.kill(os.getpid(), signal.SIGINT)
    stop = asyncio.Event()
    shutdown.attach(asyncio.get_running_loop(), stop)
    assert stop.is_set()


@realtime
@pytest.mark.usefixtures("restored_signals")
async def test_signal_sets_the_event_until_finish() -> None:
    shutdown = Shutdown()
    stop = asyncio.Event()
    shutdown.attach(asyncio.get_running_loop(), stop)
    os.kill(os.getpid(), signal.SIGINT)
    await stop.wait()
    stop.clear()
    shutdown.finish()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0)
    assert not stop.is_set()


@pytest.mark.usefixtures("restored_signals")
def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "examples:" in capsys.readouterr().out


@pytest.mark.usefixtures("restored_signals")
def test_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shells = ("emulator.simulation.cloud", "emulator.onenet.http.api")
    for name in ("emulator.cli.main", "emulator.emulator", *shells):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert main(["--json"]) == 2
    assert capsys.readouterr().err == (
        'm5310-emulator: aiohttp is not installed: pip install "m5310[emulator]"\n'
    )


def assert_fails_to_start(
    capsys: pytest.CaptureFixture[str], *arguments: str, message: str
) -> None:
    """One line on stderr and status 2."""
    with pytest.raises(SystemExit) as exited:
        main(["--json", *arguments])
    out, err = capsys.readouterr()
    assert (exited.value.code, out) == (2, "")
    assert message in err
    assert err.startswith("m5310-emulator: ")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("restored_signals")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--link {folder}/file", "{folder}/file"),
        ("--link {folder}/nowhere/link", ": {folder}/nowhere/link: the link "),
        ("--record {folder}/file", "{folder}/file: File exists"),
        ("--imei 12;34", "imei"),
        ("--db {folder}/file", "{folder}/file: file is not a database, expected a database of"),
        ("--db {folder}/nowhere/db", "{folder}/nowhere/db: unable to open database file, expected"),
        ("--keep-days 1", "keep_days 1.0: expected together with db"),
        ("--db {folder}/new --keep-points 0", "--keep-points: '0', expected a number of points"),
        ("--server coap://localhost --db f", "--server: --db has no meaning here"),
        ("--baud fast", "--baud"),
        ("--http nowhere", "HOST:PORT"),
        ("--timing kept", "--timing: expected with replay FILE only"),
        ("--coap localhost:5683", "coap 'localhost:5683': expected an IP address"),
        ("--coap coaps://127.0.0.1:0", "expected an IP address"),
        ("--coap 127.0.0.1:65536", "expected an IP address"),
        ("--server 127.0.0.1", "server '127.0.0.1': expected coap://HOST:PORT"),
        ("--server http://127.0.0.1:5683", "expected coap://HOST:PORT"),
        ("--server coap://192.0.2.1", "is another machine: expected together with allow_network"),
        ("--server coap://[2001:db8::1]:5683", "is another machine"),
        ("--server coap://localhost --year 2019", "--server: --year has no meaning here"),
        ("--server coap://localhost --no-page", "--server: --no-page has no meaning here"),
        ("--server coap://localhost --no-device", "--server: --no-device has no meaning here"),
        ("--server coap://localhost --air memory", "--air memory: --server has no meaning here"),
        ("--server coap://localhost --push http://a", "--server: --push has no meaning here"),
        ("--push localhost --token t", "expected a URL such as http://127.0.0.1:8000/path"),
        ("--push http://localhost", "push, token: expected together"),
        ("--coap [::1]:0 --air memory", "--air memory: --coap has no meaning here"),
        ("--air coaps", "--air"),
        ("--coaps localhost:5684", "coaps 'localhost:5684': expected an IP address"),
        ("--coaps 127.0.0.1:0 --air memory", "--air memory: --coaps has no meaning here"),
        ("--psk 12345678", "psk: expected together with coaps, or a server coaps://HOST:PORT"),
        ("--server coaps://127.0.0.1 --coaps [::1]:0", "--server: --coaps has no meaning here"),
        ("--style wakaama", "--style"),
        ("--air-faults loss=2", "loss 2.0: expected a share from 0 to 1"),
        ("platform --air memory", "expected together with air='coap'"),
        ("platform --server coap://localhost", "platform: --server has no meaning here"),
        ("platform --record day.jsonl --link m", "--record, --link has no meaning here"),
        ("--pcap {folder}/file", "{folder}/file: File exists"),
        ("run {folder}/nowhere.toml", "nowhere.toml: No such file"),
        ("run {folder}/file", "{folder}/file:1: "),
        ("run {folder}/binary", "expected UTF-8"),
        ("--firmware {folder}/binary.toml", "expected UTF-8"),
        ("--firmware nowhere.toml", "nowhere.toml: No such file"),
        ("replay {folder}/nowhere.jsonl", "nowhere.jsonl: No such file"),
        ("replay {folder}/nowhere.jsonl --imei 1", "imei has no meaning here"),
        (
            "replay {folder}/nowhere.jsonl --port socket://:0 --link {folder}/l",
            "only a pty has a path to link to",
        ),
        ("replay {folder}/nowhere.jsonl --port nowhere", "port 'nowhere'"),
    ],
)
def test_failed_start_is_one_line_and_status_2(
    arguments: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    for name in ("binary", "binary.toml"):
        (tmp_path / name).write_bytes(b"\xff")
    words = arguments.format(folder=tmp_path).split()
    assert_fails_to_start(capsys, *words, message=message.format(folder=tmp_path))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def taken() -> Iterator[int]:
    """The number of a TCP port of this machine that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def in_use() -> Iterator[int]:
    """The number of a UDP port of this machine that is in use."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as used:
        used.bind(("127.0.0.1", 0))
        yield used.getsockname()[1]


@realtime
@pytest.mark.usefixtures("restored_signals")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("--api-key \x7f", "api_key: expected"),
        ("--http 127.0.0.1:{taken}", "HTTP on 127.0.0.1:{taken}: Address already in use"),
        ("--http é..é:80", "HTTP on é..é:80: expected the name or the address of a host"),
        ("--coap 127.0.0.1:{in_use}", "UDP on 127.0.0.1:{in_use}: Address already in use"),
        ("--coap 192.0.2.1:0", "UDP on 192.0.2.1:0: Cannot assign requested address"),
        ("--port socket://é..é:80", "socket://é..é:80: expected the name or the address of a host"),
        ("--port socket://127.0.0.1:{taken}", ":{taken}: Address already in use"),
        ("--port rfc2217://127.0.0.1:{before} --modules 2", "Address already in use"),
        ("--link {folder}/link --http 127.0.0.1:{taken}", "Address already in use"),
        ("--link {folder}/link --modules 3", "{folder}/link-3 exists and is no symbolic link"),
    ],
)
def test_failed_start_leaves_nothing_behind(
    wrong: str,
    message: str,
    taken: int,
    in_use: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "link-3").write_text("mine")
    places = {"folder": tmp_path, "taken": taken, "before": taken - 1, "in_use": in_use}
    words = wrong.format(**places).split(" ")
    files = ("--record", str(tmp_path / "day.jsonl"), "--pcap", str(tmp_path / "day.pcapng"))
    assert_fails_to_start(capsys, *files, *words, message=message.format(**places))
    assert list(tmp_path.iterdir()) == [tmp_path / "link-3"]


@realtime
async def test_nothing_is_left_behind_if_the_startup_message_cannot_be_printed(
    tmp_path: Path,
) -> None:
    options = f"--json --record {tmp_path}/day.jsonl --link {tmp_path}/link"
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$0" -m emulator {options} > /dev/full', sys.executable),
        stdout=PIPE,
        stderr=PIPE,
    )
    status, _, err = await ended(process)
    process._transport.close()  # type: ignore[attr-defined]
    assert (status, err) == (2, "m5310-emulator: No space left on device\n")
    assert os.listdir(tmp_path) == []


@realtime
async def test_recording_of_a_session_without_a_host_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    async with running("--json", "--record", str(file)) as process:
        await ready(process)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "", "")
    assert len(file.read_text().splitlines()) == 1


@realtime
@pytest.mark.usefixtures("restored_signals")
def test_http_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        message = "Address already in use"
        assert_fails_to_start(capsys, "--http", f"127.0.0.1:{number}", message=message)
        assert taken.getsockname()[1] == number  # still open
