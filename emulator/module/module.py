"""The emulated M5310: its power, its air, and the rooms that know the commands.

Pure and stepped: bytes and messages in, bytes and messages out, the time as an argument. The same
inputs at the same times give the same outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from emulator.air.memory import Link
from emulator.air.messages import Downlink, Uplink
from emulator.clock.deadlines import earliest
from emulator.module.at.codec import framed
from emulator.module.at.commands import OK, Answer, Forms
from emulator.module.at.conversation import Conversation
from emulator.module.boot import BOOT_TIME, Cause, Power
from emulator.module.command_faults import FaultSource
from emulator.module.dialects.dialect import DIALECTS
from emulator.module.firmware import DEFAULT, Firmware, profile
from emulator.module.general.clock import LocalTime
from emulator.module.general.identity import Identity, commands
from emulator.module.general.network import Network
from emulator.module.general.pdp_contexts import Contexts
from emulator.module.general.ping import Pinger
from emulator.module.general.signal import Measurements
from emulator.module.general.speed import Speed
from emulator.module.general.udp import Datagram, Sockets
from emulator.module.lwm2m.client import Client
from emulator.module.radio.edrx import DiscontinuousReception
from emulator.module.radio.psm import PowerSaving
from emulator.module.radio.radio import Change, Radio
from emulator.module.radio.sim import Sim
from emulator.module.settings import FACTORY_SPEED, Flash, Settings

__all__ = ["BOOT_TIME", "Cause", "Datagram", "Identity", "Module", "Sim"]


class Module:
    """After `receive`, `deliver`, `deliver_datagram`, `power_cycle` and `step`: take what goes out,
    and call `step` again at the deadline it gives. Times are POSIX seconds and never go back.

    `baud` is the speed of the UART; when it has changed, what is taken next comes at the new one.
    `radio` outlives restarts: its `coverage`, `refusing` and `sim` are for tests and scenarios.
    Messages for the server go to the sink `send_up` (message, time). `on_change` is called when
    something else than `step` may have changed the deadline. Output and datagrams are to be taken
    after each input and each step.
    `fault_source` is asked what goes wrong with each command line, in this life and the next; None:
    nothing does.
    """

    def __init__(
        self,
        identity: Identity | None = None,
        *,
        firmware: str | Firmware = DEFAULT,
        typed_urcs: bool | None = None,
        speed: int = FACTORY_SPEED,
        boot_noise: bool = False,
        seed: int = 0,
        now: float = 0.0,
    ) -> None:
        """A board that has been on for a while: booted and registered on the network.

        `firmware`: one of `emulator.firmware`, or its name. `typed_urcs`: writes and executes are
        announced as later firmware does it, or as the oldest; None: as this firmware does. `speed`:
        of the UART, as its flash has it. `boot_noise`: a start begins with what the boot ROM says
        at another speed. `seed` decides what a real module draws at random: its first message id,
        and that noise.

        Raises ValueError: no such firmware.
        """
        self.identity = identity or Identity()
        self.firmware = profile(firmware, typed_urcs=typed_urcs)
        self.on_change: Callable[[], None] = lambda: None
        self.send_up: Callable[[Uplink, float], None] = lambda _message, _now: None
        self._fault_source: FaultSource | None = None
        self._place_changed = True  # coverage, network or SIM, since the last step
        self._due: float | None = None
        self._seed = seed
        self._power = Power(self.identity.model, noise=boot_noise, seed=seed)
        self._flash = Flash(speed=speed)
        self._output = bytearray()
        self.datagrams: list[Datagram] = []
        self.radio = Radio(
            self._radio_changed,
            finds=lambda cell: self._settings.finds(cell),
            touched=self._on_place_change,
            registered=True,
        )
        self._start(now)
        self._local_time.learn()

    def _start(self, now: float) -> None:
        """Everything as at power-on; only the flash remembers."""
        self._now = now
        self._speed = Speed(self._flash)
        self._conversation = conversation = Conversation(
            self._output.extend, self._speed.confirm, self._fault_source
        )
        self._settings = Settings(self._flash)
        self._local_time = LocalTime(now)
        self.power_saving = PowerSaving(self.radio, conversation.urc)
        self._paging = DiscontinuousReception(self.radio)
        self._network = Network(self.radio, self.power_saving, conversation.urc)
        self._pinger = Pinger(self.radio, conversation.urc, self._transmit)
        self.sockets = Sockets(conversation.urc, self._send_datagram, self._online)
        # RFC 7252 4.4: the first message id is drawn at random, another one at each start.
        first_mid = (self._seed * 40_503 + self._power.starts * 25_717) & 0xFFFF
        self.client = Client(self._send_up, self._online, first_mid=first_mid)
        dialect = DIALECTS[self.firmware.dialect](self.client, conversation.urc, self.firmware)
        conversation.table = {
            "+NRB": Forms(execute=self._reboot),
            **conversation.commands(),
            **self._speed.commands(),
            **commands(self.identity, self.firmware, self.radio),
            **self._network.commands(),
            **Contexts(self.radio).commands(),
            **Measurements(self.radio).commands(),
            **self._pinger.commands(),
            **self._local_time.commands(),
            **self._settings.commands(),
            **self.power_saving.commands(),
            **self._paging.commands(),
            **self.sockets.commands(),
            **dialect.commands(),
        }

    @property
    def baud(self) -> int:
        return self._speed.baud

    @property
    def lost(self) -> int:
        """Bytes of the host since the last start that found the UART's buffer full."""
        return self._conversation.lost

    @property
    def busy(self) -> bool:
        """Whether it owes its host something without being asked again: the words of its start, an
        answer, what came of a login or an acknowledged report, an echo.
        """
        owing = self._conversation.answering or self._pinger.waiting or self.client.waiting
        return self._power.boot is not None or owing

    @property
    def link(self) -> Link:
        """What the module's place makes of the air."""
        reception = self.radio.reception
        return Link() if reception is None else Link(reception.latency, reception.loss)

    @property
    def sim(self) -> Sim:
        return self.radio.sim

    @sim.setter
    def sim(self, sim: Sim) -> None:
        self.radio.sim = sim

    @property
    def fault_source(self) -> FaultSource | None:
        return self._fault_source

    @fault_source.setter
    def fault_source(self, fault_source: FaultSource | None) -> None:
        self._fault_source = self._conversation.fault_source = fault_source

    # Inputs ------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Bytes of the host, in any cut. What comes during a boot is lost, and what wakes it."""
        planned = self.step(now)
        if self._power.boot is None:
            read = self.power_saving.hear(data, now)
            self._conversation.flush()  # that it woke, before it answers
            self._conversation.receive(read, now)
        self._due = self._step(now)
        if self._due != planned:
            self.on_change()

    def deliver(self, message: Downlink, now: float) -> None:
        """A message from the platform; lost when the radio does not hear it."""
        self._arrive(partial(self.client.deliver, message), now)

    def deliver_datagram(
        self, socket: int, address: str, port: int, data: bytes, now: float
    ) -> None:
        """A datagram for one of the module's sockets; lost when the radio does not hear it."""
        self._arrive(lambda _now: self.sockets.deliver(socket, address, port, data), now)

    def _arrive(self, arrival: Callable[[float], None], now: float) -> None:
        def heard(now: float) -> None:
            self.radio.use(now)
            arrival(now)
            self._conversation.flush()

        self.step(now)
        self._paging.page(heard, now)
        self._due = self._step(now)
        self.on_change()

    def power_cycle(self, cause: Cause, now: float) -> None:
        """Power lost, reset pin, watchdog: at once, in the middle of whatever it was."""
        self.step(now)
        self._output.clear()
        self._fall_silent(cause, now)
        self._due = self._step(now)
        self.on_change()

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None when nothing is planned."""
        self._now = now
        if self._place_changed or (self._due is not None and self._due <= now):
            self._due = self._step(now)
        return self._due

    def _step(self, now: float) -> float | None:
        if self._power.boot is not None:
            self._output += self._power.step(now)
            if self._power.boot is not None:
                return self._power.boot.deadline
            if self._flash.flags["AUTOCONNECT"]:
                self.radio.turn_on(now)
        due = self._part_due()
        if self._place_changed or self._paging.due is not None or (due is not None and due <= now):
            self._place_changed = False
            # The conversation first: the lines that waited there may plan something in the others.
            self._conversation.step(now)
            if self._power.boot is not None:
                return self._power.boot.deadline
            self.power_saving.step(now)
            self.radio.step(now)
            self._paging.step(now)
            self._pinger.step(now)
            self.client.step(now)
            self._speed.step(now)
            due = self._part_due()
        self._conversation.flush()
        return due

    def _part_due(self) -> float | None:
        """When the first part must be stepped."""
        return earliest(
            self._conversation.due,
            self.power_saving.due,
            self.radio.due,
            self._paging.due,
            self._pinger.due,
            self.client.due,
            self._speed.due,
        )

    # Outputs -----------------------------------------------------------------------------------

    def take_output(self) -> bytes:
        """What the module has sent to the host since last asked."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_datagrams(self) -> list[Datagram]:
        """What its sockets have sent since last asked."""
        taken, self.datagrams = self.datagrams, []
        return taken

    def _send_up(self, message: Uplink) -> None:
        if self._transmit(self._now):
            self.send_up(message, self._now)

    def _send_datagram(self, datagram: Datagram) -> None:
        self._transmit(self._now)
        self.datagrams.append(datagram)

    def _transmit(self, now: float) -> bool:
        """Use the radio; False when there is no network to be heard by."""
        self.power_saving.wake(now)
        online = self.radio.registered
        if online:
            self.radio.use(now)
        return online

    # Power and radio ---------------------------------------------------------------------------

    def _on_place_change(self) -> None:
        self._place_changed = True
        self.on_change()

    def _online(self) -> bool:
        return self.radio.registered

    def _radio_changed(self, change: Change) -> None:
        if change is Change.REGISTRATION and self.radio.registered:
            self._local_time.learn()
        self.power_saving.radio_changed(self._now)
        self._network.changed(change)

    def _reboot(self, now: float) -> Answer:
        self._output += framed("REBOOTING")
        self._fall_silent(Cause.COMMAND, now)
        return OK

    def _fall_silent(self, cause: Cause, now: float) -> None:
        self._conversation.stop()
        self.radio.restart()
        self._power.start(cause, now)
        self._start(now)
