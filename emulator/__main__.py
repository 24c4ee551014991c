"""`python -m emulator`: an M5310 on a serial port and OneNET on a URL, until a signal ends it."""

# Little is imported before the signals are ours: Python's own answer to Ctrl-C is a traceback.
from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    import asyncio
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from emulator.clock.clocks import Clock
    from emulator.emulator import Emulator
    from emulator.recording.replay import Replay
    from emulator.recording.trace import TraceLine
    from emulator.scenario.events import Scenario


class _Ending:
    """What SIGINT, SIGTERM and SIGHUP, unless that one is ignored (nohup), do from the first moment
    to the last: end the program, status 0.

    Before `wakes` there is nothing to close and the program leaves on the spot; then the loop is
    woken to close in its own time; after `leave` a signal finds the program leaving already.
    """

    def __init__(self) -> None:
        self._asked = False
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._signals = {signal.SIGINT, signal.SIGTERM}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._signals.add(signal.SIGHUP)  # the terminal it was started in has been closed
        for number in self._signals:
            signal.signal(number, self._signalled)

    def wakes(self, loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
        self._wake = loop, event
        if self._asked:  # the SystemExit was swallowed, by a destructor for one
            event.set()

    def leave(self) -> None:
        # Our handler ends before the interpreter does, and a signal in between would kill it.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)

    def _signalled(self, *_: object) -> None:
        if self._asked:  # once is enough; in a storm of them each interrupts the one before
            return
        self._asked = True
        if self._wake is None:
            raise SystemExit(0)
        loop, event = self._wake
        loop.call_soon_threadsafe(event.set)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal comes; returns the exit status."""
    ending = _Ending()
    import asyncio  # noqa: PLC0415 - see above

    from emulator.cli import options  # noqa: PLC0415

    parser = options.parser()
    try:
        from emulator.clock.clocks import LoopClock  # noqa: PLC0415
        from emulator.emulator import Emulator  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        parser.error(f'{missing.name} is not installed: pip install "m5310[emulator]"')
    parameters = options.read(parser, arguments)
    as_json = parameters.pop("json", False)
    if parameters.pop("trace", False):
        parameters["trace"] = _print_trace
    if "speed" in parameters:
        parameters["clock"] = LoopClock(speed=parameters.pop("speed"))
    if "replay" in parameters:
        return _replay(parser, ending, parameters)
    if "timing" in parameters:
        parser.error("--timing: expected with replay FILE only")
    kept = ExitStack()
    try:
        _read_firmware(parameters)
        scenario = _scenario(parameters)
        if "record" in parameters:
            # A recording is evidence: none is written over.
            file = kept.enter_context(parameters["record"].open("x", encoding="utf-8", newline=""))
            parameters["record"] = file.write
        emulator = Emulator(**parameters)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(_reason(error))
    try:
        with kept:
            asyncio.run(_serve(emulator, ending, scenario, as_json=as_json))
    except OSError as error:
        parser.exit(options.USAGE_ERROR, f"{parser.prog}: {_reason(error)}\n")
    return 0


def _read_firmware(parameters: dict[str, Any]) -> None:
    """Where it is that of a file. Raises OSError, ValueError."""
    path = parameters.get("firmware")
    if path is not None and not isinstance(path, str):
        from emulator.cli.firmware_file import read  # noqa: PLC0415

        parameters["firmware"] = read(_text(path), str(path))


def _text(path: Path) -> str:
    """What stands in it, without the mark that editors on Windows begin with. Raises OSError,
    ValueError.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: {error}, expected UTF-8") from None


def _scenario(parameters: dict[str, Any]) -> Scenario | None:
    """The one that is asked for, taken out of `parameters`; its seed counts unless told otherwise.

    Raises OSError, ValueError.
    """
    path = parameters.pop("scenario", None)
    if path is None:
        return None
    from emulator.scenario.parser import read  # noqa: PLC0415 - see above

    found = read(_text(path), str(path), modules=parameters.get("modules", 1))
    parameters.setdefault("seed", found.seed)
    return found


async def _serve(
    emulator: Emulator, ending: _Ending, scenario: Scenario | None, *, as_json: bool
) -> None:
    import asyncio  # noqa: PLC0415 - see above

    from emulator.cli.startup_message import ModuleInfo, StartupInfo  # noqa: PLC0415
    from emulator.scenario.player import Play  # noqa: PLC0415

    stop = emulator.ended
    play = None if scenario is None else Play(emulator, scenario, on_end=stop.set)
    ending.wakes(asyncio.get_running_loop(), stop)
    try:
        async with emulator:
            assert emulator.http_url is not None, "this command always serves HTTP"
            modules = tuple(
                ModuleInfo(
                    port=board.line.port,
                    imei=board.module.identity.imei,
                    imsi=board.module.identity.imsi,
                    device_id=board.device_id,
                )
                for board in emulator.boards
            )
            ready = StartupInfo(http=emulator.http_url, api_key=emulator.api_key, modules=modules)
            text = ready.as_text(emulator.baud, strict=emulator.line.strict)
            # Where standard output is the module's port, it is no place for other words.
            where = sys.stderr if emulator.port == "-" else sys.stdout
            print(ready.as_json() if as_json else text, file=where, flush=True)
            if play is not None:
                play.start()
            await stop.wait()
            if play is not None:
                play.stop()
                _report(play.report())
    finally:
        ending.leave()


def _replay(parser: argparse.ArgumentParser, ending: _Ending, parameters: dict[str, Any]) -> int:
    """Play a recording until a signal comes; 1: the host has differed from the recorded one."""
    import asyncio  # noqa: PLC0415 - see above

    from emulator.clock.clocks import LoopClock  # noqa: PLC0415
    from emulator.line.ports.port import parse_address  # noqa: PLC0415
    from emulator.recording.format import read  # noqa: PLC0415
    from emulator.recording.replay import Replay  # noqa: PLC0415

    path = parameters.pop("replay")
    timed = parameters.pop("timing", "kept") == "kept"
    clock = parameters.pop("clock", None) or LoopClock()
    foreign = set(parameters) - {"port", "link", "baud"}
    if foreign:
        parser.error(f"replay: {', '.join(sorted(foreign))} has no meaning here")
    try:
        address = parse_address(parameters.pop("port", "pty"))
        replay = Replay(read(path.read_bytes(), str(path)), clock.now(), timed=timed)
        parameters.setdefault("baud", replay.baud or None)
        asyncio.run(_serve_replay(replay, clock, ending, address=address, **parameters))
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(_reason(error))
    differences = replay.differences()
    if differences:
        _report(differences)
    return 1 if differences else 0


async def _serve_replay(replay: Replay, clock: Clock, ending: _Ending, **line: Any) -> None:
    import asyncio  # noqa: PLC0415 - see above

    from emulator.recording.replay_port import ReplayPort  # noqa: PLC0415

    stop = asyncio.Event()
    ending.wakes(asyncio.get_running_loop(), stop)
    clock.start()
    playing = ReplayPort(replay, clock, on_end=stop.set, **line)
    try:
        where = sys.stderr if playing.line.port == "-" else sys.stdout
        print(f"The recording is played on {playing.line.port}", file=where, flush=True)
        await stop.wait()
    finally:
        playing.close()
        ending.leave()


def _report(text: str) -> None:
    if sys.stderr is not None:  # None: closed by whoever started us
        with suppress(OSError):  # whoever would read it has gone
            print(text, file=sys.stderr, flush=True)


def _print_trace(line: TraceLine) -> None:
    if sys.stderr is None:  # closed by whoever started us
        return
    with suppress(OSError):  # whoever read the trace has gone, or has no room; the module stays
        print(line.render(colours=sys.stderr.isatty()), file=sys.stderr, flush=True)


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


if __name__ == "__main__":
    sys.exit(main())
