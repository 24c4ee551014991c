"""The `m5310-emulator` command: runs the emulator, a scenario or a replay until a signal comes."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from emulator.cli import firmware_file, options
from emulator.cli.shutdown import Shutdown
from emulator.cli.startup_message import CloudInfo, DeviceInfo, StartupInfo
from emulator.clock.clocks import Clock, LoopClock
from emulator.clock.steered import SteeredClock
from emulator.emulator import Emulator
from emulator.line.attachment import check_link
from emulator.line.ports.port import parse_address
from emulator.onenet.lwm2m.registrations import Registration
from emulator.recording import format as recording
from emulator.recording.file import RecordingFile
from emulator.recording.replay import Replay
from emulator.recording.replay_port import ReplayPort
from emulator.recording.trace import Trace, TraceLine
from emulator.scenario import parser as scenarios
from emulator.scenario.events import Scenario
from emulator.scenario.player import Play

# Parameters without an effect in each of these modes.
_MEANINGLESS = {
    "platform": {
        *("port", "link", "baud", "strict", "quiet", "overruns", "faults", "record", "server"),
        *("module", "firmware", "cold", "boot_noise", "strict_host", "typed_urcs", "style"),
        "downlink_window",
    },
    "--server": {
        *("http", "allow_hosts", "api_key", "page", "device", "year", "coap", "coaps"),
        *("push", "token", "aes_key", "db", "keep_days", "keep_points"),
    },
    "--air memory": {"coap", "coaps", "server"},
}
_OPTIONS = {
    "device": "no_device",
    "page": "no_page",
    "strict": "baud",
    "allow_hosts": "allow_host",
}  # where names differ

# Different texts about lost datagrams that are printed; each is printed once.
_MAX_NOTES = 100

Serve = Callable[[Shutdown], Coroutine[Any, Any, int]]


def run(shutdown: Shutdown, arguments: Sequence[str] | None) -> int:
    """Run the command. Returns the exit status; it exits with status 2 if it cannot start."""
    parser = options.parser()
    parameters = options.read(parser, arguments)
    prepare = _prepare_replay if "replay" in parameters else _prepare_emulator
    with ExitStack() as files:
        try:
            serve = prepare(parameters, files)
        except ValueError as error:
            parser.error(str(error))
        except OSError as error:
            parser.error(_reason(error))
        try:
            return asyncio.run(serve(shutdown))
        except OSError as error:
            parser.exit(options.USAGE_ERROR, f"{parser.prog}: {_reason(error)}\n")


# The emulator -------------------------------------------------------------------------------------


def _prepare_emulator(parameters: dict[str, Any], files: ExitStack) -> Serve:
    """Raises OSError, ValueError if a file or a parameter is invalid."""
    if "timing" in parameters:
        raise ValueError("--timing: expected with replay FILE only")
    _refuse_meaningless(parameters)
    as_json = parameters.pop("json", False)
    parameters.setdefault("air", "coap")
    page = parameters.setdefault("page", "server" not in parameters)
    clock, speed = SteeredClock if page else LoopClock, parameters.pop("speed", 1.0)
    parameters["clock"] = clock(speed=speed)
    if parameters.pop("trace", False):
        parameters |= {"trace": _print_trace, "trace_air": True}
    if isinstance(parameters.get("firmware"), Path):
        path = parameters["firmware"]
        parameters["firmware"] = firmware_file.read(_read_text(path), str(path))
    scenario = _read_scenario(parameters)
    written: list[RecordingFile] = []
    if "record" in parameters:
        file = files.enter_context(RecordingFile(parameters["record"], _print_error))
        parameters["record"] = file.write
        written.append(file)
    if "pcap" in parameters:
        file = files.enter_context(RecordingFile(parameters.pop("pcap"), _print_error))
        parameters["capture"] = file.write
        written.append(file)
    air_faults = parameters.pop("air_faults", {})
    emulator = Emulator(**parameters)
    emulator.air.on_note = _once(_print_error)  # with --trace they are lines of the trace
    for name, value in air_faults.items():
        setattr(emulator.air.faults, name, value)
    return partial(_serve, emulator, scenario, written, as_json)


def _refuse_meaningless(parameters: dict[str, Any]) -> None:
    """Raises ValueError if a parameter would have no effect beside another one."""
    modes = {"platform": "platform_only" in parameters, "--server": "server" in parameters}
    modes["--air memory"] = parameters.get("air") == "memory"
    for mode in (name for name, chosen in modes.items() if chosen):
        if given := [name for name in parameters if name in _MEANINGLESS[mode]]:
            names = ", ".join(f"--{_OPTIONS.get(name, name).replace('_', '-')}" for name in given)
            raise ValueError(f"{mode}: {names} has no meaning here")


def _read_scenario(parameters: dict[str, Any]) -> Scenario | None:
    """The scenario of `run FILE`; its seed applies unless `parameters` has one."""
    path = parameters.pop("scenario", None)
    if path is None:
        return None
    modules = parameters.get("modules", 1)
    scenario = scenarios.read(_read_text(path), str(path), modules=modules)
    parameters.setdefault("seed", scenario.seed)
    return scenario


async def _serve(
    emulator: Emulator,
    scenario: Scenario | None,
    written: Sequence[RecordingFile],
    as_json: bool,
    shutdown: Shutdown,
) -> int:
    """`written`: files to keep once the emulator has started."""
    stop = emulator.ended
    play = None if scenario is None else Play(emulator, scenario, on_end=stop.set)
    shutdown.attach(asyncio.get_running_loop(), stop)
    try:
        async with emulator:
            # What is there by now stays. To search it for garbage would stop all lines for 20 ms.
            gc.freeze()
            _print_startup(emulator, as_json=as_json)
            for file in written:
                file.keep()
            if play is not None:
                play.start()
            await stop.wait()
            if play is not None:
                play.stop()
                _print_error(play.report())
    finally:
        shutdown.finish()
    return 0


def _print_startup(emulator: Emulator, *, as_json: bool) -> None:
    devices = tuple(
        DeviceInfo(identity.imei, identity.imsi, device_id)
        for identity, device_id in emulator.devices
    )
    ports = tuple(board.line.port for board in emulator.boards)
    cloud = _cloud(emulator)
    server = emulator.server
    if server is not None and not server.startswith("coaps://"):
        server = f"coap://{server}"
    model = emulator.module.firmware.model if emulator.boards else ""
    info = StartupInfo(cloud, devices, ports, server, emulator.psk, model or "M5310")
    if as_json:
        text = info.as_json()
    else:
        strict = bool(emulator.boards) and emulator.line.strict
        text = info.as_text(emulator.baud, strict=strict)
    _print_beside_port(text, ports[0] if ports else "")
    if not ports and cloud is not None:
        _announce_registrations(emulator, cloud, as_json=as_json)


def _cloud(emulator: Emulator) -> CloudInfo | None:
    if emulator.http_url is None:
        return None
    push, db = emulator.platform.push.settings, emulator.platform.database.path
    return CloudInfo(
        emulator.http_url,
        emulator.api_key,
        page=emulator.page_url,
        coap=emulator.coap_url,
        coaps=emulator.coaps_url,
        psk=emulator.coaps_url and emulator.psk,
        push=None if push is None else push.url,
        db=None if db is None else str(db),
    )


def _announce_registrations(emulator: Emulator, cloud: CloudInfo, *, as_json: bool) -> None:
    """Print each device that registers, with a line that drives it."""

    def announce(registration: Registration) -> None:
        text = cloud.announcement(registration.endpoint, map(str, registration.objects))
        _print_to(sys.stderr if as_json else sys.stdout, text)

    emulator.platform.server.on_registered = announce


# Replay -------------------------------------------------------------------------------------------


def _prepare_replay(parameters: dict[str, Any], _files: ExitStack) -> Serve:
    """Raises OSError, ValueError if the recording or a parameter is invalid."""
    path = parameters.pop("replay")
    timed = parameters.pop("timing", "kept") == "kept"
    clock = LoopClock(speed=parameters.pop("speed", 1.0))
    unexpected = set(parameters) - {"port", "link", "baud", "json", "trace"}
    if unexpected:
        raise ValueError(f"replay: {', '.join(sorted(unexpected))} has no meaning here")
    address = parse_address(parameters.get("port", "pty"))
    check_link(parameters.get("link"), address)
    replay = Replay(recording.read(path.read_bytes(), str(path)), clock.now(), timed=timed)
    baud = parameters.get("baud", replay.baud or None)
    line = {"address": address, "link": parameters.get("link"), "baud": baud}
    if parameters.get("trace"):
        line["trace"] = Trace(_print_trace, clock.now())
    announce = partial(_announced, path, as_json="json" in parameters)
    return partial(_serve_replay, replay, clock, line, announce)


def _announced(path: Path, port: str, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"port": port, "recording": str(path)})
    return f"The recording is played on {port}"


async def _serve_replay(
    replay: Replay,
    clock: Clock,
    line: dict[str, Any],
    announce: Callable[[str], str],
    shutdown: Shutdown,
) -> int:
    """Returns 1 if the host's commands differed from the recorded ones, else 0."""
    stop = asyncio.Event()
    shutdown.attach(asyncio.get_running_loop(), stop)
    clock.start()
    port = ReplayPort(replay, clock, on_end=stop.set, **line)
    try:
        name = port.line.port
        _print_beside_port(announce(name), name)
        await stop.wait()
    finally:
        port.close()
        shutdown.finish()
    differences = replay.differences()
    if differences:
        _print_error(differences)
    return 1 if differences else 0


# Files and output ---------------------------------------------------------------------------------


def _read_text(path: Path) -> str:
    """The text of a file, without a byte order mark. Raises OSError, ValueError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: {error}, expected UTF-8") from None


def _print_beside_port(text: str, port: str) -> None:
    """Print to stdout, or to stderr if stdout is the module's port."""
    print(text, file=sys.stderr if port == "-" else sys.stdout, flush=True)


def _print_error(text: str) -> None:
    _print_to(sys.stderr, text)


def _print_to(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # None if the parent process closed it
        with suppress(OSError):  # the reader is gone, or the disk is full: continue without it
            print(text, file=stream, flush=True)


def _once(show: Callable[[str], None]) -> Callable[[str], None]:
    """Calls `show` for the first time that a text comes, and for some texts only."""
    seen: set[str] = set()

    def note(text: str) -> None:
        if text not in seen and len(seen) < _MAX_NOTES:
            seen.add(text)
            show(text)

    return note


def _print_trace(line: TraceLine) -> None:
    _print_error(line.render(colours=sys.stderr is not None and sys.stderr.isatty()))


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
