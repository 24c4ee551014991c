"""Module: the general commands, attach, ping and UDP on one port."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar, assert_never
from weakref import WeakSet

from m5310.at import line_stream as following
from m5310.at.codec import PROMPT, Answer, Command, Response
from m5310.at.engine import QUIET
from m5310.at.line_stream import Following, Wanted
from m5310.at.modem import Modem
from m5310.at.tasks import Pending, finish
from m5310.commands import general
from m5310.commands.general import BootCause, Booted
from m5310.commands.ping import PingFailure, PingReply
from m5310.commands.sockets import DatagramWaiting
from m5310.errors import (
    CommandError,
    CommandTimeout,
    ModemReset,
    NotSupported,
    ParameterError,
    PortError,
    StateError,
    shortened,
)
from m5310.module import attach, ping
from m5310.module.attach import ATTACH_TIMEOUT, Attached, Progress, Setup
from m5310.module.link import LineReceived, Link, LinkEvent, PortLost, Restarted
from m5310.module.ping import Pings
from m5310.module.queries import Queries
from m5310.module.restart import is_up
from m5310.module.settings import Settings
from m5310.module.udp import Address, Datagrams, ModuleDatagramTransport

_AT = re.compile(r" *AT", re.IGNORECASE)

_BOOT: Final = "boot"

T = TypeVar("T")
P = TypeVar("P", bound=asyncio.DatagramProtocol)


class Module(Queries):
    """An M5310. `async with` opens it and closes it.

    `port` is a pyserial URL, opened and closed here, or a `Modem` that the caller opens and closes.
    The methods of `Queries` execute the general commands.
    """

    def __init__(
        self, port: str | Modem | Link, baudrate: int = 9600, *, quiet: float = QUIET
    ) -> None:
        """`baudrate` and `quiet` (see `Modem`) are for a port opened here.

        On a `Link`, which a `Device` opens and closes, it is usable whenever the link is open.
        """
        self._shared = isinstance(port, Link)
        self.link: Final = port if isinstance(port, Link) else Link(port, baudrate, quiet=quiet)
        self.link.listen(self._on_event)
        self.settings: Final = Settings(self.execute, self.link.session)
        self._datagrams = Datagrams(self.execute)
        self._streams: WeakSet[Following] = WeakSet()
        self._pings = Pings(self.execute)
        self._boots: Pending[str, Booted] = Pending()

    async def open(self) -> None:
        """Open the port; nothing is sent to the module. Raises PortError."""
        if self._shared:
            raise StateError(
                "the port is opened and closed by the Device of this module; use it without open()"
            )
        if not self.link.gone:
            raise StateError("the module is open already; close it first")
        await self.link.open()

    async def close(self) -> None:
        """Close its sockets and the streams of lines, and the port if it was opened here.

        Error numbers and reports that `attach` turned on are put back to what they were.
        Raises nothing if the module does not answer. A cancellation does not interrupt it. No
        effect if closed.
        """
        await finish(self._close())

    async def _close(self) -> None:
        await self._datagrams.close()
        if not self.link.gone:
            await self.settings.put_back()
        closed = PortError("the module was closed")
        self._fail_pending(closed)
        for stream in tuple(self._streams):
            stream.close()
        if not self._shared:
            await self.link.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def modem(self) -> Modem:
        """The modem below; another one after each opening. Raises StateError while closed."""
        return self.link.modem

    @property
    def baudrate(self) -> int | None:
        """The speed of the port in baud, None for a port that has none."""
        return None if self.link.speed is None else self.link.speed.baudrate

    # --- commands and lines ---------------------------------------------------------------

    async def execute(self, command: Command[T]) -> T:
        """As `Modem.execute`, on the present modem."""
        return await self.link.execute(command)

    async def send(
        self,
        line: str,
        responses: Wanted | Iterable[Wanted] = (),
        *,
        required: bool = True,
        timeout: float = PROMPT,  # noqa: ASYNC109  # the command's
    ) -> Answer:
        """Send any command line, like `send("AT+CSQ", ["+CSQ"])`, and wait for its final result.

        `responses` selects the lines that belong to its answer: `"+CSQ"` those that begin with
        `+CSQ:`, a compiled pattern those that it matches as a whole. Every other line is
        unsolicited. `required`: each of them must come before the `OK`. `timeout` is in seconds.

        Raises ParameterError before anything is written, and what `execute` raises.
        """
        if not _AT.match(line):
            raise ParameterError(
                f"{shortened(line)!r} is not a command line; expected one that begins with AT"
            )
        if isinstance(responses, str | re.Pattern):
            responses = (responses,)
        owned = tuple(Response(following.shape(one), required) for one in responses)
        command = Command(line, owned, timeout)
        return await self.execute(command)

    def follow(self, *wanted: Wanted, limit: int = following.LIMIT) -> Following:
        """A stream of the `wanted` unsolicited lines (none: all); see `Following`.

        At most `limit` lines wait. Raises ParameterError, and StateError while closed.
        """
        stream = Following(self.modem, wanted, limit)
        self._streams.add(stream)
        return stream

    # --- operations of several commands ------------------------------------------------------

    async def attach(
        self,
        timeout: float = ATTACH_TIMEOUT,  # noqa: ASYNC109  # ends in an error with the evidence
        *,
        speeds: Sequence[int] = (),
        setup: Setup = Setup(),  # noqa: B008  # frozen
        progress: Progress | None = None,
    ) -> Attached:
        """Register the module on the network, within `timeout` s, whatever state it is in:
        booting, asleep, with echo on, with half a line in its buffer, with the radio off.

        `speeds`, such as `speed.COMMON_SPEEDS`, are tried if the module does not answer at the
        present one; the port then stays at the speed of the answer. `progress` is called with
        each attempt. Raises AttachError with the reason and what to try, CommandError if the
        module refuses a setting of `setup`, ParameterError, NotSupported or PortError.
        """
        if speeds and self.link.speed is None:
            raise NotSupported("this port has no speed to try; expected a serial port")
        return await attach.attach(
            self,
            self.link,
            self.settings,
            setup,
            timeout=timeout,
            speeds=speeds,
            progress=progress,
        )

    async def set_speed(self, baudrate: int, *, store: bool = True) -> None:
        """`AT+NATSPEED`: change the speed of module and port; `store`: keep it after a restart.

        Without `store`, a module that restarts by itself is at the stored speed again: `attach`
        tries that one too, and a `Device` that restores itself tries both in turn.

        `baudrate` is one of `commands.general.BAUDS`. Commands of this module wait meanwhile;
        commands of `modem` itself must not be executed then. Raises SpeedError if the module does
        not answer at the new speed (both go back, which takes half a minute), CommandError if it
        refuses, ParameterError, or NotSupported if the port has no speed.
        """
        await self.link.set_speed(baudrate, store=store)

    async def reset(self) -> Booted:
        """`AT+NRB`, or `AT+CMRB` (M5311): restart the module, and wait until it is up again, some
        seconds.

        Its sockets, objects and registrations are gone. Every waiting command and ping and each
        socket on this port ends with ModemReset; a `Device` restores itself. The module starts at
        its stored speed, and the port follows. One whose boot text is not known, or is lost, is up
        as soon as it answers after it was gone; the `text` returned is empty then. Raises
        CommandTimeout if it does not start, and CommandError if it refuses both commands.
        """
        boot = self._boots.expect(_BOOT)  # also that of a restart by itself
        session = self.link.session
        before = session.number
        command = general.restart()
        lines: tuple[str, ...] = ()
        try:
            try:
                await self.execute(command)
            except CommandError as refused:
                await self._restart_with_ok(refused)
        except ModemReset:
            lines = (general.GOING_DOWN,)  # after the other boot text `boot` is done
        speed = self.link.speed
        if speed is not None and speed.baudrate != speed.stored:
            await speed.change(speed.stored)  # the module writes nothing for some seconds
        within = command.timeout
        if not await is_up(self.execute, boot, lambda: session.number != before, within):
            raise CommandTimeout(command.line, within, lines, bare=not lines)
        if session.number == before:
            self.link.restarted_silently()
        self._boots.resolve(_BOOT, Booted(BootCause.UNKNOWN, ""))  # unless its text came
        return boot.result()

    async def _restart_with_ok(self, refused: CommandError) -> None:
        try:
            await self.execute(general.restart_with_ok())
        except CommandError:
            raise refused from None

    async def ping(
        self,
        address: str,
        size: int = ping.SIZE,
        timeout: float = ping.REPLY,  # noqa: ASYNC109  # the module's
    ) -> PingReply:
        """`AT+NPING`: one echo request of `size` bytes (1..1500), and its reply. One at a time.

        `address` is an IP address. Raises PingFailed if no reply comes within `timeout` s
        (0.01..600), ParameterError, and what `execute` raises.
        """
        return await self._pings.ping(address, size, timeout)

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], P],
        *,
        local_port: int = 0,
        remote_addr: Address | None = None,
    ) -> tuple[ModuleDatagramTransport, P]:
        """A UDP socket of the module, as `loop.create_datagram_endpoint` gives one of the host.

        `local_port` 0: the module chooses. With `remote_addr`, an IP address and a port, the
        socket sends to and receives from that one only. A datagram to send has 1..512 bytes; the
        module has seven sockets. After a restart `connection_lost` gets ModemReset. Raises
        CommandError if the module refuses the socket, ParameterError for an invalid address.
        """
        return await self._datagrams.open(
            protocol_factory, local_port=local_port, remote=remote_addr
        )

    # --- events ------------------------------------------------------------------------------

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case LineReceived(urc=DatagramWaiting(socket)):
                self._datagrams.arrived(socket)
            case LineReceived(urc=PingReply() | PingFailure() as outcome):
                self._pings.resolve(outcome)
            case LineReceived():
                pass  # for streams of lines and for the Device
            case Restarted(booted=booted, error=error):
                self._datagrams.lost(error)
                self._pings.fail(error)
                if booted is not None:
                    self._boots.resolve(_BOOT, booted)
            case PortLost(error):
                self._datagrams.lost(error)
                self._fail_pending(error)
            case _:
                assert_never(event)

    def _fail_pending(self, error: PortError) -> None:
        self._pings.fail(error)
        self._boots.fail_all(error)
