"""How long the driver takes to import."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tools.benchmarks.figures import Bench, Figure, at_most, benchmark, series

ROOT = Path(__file__).resolve().parents[2]

STATEMENTS = {
    "serial, serial_asyncio, transitions": "import serial, serial_asyncio, transitions",
    "import m5310": "import m5310",
    "import Device, ValueType, Access": "from m5310 import Device, ValueType, Access",
    "the same, and what opens and judges": (
        "from m5310 import Device, ValueType, Access; import m5310.port, transitions"
    ),
    "import *": "from m5310 import *",
}

_PROGRAM = """
import time
began = time.perf_counter()
{statement}
print(time.perf_counter() - began)
"""


def _seconds(statement: str, bytecode: str) -> float:
    # Compiled once, as installed packages are: where that is turned off (test machines, read-only
    # installations) each start would compile what is ours, and little of what is the others'.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", _PROGRAM.format(statement=statement)]
    return float(subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True).stdout)


@benchmark("import")
def loading(bench: Bench) -> Sequence[Figure]:
    """Time of the import statement in a fresh interpreter, bytecode at hand: the package alone,
    the names a usual program takes, those with what its first connection loads, and every name,
    against the three dependencies."""
    with tempfile.TemporaryDirectory() as bytecode:
        results = bench.turns(
            {name: partial(_seconds, each, bytecode) for name, each in STATEMENTS.items()},
            rounds=15,
        )
    dependencies, *others = (
        series(name, "ms", seconds, times=1e3) for name, seconds in results.items()
    )
    aims = (at_most(1.30), at_most(1.30), None, None)
    return tuple(Figure(one, dependencies, aim) for one, aim in zip(others, aims, strict=True))
