"""The link to one module: a port that is opened, lost and opened again, and its sessions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from m5310.at.codec import Command
from m5310.at.engine import QUIET
from m5310.at.modem import Modem
from m5310.commands import general, urcs
from m5310.commands.general import BootCause, Booted
from m5310.errors import (
    AnswerError,
    CommandError,
    ModemReset,
    NotSupported,
    ParameterError,
    PortError,
    StateError,
    Text,
)
from m5310.module import speed
from m5310.ports.speed import PortSpeed
from m5310.ports.usb import PortFinder

T = TypeVar("T")

Opener = Callable[[], Awaitable[Modem]]
"""Opens the port, the first time or again. Raises PortError."""

_log = logging.getLogger("m5310.module")


@dataclass(frozen=True, slots=True)
class LineReceived:
    """An unsolicited line. `urc` is its meaning if it is one of the general commands' URCs."""

    text: str
    urc: urcs.Urc | None


@dataclass(frozen=True, slots=True)
class Restarted:
    """The module goes down (`booted` is None) or has started; `text` is the line that reports it,
    or says how it was noticed.

    Its objects, sockets and registration are gone. A restart by command is reported by both
    lines, any other one by the second only.
    """

    text: str
    booted: Booted | None
    error: ModemReset


@dataclass(frozen=True, slots=True)
class PortLost:
    """The port is gone: unplugged, failed, or closed by the owner of a lent modem."""

    error: PortError


LinkEvent = LineReceived | Restarted | PortLost
Listener = Callable[[LinkEvent], None]


class Session:
    """`number` rises at each restart of the module (at each line that reports it) and each loss.

    What the module holds, and what it is expected to send, is valid as long as the number stays
    the same. `interruption` is the error that ended the previous session.
    """

    def __init__(self) -> None:
        self.number: int = 0
        self.interruption: ModemReset | PortError | None = None

    def end(self, error: ModemReset | PortError) -> None:
        """Called by the link only."""
        self.number += 1
        self.interruption = error


class Link:
    """`port` is a pyserial URL, a lent `Modem`, or a coroutine function that opens a `Modem`.

    A lent modem is neither closed nor opened again here. A port opened by name is opened again as
    the same USB device, under the name that it has then. `baudrate` and
    `quiet` (see `Modem`) are for a port opened by name.

    `speed` is the speed of the port, None for a port that has none.
    """

    def __init__(
        self, port: str | Modem | Opener, baudrate: int = 9600, *, quiet: float = QUIET
    ) -> None:
        if not (isinstance(port, str | Modem) or callable(port)):
            raise ParameterError(
                f"{port!r} is not a port; expected a name like /dev/ttyUSB0, or a Modem"
            )
        self._port = port
        self._finder = PortFinder(port) if isinstance(port, str) else None
        self._baudrate = baudrate
        self._quiet = quiet
        self._modem: Modem | None = None
        self._stop_listening: Callable[[], None] | None = None
        self._listeners: tuple[Listener, ...] = ()
        self._changing_speed = asyncio.Lock()
        self._unstored: int | None = None  # the last speed that was set without being stored
        self.speed: PortSpeed | None = None
        self.explain: Callable[[CommandError], CommandError] | None = None
        """Gives a refusal the words for its number on this module."""
        self.session: Final = Session()

    # --- the port ----------------------------------------------------------------------------

    @property
    def reopens(self) -> bool:
        """Whether a port that is gone can be opened again from here."""
        return not isinstance(self._port, Modem)

    @property
    def gone(self) -> bool:
        """Whether there is no open port."""
        return self._stop_listening is None

    @property
    def modem(self) -> Modem:
        """The modem on the port, another one after each opening. Raises StateError while closed."""
        if self._modem is None:
            raise StateError(
                "the port is not open; open it first: `async with Device(...) as device`, or "
                "`async with Module(...) as module`"
            )
        return self._modem

    async def open(self) -> None:
        """Open the port, for the first time or again; nothing is written. Raises PortError."""
        before = self.speed
        modem = await self._open()
        self.speed = PortSpeed.of(modem)
        if before is not None and self.speed is not None:
            self.speed.stored = before.stored
        self._stop_listening = modem.listen(self._on_line, self._on_lost)
        self._modem = modem

    async def _open(self) -> Modem:
        if isinstance(self._port, Modem):
            return self._port
        if isinstance(self._port, str):
            return await self._open_by_name()
        return await self._port()

    async def _open_by_name(self) -> Modem:
        assert self._finder is not None
        # opened again: the speed that port and module had last
        baudrate = self._baudrate if self.speed is None else self.speed.baudrate
        name = await self._finder.find()
        modem = await Modem.open(name, baudrate, quiet=self._quiet)
        try:
            await self._finder.remember(name)
        except BaseException:
            await modem.close()
            raise
        return modem

    async def close(self) -> None:
        """Close the port, unless its modem is lent. No event follows. No effect if closed."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        modem, self._modem = self._modem, None
        if modem is not None and modem is not self._port:
            await modem.close()

    def check(self) -> None:
        """Raise the error by which the port was lost, if it is gone."""
        interruption = self.session.interruption
        if self.gone and isinstance(interruption, PortError):
            raise interruption

    # --- commands ----------------------------------------------------------------------------

    async def execute(self, command: Command[T]) -> T:
        """As `Modem.execute`, but waits while the speed of the line changes."""
        while self._changing_speed.locked():
            async with self._changing_speed:
                pass
        if self.explain is None:
            return await self.modem.execute(command)
        try:
            return await self.modem.execute(command)
        except CommandError as error:
            raise self.explain(error) from None

    async def set_speed(self, baudrate: int, *, store: bool) -> None:
        """As `Module.set_speed`."""
        modem = self.modem
        if self.speed is None:
            raise NotSupported("this port has no speed; expected a serial port")
        async with self._changing_speed:
            await speed.change(modem.execute, self.speed, baudrate, store=store)
        if not store:
            self._unstored = baudrate

    async def turn_speed(self) -> None:
        """Set the port to the other speed at which a silent module may be.

        A module that restarts at its stored speed cannot be understood at one that was not stored.
        No effect if only one speed is possible, or the port cannot be set to the other.
        """
        if self.speed is None or self._unstored is None:
            return
        stored = self.speed.stored
        other = stored if self.speed.baudrate != stored else self._unstored
        async with self._changing_speed:
            with contextlib.suppress(PortError):
                await self.speed.change(other)

    # --- events ------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each event, also after the port was opened again.

        It must return soon and not raise. Returns a function that removes it.
        """
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return stop

    def _on_line(self, line: str) -> None:
        try:
            urc = urcs.parse(line)
        except AnswerError as malformed:
            _log.warning("ignoring line: %s", malformed)
            urc = None
        booted = urc if isinstance(urc, Booted) else None
        if booted is not None or line.rstrip(".") == general.GOING_DOWN:  # M5311 adds dots
            self._restarted(line, booted)
            return
        if isinstance(urc, urcs.Sleep):
            self.modem.asleep(urc.asleep)
        self._emit(LineReceived(line, urc))

    def restarted_silently(self) -> None:
        """The module has restarted, and no line reported it."""
        text = Text("it was silent, and answers again")
        self._restarted(text, Booted(BootCause.UNKNOWN, ""))

    def _restarted(self, text: str, booted: Booted | None) -> None:
        error = ModemReset(
            Text(
                "the module restarted ({line}); its objects, sockets and registration are gone",
                line=text,
            )
        )
        self.session.end(error)
        # A second link on a lent modem may have done this already. No harm: no listener has
        # written a command since.
        self.modem.abandon(error)
        self._emit(Restarted(text, booted, error))

    def _on_lost(self, error: PortError) -> None:
        self._stop_listening = None
        self.session.end(error)
        self._emit(PortLost(error))

    def _emit(self, event: LinkEvent) -> None:
        for listener in self._listeners:
            listener(event)
