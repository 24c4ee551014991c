"""Plays a scenario on an emulator, by its clock, and remembers what happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulator.clock.clocks import Timer
from emulator.emulator import Emulator
from emulator.module.command_faults import NO_FAULT, CommandFault, ExtraBytes
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.requests import Outcome
from emulator.scenario.apply import Undo, perform
from emulator.scenario.events import At, Begin, ByteFault, CloudRequest, Event, Every, On, Scenario
from emulator.simulation.board import Board

# Happenings that the report shows one by one; of more than these the oldest are only counted.
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class PlayedEvent:
    """`at` in seconds since the beginning."""

    at: float
    text: str

    def __str__(self) -> str:
        return f"{self.at:10.3f}  {self.text}"


class Play:
    """A `scenario`, read for as many modules as `emulator` has, on these and on their cloud.

    Make it before the emulator is started, so that no command escapes it, `start` it after, and
    let time pass; `over` is called when the scenario's end has come; `stop` leaves things as they
    are. `happened` holds the newest happenings, `tell` is called with each.
    """

    def __init__(
        self,
        emulator: Emulator,
        scenario: Scenario,
        *,
        tell: Callable[[PlayedEvent], None] | None = None,
        over: Callable[[], None] | None = None,
    ) -> None:
        self.happened: deque[PlayedEvent] = deque(maxlen=_KEPT)
        self.counts = [0] * len(scenario.events)
        self.heard = 0  # command lines
        self._claimed = [0] * len(scenario.events)  # commands that were met, at once or later
        self._emulator = emulator
        self._scenario = scenario
        self._tell = tell
        self._over = over
        self._begin: float | None = None
        self._timers: dict[Callable[[], None], Timer] = {}
        for number, board in enumerate(emulator.boards, 1):
            board.module.fault_source = partial(self._upset, number)

    # Life ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, or wait for the first command with it."""
        if self._scenario.begin is Begin.START:
            self._begin_now()

    def stop(self) -> None:
        """Nothing further happens; a second time does nothing."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for board in self._emulator.boards:
            board.module.fault_source = None

    def report(self) -> str:
        """What happened and what did not, for a person."""
        told = [f"{self._scenario.title or 'The scenario'}: what happened, in seconds"]
        if len(self.happened) == _KEPT:
            told.append(f"       ...  (only the newest {_KEPT} are format_value)")
        told += map(str, self.happened)
        told.append(f"{self.heard} command lines were heard.")
        for event, count in zip(self._scenario.events, self.counts, strict=True):
            times = "never" if count == 0 else "once" if count == 1 else f"{count} times"
            told.append(f"line {event.line}: {self._words(event)}: {times}")
        return "\n".join(told)

    def _begin_now(self) -> None:
        self._begin = self._emulator.now()
        for place, event in enumerate(self._scenario.events):
            match event.when:
                case At(seconds):
                    self._plan(self._begin + seconds, partial(self._do, place, event))
                case Every():
                    self._plan_next(place, event, event.when, 0)
                case On():
                    pass
        if self._scenario.ends is not None:
            self._plan(self._begin + self._scenario.ends, self._end)

    def _end(self) -> None:
        self.stop()
        if self._over is not None:
            self._over()

    # Time ----------------------------------------------------------------------------------------

    def _plan(self, when: float, callback: Callable[[], None]) -> None:
        def due() -> None:
            del self._timers[due]
            callback()

        self._timers[due] = self._emulator.clock.call_at(when, due)

    def _plan_next(self, place: int, event: Event, when: Every, done: int) -> None:
        assert self._begin is not None, "nothing is planned before the beginning"
        if when.times is not None and done >= when.times:
            return

        def due() -> None:
            self._do(place, event)
            self._plan_next(place, event, when, done + 1)

        self._plan(self._begin + when.first + done * when.seconds, due)

    # What happens --------------------------------------------------------------------------------

    def _board(self, event: Event) -> Board:
        return self._emulator.boards[event.module - 1]

    def _words(self, event: Event) -> str:
        """What it does, and to which module where there are several."""
        several = len(self._emulator.boards) > 1
        return f"#{event.module} {event.text}" if several else event.text

    def _do(self, place: int, event: Event) -> None:
        self.counts[place] += 1
        lasting = "" if event.lasting is None else f" for {event.lasting:g} s"
        self._note(f"{self._words(event)}{lasting}")
        undo = self._act(event)
        if undo is not None and event.lasting is not None:
            when = self._emulator.now() + event.lasting
            self._plan(when, partial(self._undo, event, undo))

    def _undo(self, event: Event, undo: Undo) -> None:
        self._note(f"{self._words(event)}: over")
        self._moved(undo)

    def _act(self, event: Event) -> Undo | None:
        action, board = event.action, self._board(event)
        assert not isinstance(action, CommandFault), "an upset waits for its command"
        if isinstance(action, CloudRequest):
            self._moved(partial(self._ask, action, event))
            return None
        if isinstance(action, ExtraBytes):
            self._say(action, board)
            return None
        if isinstance(action, ByteFault):
            return perform(action, self._emulator, board)  # of the bytes to come: nothing moves now
        undo: list[Undo] = []
        self._moved(lambda: undo.append(perform(action, self._emulator, board)))
        return undo[0] if undo else None

    def _say(self, aside: ExtraBytes, board: Board) -> None:
        first, second = aside.halves
        board.line.send(first)
        if second:
            self._plan(self._emulator.now() + aside.split, partial(board.line.send, second))

    def _moved(self, move: Callable[[], None]) -> None:
        """What was due before happens before, and what comes of it at once."""
        self._emulator.settle()
        try:
            move()
        except OSError as error:  # the port could not be had again
            self._note(f"failed: {error}")
        self._emulator.settle()

    def _ask(self, action: CloudRequest, event: Event) -> None:
        platform, text = self._emulator.platform, self._words(event)
        device = platform.device_by_imei(self._board(event).module.identity.imei)
        if device is None:
            self._note(f"{text}: the cloud knows no such device")
            return
        try:
            answered = partial(self._answered, text)
            platform.request(device, action.question, answered, self._emulator.now())
        except ApiError as error:
            self._note(f"{text}: {error}")

    def _answered(self, text: str, outcome: Outcome) -> None:
        values = ", ".join(f"{item.path} = {item.value!r}" for item in outcome.items)
        links = ", ".join(map(str, outcome.links))
        self._note(f"{text}: {outcome.failure or values or links or 'done'}")

    def _upset(self, module: int, line: str) -> CommandFault:
        """`module` has heard `line`: what becomes of it, and what else follows from it."""
        self.heard += 1
        if self._begin is None:
            self._begin_now()
        found: CommandFault | None = None
        for place, event in enumerate(self._scenario.events):
            when = event.when
            if event.module != module or not isinstance(when, On) or not when.matches(line):
                continue
            if when.times is not None and self._claimed[place] >= when.times:
                continue
            upset = event.upset
            if isinstance(event.action, ByteFault) and not when.after:
                self._claimed[place] += 1
                self._do(place, event)  # nothing of the module moves, and its answer is to meet it
            elif upset is None:
                # By the clock even if at once: the module is in the middle of this command.
                self._claimed[place] += 1
                at = self._emulator.now() + when.after
                self._plan(at, partial(self._do, place, event))
            elif found is None:
                found = upset
                self._claimed[place] += 1
                self.counts[place] += 1
                self._note(f"{when.command}: {self._words(event)}")
        return found or NO_FAULT

    def _note(self, text: str) -> None:
        now = self._emulator.now()
        happening = PlayedEvent(now - (now if self._begin is None else self._begin), text)
        self.happened.append(happening)
        if self._tell is not None:
            self._tell(happening)
