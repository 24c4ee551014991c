"""The commands about the radio network: function, registration, signal, addresses, clock, ping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from emulator.at import Cme, Refusal
from emulator.commands import OK, Answer, Forms, Table, Values
from emulator.psm import PowerSaving
from emulator.radio import Cell, Change, Radio
from emulator.sockets import address_of

# Seconds until AT+CFUN answers; up to 90 on real boards. Guesses for good coverage.
TURN_ON_TIME = 1.5
TURN_OFF_TIME = 0.8

_ACCESS_TECHNOLOGY = 7  # what this module writes behind the cell; seen
_TIME_ZONE = 32  # quarters of an hour east of UTC: China
_NO_SIGNAL = 99
_ADDRESS = "10.160.3.14"
_APN = "nbiot.MNC002.MCC460.GPRS"

# NPING, sizes in bytes and times in milliseconds; the chip's limits, its defaults.
_PING_SIZES = (12, 1500)
_PING_TIMEOUTS = (10, 460_800)
_PING_TIMEOUT = 10_000
_PING_TTL = 64

# The figures of a module that receives nothing: the lowest number of the chip's 16 bits. A guess.
_NO_CELL = Cell(
    ci="0",
    earfcn=0,
    pci=0,
    rsrp=-32768,
    rssi=-32768,
    rsrq=-32768,
    snr=-32768,
    tx_power=-32768,
    ecl=255,
)


@dataclass(frozen=True, slots=True)
class _Ping:
    address: str
    due: float
    timeout: int  # milliseconds


class Network:
    """`urc` writes an unsolicited line. Give `changed` to the radio as its listener."""

    def __init__(self, radio: Radio, saving: PowerSaving, urc: Callable[[str], None]) -> None:
        self._radio = radio
        self._saving = saving
        self._urc = urc
        self._report_registration = 0
        self._report_connection = 0
        self._operator_mode = 0
        self._ping: _Ping | None = None

    def commands(self) -> Table:
        return {
            "+CFUN": Forms(assign=self._set_function, read=self._tell_function, test="+CFUN:(0,1)"),
            "+CEREG": Forms(
                assign=self._set_registration, read=self._tell_registration, test="+CEREG:(0-5)"
            ),
            "+CGATT": Forms(
                assign=self._set_attached, read=self._tell_attached, test="+CGATT:(0,1)"
            ),
            "+CSCON": Forms(
                assign=self._set_connection, read=self._tell_connection, test="+CSCON:(0,1)"
            ),
            "+COPS": Forms(
                assign=self._select_operator, read=self._tell_operator, test=self._operators()
            ),
            "+CSQ": Forms(execute=self._tell_signal, test="+CSQ:(0-31,99),(99)"),
            "+NUESTATS": Forms(execute=self._tell_statistics, assign=self._tell_cells),
            "+CGDCONT": Forms(read=self._tell_contexts),
            "+CGPADDR": Forms(
                execute=self._tell_address, assign=self._tell_address_of, test="+CGPADDR:(0)"
            ),
            "+CCLK": Forms(read=_tell_clock),
            "+NPING": Forms(assign=self._begin_ping),
        }

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline."""
        if self._ping is not None and self._ping.due <= now:
            ping, self._ping = self._ping, None
            answered = self._radio.registered and self._round_trip() <= ping.timeout
            result = f"+NPING:{ping.address},{_PING_TTL},{self._round_trip()}"
            self._urc(result if answered else "+NPINGERR:1")
        return None if self._ping is None else self._ping.due

    def changed(self, change: Change) -> None:
        """Registration or connection has changed: tell the host if it asked for that."""
        match change:
            case Change.REGISTRATION:
                if self._report_registration:
                    self._urc(f"+CEREG:{self._registration()}")
            case Change.CONNECTION:
                if self._report_connection:
                    self._urc(f"+CSCON:{int(self._radio.connected)}")
            case _:
                assert_never(change)

    # Function and registration -----------------------------------------------------------------

    def _set_function(self, values: Values, now: float) -> Answer:
        on = bool(values.integer(0, 1))
        values.end()
        if on is self._radio.on:
            return OK
        if on:
            self._radio.turn_on(now)
            return Answer(delay=TURN_ON_TIME)
        self._radio.turn_off()
        return Answer(delay=TURN_OFF_TIME)

    def _tell_function(self, _now: float) -> Answer:
        return Answer((f"+CFUN:{int(self._radio.on)}",))

    def _set_registration(self, values: Values, _now: float) -> Answer:
        report = values.integer(0, 5)
        values.end()
        self._report_registration = report
        return OK

    def _tell_registration(self, _now: float) -> Answer:
        return Answer((f"+CEREG:{self._report_registration},{self._registration()}",))

    def _registration(self) -> str:
        """The status, with as much detail as the host asked for (TS 27.007 10.1.22)."""
        fields = [str(self._radio.stat.value)]
        if self._report_registration >= 2 and self._radio.registered:
            cell = self._radio.cell
            fields += [cell.tac, cell.ci, str(_ACCESS_TECHNOLOGY)]
            saving = self._saving
            if self._report_registration >= 4 and saving.on:
                # Cause type and cause are for refusals; then active time and periodic update.
                fields += ["", "", f'"{saving.t3324}"', f'"{saving.t3412}"']
        return ",".join(fields)

    def _set_attached(self, values: Values, now: float) -> Answer:
        attached = bool(values.integer(0, 1))
        values.end()
        self._want_network(wanted=attached, now=now)
        return OK

    def _want_network(self, *, wanted: bool, now: float) -> None:
        if not self._radio.on:
            raise Refusal(Cme.NOT_ALLOWED)
        if wanted:
            self._radio.attach(now)
        else:
            self._radio.detach()

    def _tell_attached(self, _now: float) -> Answer:
        return Answer((f"+CGATT:{int(self._radio.registered)}",))

    def _set_connection(self, values: Values, _now: float) -> Answer:
        report = values.integer(0, 1)
        values.end()
        self._report_connection = report
        return OK

    def _tell_connection(self, _now: float) -> Answer:
        return Answer((f"+CSCON:{self._report_connection},{int(self._radio.connected)}",))

    def _select_operator(self, values: Values, now: float) -> Answer:
        """0 automatic, 1 the one named (in numbers, format 2), 2 leave the network."""
        mode = values.integer(0, 2)
        name = None
        if mode == 1:
            values.integer(2, 2)
            name = values.word("[0-9]{5,6}")
        values.end()
        if name is not None and name != self._radio.cell.plmn:
            raise Refusal(Cme.NO_NETWORK)
        self._want_network(wanted=mode != 2, now=now)
        self._operator_mode = mode
        return OK

    def _tell_operator(self, _now: float) -> Answer:
        found = f',2,"{self._radio.cell.plmn}"' if self._radio.registered else ""
        return Answer((f"+COPS:{self._operator_mode}{found}",))

    def _operators(self) -> str:
        return f'+COPS:(2,,,"{self._radio.cell.plmn}"),,(0-2),(2)'

    # Signal ------------------------------------------------------------------------------------

    def _tell_signal(self, _now: float) -> Answer:
        rssi = _NO_SIGNAL
        if self._radio.registered:
            # -113 dBm is 0, each 2 dB one more (TS 27.007 8.5).
            rssi = min(max((self._radio.cell.rssi + 1130) // 20, 0), 31)
        return Answer((f"+CSQ:{rssi},{_NO_SIGNAL}",))

    def _tell_statistics(self, _now: float) -> Answer:
        cell = self._radio.cell if self._radio.registered else _NO_CELL
        # The order is the chip's; times in milliseconds are not kept.
        return Answer(
            (
                f"Signal power:{cell.rsrp}",
                f"Total power:{cell.rssi}",
                f"TX power:{cell.tx_power}",
                "TX time:0",
                "RX time:0",
                f"Cell ID:{cell.ci}",
                f"ECL:{cell.ecl}",
                f"SNR:{cell.snr}",
                f"EARFCN:{cell.earfcn}",
                f"PCI:{cell.pci}",
                f"RSRQ:{cell.rsrq}",
            )
        )

    def _tell_cells(self, values: Values, _now: float) -> Answer:
        values.word("CELL")
        values.end()
        if not self._radio.registered:
            return OK
        cell = self._radio.cell
        figures = (cell.earfcn, cell.pci, 1, cell.rsrp, cell.rsrq, cell.rssi, cell.snr)
        return Answer(("NUESTATS:CELL," + ",".join(map(str, figures)),))

    # Addresses, clock, ping --------------------------------------------------------------------

    def _tell_contexts(self, _now: float) -> Answer:
        return Answer((f'+CGDCONT:0,"IP","{_APN}",,0,0',))

    def _tell_address(self, _now: float) -> Answer:
        return Answer((f"+CGPADDR:0,{_ADDRESS}" if self._radio.registered else "+CGPADDR:0",))

    def _tell_address_of(self, values: Values, now: float) -> Answer:
        values.integer(0, 0)
        values.end()
        return self._tell_address(now)

    def _round_trip(self) -> int:
        return round(self._radio.cell.round_trip * 1000)

    def _begin_ping(self, values: Values, now: float) -> Answer:
        address = address_of(values.word("[0-9.]+"))
        values.optional_integer(*_PING_SIZES)
        timeout = values.optional_integer(*_PING_TIMEOUTS) or _PING_TIMEOUT
        values.end()
        if self._ping is not None:
            raise Refusal(Cme.NOT_ALLOWED)
        reached = self._radio.registered
        if reached:
            self._radio.use(now)
        wait = min(self._round_trip(), timeout) if reached else timeout
        self._ping = _Ping(address, now + wait / 1000, timeout)
        return OK


def _tell_clock(now: float) -> Answer:
    """Local time, as the network tells it to the module."""
    local = datetime.fromtimestamp(now, UTC) + timedelta(minutes=15 * _TIME_ZONE)
    return Answer((f"+CCLK:{local:%y/%m/%d,%H:%M:%S}+{_TIME_ZONE}",))
