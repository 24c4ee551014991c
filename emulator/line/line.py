"""The serial line between a module and the port that its host opens, at a UART's pace."""

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

# A paced line stops reading from its port while more bytes than this are waiting: a module whose
# UART is busy sending does not read the next command. More than the longest answer.
MAX_WAITING = 4096
_PTY = Address()


def _ignore(*_: object) -> None:
    """Default of the callbacks."""


class Line:
    """Calls `on_data` with bytes for the module, `on_sent` with bytes that have left for the host;
    `on_sent` may be changed at any time.

    A paced line is a UART: a byte is delivered when its last bit is complete, in both directions,
    and unread bytes are lost once the port is full. An unpaced line (`baud` None) waits for its
    reader. Both lose what they send while no host has the port open.

    Counters in bytes: `received` from hosts, `sent` to hosts, `lost` on the way to hosts.
    `faults.to_host.met` and `faults.to_module.met` count faults, `receive_buffer.lost` overruns.
    """

    def __init__(
        self,
        clock: Clock,
        on_data: Callable[[bytes], None],
        *,
        on_sent: Callable[[bytes], None] | None = None,
        on_note: Callable[[str], None] = _ignore,
        on_end: Callable[[], None] = _ignore,
        baud: int | None = 9600,
        strict: bool = False,
        receive_buffer: int | None = None,
        address: Address = _PTY,
        link: Path | None = None,
        seed: int = 0,
    ) -> None:
        """Open the port; needs a running event loop.

        `on_note`: called with a description of what happens to the line. `on_end`: called when no
        host can open the port again (end of standard input). `baud`: bits a second, None for no
        pacing. `strict`: a host with other UART settings than the module's reads and sends garbage.
        `receive_buffer`: size in bytes of the UART buffer of a module that does not read while it
        sends; None for one that always reads. `link`: path for a symbolic link to the pty.

        Raises FileExistsError if `link` exists and is no link to a pty that is gone, OSError if
        the port or the link cannot be opened, ValueError for an invalid `baud`.
        """
        self.received = 0
        self.sent = 0
        self.lost = 0
        self.baud = baud
        self.strict = strict
        self.receive_buffer = ReceiveBuffer(receive_buffer, on_note)
        self._clock = clock
        self._on_data = on_data
        self.on_sent = on_sent
        self._on_note = on_note
        self._on_end = on_end
        self._attachment = Attachment(address, link)
        self._port: Port | None = None
        self.faults = Faults(seed=seed, on_note=on_note)
        self._out = LineDirection(self.faults.to_host, on_note)
        self._in = LineDirection(self.faults.to_module, on_note)
        self._out_timer: Timer | None = None
        self._in_timer: Timer | None = None
        self._writing = False  # the port is full; waiting for its reader
        self._paused = False
        self._ended = False
        self._closed = False
        self.plug()
        if isinstance(clock, VirtualClock):
            clock.watch(self._poll)

    @property
    def path(self) -> str:
        """Name of the port itself, also after it was closed."""
        return self._attachment.name

    @property
    def port(self) -> str:
        """The name for hosts to open: the link if there is one, else the port itself."""
        return self._attachment.link_or_name

    @property
    def baud(self) -> int | None:
        """Bits a second for bytes sent from now on; None: as fast as the host reads."""
        return self._baud

    @baud.setter
    def baud(self, baud: int | None) -> None:
        if baud is not None and baud <= 0:
            raise ValueError(f"baud {baud}: expected a speed above 0, or None for no pacing")
        self._baud = baud

    @property
    def idle(self) -> bool:
        """Whether no bytes are on their way in either direction."""
        return not (self._out.waiting or self._in.waiting) and self.receive_buffer.empty

    @property
    def sent_all(self) -> bool:
        """Whether no bytes are on their way to the host."""
        return not self._out.waiting

    @property
    def moving(self) -> bool:
        """Whether bytes are on their way that need time, not a reader of the port."""
        if self._writing:  # what follows those bytes waits, too
            return bool(self._in.waiting)
        return not self.idle

    # Plugging ------------------------------------------------------------------------------------

    @property
    def plugged(self) -> bool:
        """Whether hosts can open the port. Setting it is `plug` or `unplug`."""
        return self._port is not None

    @plugged.setter
    def plugged(self, plugged: bool) -> None:
        (self.plug if plugged else self.unplug)()

    def plug(self) -> None:
        """Open the port again, if possible under the same name. No effect while it is open.

        Raises OSError if it cannot be opened.
        """
        if self._port is None and not self._closed:
            self._port = self._attachment.open(self._on_port_data, self._on_note, self._on_port_end)

    def unplug(self) -> None:
        """Close the port like a pulled plug: hosts see a hang-up, bytes on their way are lost.

        The module continues; its output is lost until `plug`.
        """
        if self._port is None:
            return
        self.lost += self._out.clear()
        self._in.clear()
        self.receive_buffer.release()
        self._stop_timers()
        self._attachment.close()
        self._port = None
        self._writing = self._paused = False

    def close(self) -> None:
        """Close the port; remove the link unless it was replaced. May be called again."""
        if self._closed:
            return
        self._closed = True
        lost = self.lost
        self.unplug()
        self.lost = lost  # bytes pending at the end are not counted as lost
        if isinstance(self._clock, VirtualClock):
            self._clock.unwatch(self._poll)

    def _poll(self) -> None:
        if self._port is not None:
            self._port.poll()

    def _on_port_end(self) -> None:
        self._ended = True
        self._check_end()

    def _check_end(self) -> None:
        if self._ended and self.idle:
            self._on_end()

    # From the module to the host -----------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Queue `data` for the host, after bytes that are still on their way."""
        if self._closed or not data:
            return
        if self._port is None:
            self.lost += len(data)
            return
        if self._baud is None and self._out.passes_at_once():
            self._send_at_once(data)
            return
        was_idle = not self._out.waiting
        now = self._clock.now()
        self.lost += self._out.send(data, now, self._baud, frames=self._frames())
        self._pause_or_resume()
        if was_idle:
            self._pump_out()

    def _send_at_once(self, data: bytes) -> None:
        """The usual case of an unpaced line: nothing is on its way, and the port has room."""
        written = self._write(data)
        if written and self.on_sent is not None:
            self.on_sent(data[:written])
        if written == len(data):
            if self._ended:
                self._check_end()
            return
        self.lost += self._out.put(data[written:], self._clock.now(), 0.0)
        self._wait_for_reader()

    def _pump_out(self) -> None:
        """Write the bytes that are complete, and set the timer for the next byte."""
        self._out_timer = None
        while due := self._out.due(self._clock.now()):
            written = self._write(due)
            if written < len(due) and not self._out.paced:
                self._finish_sending(due[:written])
                self._wait_for_reader()
                return
            self.lost += len(due) - written
            self._finish_sending(due)
        self._stop_writing()
        if self._out.next is not None:
            self._out_timer = self._clock.call_at(self._out.next, self._pump_out)
        else:
            self._release()
            self._check_end()

    def _finish_sending(self, sent: bytes) -> None:
        self._out.advance(len(sent))
        self._pause_or_resume()
        if sent and self.on_sent is not None:
            self.on_sent(sent)

    def _write(self, data: bytes) -> int:
        """Returns how many bytes have left the line: written, or lost for lack of a host."""
        assert self._port is not None, "only an open port is written to"
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

    @property
    def held(self) -> bool:
        """Whether a host has the port open."""
        return self._port is not None and self._port.opened

    def type(self, data: bytes) -> None:
        """Put `data` on the way to the module, as a host at its speed would.

        Raises RuntimeError while a host has the port open, while it is unplugged, and while
        MAX_WAITING bytes are on their way.
        """
        if self._port is None:
            raise RuntimeError("the port is unplugged: plug it in first")
        if self.held:
            raise RuntimeError(f"a host has {self.port} open: close it there first")
        if self._in.waiting + len(data) > MAX_WAITING:
            raise RuntimeError(f"{self._in.waiting} bytes are on their way to the module: wait")
        self._take(data, (None, None))

    def _on_port_data(self, data: bytes) -> None:
        """The host wrote `data` into the port: put it on the way to the module."""
        module, host = self._frames()
        self._take(data, (host, module))

    def _take(self, data: bytes, frames: tuple[Frame | None, Frame | None]) -> None:
        self.received += len(data)
        if self._baud is None and self._in.passes_at_once():
            self._arrive(data)
            return
        was_idle = not self._in.waiting
        self._in.send(data, self._clock.now(), self._baud, frames=frames)
        self._pause_or_resume()
        if was_idle:
            self._pump_in()

    def _pump_in(self) -> None:
        self._in_timer = None
        while due := self._in.due(self._clock.now()):
            self._in.advance(len(due))
            self._pause_or_resume()
            self._arrive(due)
        if self._in.next is not None:
            self._in_timer = self._clock.call_at(self._in.next, self._pump_in)
        else:
            self._check_end()

    def _arrive(self, data: bytes) -> None:
        if self.receive_buffer.size is not None:
            data = self.receive_buffer.put(data, sending=bool(self._out.waiting))
        if data:
            self._on_data(data)

    def _release(self) -> None:
        """The module has stopped sending: it reads what its buffer holds."""
        held = self.receive_buffer.release()
        if held:
            self._on_data(held)

    # Both ----------------------------------------------------------------------------------------

    def _frames(self) -> tuple[Frame | None, Frame | None]:
        """Settings of the module's UART and of the host's; None if they do not matter: without a
        host, what is sent is seen in traces only.
        """
        if not self.strict or self._baud is None or self._port is None or not self._port.opened:
            return None, None
        return Frame(self._baud), self._port.frame

    def _pause_or_resume(self) -> None:
        """Read from the port only while few bytes are waiting (see `MAX_WAITING`)."""
        assert self._port is not None, "no bytes move without a port"
        always_reads = self.receive_buffer.size is None
        sending = bool(self._baud) and self._out.waiting > MAX_WAITING and always_reads
        paused = sending or self._in.waiting > MAX_WAITING
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
