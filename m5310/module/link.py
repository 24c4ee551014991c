"""The module below a device: on a port of its own that may go and come back, or a caller's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from m5310.at.codec import Command
from m5310.commands.sleep_reports import sleep_reported
from m5310.errors import ParameterError, PortError, StateError
from m5310.ports.usb import Plug

if TYPE_CHECKING:
    from m5310.at.modem import LineListener, LossListener, Modem

T = TypeVar("T")

Opener = Callable[[], Awaitable["Modem"]]
"""Opens the port, for the first time or once more, or raises PortError."""


class Connection:
    """`on_line` and `on_lost` are the listeners of whichever modem there is."""

    def __init__(
        self,
        port: str | Modem | Opener,
        baudrate: int,
        on_line: LineListener,
        on_lost: LossListener,
    ) -> None:
        self._given: Modem | None = None
        self._opener: Opener | None = None
        if isinstance(port, str):
            self._opener = Plug(port, baudrate).open
        else:
            from m5310.at.modem import Modem  # noqa: PLC0415 - who has one has loaded it

            if isinstance(port, Modem):
                self._given = port
            elif callable(port):
                self._opener = port
            else:
                raise ParameterError(
                    f"{port!r} is no port; expected a name like /dev/ttyUSB0, or a Modem"
                )
        self._on_line = on_line
        self._on_lost = on_lost
        self._modem: Modem | None = None
        self._stop_listening: Callable[[], None] | None = None
        self._loss: PortError | None = None

    @property
    def reopens(self) -> bool:
        """Whether a port that is gone can be opened again from here."""
        return self._given is None

    @property
    def gone(self) -> bool:
        """Whether there is no port to speak through."""
        return self._stop_listening is None

    def check(self) -> None:
        """Raise what the port was lost by, if it is gone."""
        if self.gone and self._loss is not None:
            raise self._loss

    @property
    def modem(self) -> Modem:
        if self._modem is None:
            raise StateError(
                "the device has no port: open it first, `async with Device(...) as device`, or "
                "make a new one if it was destroyed"
            )
        return self._modem

    async def open(self) -> None:
        """Raises PortError."""
        modem = self._given
        if modem is None:
            assert self._opener is not None
            modem = await self._opener()
        self._modem = modem
        self._stop_listening = modem.listen(self._heard, self._lost)

    async def execute(self, command: Command[T]) -> T:
        return await self.modem.execute(command)

    async def close(self) -> None:
        """Hear nothing any more; what was opened here is closed."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        modem, self._modem = self._modem, None
        if modem is not None and modem is not self._given:
            await modem.close()

    def _heard(self, line: str) -> None:
        if (asleep := sleep_reported(line)) is not None:
            self.modem.asleep(asleep)
        self._on_line(line)

    def _lost(self, error: PortError) -> None:
        self._stop_listening = None
        self._loss = error
        self._on_lost(error)
