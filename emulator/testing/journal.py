"""What passed on the line of an emulator, to be looked at and waited for from any thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from emulator.recording.trace import Direction, TraceLine

# More than a test looks at; the older ones are forgotten.
KEPT = 10_000
# Seconds of real time in which a program says what it is going to say.
PATIENCE = 10.0


class Journal:
    """Give it as the `trace` of an emulator. Iterating goes over the lines so far.

    A host may read an answer a moment before it is written down here. `settle` is called before
    somebody looks; anything that is asked of the emulator's thread is answered after that moment.
    """

    def __init__(self) -> None:
        self.settle: Callable[[], object] = lambda: None
        self._lines: deque[TraceLine] = deque(maxlen=KEPT)
        self._count = 0  # of all there were
        self._looked = 0  # how many of them `until` has passed
        self._more = threading.Condition()

    def __call__(self, line: TraceLine) -> None:
        with self._more:
            self._lines.append(line)
            self._count += 1
            self._more.notify_all()

    def __iter__(self) -> Iterator[TraceLine]:
        self.settle()
        with self._more:
            return iter(list(self._lines))

    @property
    def commands(self) -> list[str]:
        """What the host sent, line by line."""
        return [line.text for line in self if line.direction is Direction.TO_MODULE]

    @property
    def answers(self) -> list[str]:
        """What the module sent, line by line, unsolicited ones included."""
        return [line.text for line in self if line.direction is Direction.TO_HOST]

    def until(self, beginning: str, timeout: float = PATIENCE) -> TraceLine:
        """Wait for a line, of either direction, that begins so; the next wait looks behind it.

        Raises TimeoutError, which tells what came instead: `timeout` seconds of real time are over.
        """
        end = time.monotonic() + timeout
        with self._more:
            begin = self._looked
            while True:
                for line in self._new():
                    if line.text.startswith(beginning):
                        return line
                left = end - time.monotonic()
                if left <= 0:
                    self._looked = begin
                    came = "\n".join(map(str, self._new())) or "nothing"
                    self._looked = begin
                    raise TimeoutError(f"no line began with {beginning!r}; what came:\n{came}")
                self._more.wait(left)

    def render(self, newest: int = KEPT) -> str:
        """The newest lines of both directions, as `--trace` shows them."""
        lines = list(self)[-newest:]
        before = self._count - len(lines)
        return "\n".join([*([f"... {before} lines before"] if before else []), *map(str, lines)])

    def _new(self) -> Iterator[TraceLine]:
        forgotten = self._count - len(self._lines)
        while (place := max(self._looked - forgotten, 0)) < len(self._lines):
            self._looked = max(self._looked, forgotten) + 1
            yield self._lines[place]
