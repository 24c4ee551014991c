"""A recording as a transcript of `tests/wire`: one exchange a command, to be named and graded.

What is chosen by the module (message ids, signal, times) stands as it was recorded: whoever keeps
the transcript makes `{name=sample}` of it, and says in each comment what is shown and from where.
How the module was when the recording began, `@ module imei=…`, is put before it by hand, too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from emulator.recording.format import Chunk, Recording, RecordingError, Side, read
from emulator.recording.trace import Direction, Trace, TraceLine

# Seconds without a word after which a transcript says that time passed.
_PAUSE = 0.5


def traced(recording: Recording) -> list[TraceLine]:
    """The lines of both sides, unsolicited ones marked."""
    lines: list[TraceLine] = []
    trace = Trace(lines.append, 0.0)
    for entry in recording.entries:
        if isinstance(entry, Chunk):
            (trace.to_module if entry.side is Side.HOST else trace.to_host)(entry.data, entry.at)
    return [line for line in lines if line.direction is not Direction.NOTE]


def frames(recording: Recording) -> Iterator[bytes]:
    """Each line of the module with the ends that it had."""
    pieces = (entry for entry in recording.entries if isinstance(entry, Chunk))
    said = b"".join(piece.data for piece in pieces if piece.side is Side.MODULE)
    return (found[0] for found in re.finditer(rb"(\r\n)?[^\r\n]+(\r\n?|\n|\Z)", said))


def transcript(recording: Recording, source: str) -> Iterator[str]:
    """The lines of the transcript; `source` is named in each exchange."""
    framed = frames(recording)
    lines = traced(recording)
    grade = "inferred" if recording.emulated else "seen"  # what an emulator says proves nothing
    for before, line in zip([None, *lines], lines, strict=False):
        host = line.direction is Direction.TO_MODULE
        if host or before is None:
            if before is not None:
                yield ""
            shown = line.text if host else "What the module says at first"
            yield f"# {_printable(shown)}. {source}. grade: {grade}"
        if before is not None and line.at - before.at >= _PAUSE:
            # Rounded up: what was said after so long is said by then.
            yield f"@ after {ceil((line.at - before.at) * 10) / 10:g}"
        yield f"> {line.text}" if host else _said(line, next(framed))


def _said(line: TraceLine, raw: bytes) -> str:
    start = line.text.startswith("REBOOT")  # belongs to no command, and is no unsolicited line
    if start or line.text != _printable(line.text) or raw != f"\r\n{line.text}\r\n".encode():
        return "<~ " + raw.decode("latin-1").encode("unicode_escape").decode()
    return f"{'<!' if line.urc else '<'} {line.text}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: tools/transcript FILE, a recording", file=sys.stderr)
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
    sys.exit(main(sys.argv[1:]))
