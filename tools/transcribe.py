"""A recording as a transcript of `tests/wire`: one exchange a command, to be named and graded.

What is chosen by the module (message ids, signal, times) stands as it was recorded: whoever keeps
the transcript makes `{name=sample}` of it, and says in each comment what is shown and from where.
Every line of the module is taken for one that is framed in CR LF on both sides, as all are but
those of a start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from emulator.recording import Piece, Recording, RecordingError, Side, read
from emulator.trace import Direction, Trace, TraceLine

# Seconds without a word after which a transcript says that time passed.
_PAUSE = 1.0


def traced(recording: Recording) -> list[TraceLine]:
    """The lines of both sides, unsolicited ones marked."""
    lines: list[TraceLine] = []
    trace = Trace(lines.append, 0.0)
    for entry in recording.entries:
        if not isinstance(entry, Piece):
            continue
        (trace.to_module if entry.side is Side.HOST else trace.to_host)(entry.data, entry.at)
    return lines


def transcript(recording: Recording, source: str) -> Iterator[str]:
    """The lines of the transcript; `source` is named in each exchange."""
    last = 0.0
    for number, line in enumerate(traced(recording)):
        host = line.direction is Direction.TO_MODULE
        if host or number == 0:
            if number:
                yield ""
            shown = line.text if host else "What the module says at first"
            yield f"# {_printable(shown)}. {source}. grade: seen"
        elif line.at - last >= _PAUSE:
            yield f"@ after {line.at - last:.3g}"
        last = line.at
        if host:
            yield f"> {line.text}"
        elif line.text != _printable(line.text):
            yield f"<~ \\r\\n{_printable(line.text)}\\r\\n"
        else:
            yield f"{'<!' if line.urc else '<'} {line.text}"


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
