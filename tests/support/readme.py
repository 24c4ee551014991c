"""The README: its two parts and programs, and how to run them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from tests.support.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
README, CHINESE = (ROOT / "README.md").read_text(encoding="utf-8").split("## 中文说明\n")
PROGRAMS = dict(re.findall(r"```python (\w+\.py)\n(.*?)```", README, re.DOTALL))
LINES_OF_THE_EMULATOR = re.findall(r"^\.venv/bin/python -m emulator (.*)$", README, re.MULTILINE)


class Running:
    """A program; `until` waits for a line of its output."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(PATIENCE, self.process.kill)
        self._watchdog.start()

    def until(self, beginning: str) -> str:
        output: IO[str] = self.process.stdout  # type: ignore[assignment]
        for line in output:
            if line.startswith(beginning):
                return line
        raise AssertionError(f"no line starts with {beginning!r}: {self.process.stderr.read()}")  # type: ignore[union-attr]

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        if number is not None:
            self.process.send_signal(number)
        output, errors = self.process.communicate()
        self._watchdog.cancel()
        self._watchdog.join()
        return self.process.returncode, output, errors
