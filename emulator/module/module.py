"""The emulated M5310: boots, radio, commands and LwM2M client, put together and stepped. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Protocol

from emulator.air.faults import Link
from emulator.module.at.codec import framed
from emulator.module.at.command_faults import FaultSource
from emulator.module.at.commands import CommandTable
from emulator.module.at.conversation import Conversation, Manner
from emulator.module.at.doubts import Doubts
from emulator.module.boot import BOOT_TIME, Boot, Cause
from emulator.module.dialects.dialect import DIALECTS
from emulator.module.firmware import DEFAULT, Firmware, profile
from emulator.module.general.clock import LocalTime
from emulator.module.general.identity import Identity, IdentityCommands
from emulator.module.general.names import Names
from emulator.module.general.network import Network
from emulator.module.general.pdp_contexts import ADDRESS, PdpContexts
from emulator.module.general.ping import Pinger
from emulator.module.general.restarts import Restarts
from emulator.module.general.signal import Measurements
from emulator.module.general.speed import Speed
from emulator.module.general.udp import Datagram, Sockets
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import Happening
from emulator.module.lwm2m.states import REGISTERED
from emulator.module.lwm2m.style import STYLES
from emulator.module.radio.edrx import DiscontinuousReception
from emulator.module.radio.psm import PowerSaving
from emulator.module.radio.radio import Change, Radio
from emulator.module.radio.sim import Sim
from emulator.module.settings import Flash, Settings

__all__ = ["BOOT_TIME", "Cause", "Datagram", "Identity", "Module", "Sim"]


class Timed(Protocol):
    """A part with deadlines. `due`: when to call `step`; None: nothing is planned."""

    @property
    def due(self) -> float | None: ...

    def step(self, now: float) -> None: ...


class Module:
    """After each `receive`, `deliver`, `deliver_datagram`, `power_cycle` and `step`, take the
    output and the datagrams, and call `step` again at the deadline it returns. Times are POSIX
    seconds and never go back.

    `servers`: the addresses in a configuration that lead to a server; None: all that there are.
    `key`: for DTLS, stored in the module; a bootstrap may give another one.

    Set `send_up`, which sends a datagram to a server `host:port` at a time, and `on_change`, which
    is called when something else than `step` may have changed the deadline. `baud`: the UART speed
    of the next output. `sockets.changed`: there may be datagrams to take, or other ports. `radio`
    survives restarts; tests and scenarios set its `coverage`, `refusing` and `sim`. So does
    `fault_source`, which injects faults into commands (None: no faults). `downlink_window`: seconds
    after each datagram to a server in which the network leads datagrams of servers to the module;
    None: always.
    """

    def __init__(
        self,
        identity: Identity | None = None,
        *,
        firmware: str | Firmware = DEFAULT,
        typed_urcs: bool | None = None,
        speed: int | None = None,
        boot_noise: bool = False,
        strict_host: bool = False,
        style: str = "onenet",
        seed: int = 0,
        now: float = 0.0,
    ) -> None:
        """A module that has booted and registered on the network some time ago.

        `firmware`: a `Firmware` or its name; `typed_urcs` overrides that field of it (None: does
        not). `speed`: of the UART, as stored in flash; None: the firmware's. `boot_noise`: each
        boot begins with bytes of the boot ROM at another speed. `strict_host`: doubtful commands
        are refused, not taken with a note in `doubts`. `style`: how it speaks LwM2M, a name of
        `emulator.module.lwm2m.style.STYLES`. `seed` decides the noise, the first message id and the
        tokens.

        Raises ValueError for an unknown firmware name or style.
        """
        if style not in STYLES:
            raise ValueError(f"style {style!r}: expected {' or '.join(STYLES)}")
        self._style = STYLES[style]
        self.identity = identity or Identity()
        self.firmware = profile(firmware, typed_urcs=typed_urcs)
        self.on_change: Callable[[], None] = lambda: None
        self.send_up: Callable[[str, bytes, float], None] = lambda _to, _datagram, _now: None
        self.servers: Container[str] | None = None
        self.key: bytes | None = None
        self.downlink_window: float | None = None
        self.doubts = Doubts(strict=strict_host)
        self._fault_source: FaultSource | None = None
        self._place_changed = True  # coverage, network or SIM, since the last step
        self._due: float | None = None
        self._seed = seed
        own = self.firmware
        self._manner = Manner(
            own.echo, own.blank, own.error_blank, "+MIPL", own.suite.errors.refusal_like
        )
        name = own.boot_name or own.model or self.identity.model
        self.boot = Boot(name, own.boot, rom_noise=boot_noise, seed=seed)
        self._flash = Flash(flags=own.general.flags, speed=own.speed if speed is None else speed)
        self._output = bytearray()
        self._datagrams: list[Datagram] = []
        self.radio = Radio(
            self._radio_changed,
            can_find=lambda cell: self._settings.can_find(cell),
            place_changed=self._on_place_change,
            registered=True,
        )
        self._reset(now)
        self._local_time.set_by_network()

    def _reset(self, now: float) -> None:
        """Create all parts as after power-on; only the flash keeps its values."""
        self._now = now
        general = self.firmware.general
        self._speed = Speed(self._flash, self.firmware.speed_command, general)
        self._conversation = conversation = Conversation(
            self._output.extend, self._speed.confirm, self._fault_source, self._manner
        )
        self._settings = Settings(self._flash, general.flags)
        self._local_time = LocalTime(now)
        self.power_saving = PowerSaving(self.radio, conversation.urc, general.asleep)
        self.paging = DiscontinuousReception(self.radio)
        self._network = Network(self.radio, self.power_saving, conversation.urc, general)
        self._pinger = Pinger(self.radio, conversation.urc, self._transmit)
        names = Names(general, self.radio, conversation.urc, self._transmit)
        self.sockets = Sockets(
            conversation.urc, self._send_datagram, self.radio, self._release_connection, general
        )
        # RFC 7252 4.4: the first message id is drawn at random, a different one at each start.
        # Not 0 at the first one: some servers (npm's coap 0.22) take that for no id.
        first_mid = (self._seed * 40_503 + (self.boot.count + 1) * 25_717) & 0xFFFF
        self.client = Client(
            self._send_up,
            lambda: self.radio.registered,
            first_mid=first_mid,
            busy=lambda: self.radio.busy,
            release=self._release_connection,
            endpoint=f"{self.identity.imei};{self.identity.imsi}",
            seed=self._seed,
            msgids=self.firmware.msgids,
            style=self._style,
        )
        dialect = DIALECTS[self.firmware.dialect](self.client, self._write, self.firmware)
        conversation.on_refused = dialect.refused
        # The conversation first: lines that waited for an answer may plan something in the others.
        self._timed: tuple[Timed, ...] = (
            conversation,
            self.power_saving,
            self.radio,
            self.paging,
            self._pinger,
            names,
            self.sockets,
            self.client,
            dialect,
            self._speed,
        )
        conversation.table = CommandTable(
            Restarts(self.firmware.reboot, self._reboot),
            conversation,
            self._speed,
            IdentityCommands(self.identity, self.firmware, self.radio),
            self._network,
            PdpContexts(self.radio),
            Measurements(self.radio, general),
            self._pinger,
            names,
            self._local_time,
            self._settings,
            self.power_saving,
            self.paging,
            self.sockets,
            dialect,
            doubts=self.doubts,
            taken=general.taken,
        )

    @property
    def baud(self) -> int:
        return self._speed.baud

    @property
    def bytes_lost(self) -> int:
        """Host bytes dropped since the last start because the UART buffer was full."""
        return self._conversation.bytes_lost

    @property
    def answering(self) -> bool:
        """Whether a command is executed whose answer is delayed."""
        return self._conversation.due is not None

    @property
    def busy(self) -> bool:
        """Whether output follows without a further command: the boot text, an answer, the result of
        a ping, a registration or an acknowledged report.
        """
        parts = (self.boot, self._conversation, self._pinger)
        return self.client.waiting or any(part.due is not None for part in parts)

    @property
    def link(self) -> Link:
        """What the module's coverage and its network add to the air."""
        reception, window = self.radio.reception, self.downlink_window
        latency, loss = (0.0, 0.0) if reception is None else (reception.latency, reception.loss)
        return Link(latency, loss, window)

    @property
    def sim(self) -> Sim:
        return self.radio.sim

    @sim.setter
    def sim(self, sim: Sim | str) -> None:
        self.radio.sim = sim

    @property
    def fault_source(self) -> FaultSource | None:
        return self._fault_source

    @fault_source.setter
    def fault_source(self, fault_source: FaultSource | None) -> None:
        self._fault_source = self._conversation.fault_source = fault_source

    # Inputs ------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the host, cut in any way. Bytes are lost during a boot and to a wake-up."""
        planned = self.step(now)
        if self.boot.due is None:
            read = self.power_saving.receive(data, now)
            self._conversation.flush()  # the wake-up is reported before the answer
            self._conversation.receive(read, now)
        self._due = self._run(now)
        if self._due != planned:
            self.on_change()

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        """Take a datagram of the server; lost when the radio cannot receive it."""
        self._page(partial(self.client.deliver, source, datagram), now)

    def credentials(self, _server: str) -> tuple[str, bytes] | None:
        """Identity and key for DTLS with a server; None: it has no key."""
        return self.client.credentials(self.key)

    def deliver_datagram(
        self, socket: int, address: str, port: int, data: bytes, now: float
    ) -> None:
        """Take a datagram for a socket; lost when the radio cannot receive it."""
        self._page(lambda _now: self.sockets.deliver(socket, address, port, data), now)

    def _page(self, deliver: Callable[[float], None], now: float) -> None:
        """Call `deliver` once the radio receives."""

        def arrive(now: float) -> None:
            self.radio.receive(now)
            deliver(now)
            self._conversation.flush()

        self.step(now)
        self.paging.page(arrive, now)
        self._due = self._run(now)
        self.on_change()

    def power_cycle(self, cause: Cause | str, now: float) -> None:
        """Restart at once, in any situation. Raises ValueError if there is no such cause."""
        cause = Cause.of(cause)
        self.step(now)
        self._output.clear()
        self._restart(cause, now)
        self._due = self._run(now)
        self.on_change()

    def end_login(self, reason: Happening, now: float) -> None:
        """The lifetime is over, or the platform has deleted the device: the host gets to know.

        Does nothing without a login.
        """
        self.step(now)
        if self.client.state in REGISTERED:
            self.client.lapse(reason)
            self._conversation.flush()
        self._due = self._run(now)
        self.on_change()

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None when nothing is planned."""
        self._now = now
        if self._place_changed or (self._due is not None and self._due <= now):
            self._place_changed = False
            self._due = self._run(now)
        return self._due

    def _run(self, now: float) -> float | None:
        """Step the parts that are due until none is; returns the next deadline."""
        boot = self.boot
        if boot.due is not None:
            self._output += boot.step(now)
            if boot.due is None and self._flash.flags["AUTOCONNECT"] == "TRUE":
                self.radio.turn_on(now)
        while boot.due is None:
            stepped, deadline = False, None
            for part in self._timed:
                due = part.due
                if due is None:
                    continue
                if due <= now:
                    part.step(now)
                    if boot.due is not None:  # a command that waited has restarted the module
                        return boot.due
                    stepped = True
                elif deadline is None or due < deadline:
                    deadline = due
            if not stepped:
                return deadline
            self._conversation.flush()
        return boot.due

    # Outputs -----------------------------------------------------------------------------------

    def take_output(self) -> bytes:
        """Bytes for the host since the last call."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_datagrams(self) -> list[Datagram]:
        """Datagrams of the sockets since the last call."""
        taken, self._datagrams = self._datagrams, []
        return taken

    def _send_up(self, destination: str, datagram: bytes, _now: float) -> None:
        led = (
            self.servers is None
            or destination in self.servers
            or destination != self.client.configured_server
        )
        if self._transmit(self._now) and led:
            self.send_up(destination, datagram, self._now)

    def _send_datagram(self, datagram: Datagram) -> None:
        self._transmit(self._now)
        self._datagrams.append(datagram)

    def _write(self, line: str) -> None:
        self.power_saving.write(line, self._now)

    def _release_connection(self, now: float, after_answer: bool) -> None:
        self.radio.release(now, after_answer=after_answer)

    def _transmit(self, now: float) -> bool:
        """Use the radio; False when it is not registered."""
        self.power_saving.wake(now)
        online = self.radio.registered
        if online:
            self.radio.use(now)
        return online

    # Restarts and radio ------------------------------------------------------------------------

    def _on_place_change(self) -> None:
        self._place_changed = True
        self.on_change()

    def _radio_changed(self, change: Change) -> None:
        if change is Change.REGISTRATION and self.radio.registered:
            self._local_time.set_by_network()
            if self.firmware.shows_address:
                self._conversation.urc(f"+IP:{ADDRESS}")
        self.power_saving.radio_changed(self._now)
        self._network.radio_changed(change)

    def _reboot(self, lines: Sequence[str], now: float) -> None:
        self._output += b"".join(map(framed, lines))
        self._restart(Cause.COMMAND, now)

    def _restart(self, cause: Cause, now: float) -> None:
        self._conversation.stop()
        self.radio.restart()
        self.boot.start(cause, now)
        self._reset(now)
