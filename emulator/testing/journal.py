"""`Journal`: the AT traffic of an emulator, for tests. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from emulator.recording.trace import Direction, TraceLine
from emulator.testing.blocking import refuse_in_event_loop

# Lines that are kept; older ones are dropped.
MAX_LINES = 10_000
# Default timeout of `until` in seconds of real time.
TIMEOUT = 10.0


class Journal:
    """Pass it as `trace` to an emulator. Iterating returns the lines so far.

    A host may read an answer shortly before it is added here. Therefore `settle` is called before
    the lines are read: any call into the emulator's thread returns after they have been added.
    """

    def __init__(self) -> None:
        self.settle: Callable[[], object] = lambda: None
        self._lines: deque[TraceLine] = deque(maxlen=MAX_LINES)
        self._count = 0  # of all lines, with the dropped ones
        self._consumed = 0  # lines that `until` has passed
        self._changed = threading.Condition()

    def __call__(self, line: TraceLine) -> None:
        with self._changed:
            self._lines.append(line)
            self._count += 1
            self._changed.notify_all()

    def __repr__(self) -> str:
        return f"<Journal: {self._count} lines>"

    def __iter__(self) -> Iterator[TraceLine]:
        self.settle()
        with self._changed:
            return iter(list(self._lines))

    @property
    def commands(self) -> list[str]:
        """Lines that the host sent."""
        return [line.text for line in self if line.direction is Direction.TO_MODULE]

    @property
    def answers(self) -> list[str]:
        """Lines that the module sent, URCs included."""
        return [line.text for line in self if line.direction is Direction.TO_HOST]

    def until(self, beginning: str, timeout: float = TIMEOUT) -> TraceLine:
        """Wait for a line of either direction that starts with `beginning`.

        The next call continues after that line. Raises TimeoutError after `timeout` seconds of real
        time (0 or more); its text has the lines that came instead. Raises RuntimeError in a
        coroutine, whose event loop it would stop.
        """
        refuse_in_event_loop("Journal.until", "to_thread(journal.until, ...)")
        end = time.monotonic() + timeout
        passed: deque[TraceLine] = deque(maxlen=MAX_LINES)
        with self._changed:
            begin = self._consumed
            while True:
                for line in self._new():
                    if line.text.startswith(beginning):
                        return line
                    passed.append(line)
                left = end - time.monotonic()
                if left <= 0:
                    self._consumed = begin
                    received = "\n".join(map(str, passed)) or "none"
                    raise TimeoutError(
                        f"no line starts with {beginning!r}; received lines:\n{received}"
                    )
                self._changed.wait(left)

    def render(self, newest: int = MAX_LINES) -> str:
        """The latest lines of both directions, in the format of `--trace`."""
        lines = list(self)[-newest:]
        before = self._count - len(lines)
        return "\n".join([*([f"... {before} lines before"] if before else []), *map(str, lines)])

    def _new(self) -> Iterator[TraceLine]:
        dropped = self._count - len(self._lines)
        while (index := max(self._consumed - dropped, 0)) < len(self._lines):
            self._consumed = max(self._consumed, dropped) + 1
            yield self._lines[index]
