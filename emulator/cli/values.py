"""Values of options: text to parameters. Pure.

Each raises argparse.ArgumentTypeError that says what is expected.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator.air.faults import Faults
from emulator.line.faults import Fault, Rates
from emulator.module.firmware import FIRMWARES, MODULES
from emulator.onenet.devices import MAX_DEVICES

# Faster than any UART, so probably a typing mistake.
_MAX_BAUD = 10_000_000
# Settings of `Faults` of the air.
_OF_AIR = ("latency", "loss", "duplication", "reordering", "delayed", "delay")


def firmware(text: str) -> str | Path:
    if text not in FIRMWARES and not text.endswith(".toml"):
        known = ", ".join(FIRMWARES)
        try_module = f"; for a {text}, use --module" if text in MODULES else ""
        raise argparse.ArgumentTypeError(
            f"{text!r}, expected one of {known}, or a .toml file{try_module}"
        )
    return text if text in FIRMWARES else Path(text)


def module(text: str) -> str:
    if text not in MODULES:
        known = ", ".join(MODULES)
        raise argparse.ArgumentTypeError(
            f"{text!r}, expected one of {known}; for a module of your own, use --firmware FILE.toml"
        )
    return text


def baud(text: str) -> dict[str, object]:
    """`baud` and, if given, `strict`."""
    speed, comma, strict = text.partition(",")
    if text == "off":
        return {"baud": None}
    if text == "strict":
        return {"strict": True}
    number = int(speed) if speed.isascii() and speed.isdecimal() else 0
    if not 0 < number <= _MAX_BAUD or (comma and strict != "strict"):
        raise argparse.ArgumentTypeError(
            f"{text!r}, expected a speed such as 9600, or off, or strict, or 9600,strict"
        )
    return {"baud": number, "strict": True} if comma else {"baud": number}


def faults(text: str) -> dict[str, object]:
    """`faults` and, if given, `seed`."""
    return _with_seed(text, tuple(Fault), "SHARE", lambda shares: {"faults": Rates(**shares)})


def air_faults(text: str) -> dict[str, object]:
    """`air_faults` and, if given, `seed`."""

    def checked(settings: dict[str, float]) -> dict[str, object]:
        faults = Faults()
        for name, number in settings.items():
            setattr(faults, name, number)
        return {"air_faults": settings}

    return _with_seed(text, _OF_AIR, "NUMBER", checked)


def _with_seed(
    text: str, known: tuple[str, ...], value: str, made: Callable[[Any], dict[str, object]]
) -> dict[str, object]:
    """What is `made` of the numbers by name in `text`, and its `seed` if it has one."""
    numbers: dict[str, float] = {}
    found: dict[str, object] = {}
    try:
        for part in text.split(","):
            name, _, number = part.partition("=")
            if name == "seed":
                found["seed"] = int(number)
            elif name in known:
                numbers[name] = float(number)
            else:
                raise ValueError(f"{name!r} is unknown")
        return {**made(numbers), **found}
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r}: {error}; expected {'|'.join(known)}={value},... and optionally seed=N"
        ) from None


def seconds(text: str) -> float:
    return _number(text, "a number of seconds, 0 or more", lowest=0.0)


def window(text: str) -> float | None:
    return None if text == "off" else _number(text, "1 or more seconds, or off", lowest=1.0)


def factor(text: str) -> float:
    return _number(text, "a factor of 0.001 or more", lowest=0.001)


def days(text: str) -> float:
    return _number(text, "a number of days, 0.001 or more", lowest=0.001)


def points(text: str) -> int:
    return int(_number(text, "a number of points, 1 or more", lowest=1.0))


def _number(text: str, expected: str, *, lowest: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not lowest <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}, expected {expected}")
    return number


def count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= MAX_DEVICES:
        raise argparse.ArgumentTypeError(f"{text!r}, expected 1 to {MAX_DEVICES}")
    return int(text)
