"""The traffic as files: lines of a trace, a recording, a capture. Pure.

Each function gives the parts of its file. What is lost meanwhile, because its reader is slow, is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emulator.control.traffic import Kind, Piece
from emulator.control.viewer import Texts
from emulator.recording.format import Recorder, Side
from emulator.recording.pcapng import Capture

_SIDES = {Kind.HOST: Side.HOST, Kind.MODULE: Side.MODULE}


def text(pieces: Iterable[Piece], texts: Texts) -> Iterator[bytes]:
    """The lines that `--trace` prints."""
    for piece in pieces:
        for line in texts.of(piece):
            yield f"{line}\n".encode("utf-8", "backslashreplace")


def recording(pieces: Iterable[Piece], start: float, port: str, baud: int) -> Iterator[bytes]:
    """What `--record` writes. `pieces` of one module; `baud` before the first of them."""
    lines: list[str] = []
    recorder = Recorder(lines.append, start, port=port, baud=baud)
    for piece in pieces:
        if piece.kind is Kind.SPEED:
            recorder.speed(int(piece.data), piece.at)
        elif piece.kind in _SIDES:
            recorder.sent(_SIDES[piece.kind], piece.data, piece.begin)
        yield from _taken(lines)
    recorder.close()
    yield from _taken(lines)


def capture(pieces: Iterable[Piece], ports: list[str]) -> Iterator[bytes]:
    """What `--pcap` writes. `ports`: the names of the lines of all modules."""
    blocks: list[bytes] = []
    made = Capture(blocks.append)
    for piece in pieces:
        if piece.kind is Kind.AIR:
            made.datagram(piece.source, piece.destination, piece.data, piece.at)
        elif piece.kind in _SIDES:
            name = ports[piece.module - 1]
            made.serial(name, _SIDES[piece.kind], piece.data, piece.begin)
        yield b"".join(blocks)
        blocks.clear()
    made.close()
    yield b"".join(blocks)


def _taken(lines: list[str]) -> Iterator[bytes]:
    yield "".join(lines).encode()
    lines.clear()
