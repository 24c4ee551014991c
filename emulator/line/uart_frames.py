"""Bits on the line: what a UART reads of what another one sends at a speed of its own. Pure.

Nothing is drawn at random: the waveform is sampled as the receiver samples it, in the middle of
each of its bits, so a deviation of a few percent is read without error and a wrong speed gives the
garbage that it gives on a real wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never


class Parity(Enum):
    NONE = "N"
    EVEN = "E"
    ODD = "O"
    MARK = "M"
    SPACE = "S"


@dataclass(frozen=True, slots=True)
class Frame:
    """How one byte goes over the line; `speed` in bits a second, `bits` 5 to 8, `stop` 1 or 2."""

    speed: int
    bits: int = 8
    parity: Parity = Parity.NONE
    stop: int = 1

    @property
    def length(self) -> int:
        """Bits from the start bit to the last stop bit."""
        return 1 + self.bits + (self.parity is not Parity.NONE) + self.stop

    def __str__(self) -> str:
        return f"{self.speed} {self.bits}{self.parity.value}{self.stop}"


def levels(data: bytes, frame: Frame) -> list[int]:
    """The line's level during each bit of `data` sent without a pause."""
    line: list[int] = []
    for byte in data:
        value = [byte >> place & 1 for place in range(frame.bits)]
        parity = []
        match frame.parity:
            case Parity.NONE:
                pass
            case Parity.EVEN:
                parity = [sum(value) & 1]
            case Parity.ODD:
                parity = [~sum(value) & 1]
            case Parity.MARK:
                parity = [1]
            case Parity.SPACE:
                parity = [0]
            case _:
                assert_never(frame.parity)
        line += [0, *value, *parity, *[1] * frame.stop]
    return line


def read(data: bytes, sent: Frame, reader: Frame) -> list[tuple[float, int]]:
    """What a UART set to `reader` takes from `data` sent as `sent`, after which the line idles.

    Each byte with the seconds from the first start bit to its own stop bit. Bytes with a wrong
    parity or stop bit are delivered as they were read, as a UART does whose driver does not ask.
    """
    line = levels(data, sent)
    step = sent.speed / reader.speed  # the sender's bits during one of the reader's
    last = 1 + reader.bits + (reader.parity is not Parity.NONE)  # the place of the stop bit
    found: list[tuple[float, int]] = []
    place = 0.0
    while (edge := _falling(line, place)) is not None:
        if _level(line, edge + step / 2):  # too short for a start bit: noise
            place = edge + step / 2
            continue
        value = sum(
            _level(line, edge + (number + 1.5) * step) << number for number in range(reader.bits)
        )
        place = edge + (last + 0.5) * step
        found.append((place / sent.speed, value))
    return found


def _level(line: list[int], place: float) -> int:
    return line[int(place)] if place < len(line) else 1


def _falling(line: list[int], place: float) -> int | None:
    """Where the level falls next after `place`: a line that is low has to rise first."""
    number = int(place)
    if place:
        while number < len(line) and not line[number]:
            number += 1
    while number < len(line) and line[number]:
        number += 1
    return number if number < len(line) else None
