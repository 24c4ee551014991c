"""One target under atheris, whose search is led by what the inputs reach: a program of its own.

`guided.py TARGET [arguments of libFuzzer]`, of which the last names the folder of the corpus.
libFuzzer ends the process: with 0 when its time is over, otherwise with what it has found.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["emulator"]):
    from tools.fuzzing.targets import TARGETS


def main() -> None:
    name, *arguments = sys.argv[1:]
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *arguments], target.play)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
