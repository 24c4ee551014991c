"""The commands as a user runs them: as processes, in a pipe or at a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]

# Makes stdin the terminal of the new session, so that its Ctrl-C is a signal, and becomes the
# command. A `preexec_fn` would do this between fork and exec, where the locks of other threads,
# such as an emulator's, may be held for ever.
_TAKE_TERMINAL = (
    *(sys.executable, "-c"),
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])",
)

STARTED: list[Piped | AtTerminal] = []
"""The processes that a test started; its fixture ends those that still run."""


def m5310(
    *arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, "-m", "m5310", *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )


class Piped:
    """A command that runs on, its stdin and stdout pipes."""

    def __init__(self, *arguments: str, module: str = "m5310") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        self._output = b""
        STARTED.append(self)

    def until(self, text: str) -> str:
        """The output so far, once it holds this."""
        assert self.process.stdout
        self._output = _read_until(self.process.stdout.fileno(), self._output, text)
        return self._output.decode()

    def until_error(self, text: str) -> None:
        """Wait for this on stderr, which then lacks it at the end."""
        assert self.process.stderr
        _read_until(self.process.stderr.fileno(), b"", text)

    def type(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def kill(self) -> None:
        """Harmless after its end."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Exit status, all of the output, all of the errors."""
        if number is not None:
            self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, (self._output + rest).decode(), errors.decode()


class AtTerminal:
    """A command at a new terminal; `screen` is all that it wrote, escapes included."""

    def __init__(
        self, *arguments: str, environment: Mapping[str, str], python: tuple[str, ...] = ()
    ) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*_TAKE_TERMINAL, *(python or ("-m", "m5310")), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **environment},
            start_new_session=True,
        )
        os.close(slave)
        self.screen = b""
        self._seen = 0
        STARTED.append(self)

    def until(self, *texts: str) -> None:
        """Wait for these texts, in this order, after those of earlier calls."""
        for text in texts:
            self.screen = _read_until(self._master, self.screen, text, self._seen)
            self._seen = self.screen.index(text.encode(), self._seen) + len(text.encode())

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        self.screen = _read_until(self._master, self.screen, None)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Harmless after its end."""
        self.process.kill()
        self.process.wait()
        if self._master >= 0:
            os.close(self._master)
        self._master = -1


def _read_until(descriptor: int, sofar: bytes, text: str | None, start: int = 0) -> bytes:
    """Read until `text` comes after `start`; None: until the other end is closed."""
    deadline = time.monotonic() + PATIENCE
    while text is None or text.encode() not in sofar[start:]:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        try:
            data = os.read(descriptor, 4096) if ready else b""
        except OSError:  # a terminal whose last user is gone
            data = b""
        if not data:
            if text is None:
                break
            raise AssertionError(f"{text!r} never came, but: {sofar.decode(errors='replace')}")
        sofar += data
    return sofar
