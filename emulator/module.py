"""The emulated M5310: its power, its air, and the rooms that know the commands.

Pure and stepped: bytes and messages in, bytes and messages out, the time as an argument. The same
inputs at the same times give the same outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from emulator.at import Cme, Refusal, framed
from emulator.classic.commands import Classic
from emulator.commands import OK, Answer, Forms, Table, Values
from emulator.conversation import Conversation
from emulator.identity import Identity, commands
from emulator.lwm2m import Downlink, Uplink
from emulator.network import Network
from emulator.psm import PowerSaving
from emulator.radio import Change, Radio
from emulator.settings import FACTORY_SPEED, SPEEDS, Flash, Settings
from emulator.sockets import Datagram, Sockets

__all__ = ["BOOT_TIME", "Cause", "Datagram", "Identity", "Module"]

BOOT_TIME = 3.5  # seconds of silence; seen on boards as some seconds


class Cause(StrEnum):
    """Why the module starts, in its own words."""

    POWER_ON = "REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET"
    RESET_PIN = "REBOOT_CAUSE_SECURITY_RESET_PIN"
    COMMAND = "REBOOT_CAUSE_APPLICATION_AT"
    WATCHDOG = "REBOOT_CAUSE_APPLICATION_WATCHDOG"
    UNKNOWN = "REBOOT_CAUSE_UNKNOWN"


@dataclass(frozen=True, slots=True)
class _Boot:
    due: float
    cause: Cause


class Module:
    """After `receive`, `deliver`, `deliver_datagram`, `power_cycle` and `step`: take what goes out,
    and call `step` again at the deadline it gives. Times are POSIX seconds and never go back.

    `baud` is the speed of the UART; when it has changed, what is taken next comes at the new one.
    """

    def __init__(
        self,
        identity: Identity | None = None,
        *,
        typed_urcs: bool = False,
        speed: int = FACTORY_SPEED,
        seed: int = 0,
        now: float = 0.0,
    ) -> None:
        """A board that has been on for a while: booted and registered on the network.

        `speed`: of the UART, as its flash has it. `typed_urcs`: writes and executes are announced
        as later firmware does it. `seed` decides what a real module draws at random: its first
        message id.
        """
        self.identity = identity or Identity()
        self._typed_urcs = typed_urcs
        self._seed = seed
        self._starts = 0
        self._flash = Flash(speed=speed)
        self._output = bytearray()
        self._uplink: list[Uplink] = []
        self._datagrams: list[Datagram] = []
        self._boot: _Boot | None = None
        self._start(now, registered=True)

    def _start(self, now: float, *, registered: bool) -> None:
        """Everything as at power-on; only the flash remembers."""
        self._now = now
        self._line_format = _LINE_FORMAT
        self.baud = self._flash.speed
        self._conversation = conversation = Conversation(self._output.extend)
        self.radio = Radio(self._radio_changed, registered=registered)
        settings = Settings(self._flash, self.radio)
        self.power_saving = PowerSaving(self.radio, conversation.urc)
        self._network = Network(self.radio, self.power_saving, conversation.urc)
        self.sockets = Sockets(conversation.urc, self._send_datagram, self._online)
        # RFC 7252 4.4: the first message id is drawn at random, another one at each start.
        first_mid = (self._seed * 40_503 + self._starts * 25_717) & 0xFFFF
        self._starts += 1
        self.classic = Classic(
            conversation.urc,
            self._send_up,
            self._online,
            typed_urcs=self._typed_urcs,
            first_mid=first_mid,
        )
        conversation.table = {
            **conversation.commands(),
            **self._commands(),
            **commands(self.identity),
            **self._network.commands(),
            **settings.commands(),
            **self.power_saving.commands(),
            **self.sockets.commands(),
            **self.classic.commands(),
        }

    def _commands(self) -> Table:
        return {
            "+NATSPEED": Forms(assign=self._set_speed, read=self._tell_speed, test=_SPEED_TEST),
            "+NRB": Forms(execute=self._reboot),
        }

    @property
    def lost(self) -> int:
        """Bytes of the host since the last start that found the UART's buffer full."""
        return self._conversation.lost

    # Inputs ------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Bytes of the host, in any cut. What comes during a boot is lost, and what wakes it."""
        self.step(now)
        if self._boot is None:
            read = self.power_saving.hear(data, now)
            self._conversation.flush()  # that it woke, before it answers
            self._conversation.receive(read, now)

    def deliver(self, message: Downlink, now: float) -> None:
        """A message from the platform; lost when the radio does not hear it."""
        self.step(now)
        if self._listening():
            self.radio.use(now)
            self.classic.deliver(message, now)
            self._conversation.flush()

    def deliver_datagram(
        self, socket: int, address: str, port: int, data: bytes, now: float
    ) -> None:
        """A datagram for one of the module's sockets; lost when the radio does not hear it."""
        self.step(now)
        if self._listening():
            self.radio.use(now)
            self.sockets.deliver(socket, address, port, data)
            self._conversation.flush()

    def power_cycle(self, cause: Cause, now: float) -> None:
        """Power lost, reset pin, watchdog: at once, in the middle of whatever it was."""
        self.step(now)
        self._output.clear()
        self._fall_silent(cause, now)

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None when nothing is planned."""
        self._now = now
        if self._boot is not None:
            if self._boot.due > now:
                return self._boot.due
            self._come_up(self._boot.cause, now)
        # The conversation first: the lines it has kept waiting may plan something in the others.
        deadlines = [self._conversation.step(now)]
        if self._boot is not None:
            return self._boot.due
        self.power_saving.step(now)
        deadlines += [self.radio.step(now), self._network.step(now), self.classic.step(now)]
        deadlines.append(self.power_saving.deadline)
        self._conversation.flush()
        return min((at for at in deadlines if at is not None), default=None)

    # Outputs -----------------------------------------------------------------------------------

    def take_output(self) -> bytes:
        """What the module has sent to the host since last asked."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_uplink(self) -> list[Uplink]:
        """What it has sent into the air since last asked."""
        uplink, self._uplink = self._uplink, []
        return uplink

    def take_datagrams(self) -> list[Datagram]:
        """What its sockets have sent since last asked."""
        datagrams, self._datagrams = self._datagrams, []
        return datagrams

    def _send_up(self, message: Uplink) -> None:
        if self._online():
            self.radio.use(self._now)
            self._uplink.append(message)

    def _send_datagram(self, datagram: Datagram) -> None:
        self.radio.use(self._now)
        self._datagrams.append(datagram)

    # Power, radio, line ------------------------------------------------------------------------

    def _online(self) -> bool:
        return self.radio.registered

    def _listening(self) -> bool:
        return self.radio.registered and not self.power_saving.asleep

    def _radio_changed(self, change: Change) -> None:
        self.power_saving.radio_changed(self._now)
        self._network.changed(change)

    def _reboot(self, now: float) -> Answer:
        self._output += framed("REBOOTING")
        self._fall_silent(Cause.COMMAND, now)
        return OK

    def _fall_silent(self, cause: Cause, now: float) -> None:
        self._conversation.stop()
        self._start(now, registered=False)
        self._boot = _Boot(now + BOOT_TIME, cause)

    def _come_up(self, cause: Cause, now: float) -> None:
        self._boot = None
        self._output += framed(cause.value) + f"{self.identity.model}\r\nOK\r\n".encode()
        if self._flash.flags["AUTOCONNECT"]:
            self.radio.turn_on(now)

    def _set_speed(self, values: Values, _now: float) -> Answer:
        speed = values.integer(min(SPEEDS), max(SPEEDS))
        given = [values.optional_integer(low, high) for low, high in _LINE_RANGES]
        values.end()
        if speed not in SPEEDS:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        kept = zip(given, self._line_format, strict=True)
        self._line_format = tuple(old if new is None else new for new, old in kept)
        _timeout, store, *_ = given
        if store:
            self._flash.speed = speed
        self.baud = speed
        return OK

    def _tell_speed(self, _now: float) -> Answer:
        return Answer(("+NATSPEED:" + ",".join(map(str, (self.baud, *self._line_format))),))


# What follows the speed in AT+NATSPEED: timeout in seconds, store, synchronisation mode, stop bits,
# parity, flow control. Only the storing is acted upon; the chip's ranges.
_LINE_RANGES = ((0, 30), (0, 1), (0, 3), (1, 2), (0, 2), (0, 1))
_LINE_FORMAT: tuple[int, ...] = (0, 0, 2, 1, 0, 0)
_SPEED_TEST = f"+NATSPEED:({','.join(map(str, SPEEDS))}),(0-30),(0,1),(0-3),(1,2),(0-2),(0,1)"
