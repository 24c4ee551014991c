"""UART frames: the bytes that a receiver reads if its settings differ from the sender's. Pure.

Nothing is random: the waveform is sampled in the middle of each of the receiver's bits. A deviation
of a few percent is read without error; a wrong speed gives the garbage of a real wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Parity(Enum):
    NONE = "N"
    EVEN = "E"
    ODD = "O"
    MARK = "M"
    SPACE = "S"


@dataclass(frozen=True, slots=True)
class Frame:
    """UART settings: `speed` in bits a second, `bits` 5 to 8, `stop` 1 or 2."""

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
    """The level of the line during each bit of `data`, sent without a pause."""
    line: list[int] = []
    for byte in data:
        value = [byte >> place & 1 for place in range(frame.bits)]
        parity = {
            Parity.NONE: [],
            Parity.EVEN: [sum(value) & 1],
            Parity.ODD: [~sum(value) & 1],
            Parity.MARK: [1],
            Parity.SPACE: [0],
        }[frame.parity]
        line += [0, *value, *parity, *[1] * frame.stop]
    return line


def sample(data: bytes, sender: Frame, receiver: Frame) -> list[tuple[float, int]]:
    """The bytes that `receiver` reads when `sender` sends `data` and then leaves the line idle.

    Each byte comes with the seconds from the first start bit to its own stop bit. Bytes with wrong
    parity or stop bit are delivered as read, like a UART whose driver ignores error flags.
    """
    line = levels(data, sender)
    step = sender.speed / receiver.speed  # sender bits per receiver bit
    last = 1 + receiver.bits + (receiver.parity is not Parity.NONE)  # position of the stop bit
    found: list[tuple[float, int]] = []
    place = 0.0
    while (edge := _falling(line, place)) is not None:
        if _level(line, edge + step / 2):  # too short for a start bit
            place = edge + step / 2
            continue
        value = sum(
            _level(line, edge + (number + 1.5) * step) << number for number in range(receiver.bits)
        )
        place = edge + (last + 0.5) * step
        found.append((place / sender.speed, value))
    return found


def _level(line: list[int], place: float) -> int:
    return line[int(place)] if place < len(line) else 1


def _falling(line: list[int], place: float) -> int | None:
    """Position of the next falling edge after `place`; a low line has to rise first."""
    number = int(place)
    if place:
        while number < len(line) and not line[number]:
            number += 1
    while number < len(line) and line[number]:
        number += 1
    return number if number < len(line) else None
