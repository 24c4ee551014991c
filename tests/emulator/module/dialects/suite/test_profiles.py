"""Where the modules differ: each knob as a host sees it, as the modules' documents and logs say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from emulator.lwm2m.model import Path
from emulator.module.firmware import MODULES, Firmware
from emulator.module.suite import Execute, Suite, Write
from emulator.onenet.lwm2m.operations import CancelObserve, Observe, WriteAttributes
from tests.support.suite_bench import SuiteBench, msgid


def with_suite(name: str = "nb73", **knobs: object) -> Firmware:
    firmware = MODULES[name]
    return replace(firmware, suite=replace(firmware.suite, **knobs))  # type: ignore[arg-type]


def logged_in(firmware: str | Firmware) -> SuiteBench:
    bench = SuiteBench(firmware)
    bench.log_in()
    return bench


# Who answers -------------------------------------------------------------------------------------


def test_automatic_observe_of_quectel() -> None:
    """Read back as 3,1; the lines are shown nevertheless, and an answer to one changes nothing."""
    bench = SuiteBench("bc28", answers=False)
    assert bench.ask("AT+MIPLCONFIG?") == [
        "+MIPLCONFIG:1,183.230.40.39,5683",
        "+MIPLCONFIG:2,2",
        "+MIPLCONFIG:3,1",
        "OK",
    ]
    bench.create()
    bench.well("AT+MIPLOPEN=0,300,30")
    lines = bench.wait(5)
    assert [line.split(":")[0] for line in lines[-4:]] == [
        *["+MIPLOBSERVE"] * 3,
        "+MIPLDISCOVER",
    ]
    bench.well(f"AT+MIPLOBSERVERSP=0,{msgid(lines[-2])},1")


def test_observe_of_quectel_by_hand() -> None:
    bench = SuiteBench("bc28", answers=False)
    bench.well("AT+MIPLCONFIG=3,0")
    bench.create()
    bench.well("AT+MIPLOPEN=0,300,30")
    (line,) = [line for line in bench.wait(5) if "OBSERVE" in line]
    bench.well(f"AT+MIPLOBSERVERSP=0,{msgid(line)},1")
    (line,) = bench.wait(1)
    assert "OBSERVE" in line


def test_text_of_writes_by_configuration() -> None:
    bench = SuiteBench("bc28")
    for mode, value in (("6,1", "1,4,warm"), ("6,0", "2,4,7761726D")):
        bench.well(f"AT+MIPLCONFIG={mode}")
        bench.log_in()
        bench.well('AT+MIPLNOTIFY=0,0,3303,0,5701,1,4,"cold",0,0')
        bench.wait(1)
        (line,) = bench.write("3303/0", _5701="warm")
        assert line.endswith(f"3303,0,5701,{value},0,0")
        bench.well("AT+MIPLDELETE=0")


def test_configuration_is_for_before_the_instance() -> None:
    bench = SuiteBench("bc28")
    bench.well("AT+CMEE=1", "AT+MIPLCONFIG=0,183.230.40.40,5683", "AT+MIPLCONFIG=2,1,4")
    assert bench.ask("AT+MIPLCONFIG?")[:2] == [
        "+MIPLCONFIG:0,183.230.40.40,5683",
        "+MIPLCONFIG:2,4",
    ]
    assert bench.ask("AT+MIPLCONFIG=2,1,21") == ["+CME ERROR: 50"]
    assert bench.ask("AT+MIPLCONFIG=?")[0] == "+MIPLCONFIG: <mode>,<parameter1>[,<parameter2>]"
    lines = bench.log_in()
    assert [line for line in lines if "EVENT" in line] == ["+MIPLEVENT: 0,4", "+MIPLEVENT: 0,6"]
    assert bench.ask("AT+MIPLCONFIG=3,0") == ["+CME ERROR: 3"]


def test_declaration_is_repeated_after_a_close_where_the_module_answers() -> None:
    bench = logged_in("m5310a")
    bench.well("AT+MIPLCLOSE=0")
    bench.wait(1)
    assert bench.module.client.objects.links(Path(3303, 0)) == (Path(3303, 0),)


def test_reports_before_the_login_declare_as_well() -> None:
    bench = SuiteBench("m5310a")
    assert bench.ask("AT+MIPLCREATE")[-1] == "OK"
    bench.well(
        'AT+MIPLADDOBJ=0,3303,1,"1",2,1',
        "AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,20.5,1,1",
        'AT+MIPLNOTIFY=0,0,3303,0,5701,1,7,"Celsius",0,0',
    )
    paths = (Path(3303), Path(3303, 0), Path(3303, 0, 5700), Path(3303, 0, 5701))
    assert bench.module.client.objects.links(Path(3303)) == paths
    bench.well("AT+MIPLOPEN=0,300,30")
    assert "+MIPLEVENT:0,6" in bench.wait(3)
    host_answered = SuiteBench("nb73")
    host_answered.create()
    assert host_answered.ask("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,20.5,0,0") == ["+CIS ERROR:602"]


def test_cancel_has_the_plain_id() -> None:
    bench = logged_in("nb86")
    (line,) = bench.request(CancelObserve(Path(3306, 1)))
    assert line.split(",", 2)[2] == "0,3306,1,-1"
    assert msgid(line) < 0x10000


# Lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "event", "created", "version"),
    [
        ("m5310a", "+MIPLEVENT:0,6", "+MIPLCREATE:0", "+MIPLVER:2.2.0"),
        ("nb73", "+MIPLEVENT:0,6", "+MIPLCREATE:0", "+MIPLVER:2.2.0"),
        ("bc28", "+MIPLEVENT: 0,6", "+MIPLCREATE:0", "+MIPLVER:2.2.0"),
        ("sim7020", "+MIPLEVENT: 0,6", "+MIPLCREATE: 0", "+MIPLVER: 2.2.0"),
        ("sim7000c", "+MIPLEVENT: 0,6", "0", "+MIPLVER: 2.2.0"),
        ("mn316", "+MIPLEVENT: 0,6", "+MIPLCREATE: 0", "+MIPLVER: 2.2.0"),
        ("me3616", "+MIPLEVENT: 0, 6", "+MIPLCREATE: 0", "+MIPLVER: 2.2.0"),
    ],
)
def test_blanks(name: str, event: str, created: str, version: str) -> None:
    bench = SuiteBench(name)
    assert bench.ask("AT+MIPLVER?") == [version, "OK"]
    assert bench.ask("AT+MIPLCREATE") == [created, "OK"]
    bench.well("AT+MIPLADDOBJ=0,3303,1,1,2,1", "AT+MIPLOPEN=0,300,30")
    assert event in bench.wait(2)


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("nb73", [1, 2, 4, 6]),
        ("bc28", [1, 2, 4, 6]),
        ("me3616", [1, 2, 4, 6]),
        ("m5310a", [2, 6]),
        ("m5311", [4, 6]),
    ],
)
def test_events_of_a_login(name: str, events: list[int]) -> None:
    bench = SuiteBench(name)
    found = [line.replace(" ", "").split(",")[1] for line in bench.log_in() if "EVENT" in line]
    assert list(map(int, found)) == events


@pytest.mark.parametrize(
    ("knobs", "ending"),
    [
        ({"write": Write.BYTES}, "2,2,012C,0,0"),
        ({"write": Write.DIGITS, "write_index": False}, "2,4,012C,0"),
        ({"write": Write.BYTES, "write_quoted": True}, '2,2,"012C",0,0'),
        ({"write": Write.BYTES, "write_width": 4}, "2,4,0000012C,0,0"),
        ({"write": Write.TEXT}, "3,4,300,0,0"),
    ],
)
def test_value_of_a_write(knobs: dict[str, object], ending: str) -> None:
    bench = logged_in(with_suite(**knobs))
    (line,) = bench.write("3306/0", _5851=300)
    assert line.split(",", 5)[5].startswith(("2,2,012C,0", "2,4,012C,0", '2,2,"012C",0'))
    bench.well(f"AT+MIPLWRITERSP=0,{msgid(line)},2", "AT+MIPLNOTIFY=0,0,3306,0,5851,3,4,7,0,0")
    bench.wait(1)
    (line,) = bench.write("3306/0", _5851=300)
    assert line.split(",", 5)[5] == ending, "its type is known now"


@pytest.mark.parametrize(
    ("knobs", "ending", "empty"),
    [
        ({"execute": Execute.TYPED}, ',4,"ping"', ""),
        ({"execute": Execute.TYPED, "execute_empty": True}, ',4,"ping"', ',0,""'),
        ({"execute": Execute.BARE}, ",ping", ""),
        ({"execute": Execute.FLAGGED}, ',4,"ping",0', ""),
    ],
)
def test_arguments_of_an_execute(knobs: dict[str, object], ending: str, empty: str) -> None:
    bench = logged_in(with_suite(**knobs))
    (line,) = bench.execute("3306/0/5823", "ping")
    assert line.split("5823", 1)[1] == ending
    bench.well(f"AT+MIPLEXECUTERSP=0,{msgid(line)},2")
    bench.wait(1)
    (line,) = bench.execute("3306/0/5823")
    assert line.split("5823", 1)[1] == empty


def test_read_of_more_than_one_resource_has_a_count_on_some() -> None:
    (line,) = logged_in("m5310a").read("3303/0")
    assert line.endswith(",3303,0,-1,0")
    (line,) = logged_in("m5310a").read("3303/0/5700")
    assert line.endswith(",3303,0,5700")
    (line,) = logged_in("nb73").read("3303/0")
    assert line.endswith(",3303,0,-1")


def test_step_has_two_names() -> None:
    bench = logged_in(with_suite(parameters=("pmin", "stp")))
    (line,) = bench.request(WriteAttributes(Path(3303, 0, 5700), ("pmin=1", "st=2.0")))
    assert line.endswith('14,"pmin=1;stp=2.0"')


def test_observe_without_a_resource() -> None:
    bench = SuiteBench(with_suite(observe_resource=False))
    lines = [line for line in bench.log_in() if "OBSERVE" in line]
    assert [line.split(",", 2)[2] for line in lines] == ["1,3303,0", "1,3306,0", "1,3306,1"]


# Commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line", "answer"),
    [
        ("m5310a", 'AT+MIPLCREATEEX="nbiotbt.heclouds.com:5683",1', "+MIPLCREATEEX:0"),
        ("m5310a", 'AT+MIPLCREATEEX="183.230.40.40",0,"abc",""', "+MIPLCREATEEX:0"),
        ("sim7020", 'AT+MIPLCREATEEXT="183.230.40.39",1', "+MIPLCREATEEXT: 0"),
        (
            "nb86",
            "AT+MIPLCREATE=49,130031F10003F2002304001100000000000000123138332E3233302E34302E34303A"
            "35363833000131F30008C000000000,0,49,0",
            "+MIPLCREATE:0",
        ),
    ],
)
def test_forms_of_create_that_lead_to_a_login(name: str, line: str, answer: str) -> None:
    bench = SuiteBench(name)
    assert bench.ask(line) == [answer, "OK"]
    bench.well('AT+MIPLADDOBJ=0,3303,1,"1",2,1', "AT+MIPLOPEN=0,300,30")
    assert any(text.replace(" ", "") == "+MIPLEVENT:0,6" for text in bench.wait(5))


def test_configuration_in_several_lines() -> None:
    """The index counts down; the last line has the answer."""
    digits = (
        "130038F10003F2002A04001100000000000010196E62696F7462742E6865636C6F7564732E636F6D3A35363833"
        "000131F300080000000000"
    )
    bench = SuiteBench("m5310a")
    assert bench.ask(f"AT+MIPLCREATE=56,{digits[:40]},2,20,1") == ["OK"]
    assert bench.ask(f"AT+MIPLCREATE=56,{digits[40:80]},1,20,2") == ["OK"]
    assert bench.ask(f"AT+MIPLCREATE=56,{digits[80:]},0,16,0") == ["+MIPLCREATE:0", "OK"]
    bench = SuiteBench("m5310a")
    bench.well(f"AT+MIPLCREATE=56,{digits[:40]},2,20,1")
    assert bench.ask(f"AT+MIPLCREATE=56,{digits[80:]},0,16,0") == ["+CIS ERROR:601"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bc28", "AT+MIPLCREATE=49,13,0,49,0"),  # Quectel has the bare form only
        ("bc28", 'AT+MIPLCREATEEX="a",1'),
        ("nb73", "AT+MIPLCONFIG?"),
        ("nb73", 'AT+MIPLCREATEEXT="a",1'),
        ("sim7020", "AT+MIPLBOOTSTRAP=1"),
        ("bc28", "AT+MIPLNMI=0,1,0"),
        ("nb73", "AT+MIPLOPEN?"),
        ("m5310", "AT+MIPLVER?"),
    ],
)
def test_commands_that_a_module_does_not_have(name: str, line: str) -> None:
    assert SuiteBench(name).ask(line) == ["ERROR"]


def test_bootstrap_of_sim7000() -> None:
    bench = SuiteBench("sim7000c")
    bench.well("AT+MIPLBOOTSTRAP=0")
    events = [line for line in bench.log_in() if "EVENT" in line]
    assert events == ["+MIPLEVENT: 0,4", "+MIPLEVENT: 0,6"]


def test_extras_of_china_mobile() -> None:
    bench = SuiteBench("m5310a")
    bench.well("AT+MIPLNMI=0,1,0", "AT+MIPLCFG", "AT+MIPLDTLSNAT=0,120", 'AT+MIPLSOTAVER="1.0"')


def test_lifetime_of_zero_and_below_ten() -> None:
    keeping, day = logged_in("nb73"), logged_in("m5310a")
    keeping.well("AT+MIPLUPDATE=0,0,0")
    day.well("AT+MIPLUPDATE=0,9,0")
    keeping.wait(1)
    day.wait(1)
    assert keeping.module.client.lifetime == 3600
    assert day.module.client.lifetime == 86_400


def test_login_without_an_answer_is_event_8_or_7() -> None:
    for name, event in (("nb86", "+MIPLEVENT:0,8"), ("m5310a", "+MIPLEVENT:0,7")):
        bench = SuiteBench(name)
        assert (
            bench.ask(
                "AT+MIPLCREATE=49,130031F10003F2002304001100000000000000123139322E3030302E30302E30323A"
                "35363833000131F30008C000000000,0,49,0"
            )[-1]
            == "OK"
        )
        bench.well('AT+MIPLADDOBJ=0,3303,1,"1",2,1', "AT+MIPLOPEN=0,300,30")
        assert bench.wait(31)[-1] == event


def test_counts_of_add_object() -> None:
    """NB86: an attribute at least, and as many resources as are listed."""
    bench = SuiteBench("nb86")
    assert bench.ask("AT+MIPLCREATE")[-1] == "OK"
    assert bench.ask('AT+MIPLADDOBJ=0,3303,1,"1",0,2') == ["+CIS ERROR:601"]
    bench.well('AT+MIPLADDOBJ=0,3303,1,"1",1,0', "AT+MIPLOPEN=0,300,30")
    bench.answers = False
    (line,) = [text for text in bench.wait(3) if "OBSERVE" in text]
    bench.well(f"AT+MIPLOBSERVERSP=0,{msgid(line)},1")
    (line,) = bench.wait(1)
    listed = f'AT+MIPLDISCOVERRSP=0,{msgid(line)},1,9,"5700;5701"'
    assert bench.ask(listed) == ["+CIS ERROR:601"]
    bench.well(f'AT+MIPLDISCOVERRSP=0,{msgid(line)},1,4,"5700"')


def test_id_of_a_report() -> None:
    """ME3616 wants an observe's; China Mobile's modules take 0."""
    bench = logged_in("me3616")
    assert bench.ask("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0") == ["+CIS ERROR: 601"]
    other = bench.observed["3306/0"]
    assert bench.ask(f"AT+MIPLNOTIFY=0,{other},3303,0,5700,4,4,21.5,0,0") == ["+CIS ERROR: 601"]
    bench.well(f"AT+MIPLNOTIFY=0,{bench.observed['3303/0']},3303,0,5700,4,4,21.5,0,0")
    logged_in("m5310a").well("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0")


@pytest.mark.parametrize("name", ["me3616", "nb73", "bc28", "m5310a"])
def test_report_goes_to_the_observe_that_it_names(name: str) -> None:
    """Firmware finds the observe by its id: one report is one data point."""
    bench = logged_in(name)
    instance = bench.observed["3303/0"]
    (line,) = bench.request(Observe(Path(3303, 0, 5700)))
    bench.wait(5)
    points = bench.platform.points.newest
    for number, msgid_ in enumerate((instance, msgid(line), instance), start=1):
        report = f"AT+MIPLNOTIFY=0,{msgid_},3303,0,5700,4,4,{number}.5,0,0,{number}"
        assert bench.ask(report) == ["OK"]
        assert "EVENT" in bench.wait(2)[0]
        (stream,) = points(int(bench.device.id), 9)
        assert [point.value for point in stream.points] == [n + 0.5 for n in range(1, number + 1)]


def test_report_that_names_no_observe_goes_to_all_of_its_resource() -> None:
    bench = logged_in("m5310a")
    bench.request(Observe(Path(3303, 0, 5700)))
    bench.well("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0")
    bench.wait(2)
    (stream,) = bench.platform.points.newest(int(bench.device.id), 9)
    assert [point.value for point in stream.points] == [21.5, 21.5]


def test_ackid_of_zero() -> None:
    report = "AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,0"
    assert logged_in("m5311").ask(report) == ["+CIS ERROR:601"]
    bench = logged_in("bc28")
    bench.well(report)
    assert bench.wait(1) == []


def test_flag_and_lengths_where_firmware_checks_them() -> None:
    bench = logged_in(with_suite(flags=True, lengths=True))
    report = "AT+MIPLNOTIFY=0,0,3303,0,5700,{},0,{}"
    assert bench.ask(report.format("4,4,21.5", 1)) == ["+CIS ERROR:601"]
    assert bench.ask(report.format("4,3,21.5", 0)) == ["+CIS ERROR:601"]
    bench.well(report.format("4,4,21.5", 0))
    lenient = logged_in("nb73")
    lenient.well(report.format("4,2,21.5", 1))
    assert not lenient.module.doubts.notes
    lenient.well(report.format('1,9,"warm"', 0))
    assert lenient.module.doubts.notes == ["doubtful: the length 9 is not that of 'warm'"]
    china_mobile = logged_in("m5310a")
    china_mobile.well(report.format('1,0,"0123456789"', 0))  # an example of its manual
    assert not china_mobile.module.doubts.notes


def test_hex_string_of_china_mobile() -> None:
    bench = logged_in("m5310a")
    bench.well('AT+MIPLNOTIFY=0,0,3303,0,5700,6,3,"0A0B0C",0,0,7')
    assert bench.wait(1) == ["+MIPLEVENT:0,26,7"]
    # bytes in both directions, also those that could be a text
    (line,) = bench.write("3303/0", _5700=b"AB01")
    assert re.fullmatch(r"\+MIPLWRITE:0,\d+,3303,0,5700,2,8,41423031,0", line)


@pytest.mark.parametrize(
    "report",
    [
        "AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,1024,5",
        "AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,5,0x400",
    ],
)
def test_release_assistance(report: str) -> None:
    """0x400: the connection ends within 0.2 to 0.7 s of the acknowledgement."""
    bench = logged_in("m5310a")
    bench.wait(60)
    bench.well("AT+CSCON=1", report)
    assert bench.wait(2) == ["+MIPLEVENT:0,26,5", "+CSCON:0"]


def test_every_knob_has_a_default_that_no_module_must_change() -> None:
    assert MODULES["generic"].suite == replace(
        Suite(),
        extras=True,
        create=MODULES["generic"].suite.create,
        open_query=True,
    )
