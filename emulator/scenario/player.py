"""Plays a scenario on an emulator, by its clock, and records what happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulator.clock.clocks import Timer
from emulator.module.at.command_faults import NO_FAULT, CommandFault, ExtraBytes
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.scenario.apply import Changes
from emulator.scenario.events import (
    At,
    Begin,
    ByteFault,
    CloudRequest,
    Event,
    Every,
    On,
    Scenario,
    SoftwareUpdate,
)
from emulator.scenario.overlay import Undo
from emulator.simulation.bench import Bench
from emulator.simulation.board import Board

# Entries that the report shows; of more, the oldest are dropped.
_MAX_LOG = 1000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`at` in seconds since the beginning of the scenario."""

    at: float
    text: str

    def __str__(self) -> str:
        return f"{self.at:10.3f}  {self.text}"


class Play:
    """Plays `scenario`, which was read for as many modules as `bench` has.

    Create it before the emulator is started, so that it sees every command; call `start` after the
    emulator is started. `on_end` is called at the scenario's end. `stop` cancels all further events
    and leaves the emulator as it is. `log` has the latest entries. From its creation on it is the
    `played` of `bench`.
    """

    def __init__(
        self,
        bench: Bench,
        scenario: Scenario,
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.log: deque[LogEntry] = deque(maxlen=_MAX_LOG)
        self.counts = [0] * len(scenario.events)  # how often each event happened
        self.commands = 0  # command lines received
        self.playing = False  # between `start` and `stop`
        self._matched = [0] * len(scenario.events)  # commands that triggered each event
        self._bench = bench
        self._changes = Changes(bench)
        self._scenario = scenario
        self._on_end = on_end
        self._begin: float | None = None
        self._timers: dict[Callable[[], None], Timer] = {}
        self._stopped = False
        for number, board in enumerate(bench.boards, 1):
            board.module.fault_source = partial(self._on_command, number)
        bench.played = self

    # Start and end -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin now, or with the first command if the scenario has begin = "first command"."""
        self.playing = True
        if self._scenario.begin is Begin.START:
            self._begin_now()

    def stop(self) -> None:
        """Cancel all further events. A second call has no effect."""
        if self._stopped:
            return
        self._stopped, self.playing = True, False
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for board in self._bench.boards:
            board.module.fault_source = None

    @property
    def title(self) -> str:
        return self._scenario.title

    @property
    def events(self) -> list[tuple[str, int, int]]:
        """What each event does, its line in the text, and how often it happened."""
        events = zip(self._scenario.events, self.counts, strict=True)
        return [(self._describe(event), event.line, count) for event, count in events]

    def report(self) -> str:
        """What happened, and how often each event happened, as text."""
        lines = [f"{self._scenario.title or 'The scenario'}: what happened, in seconds"]
        if len(self.log) == _MAX_LOG:
            lines.append(f"       ...  (only the latest {_MAX_LOG} are shown)")
        lines += map(str, self.log)
        lines.append(f"{self.commands} command lines were received.")
        for text, line, count in self.events:
            times = "never" if count == 0 else "once" if count == 1 else f"{count} times"
            lines.append(f"line {line}: {text}: {times}")
        return "\n".join(lines)

    def _begin_now(self) -> None:
        self._begin = self._bench.now()
        for index, event in enumerate(self._scenario.events):
            match event.when:
                case At(seconds):
                    self._plan(self._begin + seconds, partial(self._run, index, event))
                case Every():
                    self._plan_next(index, event, event.when, 0)
                case On():
                    pass
        if self._scenario.ends is not None:
            self._plan(self._begin + self._scenario.ends, self._end)

    def _end(self) -> None:
        self.stop()
        self._on_end()

    # Timers --------------------------------------------------------------------------------------

    def _plan(self, when: float, callback: Callable[[], None]) -> None:
        def on_timer() -> None:
            del self._timers[on_timer]
            callback()

        self._timers[on_timer] = self._bench.clock.call_at(when, on_timer)

    def _plan_next(self, index: int, event: Event, when: Every, done: int) -> None:
        assert self._begin is not None, "events are planned after the beginning"
        if when.times is not None and done >= when.times:
            return

        def on_timer() -> None:
            self._run(index, event)
            self._plan_next(index, event, when, done + 1)

        self._plan(self._begin + when.first + done * when.seconds, on_timer)

    # Events --------------------------------------------------------------------------------------

    def _board(self, event: Event) -> Board:
        return self._bench.boards[event.module - 1]

    def _describe(self, event: Event) -> str:
        """The action, with the number of the module if there are several."""
        several = len(self._bench.boards) > 1
        return f"#{event.module} {event.text}" if several else event.text

    def _run(self, index: int, event: Event) -> None:
        self.counts[index] += 1
        duration = "" if event.duration is None else f" for {event.duration:g} s"
        self._add_to_log(f"{self._describe(event)}{duration}")
        undo = self._execute(event)
        if undo and event.duration is not None:
            when = self._bench.now() + event.duration
            self._plan(when, partial(self._undo, event, undo))

    def _undo(self, event: Event, undo: list[Undo]) -> None:
        self._add_to_log(f"{self._describe(event)}: over")
        for end in undo:
            self._settled(end)

    def _execute(self, event: Event) -> list[Undo]:
        """Returns what ends the action."""
        action, board = event.action, self._board(event)
        assert not isinstance(action, CommandFault), "command faults only occur with a command"
        if isinstance(action, CloudRequest | SoftwareUpdate):
            self._settled(partial(self._ask, action, event))
            return []
        if isinstance(action, ExtraBytes):
            self._send(action, board)
            return []
        change = partial(self._changes.apply, action, board, ends=event.duration is not None)
        if isinstance(action, ByteFault):
            return change()  # affects later bytes: nothing to settle
        undo: list[Undo] = []
        self._settled(lambda: undo.extend(change()))
        return undo

    def _send(self, extra: ExtraBytes, board: Board) -> None:
        first, second = extra.halves
        board.line.send(first)
        if second:
            self._plan(self._bench.now() + extra.split, partial(board.line.send, second))

    def _settled(self, change: Callable[[], None]) -> None:
        """Make a change after everything that is due, and process what it causes."""
        self._bench.settle()
        try:
            change()
        except (OSError, ValueError) as error:  # such as a port that is not there any more
            self._add_to_log(f"failed: {error}")
        self._bench.settle()

    def _ask(self, action: CloudRequest | SoftwareUpdate, event: Event) -> None:
        platform, text = self._bench.platform, self._describe(event)
        device = platform.device_by_imei(self._board(event).module.identity.imei)
        if device is None:
            self._add_to_log(f"{text}: the cloud has no device for this module")
            return
        try:
            if isinstance(action, SoftwareUpdate):
                package = bytes(place & 0xFF for place in range(action.size))
                on_end = partial(self._on_update_end, text)
                platform.updates.start(device, action.version, package, on_end)
                return
            on_done = partial(self._on_response, text)
            platform.request(device, action.request, on_done, self._bench.now())
        except (ApiError, ValueError) as error:
            self._add_to_log(f"{text}: {error}")

    def _on_update_end(self, text: str, failure: str) -> None:
        self._add_to_log(f"{text}: {failure or 'done'}")

    def _on_response(self, text: str, outcome: Outcome) -> None:
        values = ", ".join(f"{item.path} = {item.value!r}" for item in outcome.items)
        links = ", ".join(map(str, outcome.links))
        self._add_to_log(f"{text}: {outcome.failure or values or links or 'done'}")

    def _on_command(self, module: int, line: str) -> CommandFault:
        """`module` has received `line`: start the events that match; return the command's fault."""
        self.commands += 1
        if self._begin is None:
            self._begin_now()
        found: CommandFault | None = None
        for index, event in enumerate(self._scenario.events):
            when = event.when
            if event.module != module or not isinstance(when, On) or not when.matches(line):
                continue
            if when.times is not None and self._matched[index] >= when.times:
                continue
            fault = event.command_fault
            if isinstance(event.action, ByteFault) and not when.after:
                self._matched[index] += 1
                self._run(index, event)  # at once, so that it affects the answer to this command
            elif fault is None:
                # By timer even without delay: the module is in the middle of this command.
                self._matched[index] += 1
                at = self._bench.now() + when.after
                self._plan(at, partial(self._run, index, event))
            elif found is None:
                found = fault
                self._matched[index] += 1
                self.counts[index] += 1
                self._add_to_log(f"{when.command}: {self._describe(event)}")
        return found or NO_FAULT

    def _add_to_log(self, text: str) -> None:
        now = self._bench.now()
        self.log.append(LogEntry(now - (now if self._begin is None else self._begin), text))
