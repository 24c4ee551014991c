"""Network commands: function, registration, attach, connection, operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.at.doubts import Doubts
from emulator.module.general_profile import M5310, General
from emulator.module.radio.psm import PowerSaving
from emulator.module.radio.radio import Change, Radio, Stat

# Seconds until AT+CFUN answers; up to 90 on real boards.
# guess: the values for good coverage
TURN_ON_TIME = 1.5
TURN_OFF_TIME = 0.8
OPERATOR_SEARCH_TIME = 20.0  # guess: seconds to search all bands for operators (AT+COPS=?)

_ACCESS_TECHNOLOGY = 7  # written after the cell id; seen on this module
_NB_IOT = 9  # the access technology of an operator (TS 27.007 7.3)
_EMM_CAUSE = 0  # the reject cause is one of TS 24.301 annex A (TS 27.007 10.1.22)


class Network:
    """`urc` queues an unsolicited line. Call `radio_changed` on each change of the radio."""

    def __init__(
        self,
        radio: Radio,
        saving: PowerSaving,
        urc: Callable[[str], None],
        general: General = M5310,
    ) -> None:
        self._radio = radio
        self._empty_cell = general.empty_cell
        self._saving = saving
        self._urc = urc
        self._report_registration = 0
        self._report_connection = 0
        self._operator_mode = 0

    def radio_changed(self, change: Change) -> None:
        """Report a change of registration or connection, if the host has enabled that."""
        if change is Change.REGISTRATION and self._report_registration:
            self._urc(f"+CEREG:{self._registration()}")
        if change is Change.CONNECTION and self._report_connection:
            self._urc(f"+CSCON:{int(self._radio.connected)}")

    # Function and registration -----------------------------------------------------------------

    def _set_function(self, values: Values, now: float) -> Answer:
        on = bool(values.integer(0, 1))
        reset = values.optional_integer(0, 1)
        values.end()
        if reset:  # TS 27.007 8.2; no host program was seen to send it
            values.doubts.take("a reset before the change of function: the module does not reset")
        if on is self._radio.on:
            return OK
        if on:
            # Refused without a usable SIM: a log of a module with the same chip. It shows another
            # error number.
            self._radio.sim.check_usable()
            self._radio.turn_on(now)
            return Answer(delay=TURN_ON_TIME)
        self._radio.turn_off(now)
        return Answer(delay=TURN_OFF_TIME)

    def _read_function(self, _now: float) -> Answer:
        return Answer((f"+CFUN:{int(self._radio.on)}",))

    def _set_registration(self, values: Values, _now: float) -> Answer:
        (self._report_registration,) = values.only((0, 5))
        return OK

    def _read_registration(self, _now: float) -> Answer:
        return Answer((f"+CEREG:{self._report_registration},{self._registration()}",))

    def _registration(self) -> str:
        """The status with the details of the report level (TS 27.007 10.1.22).

        Level 2 and above: the cell; 3 and 5: the reject cause; 4 and 5: the power saving timers.
        """
        level, radio, saving = self._report_registration, self._radio, self._saving
        fields = [str(radio.stat.value)]
        if level >= 2 and radio.registered:
            fields += [radio.cell.tac, radio.cell.ci, str(_ACCESS_TECHNOLOGY)]
            if level >= 4 and saving.on:
                fields += ["", "", f'"{saving.t3324}"', f'"{saving.t3412}"']
        elif level >= 2 and self._empty_cell:
            fields += ["0000", "00000000", str(_ACCESS_TECHNOLOGY)]
        elif level in (3, 5) and radio.stat is Stat.DENIED and radio.reject is not None:
            fields += ["", "", "", str(_EMM_CAUSE), str(radio.reject.value)]
        return ",".join(fields)

    def _set_attached(self, values: Values, now: float) -> Answer:
        self._attach_or_detach(attach=values.only_flag(), doubts=values.doubts, now=now)
        return OK

    def _attach_or_detach(self, *, attach: bool, doubts: Doubts, now: float) -> None:
        if not self._radio.on:
            doubts.take("the radio is off: it attaches when it is turned on", Cme.NOT_ALLOWED)
        elif attach:
            self._radio.attach(now)
        else:
            self._radio.detach(now)

    def _read_attached(self, _now: float) -> Answer:
        return Answer((f"+CGATT:{int(self._radio.registered)}",))

    def _set_connection(self, values: Values, _now: float) -> Answer:
        (self._report_connection,) = values.only((0, 1))
        return OK

    def _read_connection(self, _now: float) -> Answer:
        return Answer((f"+CSCON:{self._report_connection},{int(self._radio.connected)}",))

    # Operator ----------------------------------------------------------------------------------

    def _select_operator(self, values: Values, now: float) -> Answer:
        """0: automatic; 1: the named operator (numeric, format 2); 2: detach (TS 27.007 7.3)."""
        mode = values.integer(0, 4)
        form, name, technology = 2, None, None
        if mode in (1, 4):
            form = values.integer(0, 2)
            name = values.word("[0-9]{5,6}" if form == 2 else '[^"]{1,16}')
            technology = values.optional_integer(0, 9)
        elif values.more:
            form = values.integer(0, 2)
        values.end()
        if mode > 2 or form != 2 or technology not in (None, _NB_IOT):
            values.doubts.take("a selection of operators that no host program was seen to send")
        if mode == 3:  # only the format, which is numeric in any case
            return OK
        if mode == 1 and form == 2 and name != self._radio.cell.plmn:
            raise Refusal(Cme.NO_NETWORK)  # TS 27.007 7.3: no other operator is selected
        self._attach_or_detach(attach=mode != 2, doubts=values.doubts, now=now)
        self._operator_mode = 1 if mode == 4 and name == self._radio.cell.plmn else mode % 4
        return OK

    def _read_operator(self, _now: float) -> Answer:
        found = f',2,"{self._radio.cell.plmn}"' if self._radio.registered else ""
        return Answer((f"+COPS:{self._operator_mode}{found}",))

    def _search_operators(self, _now: float) -> Answer:
        """Operators in reach: 1 available, 2 current, 3 forbidden (TS 27.007 7.3)."""
        radio = self._radio
        found = ""
        if radio.on and radio.reception is not None:
            stat = 2 if radio.registered else 3 if radio.stat is Stat.DENIED else 1
            found = f'({stat},,,"{radio.cell.plmn}")'
        return Answer((f"+COPS:{found},,(0-2),(2)",), delay=OPERATOR_SEARCH_TIME)

    COMMANDS: ClassVar[Commands] = {
        "+CFUN": CommandForms(set=_set_function, read=_read_function, test="+CFUN:(0,1)"),
        "+CEREG": CommandForms(set=_set_registration, read=_read_registration, test="+CEREG:(0-5)"),
        "+CGATT": CommandForms(set=_set_attached, read=_read_attached, test="+CGATT:(0,1)"),
        "+CSCON": CommandForms(set=_set_connection, read=_read_connection, test="+CSCON:(0,1)"),
        "+COPS": CommandForms(
            set=_select_operator,
            read=_read_operator,
            test=_search_operators,
        ),
    }
