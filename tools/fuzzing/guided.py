"""Fuzzes one target with atheris, as a process of its own.

Run as a program: `guided.py TARGET [arguments of libFuzzer]`, the last of which is the folder of
the corpus. libFuzzer ends the process, with status 0 when its time is over without a failure.
"""

from __future__ import annotations

import logging
import sys

import atheris

with atheris.instrument_imports(include=["emulator", "m5310"]):
    from tools.fuzzing.targets import TARGETS


def main() -> None:
    logging.disable(logging.CRITICAL)  # a warning for each refused input
    name, *arguments = sys.argv[1:]
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *arguments], target.play)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
