"""AT+MIPLCREATEEX with authentication code and key, and what the module says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.module.firmware import MODULES
from emulator.onenet.devices import Description
from tests.support.suite_bench import IMEI, IMSI, START, SuiteBench

ENDPOINT = f"{IMEI};{IMSI}"


def created(values: str, name: str = "m5310a") -> SuiteBench:
    bench = SuiteBench(name)
    assert bench.ask(f"AT+MIPLCREATEEX={values}")[-1] == "OK"
    return bench


@pytest.mark.parametrize(
    ("ending", "credentials"),
    [
        (',,"abcd1234"', (ENDPOINT, b"abcd1234")),
        (",,abcd1234,,0", (ENDPOINT, b"abcd1234")),
        (',,abcd1234,"865820030013971"', ("865820030013971", b"abcd1234")),
        (",,abcd1234,,1", (ENDPOINT, bytes.fromhex("abcd1234"))),
        (',"cmiot"', None),
        ("", None),
    ],
)
def test_key_is_a_text_or_hexadecimal(ending: str, credentials: tuple[str, bytes] | None) -> None:
    bench = created(f'"183.230.40.40:5684",0{ending}')
    bench.well("AT+MIPLOPEN=0,300,30")
    assert bench.module.credentials("") == credentials


def test_reference_may_follow_the_ok() -> None:
    """As the MR880A does it (China Mobile's manual)."""
    suite = replace(MODULES["mn316"].suite, late_reference=True)
    bench = SuiteBench(replace(MODULES["mn316"], suite=suite))
    for line, name in (
        ("AT+MIPLCREATE", "MIPLCREATE"),
        ('AT+MIPLCREATEEX="183.230.40.40",0', "MIPLCREATEEX"),
    ):
        assert bench.ask(line) == ["OK"]
        assert bench.lines[-1][1] == f"+{name}: 0"
        bench.well("AT+MIPLDELETE=0")


@pytest.mark.parametrize("values", [',,"abc",,1', ',,"abcd",,2', ',,"abcd",,1,1', ',,"xy",,1'])
def test_refused_keys(values: str) -> None:
    bench = SuiteBench("m5310a")
    assert bench.ask(f'AT+MIPLCREATEEX="183.230.40.40:5684",0{values}') == ["+CIS ERROR:601"]
    assert bench.ask("AT+MIPLCREATE") == ["+MIPLCREATE:0", "OK"]


@pytest.mark.parametrize(("code", "event"), [("cmiot", 6), ("other", 7)])
def test_authentication_code_decides_over_the_login(code: str, event: int) -> None:
    bench = created(f'"183.230.40.40",0,"{code}"')
    bench.platform.update_device(bench.device, Description("bench", IMEI, IMSI, auth="cmiot"))
    bench.well('AT+MIPLADDOBJ=0,3303,1,"1",1,0', "AT+MIPLOPEN=0,300,30")
    assert f"+MIPLEVENT:0,{event}" in bench.wait(10)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ('"183.230.40.149:5684",1,,"abcd1234"', '"183.230.40.149:5684",1,,"abcd1234"'),
        ('"183.230.40.40",0', '"183.230.40.40:5683",0'),
        ('"183.230.40.40",0,"cmiot"', '"183.230.40.40:5683",0,"cmiot"'),
    ],
)
def test_settings_of_the_instance(values: str, shown: str) -> None:
    assert created(values).ask("AT+MIPLDEVINFO?") == [f"+MIPLDEVINFO:{shown}", "OK"]


def test_after_a_bootstrap_the_settings_are_those_that_it_gave() -> None:
    bench = created('"nbiotbt.heclouds.com",1,"cmiot"')
    bench.well("AT+MIPLOPEN=0,300,30")
    bench.wait(20)
    shown = '+MIPLDEVINFO:"183.230.40.40:5683",0,"cmiot"'
    assert bench.ask("AT+MIPLDEVINFO?") == [shown, "OK"]
    bench.well("AT+MIPLDELETE=0")
    assert bench.ask("AT+MIPLDEVINFO?") == ["+CIS ERROR:653"]
    assert bench.ask('AT+MIPLCREATEEX="183.230.40.41",0')[-1] == "OK"
    assert bench.ask("AT+MIPLDEVINFO?") == ['+MIPLDEVINFO:"183.230.40.41:5683",0', "OK"]


def test_rest_of_the_lifetime() -> None:
    bench = SuiteBench("m5310a")
    assert bench.ask("AT+MIPLLTRDP") == ["+MIPLLTRDP:0", "OK"]
    bench.log_in()
    passed = round(bench.now - START)
    (row, _) = bench.ask("AT+MIPLLTRDP")
    left = int(row.removeprefix("+MIPLLTRDP:"))
    assert abs(left - (3600 - passed)) <= 5
    bench.well("AT+MIPLCLOSE=0")
    bench.wait(2)
    assert bench.ask("AT+MIPLLTRDP") == ["+MIPLLTRDP:0", "OK"]
