"""The methods of Queries: the line written, and the value returned."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest

from m5310.at.codec import Answer, Command
from m5310.commands.network import NetworkStatus, Registration
from m5310.commands.power import PowerSaving
from m5310.commands.signal import Cell, RadioStatistics
from m5310.errors import CommandError, CommandTimeout, ParameterError
from m5310.module.queries import Identity, Queries

T = TypeVar("T")

OK: list[str] = []


class RecordingModule(Queries):
    """Answers each command line from `answers` (None: refused), anything else with OK."""

    def __init__(self, answers: dict[str, list[str] | Exception | None]) -> None:
        self.answers = answers
        self.sent: list[str] = []

    async def execute(self, command: Command[T]) -> T:
        self.sent.append(command.line)
        lines = self.answers.get(command.line, OK)
        if lines is None:
            raise CommandError(command.line, "+CME ERROR:10", 10)
        if isinstance(lines, Exception):
            raise lines
        return command.parse(Answer(command, tuple(lines)))


QUERIES = [
    ("information", "ATI", ["China Mobile", "M5310"], ("China Mobile", "M5310")),
    ("information", "ATI", [], ()),
    ("error_numbers", "AT+CMEE?", ["+CMEE:1"], True),
    ("speed", "AT+NATSPEED?", ["+NATSPEED:115200,30,1,2,1,0,0"], 115200),
    ("manufacturer", "AT+CGMI", ["China Mobile"], "China Mobile"),
    ("model", "AT+CGMM", ["M5310"], "M5310"),
    ("revision", "AT+CGMR", ["SP3"], "SP3"),
    ("firmware", "AT+CMVER", ["V3.0.0"], "V3.0.0"),
    ("serial_number", "AT+CGSN=0", ["+CGSN:ABC123"], "ABC123"),
    ("serial_number", "AT+CGSN=0", [], None),
    ("imei", "AT+CGSN=1", ["+CGSN:865820030013978"], "865820030013978"),
    ("imsi", "AT+CIMI", ["460040000000001"], "460040000000001"),
    ("iccid", "AT+NCCID", ["+NCCID:89860400000000000012"], "89860400000000000012"),
    ("radio", "AT+CFUN?", ["+CFUN:0"], False),
    ("attached", "AT+CGATT?", ["+CGATT:1"], True),
    (
        "registration",
        "AT+CEREG?",
        ["+CEREG:2,1,19E6,94,7"],
        NetworkStatus(Registration.HOME, 0x19E6, 0x94, 7),
    ),
    ("connected", "AT+CSCON?", ["+CSCON:1,0"], False),
    ("operator", "AT+COPS?", ['+COPS:1,2,"46000"'], "46000"),
    ("operator", "AT+COPS?", ["+COPS:2"], None),
    ("signal", "AT+CSQ", ["+CSQ:17,99"], -79),
    ("signal", "AT+CSQ", ["+CSQ:99,99"], None),
    (
        "radio_statistics",
        "AT+NUESTATS",
        ["Signal power:-666", "ECL:0"],
        RadioStatistics(signal_power=-66.6, coverage_level=0),
    ),
    (
        "cells",
        "AT+NUESTATS=CELL",
        ["NUESTATS:CELL,3555,88,1,-666,-108,-570,222"],
        (Cell(3555, 88, True, -66.6, -10.8, -57.0, 22.2),),
    ),
    ("cells", "AT+NUESTATS=CELL", [], ()),
    ("bands", "AT+NBAND?", ["+NBAND:5,8"], (5, 8)),
    ("contexts", "AT+CGDCONT?", ['+CGDCONT:0,"IP","nbiot",,0,0'], {0: "nbiot"}),
    ("address", "AT+CGPADDR", ["+CGPADDR:0,10.0.0.7"], "10.0.0.7"),
    ("address", "AT+CGPADDR", ["+CGPADDR:0"], None),
    (
        "power_saving",
        "AT+CPSMS?",
        ['+CPSMS:1,,,"00100001","00000101"'],
        PowerSaving(True, 3600, 10),
    ),
    ("edrx", "AT+CEDRXS?", ['+CEDRXS:5,"0010"'], 20.48),
    ("edrx", "AT+CEDRXS?", [], 0),
    ("edrx", "AT+CEDRXS?", ['+CEDRXS:5,"0000"'], 0),
    (
        "clock",
        "AT+CCLK?",
        ["+CCLK:26/11/23,14:30:00+32"],
        datetime(2026, 11, 23, 14, 30, tzinfo=timezone(timedelta(hours=8))),
    ),
    ("clock", "AT+CCLK?", ["+CCLK:80/01/06,00:00:12+00"], None),
    ("configuration", "AT+NCONFIG?", ["+NCONFIG:AUTOCONNECT,TRUE"], {"AUTOCONNECT": "TRUE"}),
]


@pytest.mark.parametrize(("name", "line", "answer", "value"), QUERIES)
async def test_query(name: str, line: str, answer: list[str], value: object) -> None:
    module = RecordingModule({line: answer})
    assert await getattr(module, name)() == value
    assert module.sent == [line]


SETTINGS: list[tuple[str, tuple[object, ...], dict[str, Any], str, object]] = [
    ("check", (), {}, "AT", None),
    ("echo", (), {"on": True}, "ATE1", None),
    ("factory_defaults", (), {}, "AT&F", None),
    ("reset_profile", (), {}, "ATZ", None),
    ("error_numbers", (), {"on": False}, "AT+CMEE=0", False),
    ("radio", (), {"on": True}, "AT+CFUN=1", True),
    ("radio", (), {"on": False}, "AT+CFUN=0", False),
    ("attached", (), {"on": True}, "AT+CGATT=1", True),
    ("report_registration", (2,), {}, "AT+CEREG=2", None),
    ("report_connection", (), {"on": True}, "AT+CSCON=1", None),
    ("choose_operator", ("46000",), {}, 'AT+COPS=1,2,"46000"', None),
    ("choose_operator", (None,), {}, "AT+COPS=0", None),
    ("bands", (5, 8), {}, "AT+NBAND=5,8", (5, 8)),
    ("lock_frequency", (3555,), {}, "AT+NEARFCN=0,3555", None),
    ("forget_frequencies", (), {}, "AT+NCSEARFCN", None),
    ("power_saving", (PowerSaving(on=False),), {}, "AT+CPSMS=0", PowerSaving(on=False)),
    (
        "power_saving",
        (PowerSaving(True, periodic_update=3601, active=11),),
        {},
        'AT+CPSMS=1,,,"00000111","00000110"',
        PowerSaving(True, periodic_update=4200, active=12),
    ),
    (
        "power_saving",
        (PowerSaving(on=True),),
        {},
        'AT+CPSMS=1,,,"11100000","11100000"',
        PowerSaving(on=True),
    ),
    ("edrx", (21,), {}, 'AT+CEDRXS=1,5,"0011"', 40.96),
    ("edrx", (0,), {}, "AT+CEDRXS=0,5", 0),
    ("report_sleep", (), {"on": True}, "AT+NPSMR=1", None),
    ("configure", ("AUTOCONNECT",), {"on": False}, "AT+NCONFIG=AUTOCONNECT,FALSE", None),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "line", "value"), SETTINGS)
async def test_setting(
    name: str, args: tuple[object, ...], kwargs: dict[str, Any], line: str, value: object
) -> None:
    module = RecordingModule({})
    assert await getattr(module, name)(*args, **kwargs) == value
    assert module.sent == [line]


def test_every_method_is_tested_here() -> None:
    tried = {case[0] for case in QUERIES} | {case[0] for case in SETTINGS} | {"identity", "execute"}
    assert tried == {name for name in vars(Queries) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("bands", (0,)),
        ("choose_operator", ('46000"\rAT+CFUN=0',)),
        ("configure", ("A,B",)),
        ("edrx", (-1,)),
        ("edrx", (1e9,)),
        ("lock_frequency", (-1,)),
        ("power_saving", (PowerSaving(True, periodic_update=-1),)),
        ("report_registration", (6,)),
    ],
)
async def test_invalid_value_is_not_sent(name: str, args: tuple[object, ...]) -> None:
    module = RecordingModule({})
    kwargs = {"on": True} if name == "configure" else {}
    with pytest.raises(ParameterError):
        await getattr(module, name)(*args, **kwargs)
    assert module.sent == []


IDENTITY: dict[str, list[str] | Exception | None] = {
    "AT+CGMI": ["China Mobile"],
    "AT+CGMM": ["M5310"],
    "AT+CGMR": ["SP3"],
    "AT+CMVER": ["V150R100C10B200SP3.1"],
    "AT+CGSN=0": ["+CGSN:ABC123"],
    "AT+CGSN=1": ["+CGSN:865820030013978"],
    "AT+CIMI": ["460040000000001"],
    "AT+NCCID": ["+NCCID:89860400000000000012"],
}


async def test_identity() -> None:
    assert await RecordingModule(IDENTITY).identity() == Identity(
        manufacturer="China Mobile",
        model="M5310",
        revision="SP3",
        firmware="V150R100C10B200SP3.1",
        serial_number="ABC123",
        imei="865820030013978",
        imsi="460040000000001",
        iccid="89860400000000000012",
    )


async def test_identity_of_a_module_without_sim() -> None:
    bare = CommandTimeout("AT+NCCID", 5, bare=True)
    module = RecordingModule({**IDENTITY, "AT+CIMI": None, "AT+NCCID": bare, "AT+CGSN=0": OK})
    identity = await module.identity()
    assert (identity.imsi, identity.iccid, identity.serial_number) == (None, None, None)
    assert identity.imei == "865820030013978"
    assert len(module.sent) == 8


@pytest.mark.parametrize(("name", "line"), [("clock", "AT+CCLK?"), ("address", "AT+CGPADDR")])
async def test_bare_ok_means_none(name: str, line: str) -> None:
    module = RecordingModule({line: CommandTimeout(line, 5, bare=True)})
    assert await getattr(module, name)() is None
    module.answers[line] = CommandTimeout(line, 5)
    with pytest.raises(CommandTimeout):
        await getattr(module, name)()


async def test_serial_number_without_prefix() -> None:
    module = RecordingModule({**IDENTITY, "AT+CGSN=0": ["ABC123"]})
    assert (await module.identity()).serial_number == "ABC123"


async def test_identity_of_a_silent_module() -> None:
    module = RecordingModule({**IDENTITY, "AT+CGMM": CommandTimeout("AT+CGMM", 5)})
    with pytest.raises(CommandTimeout):
        await module.identity()
