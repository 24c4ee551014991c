"""The serial line between a module and whatever port its host opens, at a UART's pace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.clock.clocks import Clock, Timer, VirtualClock
from emulator.line.attachment import Attachment
from emulator.line.direction import LineDirection
from emulator.line.faults import Faults
from emulator.line.ports.port import Address, Port
from emulator.line.receive_buffer import ReceiveBuffer
from emulator.line.uart_frames import Frame

# A paced line with more than so many bytes waiting reads nothing: a module whose UART is busy
# sending does not get round to the next command. Room for the longest answers.
BUSY = 4096
_PTY = Address()


class Line:
    """`on_data` is called with what reaches the module, `on_sent` with what has left it.

    A paced line is a UART: a byte is there when its last bit is, in either direction, and what
    nobody reads is lost once the port is full. An unpaced one (`baud` None) waits for its reader.
    While no host has the port open, either loses all it sends.

    `received` counts the bytes that hosts have written, `sent` those that hosts were given, `lost`
    those that never reached one; `faults` does worse, when told to, and `intake` has no room.
    """

    def __init__(
        self,
        clock: Clock,
        on_data: Callable[[bytes], None],
        *,
        on_sent: Callable[[bytes], None] | None = None,
        on_note: Callable[[str], None] | None = None,
        on_end: Callable[[], None] | None = None,
        baud: int | None = 9600,
        strict: bool = False,
        receive_buffer: int | None = None,
        address: Address = _PTY,
        link: Path | None = None,
        seed: int = 0,
    ) -> None:
        """Needs a running event loop. `link` is made a symbolic link to a pty, in place of an
        older symbolic link. `on_note` is told in words what happens to the line, `on_end` that
        no host will ever come again.

        `strict`: a host whose UART is set otherwise than the module's reads and sends garbage.
        `receive_buffer`: the module reads nothing while it sends, and has room for so many bytes
        meanwhile; None: there is always room.

        Raises FileExistsError when `link` is something else, OSError when it or the port cannot be
        had, ValueError for a speed that is none.
        """
        self.received = 0
        self.sent = 0
        self.lost = 0
        self.baud = baud
        self.strict = strict
        self.receive_buffer = ReceiveBuffer(receive_buffer, self._note)
        self._clock = clock
        self._on_data = on_data
        self._on_sent = on_sent
        self._on_note = on_note
        self._on_end = on_end
        self._attachment = Attachment(address, link)
        self._port: Port | None = None
        self.faults = Faults(seed=seed, tell=self._note)
        self._out = LineDirection(self.faults.to_host, self._note)
        self._in = LineDirection(self.faults.to_module, self._note)
        self._out_timer: Timer | None = None
        self._in_timer: Timer | None = None
        self._writing = False  # the port is full and we wait for its reader
        self._paused = False
        self._ended = False
        self._closed = False
        self.plug()
        if isinstance(clock, VirtualClock):
            clock.watch(self._poll)

    @property
    def path(self) -> str:
        """The port itself, as it is or was last."""
        return self._attachment.name

    @property
    def port(self) -> str:
        """What a host opens: the link if there is one, else the port itself."""
        return self._attachment.link_or_name

    @property
    def baud(self) -> int | None:
        """Bits a second, for what is sent from now on; None: as fast as the host reads."""
        return self._baud

    @baud.setter
    def baud(self, baud: int | None) -> None:
        if baud is not None and baud <= 0:
            raise ValueError(f"baud {baud}: expected a speed above 0, or None for no pacing")
        self._baud = baud

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way, in either direction."""
        return not (self._out.waiting or self._in.waiting) and self.receive_buffer.empty

    # The plug ------------------------------------------------------------------------------------

    def plug(self) -> None:
        """Open the port, under the same name where it has one; does nothing while it is open.

        Raises OSError: it cannot be had.
        """
        if self._port is None and not self._closed:
            self._port = self._attachment.insert(self._heard, self._note, self._no_more)

    def unplug(self) -> None:
        """Take the port away as one pulls a plug: hosts see a hang-up, what is on its way is lost.

        The module goes on, and speaks to nobody until `plug`.
        """
        if self._port is None:
            return
        self.lost += self._out.clear()
        self._in.clear()
        self.receive_buffer.release()
        self._stop_timers()
        self._attachment.pull()
        self._port = None
        self._writing = self._paused = False

    def close(self) -> None:
        """Close the port and remove the link if it is still ours; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        lost = self.lost
        self.unplug()
        self.lost = lost  # it goes nowhere any more, and is not the line's to lose
        if isinstance(self._clock, VirtualClock):
            self._clock.unwatch(self._poll)

    def _poll(self) -> None:
        if self._port is not None:
            self._port.poll()

    def _no_more(self) -> None:
        self._ended = True
        self._tell_end()

    def _tell_end(self) -> None:
        if self._ended and self.idle and self._on_end is not None:
            self._on_end()

    def _note(self, text: str) -> None:
        if self._on_note is not None:
            self._on_note(text)

    # From the module to the host -----------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send to the host, behind what is still on its way; returns at once."""
        if self._closed or not data:
            return
        if self._port is None:
            self.lost += len(data)
            return
        if self._baud is None and self._out.through(data):
            self._send_through(data)
            return
        was_idle = not self._out.waiting
        now = self._clock.now()
        self.lost += self._out.send(data, now, self._baud, frames=self._frames())
        self._balance()
        if was_idle:
            self._pump_out()

    def _send_through(self, data: bytes) -> None:
        """The usual case of a line without pace: nothing is on its way, and the port has room."""
        written = self._write(data)
        self._tell_sent(data[:written])
        if written == len(data):
            self._tell_end()
            return
        self.lost += self._out.put(data[written:], self._clock.now(), 0.0)
        self._wait_for_reader()

    def _pump_out(self) -> None:
        """Hand over what is complete by now, and come back when the next byte is."""
        self._out_timer = None
        while due := self._out.due(self._clock.now()):
            written = self._write(due)
            if written < len(due) and not self._out.paced:
                self._leave(due[:written])
                self._wait_for_reader()
                return
            self.lost += len(due) - written
            self._leave(due)
        self._stop_writing()
        if self._out.next is not None:
            self._out_timer = self._clock.call_at(self._out.next, self._pump_out)
        else:
            self._release()
            self._tell_end()

    def _leave(self, sent: bytes) -> None:
        self._out.advance(len(sent))
        self._balance()
        self._tell_sent(sent)

    def _tell_sent(self, sent: bytes) -> None:
        if sent and self._on_sent is not None:
            self._on_sent(sent)

    def _write(self, data: bytes) -> int:
        """How much of it has left the line: the port took it, or nobody was there to."""
        assert self._port is not None, "nothing is written to a port that is not there"
        if not self._port.opened:
            self.lost += len(data)
            return len(data)
        written = self._port.write(data)
        self.sent += written
        return written

    def _wait_for_reader(self) -> None:
        if not self._writing and self._port is not None:
            self._writing = True
            self._port.when_writable(self._pump_out)

    def _stop_writing(self) -> None:
        if self._writing and self._port is not None:
            self._writing = False
            self._port.stop_waiting()

    # From the host to the module -----------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        """The port has got bytes: they are on their way now."""
        self.received += len(data)
        if self._baud is None and self._in.through(data):
            self._arrive(data)
            self._tell_end()
            return
        was_idle = not self._in.waiting
        module, host = self._frames()
        self._in.send(data, self._clock.now(), self._baud, frames=(host, module))
        self._balance()
        if was_idle:
            self._pump_in()

    def _pump_in(self) -> None:
        self._in_timer = None
        while due := self._in.due(self._clock.now()):
            self._in.advance(len(due))
            self._balance()
            self._arrive(due)
        if self._in.next is not None:
            self._in_timer = self._clock.call_at(self._in.next, self._pump_in)
        else:
            self._tell_end()

    def _arrive(self, data: bytes) -> None:
        read = self.receive_buffer.admit(data, sending=bool(self._out.waiting))
        if read:
            self._on_data(read)

    def _release(self) -> None:
        """The module has sent what it had to: it reads what came meanwhile."""
        held = self.receive_buffer.release()
        if held:
            self._on_data(held)

    # Both ----------------------------------------------------------------------------------------

    def _frames(self) -> tuple[Frame | None, Frame | None]:
        """How the module's UART and the host's are set, where the line is strict about it."""
        if not self.strict or self._baud is None or self._port is None:
            return None, None
        return Frame(self._baud), self._port.frame

    def _balance(self) -> None:
        """Read from the port as long as there is room for what comes."""
        assert self._port is not None, "without a port nothing moves"
        sending = bool(self._baud) and self._out.waiting > BUSY and self.receive_buffer.room is None
        paused = sending or self._in.waiting > BUSY
        if paused != self._paused:
            self._paused = paused
            if paused:
                self._port.pause()
            else:
                self._port.resume()

    def _stop_timers(self) -> None:
        for timer in (self._out_timer, self._in_timer):
            if timer is not None:
                timer.cancel()
        self._out_timer = self._in_timer = None
