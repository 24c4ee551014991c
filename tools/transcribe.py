"""Converts a recording to a transcript for `tests/wire`: one exchange for each command.

To be edited by hand afterwards: replace values chosen by the module (message ids, signal, times)
by `{name=sample}`, write in each comment what the exchange shows and its source, and add the
module's initial state, `@ module imei=…`.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from emulator.recording.format import Chunk, Recording, RecordingError, Side, read
from emulator.recording.trace import Direction, Trace, TraceLine

# Seconds of silence that become a step `@ after`.
_PAUSE = 0.5
_FINAL = re.compile(r"OK|ERROR|\+CME ERROR:.*")


def trace_lines(recording: Recording) -> list[TraceLine]:
    """The lines of both sides, with unsolicited lines marked."""
    lines: list[TraceLine] = []
    trace = Trace(lines.append, 0.0)
    for entry in recording.entries:
        if isinstance(entry, Chunk):
            (trace.to_module if entry.side is Side.HOST else trace.to_host)(entry.data, entry.at)
    return [line for line in lines if line.direction is not Direction.NOTE]


def frames(recording: Recording) -> Iterator[bytes]:
    """Each line of the module with its line ends."""
    chunks = (entry for entry in recording.entries if isinstance(entry, Chunk))
    data = b"".join(chunk.data for chunk in chunks if chunk.side is Side.MODULE)
    return (found[0] for found in re.finditer(rb"(\r\n)?[^\r\n]+(\r\n?|\n|\Z)", data))


def transcript(recording: Recording, source: str) -> Iterator[str]:
    """The lines of the transcript; each exchange names `source`."""
    framed = frames(recording)
    lines = trace_lines(recording)
    grade = "inferred" if recording.emulated else "seen"  # an emulator is no evidence
    for before, line in zip([None, *lines], lines, strict=False):
        host = line.direction is Direction.TO_MODULE
        if host or before is None:
            if before is not None:
                yield ""
            shown = line.text if host else "What the module sends first"
            yield f"# {_printable(shown)}. {source}. grade: {grade}"
        if before is not None and line.at - before.at >= _PAUSE:
            # rounded up, so that the line has been sent by then
            yield f"@ after {ceil((line.at - before.at) * 10) / 10:g}"
        if host:
            yield f"> {line.text}"
        else:
            yield _module_line(line, next(framed), touches=_informs(before) and not line.urc)


def _informs(line: TraceLine | None) -> bool:
    """Whether it is an information line, so that another of the same answer touches it."""
    return (
        line is not None
        and line.direction is Direction.TO_HOST
        and not line.urc
        and not line.text.startswith("REBOOT")
        and _FINAL.fullmatch(line.text) is None
    )


def _module_line(line: TraceLine, raw: bytes, *, touches: bool) -> str:
    start = line.text.startswith("REBOOT")  # boot text: neither response nor unsolicited
    final = _FINAL.fullmatch(line.text) is not None
    frame = f"{line.text}\r\n" if touches and not final else f"\r\n{line.text}\r\n"
    if start or line.text != _printable(line.text) or raw != frame.encode():
        return "<~ " + raw.decode("latin-1").encode("unicode_escape").decode()
    return f"{'<!' if line.urc else '<'} {line.text}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: tools/transcript FILE (a recording)", file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    path = Path(arguments[0])
    try:
        recording = read(path.read_bytes(), str(path))
    except (OSError, RecordingError) as error:
        print(f"tools/transcript: {error}", file=sys.stderr)
        return 2
    for line in transcript(recording, f"Recorded in {path.name}"):
        print(line)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # for `| head`: end when the reader does
    sys.exit(main(sys.argv[1:]))
