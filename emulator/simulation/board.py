"""Board: a module, the serial line to its host, and the internet behind its sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from emulator.clock.clocks import Clock, Timer
from emulator.line.attachment import check_link
from emulator.line.faults import Rates
from emulator.line.line import Line
from emulator.line.ports.port import Address, parse_address
from emulator.line.quiet_time import QuietTime
from emulator.module.firmware import Firmware
from emulator.module.module import Module
from emulator.recording.format import Recorder, Side
from emulator.recording.trace import Trace
from emulator.simulation.fleet import links
from emulator.simulation.internet import Internet
from emulator.simulation.parameters import Parameters
from emulator.simulation.scheduler import Scheduler

Sent = Callable[[Side, bytes, float], None]

# guess: bytes that the UART of firmware that overruns holds while the module sends; usual for the
# UARTs of such chips.
_RECEIVE_BUFFER = 128
# Seconds after the last input of the last host. More than the slowest answers take: 120 s for an
# attach, 62 s for a report that is repeated until it is given up.
DRAIN_TIMEOUT = 180.0


@dataclass(frozen=True, slots=True)
class BoardConfig:
    """How a board is connected.

    `baud`, `strict`: see `Line`. `overruns`: bytes that arrive while the module sends are lost
    beyond the UART's buffer. `faults`, `seed`: of the line. Raises ValueError for an invalid
    combination.
    """

    address: Address
    link: Path | None
    baud: int | None
    strict: bool
    overruns: bool
    faults: Rates
    seed: int
    allow_network: bool

    def __post_init__(self) -> None:
        if self.baud is not None and self.baud <= 0:
            raise ValueError(f"baud {self.baud}: expected a speed above 0")
        if self.strict and self.baud is None:
            raise ValueError("strict=True needs baud=<speed>: an unpaced line has no speed")
        check_link(self.link, self.address)

    @classmethod
    def of(cls, given: Parameters, firmware: Firmware, baud: int | None) -> Self:
        """That of the first board. Raises ValueError."""
        return cls(
            address=parse_address(given.port),
            link=None if given.link is None else Path(given.link),
            baud=baud,
            strict=given.strict,
            overruns=firmware.overruns,
            faults=given.faults,
            seed=given.seed,
            allow_network=given.allow_network,
        )

    def for_each(self, count: int) -> list[BoardConfig]:
        """The same for `count` boards, each with its own port, link and seed.

        Raises ValueError if there are not as many ports.
        """
        return [
            replace(self, address=self.address.plus(place), link=link, seed=self.seed + place)
            for place, link in enumerate(links(self.link, count))
        ]


class Board:
    """Connects a module to its host and to the internet, by inputs to `scheduler`.

    What the module has for them is sent by `flush`, after each input and each step of the module.
    `device_id`: the cloud's id of its device, once there is one.
    """

    internet: Internet

    def __init__(
        self, module: Module, config: BoardConfig, quiet: QuietTime, scheduler: Scheduler
    ) -> None:
        self.config = config
        self.module = module
        self.quiet = quiet
        self.device_id: str | None = None
        self._scheduler = scheduler
        self._line: Line | None = None
        self._baud = module.baud
        self._trace: Trace | None = None
        self._recorder: Recorder | None = None
        self._listeners: list[Sent] = []  # to the traffic of the line, both ways
        self._note_listeners: list[Callable[[str, float], None]] = []
        self._speed_listeners: list[Callable[[int, float], None]] = []
        self._drain_timer: Timer | None = None  # set once the input has ended

    def open(self, clock: Clock, trace: Trace | None, on_end: Callable[[], None]) -> None:
        """Open its port. Raises OSError if it cannot be opened; then nothing is left open.

        `on_end` is called once the input has ended and all answers are delivered, at most
        DRAIN_TIMEOUT s after the last input.
        """
        config = self.config
        self._clock = clock
        self._trace = trace
        monitored = trace is not None or self.quiet.minimum > 0
        self._on_end = on_end
        self._line = Line(
            clock,
            self._on_data,
            on_sent=self._on_sent if monitored else None,
            on_note=self.note,
            on_end=self._on_input_end,
            baud=config.baud,
            strict=config.strict,
            receive_buffer=_RECEIVE_BUFFER if config.overruns else None,
            address=config.address,
            link=config.link,
            seed=config.seed,
        )
        self.line.faults.rates = config.faults, config.faults
        self.internet = Internet(
            self._on_datagram,
            self.note,
            allowed=config.allow_network,
            limit=self.module.firmware.general.datagram,
        )

    @property
    def line(self) -> Line:
        """The serial line. Raises RuntimeError before `open`."""
        if self._line is None:
            raise RuntimeError(
                "the emulator has no port before it is started: use it inside its `with`"
            )
        return self._line

    def record(self, write: Callable[[str], object]) -> None:
        """Write all further traffic as lines of a recording. Only while open.

        `write` must not raise.
        """
        baud = self.line.baud or 0
        self._recorder = Recorder(write, self._clock.now(), port=self.line.port, baud=baud)
        self.listen(self._recorder.sent, on_speed=self._recorder.speed)

    def listen(
        self,
        sent: Sent,
        *,
        on_note: Callable[[str, float], None] | None = None,
        on_speed: Callable[[int, float], None] | None = None,
    ) -> None:
        """Call `sent(side, data, time)` with all further traffic, `on_note(text, time)` with what
        happens to the line, `on_speed(baud, time)` when it changes. Only while open.
        """
        self._listeners.append(sent)
        if on_note is not None:
            self._note_listeners.append(on_note)
        if on_speed is not None:
            self._speed_listeners.append(on_speed)
        self.line.on_sent = self._on_sent

    def close(self) -> None:
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None
        if self._recorder is not None:
            self._recorder.close()
        if self._trace is not None:
            self._trace.close(self._clock.now())
        self.line.close()
        self.internet.close()

    @property
    def has_pending_work(self) -> bool:
        """Whether the host may be waiting: for bytes in transit, for output of the module, or for
        the network, whose state hosts poll. Not for bytes that it does not read.
        """
        return self.line.moving or self.module.busy or self.module.radio.searching

    # To the host and the internet ----------------------------------------------------------------

    def flush(self) -> None:
        """Send what the module has for its host and for the internet."""
        notes = self.module.doubts.notes
        if notes:
            for note in notes:
                self.note(note)
            notes.clear()
        output = self.module.take_output()
        if output:
            self.quiet.queued(output)
            self.line.send(output)
        if self.module.baud != self._baud:  # after what was sent at the old speed
            self._change_speed(self.module.baud)
        sockets = self.module.sockets
        if sockets.changed:
            sockets.changed = False
            for datagram in self.module.take_datagrams():
                self.internet.send(datagram)
            self.internet.settle(sockets.ports)
        if self._drain_timer is not None:
            self._end_if_drained()

    def _change_speed(self, baud: int) -> None:
        self._baud = baud
        if self.config.baud is not None:
            self.line.baud = baud
            now = self._clock.now()
            for changed in self._speed_listeners:
                changed(baud, now)

    def _on_sent(self, data: bytes) -> None:
        now = self._clock.now()
        self.quiet.sent(data, now)
        for sent in self._listeners:
            sent(Side.MODULE, data, now)
        if self._trace:
            self._trace.to_host(data, now)

    def _on_input_end(self) -> None:
        """No host will come again; called each time that the line has become idle since."""
        if self._drain_timer is None:
            self._drain_timer = self._clock.call_at(self._clock.now() + DRAIN_TIMEOUT, self._on_end)
        self._end_if_drained()

    def _end_if_drained(self) -> None:
        if self.line.idle and not self.module.busy:
            self._on_end()

    # From the host and the internet --------------------------------------------------------------

    def _on_data(self, data: bytes) -> None:
        receive = self.module.receive if self.line.on_sent is None else self._receive
        self._scheduler.input(partial(receive, data), self.flush)

    def _on_datagram(self, number: int, address: str, port: int, data: bytes) -> None:
        deliver = partial(self.module.deliver_datagram, number, address, port, data)
        self._scheduler.input(deliver, self.flush)

    def _receive(self, data: bytes, now: float) -> None:
        """Report and record `data`, and drop what comes within the quiet time."""
        for sent in self._listeners:
            sent(Side.HOST, data, now)
        read, early = self.quiet.received(
            data, now, idle=self.line.sent_all, answering=self.module.answering
        )
        if early is not None:
            lost = ", and is lost" if self.quiet.early_lost else ""
            when = f"{early * 1000:.1f} ms after" if early else "before the end of"
            self.note(
                f"the next command came {when} the final result, the module"
                f" needs {self.quiet.minimum * 1000:g} ms{lost}"
            )
        if self._trace:
            self._trace.to_module(read, now)
        self.module.receive(read, now)

    def note(self, text: str) -> None:
        now = self._clock.now()
        if self._trace:
            self._trace.note(text, now)
        for noted in self._note_listeners:
            noted(text, now)
