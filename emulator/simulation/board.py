"""One board: a module, the serial line to its host, and the internet behind its sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from emulator.air.memory import Link
from emulator.air.messages import Downlink, Uplink
from emulator.clock.clocks import Clock, Timer
from emulator.line.faults import Rates
from emulator.line.line import Line
from emulator.line.ports.port import Address, PortKind
from emulator.line.quiet_time import QuietTime
from emulator.module.module import Module
from emulator.recording.format import Recorder, Side
from emulator.recording.trace import Trace
from emulator.simulation.fleet import links
from emulator.simulation.internet import Internet

# What the UART of firmware that overruns holds while the module is sending: a guess, of the size
# that UARTs of such chips have.
_RECEIVE_BUFFER = 128
# So many seconds after the last host's last word all is over, whatever the module still owes. More
# than the slowest answers take: an attach 120 s, a report that is repeated until it is given up 62.
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a board is connected. `baud`, `strict`: see `Line`. `overruns`: bytes that come while
    the module is sending are lost beyond what its UART holds. `faults`, `seed`: of the line.
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
            raise ValueError("strict: expected a speed; without one there is no wrong one")
        if self.link is not None and self.address.kind is not PortKind.PTY:
            raise ValueError(
                f"link {self.link}: only a pty has a path to link to, {self.address} has none"
            )

    def for_each(self, count: int) -> list[Wiring]:
        """The same for `count` boards, each with a port, a link and a seed of its own.

        Raises ValueError: there are not as many ports.
        """
        return [
            replace(self, address=self.address.plus(place), link=link, seed=self.seed + place)
            for place, link in enumerate(links(self.link, count))
        ]


class Board:
    """A station on the air. `stir` is called whenever its module may have something to say, and
    wants a `flush` after it; `catch_up` before the host or the internet moves the module, `turn`
    after it; `later` when anybody else has moved it, and a turn soon will do.
    """

    line: Line
    internet: Internet

    def __init__(
        self,
        module: Module,
        wiring: Wiring,
        quiet: QuietTime,
        *,
        stir: Callable[[Board], None],
        catch_up: Callable[[float], None],
        turn: Callable[[float], None],
        later: Callable[[], None],
    ) -> None:
        self.wiring = wiring
        self.module = module
        self.quiet = quiet
        self.device_id: str | None = None
        self._stir = stir
        self._catch_up = catch_up
        self._turn = turn
        self._later = later
        self._overheard = False  # by trace, recorder or the watch over the quiet time
        self._moving = False  # by the host, the internet or the air: a turn follows
        self._baud = module.baud
        self._trace: Trace | None = None
        self._patience: Timer | None = None  # once no host will come again
        self._recorder: Recorder | None = None

    def open(self, clock: Clock, trace: Trace | None, on_end: Callable[[], None]) -> None:
        """Open its port. Raises OSError: it cannot be had; nothing is left open.

        `on_end` is called when no host will come again and the last one has been told all that its
        commands led to, PATIENCE after its last word at the latest.
        """
        wiring = self.wiring
        self._clock = clock
        self._trace = trace
        self._overheard = trace is not None or self.quiet.minimum > 0
        self._on_end = on_end
        self.line = Line(
            clock,
            self._received,
            on_sent=self._sent,
            on_note=self._note,
            on_end=self._host_ended,
            baud=wiring.baud,
            strict=wiring.strict,
            receive_buffer=_RECEIVE_BUFFER if wiring.overruns else None,
            address=wiring.address,
            link=wiring.link,
            seed=wiring.seed,
        )
        self.line.faults.rates = wiring.faults, wiring.faults
        self.internet = Internet(self._datagram, self._note, allowed=wiring.allow_network)

    def record(self, write: Callable[[str], object]) -> None:
        """Have all that passes from now on written as lines of a recording; once it is open."""
        baud = self.line.baud or 0
        self._recorder = Recorder(write, self._clock.now(), port=self.line.port, baud=baud)
        self._overheard = True

    def close(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._recorder is not None:
            self._recorder.close()
        if self._trace is not None:
            self._trace.close(self._clock.now())
        self.line.close()
        self.internet.close()

    # On the air ----------------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        return self.module.link

    @property
    def touched(self) -> Callable[[], None]:
        """Whom the module's changes are told, beside the board itself."""
        return self.module.touched

    @touched.setter
    def touched(self, told: Callable[[], None]) -> None:
        def touch() -> None:
            told()
            self._stir(self)
            if not self._moving:
                self._later()

        self.module.touched = touch

    def deliver(self, message: Downlink, now: float) -> None:
        self._moving = True
        self.module.deliver(message, now)
        self._moving = False

    def step(self, now: float) -> float | None:
        self._stir(self)
        return self.module.step(now)

    def take_uplink(self) -> list[Uplink]:
        return self.module.take_uplink()

    @property
    def owing(self) -> bool:
        """Whether the host may wait for something: bytes on their way, words of the module, and the
        network, for which hosts ask again and again.
        """
        return not self.line.idle or self.module.busy or self.module.radio.searching

    # To the host and the internet ----------------------------------------------------------------

    def flush(self) -> None:
        """Send what the module has for its host and for the internet."""
        output = self.module.take_output()
        if output:
            self.line.send(output)
        if self.module.baud != self._baud:  # after what was still sent at the old speed
            self._baud = self.module.baud
            if self.wiring.baud is not None:
                self.line.baud = self._baud
                if self._recorder is not None:
                    self._recorder.speed(self._baud, self._clock.now())
        for datagram in self.module.take_datagrams():
            self.internet.send(datagram)
        self.internet.settle(self.module.sockets.ports)
        if self._patience is not None:
            self._end_if_done()

    def _host_ended(self) -> None:
        """No host will come again; told each time that the line has become idle since."""
        if self._patience is None:
            self._patience = self._clock.call_at(self._clock.now() + PATIENCE, self._on_end)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self.line.idle and not self.module.busy:
            self._on_end()

    def _sent(self, data: bytes) -> None:
        if not self._overheard:
            return
        now = self._clock.now()
        self.quiet.sent(data, now)
        if self._recorder is not None:
            self._recorder.sent(Side.MODULE, data, now)
        if self._trace:
            self._trace.to_host(data, now)

    # From the host and the internet --------------------------------------------------------------

    def _received(self, data: bytes) -> None:
        now = self._clock.now()
        self._catch_up(now)  # what was due before these bytes happens before them
        if self._overheard:
            data = self._overhear(data, now)
        self._moving = True
        self.module.receive(data, now)
        self._moving = False
        self._stir(self)  # it has answered, whether that touches anything else or not
        self._turn(now)

    def _overhear(self, data: bytes, now: float) -> bytes:
        """Tell of what the host sends; returns what the module hears of it."""
        if self._recorder is not None:
            self._recorder.sent(Side.HOST, data, now)
        heard, early = self.quiet.received(data, now)
        if early is not None:
            lost = ", and is lost" if self.quiet.early_lost else ""
            self._note(
                f"the next command came {early * 1000:.1f} ms after the final result, the module"
                f" needs {self.quiet.minimum * 1000:g} ms{lost}"
            )
        if self._trace:
            self._trace.to_module(heard, now)
        return heard

    def _datagram(self, number: int, address: str, port: int, data: bytes) -> None:
        now = self._clock.now()
        self._catch_up(now)
        self._moving = True
        self.module.deliver_datagram(number, address, port, data, now)
        self._moving = False
        self._turn(now)

    def _note(self, text: str) -> None:
        if self._trace:
            self._trace.note(text, self._clock.now())
