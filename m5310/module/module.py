"""A module on a port: everything it can be asked, for programs."""

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
from m5310.commands.general import Booted
from m5310.commands.network import PingFailure, PingReply
from m5310.commands.sockets import DatagramWaiting
from m5310.errors import (
    CommandTimeout,
    ModemReset,
    NotSupported,
    ParameterError,
    PortError,
    StateError,
    shortened,
)
from m5310.module import attach, ping
from m5310.module.attach import ATTACH, Attached, Progress, Setup
from m5310.module.link import LineReceived, Link, LinkEvent, PortLost, Restarted
from m5310.module.ping import Pings
from m5310.module.queries import Queries
from m5310.module.udp import Address, Datagrams, ModuleDatagramTransport

_AT = re.compile(r" *AT", re.IGNORECASE)

_BOOT: Final = "boot"

T = TypeVar("T")
P = TypeVar("P", bound=asyncio.DatagramProtocol)


class Module(Queries):
    """An M5310. `async with` opens it and closes it.

    `port` is a pyserial URL, opened and closed here, or a `Modem` that stays the caller's.
    The methods of `Queries` execute the general commands.
    """

    def __init__(
        self, port: str | Modem | Link, baudrate: int = 9600, *, quiet: float = QUIET
    ) -> None:
        """`baudrate` and `quiet` (see `Modem`) are for a port opened here.

        On a `Link`, which a `Device` opens and closes, the module is usable at once.
        """
        self._shared = isinstance(port, Link)
        self.link: Final = port if isinstance(port, Link) else Link(port, baudrate, quiet=quiet)
        self.link.listen(self._on_event)
        self._datagrams = Datagrams(self.execute)
        self._streams: WeakSet[Following] = WeakSet()
        self._pings = Pings(self.execute)
        self._boots: Pending[str, Booted] = Pending()

    async def open(self) -> None:
        """Open the port; nothing is sent to the module. Raises PortError."""
        if self._shared:
            raise StateError("the port of this module is opened and closed by its Device")
        if not self.link.gone:
            raise StateError("the module is open already")
        await self.link.open()

    async def close(self) -> None:
        """Close its sockets and the streams of lines, and the port if it was opened here.

        Never raises for what the module does. Not interrupted by a cancellation. Harmless if
        closed.
        """
        await finish(self._close())

    async def _close(self) -> None:
        await self._datagrams.close()
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

    # --- any command, any line ---------------------------------------------------------------

    async def execute(self, command: Command[T]) -> T:
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

        `responses` says which lines are its own: `"+CSQ"` those that begin with `+CSQ:`, a
        compiled pattern those it matches as a whole. Every other line is unsolicited, so where
        an unsolicited line has the same beginning, a pattern tells them apart. An `OK` that
        comes without each of them is not believed, unless `required` is False.

        Raises ParameterError before anything is written, and what `execute` raises.
        """
        if not _AT.match(line):
            raise ParameterError(f"{shortened(line)!r} is no command line; it begins with AT")
        if isinstance(responses, str | re.Pattern):
            responses = (responses,)
        owned = tuple(Response(following.shape(one), required) for one in responses)
        command = Command(line, owned, timeout)
        return await self.execute(command)

    def follow(self, *wanted: Wanted, limit: int = following.LIMIT) -> Following:
        """The unsolicited lines that are meant, all if none is named; see `Following`."""
        stream = Following(self.modem, wanted, limit)
        self._streams.add(stream)
        return stream

    # --- what takes its time -----------------------------------------------------------------

    async def attach(
        self,
        timeout: float = ATTACH,  # noqa: ASYNC109  # it ends in an error with the evidence
        *,
        speeds: Sequence[int] = (),
        setup: Setup = Setup(),  # noqa: B008  # frozen
        progress: Progress | None = None,
    ) -> Attached:
        """From a module in any state (booting, asleep, echo on, half a line in its buffer, radio
        off) to one that is registered on the network, within `timeout` s.

        `speeds`, like `speed.USUAL`, are tried if the module does not answer at the present one;
        the port then stays where it answered. `progress` is called with every look at the
        network. Raises AttachError, which says what stood in the way and what to try;
        CommandError if the module refuses what `setup` asks; PortError.
        """
        if speeds and self.link.speed is None:
            raise NotSupported("speeds are tried on a serial port; this one has no speed")
        return await attach.attach(
            self, self.link, setup, timeout=timeout, speeds=speeds, progress=progress
        )

    async def set_speed(self, baudrate: int, *, store: bool = True) -> None:
        """`AT+NATSPEED`: module and port go to `baudrate`, beyond a restart if `store`.

        They go back if they do not understand each other there, which takes half a minute, and
        SpeedError says so. Other commands of this module wait meanwhile; what goes past it, to
        `modem`, must not be executed then. Raises CommandError if the module refuses.
        """
        await self.link.set_speed(baudrate, store=store)

    async def reset(self) -> Booted:
        """`AT+NRB`: restart the module, and wait until it is up again, some seconds.

        Its sockets, objects and registrations are gone. Whoever waits for something of it, here
        or through whatever else shares the port, gets ModemReset, and a `Device` restores itself.
        It comes up at its stored speed, and the port follows. Raises CommandTimeout if
        it does not come up.
        """
        boot = self._boots.expect(_BOOT)  # also that of a restart by itself
        command = general.restart()
        lines: tuple[str, ...] = ()
        try:
            await self.execute(command)
        except ModemReset:
            lines = (general.GOING_DOWN,)  # had it come up, `boot` would be done
        speed = self.link.speed
        if speed is not None and speed.baudrate != speed.stored:
            await speed.change(speed.stored)  # while the module is silent, for seconds
        booted = await Pending.wait(boot, command.timeout)
        if booted is None:
            raise CommandTimeout(command.line, command.timeout, lines, bare=not lines)
        return booted

    async def ping(
        self,
        address: str,
        size: int = ping.SIZE,
        timeout: float = ping.REPLY,  # noqa: ASYNC109  # the module's
    ) -> PingReply:
        """`AT+NPING`: one echo request of `size` bytes, and its reply. One at a time.

        Raises PingFailed if none comes within `timeout` s.
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

        `local_port` 0: the module's choice. With `remote_addr`, an IP address and a port, it
        speaks to that one only. A datagram holds 1..512 bytes, and the module has seven sockets.
        `connection_lost` brings ModemReset if the module restarted. Raises CommandError if the
        module refuses the socket.
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
                pass  # for those who follow the lines
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
