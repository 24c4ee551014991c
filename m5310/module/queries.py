"""The general commands as methods of a module, with typed results.

Without an argument a method reads; with one it sets, and returns the value that now applies.
Ranges, units and sources are documented at each command in `m5310.commands`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from m5310.at.codec import Command
from m5310.commands import general, identity, network, power
from m5310.commands import signal as measurements
from m5310.commands.clock import clock
from m5310.commands.network import NetworkStatus
from m5310.commands.power import PowerSaving
from m5310.commands.signal import Cell, RadioStatistics
from m5310.errors import CommandError, CommandTimeout

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of module and SIM. None for what the module refused: IMSI and ICCID need a SIM."""

    manufacturer: str | None
    model: str | None
    revision: str | None
    firmware: str | None
    serial_number: str | None
    imei: str | None
    imsi: str | None
    iccid: str | None


class Queries(ABC):
    """The general commands of an M5310, over any `execute`.

    Every method raises what `execute` raises, and ParameterError for a value out of range before
    anything is written.
    """

    @abstractmethod
    async def execute(self, command: Command[T]) -> T:
        """Send a command and return its parsed result; see `Modem.execute`.

        Raises CommandError, CommandTimeout, AnswerError, PortError.
        """

    # --- the line ----------------------------------------------------------------------------

    async def check(self) -> None:
        """`AT`: returns if the module answers."""
        await self.execute(general.attention())

    async def echo(self, *, on: bool) -> None:
        """`ATE`: whether the module echoes what it receives. The driver works with both."""
        await self.execute(general.echo(on))

    async def information(self) -> tuple[str, ...]:
        """`ATI`: the lines of product information."""
        return await self.execute(identity.information())

    async def factory_defaults(self) -> None:
        """`AT&F`."""
        await self.execute(general.factory_defaults())

    async def reset_profile(self) -> None:
        """`ATZ`: the settings of the line as at power-on. The module does not restart."""
        await self.execute(general.reset_profile())

    async def error_numbers(self, *, on: bool | None = None) -> bool:
        """`AT+CMEE`: whether a refusal has a number (`+CME ERROR:50`) or is a bare `ERROR`."""
        return await self._switch(on, general.error_numbers, general.error_numbers_query)

    async def speed(self) -> int:
        """`AT+NATSPEED?`: the speed of its UART in baud."""
        return await self.execute(general.speed_query())

    # --- identity ----------------------------------------------------------------------------

    async def identity(self) -> Identity:
        """Everything, with eight commands. None for what the module refuses."""

        async def ask(command: Command[str | None]) -> str | None:
            try:
                return await self._or_none(command)
            except CommandError:
                return None

        return Identity(
            manufacturer=await ask(identity.manufacturer()),
            model=await ask(identity.model()),
            revision=await ask(identity.revision()),
            firmware=await ask(identity.firmware()),
            serial_number=await ask(identity.serial_number()),
            imei=await ask(identity.imei()),
            imsi=await ask(identity.imsi()),
            iccid=await ask(identity.iccid()),
        )

    async def manufacturer(self) -> str:
        """`AT+CGMI`."""
        return await self.execute(identity.manufacturer())

    async def model(self) -> str:
        """`AT+CGMM`."""
        return await self.execute(identity.model())

    async def revision(self) -> str:
        """`AT+CGMR`: the version of the firmware, as the vendor of the chip names it."""
        return await self.execute(identity.revision())

    async def firmware(self) -> str:
        """`AT+CMVER`: the version of the firmware, as the maker of the module names it."""
        return await self.execute(identity.firmware())

    async def serial_number(self) -> str | None:
        """`AT+CGSN=0`: the serial number of the board, None if it has none."""
        return await self.execute(identity.serial_number())

    async def imei(self) -> str:
        """`AT+CGSN=1`: the number of the module, 15 digits."""
        return await self.execute(identity.imei())

    async def imsi(self) -> str:
        """`AT+CIMI`: the number of the subscriber, 15 digits. Refused without a usable SIM."""
        return await self.execute(identity.imsi())

    async def iccid(self) -> str:
        """`AT+NCCID`: the number printed on the SIM."""
        return await self.execute(identity.iccid())

    # --- radio and network -------------------------------------------------------------------

    async def radio(self, *, on: bool | None = None) -> bool:
        """`AT+CFUN`: whether the radio is on. Switching takes up to 90 s; off ends all
        connections and registrations."""
        return await self._switch(on, general.radio, general.radio_query)

    async def attached(self, *, on: bool | None = None) -> bool:
        """`AT+CGATT`: whether the module is attached to the packet domain. `on=True` returns when
        the attach has begun; it takes 2 to 120 s (`attach` waits for it)."""
        return await self._switch(on, network.attach, network.attachment)

    async def registration(self) -> NetworkStatus:
        """`AT+CEREG?`: the registration on the network."""
        return await self.execute(network.registration())

    async def report_registration(self, level: int) -> None:
        """`AT+CEREG=`: 0 no reports, 1 `+CEREG:<stat>` at each change, 2 with the cell, 3 also with
        the cause of a rejection, 4 with the timers of power saving, 5 with both."""
        await self.execute(network.report_registration(level))

    async def connected(self) -> bool:
        """`AT+CSCON?`: whether there is a radio connection now."""
        return await self.execute(network.connection())

    async def report_connection(self, *, on: bool) -> None:
        """`AT+CSCON=`: report `+CSCON:1` when the radio connects, `+CSCON:0` when it is idle."""
        await self.execute(network.report_connection(on))

    async def operator(self) -> str | None:
        """`AT+COPS?`: the number or name of the network, None without one."""
        return await self.execute(network.operator_query())

    async def choose_operator(self, plmn: str | None) -> None:
        """`AT+COPS=`: use this network only (`"46000"`); None: the module chooses."""
        await self.execute(network.operator(plmn))

    async def signal(self) -> int | None:
        """`AT+CSQ`: the received power in dBm, -113..-51; None if nothing is received."""
        return await self.execute(measurements.signal_quality())

    async def radio_statistics(self) -> RadioStatistics:
        """`AT+NUESTATS`: powers, SNR and coverage level as last measured."""
        return await self.execute(measurements.statistics())

    async def cells(self) -> tuple[Cell, ...]:
        """`AT+NUESTATS=CELL`: the cells received, none out of coverage."""
        return await self.execute(measurements.cells())

    async def bands(self, *numbers: int) -> tuple[int, ...]:
        """`AT+NBAND`: the bands to search, in this order."""
        if not numbers:
            return await self.execute(network.bands_query())
        await self.execute(network.bands(*numbers))
        return numbers

    async def lock_frequency(self, earfcn: int) -> None:
        """`AT+NEARFCN`: search on this carrier (EARFCN) only."""
        await self.execute(network.lock_frequency(earfcn))

    async def forget_frequencies(self) -> None:
        """`AT+NCSEARFCN`: forget the carriers found before; the next search is a full one."""
        await self.execute(network.forget_frequencies())

    async def contexts(self) -> dict[int, str]:
        """`AT+CGDCONT?`: context number to access point name."""
        return await self.execute(network.contexts())

    async def address(self) -> str | None:
        """`AT+CGPADDR`: the IP address of the module, None before it has one."""
        return await self._or_none(network.addresses())

    # --- power -------------------------------------------------------------------------------

    async def power_saving(self, wanted: PowerSaving | None = None) -> PowerSaving:
        """`AT+CPSMS`: power saving (PSM) and its timers in seconds, rounded up to a value that
        3GPP TS 24.008 can express."""
        if wanted is None:
            return await self.execute(power.power_saving_query())
        await self.execute(power.power_saving(wanted))
        if not wanted.on:
            return PowerSaving(on=False)
        return PowerSaving(
            on=True,
            periodic_update=power.periodic_update_seconds(
                power.periodic_update_bits(wanted.periodic_update)
            ),
            active=power.active_seconds(power.active_bits(wanted.active)),
        )

    async def edrx(self, cycle: float | None = None) -> float:
        """`AT+CEDRXS`: the eDRX cycle in seconds: how often the radio listens for incoming traffic,
        rounded up to one of NB-IoT (20.48..10485.76). 0: no eDRX."""
        if cycle is None:
            requested = await self.execute(power.discontinuous_reception_query())
            return requested.seconds if requested is not None else 0
        await self.execute(power.discontinuous_reception(cycle or None))
        return power.cycle_seconds(power.cycle_bits(cycle)) if cycle else 0

    async def report_sleep(self, *, on: bool) -> None:
        """`AT+NPSMR=`: report `+NPSMR:1` when the module falls asleep, `+NPSMR:0` when it wakes."""
        await self.execute(power.report_sleep(on))

    # --- clock and configuration -------------------------------------------------------------

    async def clock(self) -> datetime | None:
        """`AT+CCLK?`: the time of the network, with its zone; None before the network set it."""
        return await self._or_none(clock())

    async def configuration(self) -> dict[str, str]:
        """`AT+NCONFIG?`: name to value, most of them `TRUE` or `FALSE`."""
        return await self.execute(general.configuration())

    async def configure(self, name: str, *, on: bool) -> None:
        """`AT+NCONFIG=`: one switch of the firmware, like `AUTOCONNECT`; kept after a restart."""
        await self.execute(general.configure(name, on))

    async def _or_none(self, command: Command[T | None]) -> T | None:
        """The result, None if an `OK` came without the response.

        The response stays required, because the module sends it (seen): a late `OK` of an earlier
        command is not taken for "none". Firmware that omits it costs the command's timeout.
        """
        try:
            return await self.execute(command)
        except CommandTimeout as error:
            if error.bare:
                return None
            raise

    async def _switch(
        self,
        on: bool | None,
        setting: Callable[[bool], Command[None]],
        query: Callable[[], Command[bool]],
    ) -> bool:
        if on is None:
            return await self.execute(query())
        await self.execute(setting(on))
        return on
