"""Descriptions of AT lines, completion, and typed commands."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m5310.at.table import CommandTable, Entry
from m5310.cli.explain import catalogue
from m5310.cli.explain.answers import describe_response
from m5310.cli.explain.catalogue import completions, entries, speed_in, typed
from m5310.cli.explain.lines import Explainer, describe_line
from m5310.commands import general, sockets
from m5310.commands.power import describe_seconds
from m5310.commands.signal import describe_signal
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic.config import Config
from m5310.errors import ParameterError

BLOB = (
    "46,000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A35363833"
    "0900313233343B74657374"
)
BOOTSTRAP = (
    "AT+MIPLCONF=71,10000000805101001900636F61703A2F2F3138332E3233302E34302E33393A353638331F0031"
    "32333435363738393031323334353B313233343536373839303132333435050501,1,1"
)

DESCRIPTIONS = {
    # commands
    "AT": "check that the module answers",
    " at+csq ": "ask for the signal strength",
    "ATE0": "echo off",
    "AT+CEREG=?": "ask which values +CEREG takes",
    "AT+CFUN=1": "radio on",
    "AT+CFUN=2": "AT+CFUN with values that do not fit: '2' is neither 0 nor 1",
    "AT+CFUN=1,1": "AT+CFUN with values that do not fit; it takes 0|1",
    'AT+CFUN="1': "AT+CFUN with values that do not fit: '\"1': a double quote must open or "
    "close a whole value (at character 0)",
    "AT+CEREG=2": "reports of the registration on, with the cell",
    "AT+CEREG=5": "reports of the registration level 5",
    "AT+COPS=0": "let the module choose the operator",
    'AT+COPS=1,2,"46000"': "choose the operator 46000",
    "AT+CPSMS=0": "power saving off",
    'AT+CPSMS=1,,,"01000011","01000011"': "power saving on: periodic update 30 h, reachable after "
    "traffic 18 min",
    'AT+CPSMS=1,,,"11100000","00000101"': "power saving on: periodic update off, reachable after "
    "traffic 10 s",
    "AT+CEDRXS=0,5": "eDRX off",
    "AT+CEDRXS=1,5": "eDRX on",
    'AT+CEDRXS=1,5,"0101"': "eDRX cycle 81.92 s",
    'AT+CEDRXS=1,5,"0001"': "eDRX code 0001, no cycle of NB-IoT",
    "AT+NBAND=5,8": "look for a network in the bands 5, 8",
    "AT+NEARFCN=0,3734": "lock the frequency (EARFCN) 3734",
    "AT+NCONFIG=AUTOCONNECT,TRUE": "configure AUTOCONNECT to TRUE",
    "AT+NATSPEED=115200,30,1,2,1,0,0": "change the line to 115200 baud",
    "AT+NPING=8.8.8.8": "ping 8.8.8.8",
    'AT+NSOCR="DGRAM",17,0,1': "open a UDP socket",
    "AT+NSOCR=DGRAM,17,1234,1": "open a UDP socket on port 1234",
    "AT+NSOST=0,1.2.3.4,99,2,ABCD": "send 2 bytes to 1.2.3.4:99 from socket 0",
    "AT+NSORF=0,512": "fetch up to 512 bytes of socket 0",
    "AT+NSOCL=0": "close socket 0",
    BOOTSTRAP: "configure: device 123456789012345;123456789012345 through the bootstrap server "
    "coap://183.230.40.39:5683, lifetime 24 h, blocks 5,5,1",
    f"AT+MIPLCONF={BLOB},1,1": "configure: device 1234;test at coap://183.230.40.40:5683, "
    "lifetime 5 min",
    f"AT+MIPLCONF={BLOB},1,0": "configure: fragment 1 of 46 bytes, more follow",
    f"AT+MIPLCONF={BLOB},2,1": "configure: fragment 2 of 46 bytes, the last",
    "AT+MIPLCONF=3,00,1,1": "AT+MIPLCONF with values that do not fit: the size is 3 bytes, "
    "but 1 bytes follow",
    "AT+MIPLADDOBJ=0,3303,0": "add /3303/0",
    "AT+MIPLDELOBJ=0,3303,0": "delete /3303/0",
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1': "report /3303/0/5700 = 22.5 (float), complete",
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",0': "report /3303/0/5700 = 22.5 (float), more follow",
    'AT+MIPLNOTIFY=0,3303,0,5700,6,"",1,7': "report /3303/0/5700 = nothing (hex string), complete, "
    "acknowledgement 7 wanted",
    'AT+MIPLNOTIFY=0,3303,0,5700,9,"",1': "AT+MIPLNOTIFY with values that do not fit; it takes "
    '0,<object>,<instance>,<resource>,<type>,"<value>",<flag>[,<ackid>]',
    "AT+MIPLOPEN=0": "log in to OneNET",
    "AT+MIPLOPEN=0,30": "log in to OneNET within 30 s",
    "AT+MIPLUPDATE=0,86400,1": "renew the registration for 24 h, objects included",
    "AT+MIPLUPDATE=0,100,0": "renew the registration for 100 s",
    "AT+MIPLUPDATE=0,0,0": "renew the registration; lifetime 0: 24 h, or unchanged, by module",
    'AT+MIPLREAD=0,12345,3303,0,5700,4,"20.123",1': "answer read 12345: /3303/0/5700 = 20.123 "
    "(float), complete",
    'AT+MIPLREAD=0,60204,3200,0,5505,"E309C82FE6",0': "answer read 60204: /3200/0/5505 = "
    "E309C82FE6, more follow",
    'AT+MIPLREAD=0,12345,3303,-1,-1,2,"",1': "answer read 12345: /3303 cannot be read",
    "AT+MIPLWRITE=0,12345,1": "answer write 12345: done",
    "AT+MIPLEXECUTE=0,12345,0": "answer execute 12345: failed",
    "AT+MIPLCLOSE=0": "log out of OneNET",
    "AT+MIPLDEL=0": "delete the OneNET device",
    "AT+MIPLCREATE": "create the OneNET device",
    "AT+MIPLCREATE=49,130031F10003F2002304001100000000000000123138332E3233302E34302E34303A353638"
    "33000131F30008C000000000,0,49,0": (
        "create the OneNET device: 183.230.40.40:5683, MTU 1024, user data 1, debug 192"
    ),
    'AT+MIPLCREATEEX="183.230.40.39:5683",1': (
        "create the OneNET device: bootstrap server 183.230.40.39:5683"
    ),
    "AT+MIPLCONFIG=1,183.230.40.39,5683": (
        "configure the server: bootstrap server 183.230.40.39:5683"
    ),
    "AT+MIPLCONFIG=3,1": "the module answers observes by itself",
    "AT+MIPLBOOTSTRAP=1": "bootstrap on",
    'AT+MIPLADDOBJ=0,3303,2,"01",1,0': "add object 3303: instances 1, attributes 1, actions 0",
    "AT+MIPLDELOBJ=0,3303": "delete object 3303",
    "AT+MIPLOPEN=0,86400,60": "log in to OneNET within 60 s, for 24 h",
    "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,8,21.5,0,0,7": (
        "report /3303/0/5700 = 21.5 (float), complete, for observe 70247, acknowledgement 7 wanted"
    ),
    'AT+MIPLDISCOVERRSP=0,3303,1,9,"5700;5701"': (
        "answer discover 3303, or declare object 3303 before login: resources 5700,5701"
    ),
    "AT+MIPLDISCOVERRSP=0,4712,13": "answer discover 4712: not found (4.04)",
    "AT+MIPLREADRSP=0,4713,1,3303,0,5700,4,8,21.5,0,0": (
        "answer read 4713: /3303/0/5700 = 21.5 (float), complete"
    ),
    "AT+MIPLREADRSP=0,4713,14": "answer read 4713: not allowed (4.05)",
    "AT+MIPLWRITERSP=0,4714,2": "answer write 4714: done",
    "AT+MIPLOBSERVERSP=0,70247,1": "answer observe 70247: done",
    "AT+MIPLDELETE=0": "delete the OneNET device",
    "AT+MIPLVER?": "ask for the version of the suite",
    'AT+MIPLCREATEEX="183.230.40.40:5684",0,,"abcdefge"': (
        "create the OneNET device: 183.230.40.40:5684, with a key"
    ),
    'AT+MIPLCREATEEX="183.230.40.40:5684",0,"code1","abcdefge"': (
        "create the OneNET device: 183.230.40.40:5684, with an authorization code, with a key"
    ),
    "AT+MIPLCONFIG=4,1,code1": "set the authorization code",
    "AT+MIPLCONFIG=5,1,abcdefge": "set the key of a server with DTLS",
    "AT+MIPLCONFIG=7,3,1": "the module buffers writes and executes",
    "AT+MIPLNMI=0,0,0": "the module writes operations of the platform as they come",
    "AT+MIPLNMI=0,2,0": "the module buffers operations of the platform (mode 2)",
    "AT+MIPLMGR=0": "fetch a buffered operation",
    "AT+MIPLRD=256": "fetch a buffered operation",
    'AT+MIPLSOTAVER="1.0"': "set the version of the host's firmware: 1.0",
    "AT+MIPLSOTA=1": "a block of the new firmware is stored",
    "AT+MIPLSOTA=3": "the memory for a new firmware is erased",
    "AT+MIPLSOTA=7": "answer a step of the update of the host's firmware: 7",
    "AT+MIPLOPEN?": "ask for the present values of +MIPLOPEN",
    "AT+MIPLCONFIG?": "ask for the present values of +MIPLCONFIG",
    "AT+MIPLUPDATE=0,300,0,1": "renew the registration for 5 min",
    "AT+FOO?": None,
    "AT+MIPLQMGR": "ask how many operations of the platform wait in the module",
    "AT+MIPLLTRDP": "ask how much of the lifetime is left",
    "AT+MIPLDEVINFO?": "ask with which server the OneNET device was created",
    "AT+MIPLDTLSNAT=0,120": "a command of China Mobile's suite that is not known here",
    "AT+FOO": None,
    "AT+CFUN": None,
    # results
    "OK": "done",
    "ERROR": "refused",
    "+CME ERROR:50": "refused: incorrect parameters",
    "+CME ERROR:200": "refused with number 200",
    "+CME ERROR: 159": "refused with number 159, which means by module: uplink busy (Quectel)",
    "+CIS ERROR:602": "refused: state",
    "+CIS ERROR:652": "refused with number 652, which means by module: uplink busy (China Mobile), "
    "SDK (EC616)",
    "+CIS ERROR:700": "refused with number 700",
    # responses without their command
    "+MIPLCREATE:0": "the OneNET device has number 0",
    "+MIPLCREATE: 0": "the OneNET device has number 0",
    "+MIPLRD: 4,0": "4 bytes of a buffered operation",
    "+MIPLCREATEEX: 0": "the OneNET device has number 0",
    # unsolicited
    "+MIPLOPEN:0,1": "logged in to OneNET",
    "+MIPLOPEN:0,0": "login refused, or no answer in time",
    "+MIPLCLOSE:0,1": "logged out of OneNET",
    "+MIPLCLOSE:0,0": "logout failed",
    "+MIPLUPDATE:0,1": "registration renewed",
    "+MIPLUPDATE:0,0": "renewal of the registration failed",
    "+MIPLNOTIFY:0,7": "the platform has report 7",
    "+MIPLOBSERVE:0,12345,1,3303,0,-1": "the platform observes /3303/0, all of it",
    "+MIPLOBSERVE:0,12345,0,3303,0,5700": "the platform stops observing /3303/0/5700",
    "+MIPLDISCOVER:0,12345,3303": "the platform asks what /3303 has",
    "+MIPLREAD:0,12345,3303,0,5700": "the platform reads /3303/0/5700 (request 12345)",
    "+MIPLREAD:0,12345,3303,-1,-1": "the platform reads /3303, all of it (request 12345)",
    "+MIPLWRITE:0,12345,3311,0,5850,on": "the platform writes /3311/0/5850 = on (request 12345)",
    "+MIPLWRITE:0,12345,3311,0,5850,5,1,1,1,1": "the platform writes /3311/0/5850 = 1 (boolean), "
    "more follow (request 12345)",
    "+MIPLEXECUTE:0,12345,3311,0,5850": "the platform executes /3311/0/5850 (request 12345)",
    "+MIPLEXECUTE:0,12345,3311,0,5850,blink": "the platform executes /3311/0/5850 with 'blink' "
    "(request 12345)",
    "+MIPLEVENT:0,6": "logged in to OneNET",
    "+MIPLEVENT: 0,9": "event 9: the lifetime is over",
    "+MIPLEVENT:0,14,30": "the registration must be renewed within 30 s",
    "+MIPLEVENT:0,14": "the registration must be renewed",
    "+MIPLEVENT:0,25,7": "report 7 did not arrive",
    "+MIPLWRITE:0,4711,20,0,0,2,8,0A0B0C0D,0": (
        "the platform writes /20/0/0 = 0A0B0C0D (opaque) (request 4711)"
    ),
    '+MIPLPARAMETER:0,4713,3303,0,5700,15,"pmin=15;pmax=60"': (
        "the platform sets pmin=15;pmax=60 for /3303/0/5700 (request 4713)"
    ),
    "+MIPLNSMI: 0,1,2": "message 2 was sent (its lower 7 bits)",
    "+MIPLNSMI: 0,0,2": "message 2 was not sent (its lower 7 bits)",
    "+MIPLNMI: 0": "an operation of the platform waits in the module",
    "+MIPLQMGR:0,QUEUES=2,DROPPED=1,BUFFERS=6": (
        "2 operations of the platform wait, 1 were dropped"
    ),
    "+MIPLLTRDP:3600": "60 min of the lifetime are left",
    '+MIPLDEVINFO:"183.230.40.149:5684",1,,"abcd1234"': (
        "the OneNET device is on server 183.230.40.149:5684"
    ),
    "+MIPLQMGR: 0,QUEUES=0": "a line of China Mobile's suite that is not known here",
    "+MIPLVER:2.2.0": "version of the suite 2.2.0",
    "+CEREG:2": "not registered yet, searching",
    "+CEREG:1,19E6,94,7": "registered, home network, cell 94 in area 19E6",
    "+CSCON:1": "radio connected",
    "+CSCON:0": "radio idle",
    "+NPSMR:1": "the module falls asleep",
    "+NPSMR:0": "the module is awake",
    "+NSONMI:0,4": "4 bytes wait on socket 0",
    "+NPING:8.8.8.8,64,320": "8.8.8.8 answered the ping in 320 ms",
    "+NPINGERR:1": "the ping was not answered",
    "REBOOTING": "the module restarts",
    "REBOOT_CAUSE_APPLICATION_AT": "the module has restarted by command; everything set up is gone",
    # responses with a prefix
    "+CSQ:20,99": "signal -73 dBm, good",
    "+CSQ:99,99": "no signal known",
    "+CEREG:0,3": "registration denied by the network",
    "+CEREG:3,3,,,,0,15": "registration denied by the network, EMM cause 15, no suitable cell in "
    "this tracking area",
    "+CEREG:3,3,,,,1,15": "registration denied by the network, vendor's cause 15",
    "+CGATT:0": "not attached to the network",
    "+CGATT:1": "attached to the network",
    "+CSCON:0,1": "radio connected",
    "+CFUN:0": "radio off",
    "+CMEE:1": "error numbers on",
    "+CGSN:865820030013978": "IMEI 865820030013978",
    "+NCCID:89860400000000000001": "SIM card 89860400000000000001",
    "+CCLK:26/11/23,08:00:00+32": "network time 2026-11-23 08:00:00+08:00",
    "+CCLK:26/13/23,08:00:00+32": None,
    '+COPS:1,2,"46000"': "operator 46000",
    "+COPS:0": "no operator",
    "+CGPADDR:0,10.1.2.3": "IP address 10.1.2.3",
    "+CGPADDR:0": "no IP address",
    '+CGDCONT:0,"IP","nbiot",,0,0': "context 0: access point nbiot",
    "+CPSMS:0": "power saving off",
    '+CPSMS:1,,,"01000011","01000011"': "power saving on: periodic update 30 h, reachable after "
    "traffic 18 min",
    '+CEDRXS:5,"0101"': "eDRX cycle 81.92 s",
    '+CEDRXS:5,"0001"': "eDRX code 0001, no cycle of NB-IoT",
    "+CEDRXS:0": "eDRX off",
    "+NBAND:5,8": "bands 5, 8",
    "+NCONFIG:AUTOCONNECT,TRUE": "AUTOCONNECT is TRUE",
    "+NATSPEED:9600,30,1": "speed 9600 baud",
    "Signal power:-666": "signal power -66.6 dBm",
    "Uptime:5": None,
    "NUESTATS:CELL,3734,4,1,-600,-100,-500,200": "serving cell 4 at EARFCN 3734: -60 dBm, quality "
    "-10 dB, signal to noise 20 dB",
    # of no command
    "460040000000001": None,
    "hello": None,
    "": None,
}


@pytest.mark.parametrize("line", DESCRIPTIONS)
def test_describe_line(line: str) -> None:
    assert describe_line(line) == DESCRIPTIONS[line]


def test_damaged_lines() -> None:
    assert (describe_line("+MIPLEVENT:0,x") or "").startswith(
        "a damaged line: malformed +MIPLEVENT"
    )
    assert (describe_line("+MIPLREAD:0,1") or "").startswith(
        "a damaged line: malformed +MIPLREAD: "
    )
    assert (describe_line("+NPING:x") or "").startswith("a damaged line: ")
    head = "AT+MIPLCONF with values that do not fit: a configuration of 1 bytes; its head alone"
    assert (describe_line("AT+MIPLCONF=1,00,1,1") or "").startswith(head)


def test_every_field_of_a_configuration() -> None:
    config = Config(
        "1;2", "coaps://h:5684", 90, bootstrap=True, encrypt=True, debug=3, port=99, blocks=None
    )
    (command,) = classic.configure(config)
    assert describe_line(command.line) == (
        "configure: device 1;2 through the bootstrap server coaps://h:5684, lifetime 90 s, "
        "encrypted, debug 3, local port 99"
    )


NAMES = sorted(
    {line.partition("=")[0].partition(":")[0] for line in DESCRIPTIONS} | {"AT+", "+MIPL"}
)


@given(st.one_of(st.text(), st.tuples(st.sampled_from(NAMES), st.text('=?:0123456789,"-ABx.'))))
@example("AT+MIPLCONF=²,00,1,1")
@example(("+CGDCONT:", '0,"IP","'))
@example(("AT+CPSMS=", "1,,,,"))
@example(("AT+COPS=", ""))
@example("+CSQ:٢,99")
@example("+MIPLEXECUTE:0,1,1,1,1,\ud800")
@example('AT+MIPLNOTIFY=0,1,1,1,1,"\ud800",1')
def test_any_line_is_described_or_none(line: str | tuple[str, str]) -> None:
    line = line if isinstance(line, str) else "".join(line)
    explainer = Explainer()
    for words in (
        describe_line(line),
        explainer.host(line),
        explainer.module(line),
        explainer.host(line),
    ):
        assert words is None or words


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(sorted(DESCRIPTIONS))), max_size=8))
def test_any_conversation_is_described(lines: list[tuple[bool, str]]) -> None:
    explainer = Explainer()
    for host, line in lines:
        words = explainer.host(line) if host else explainer.module(line)
        assert words is None or words


# --- what depends on the conversation --------------------------------------------------------


def described(*lines: str) -> list[str | None]:
    """The words for lines of the host (beginning with AT) and of the module."""
    explainer = Explainer()
    return [
        explainer.host(line) if line.upper().startswith("AT") else explainer.module(line)
        for line in lines
    ]


def test_bare_line_is_described_by_its_command() -> None:
    assert described("AT+CIMI", "460040000000001", "OK")[1] == "IMSI 460040000000001"
    assert described("at+cgmm", "M5310")[1] == "model M5310"
    assert described("ATI", "M5310")[1] == "M5310"
    assert described('AT+NSOCR="DGRAM",17,0,1', "0")[1] == "socket 0"
    assert described("AT+NSOST=0,1.2.3.4,9,1,AB", "0,1")[1] == "1 bytes accepted"
    received = "0,1.2.3.4,99,2,ABCD,3"
    assert described("AT+NSORF=0,2", received)[1] == (
        "2 bytes from 1.2.3.4:99 on socket 0, 3 more bytes wait"
    )
    assert (
        described("AT+NSORF=0,2", "0,1.2.3.4,99,2,ABCD,0")[1]
        == "2 bytes from 1.2.3.4:99 on socket 0"
    )
    assert described("AT+NSORF=0,2", "0,1.2.3.4,99,3,ABCD,0")[1] is None
    assert described("AT+NUESTATS=CELL", "NUESTATS:CELL,1,2,0,-1,-2,-3,4")[1] == (
        "neighbour cell 2 at EARFCN 1: -0.1 dBm, quality -0.2 dB, signal to noise 0.4 dB"
    )


def test_bare_line_after_the_result_is_unknown() -> None:
    assert described("AT+CIMI", "OK", "460040000000001")[2] is None


def test_urc_within_an_answer() -> None:
    assert described("AT+CIMI", "+CEREG:1")[1] == "registered, home network"
    assert described("AT+FOO", "+CSQ:20,99")[1] == "signal -73 dBm, good"


def test_echo() -> None:
    explainer = Explainer()
    explainer.host("AT+CSQ")
    assert explainer.module("AT+CSQ") == "echo"


def test_report_before_login_is_a_declaration() -> None:
    notify = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1'
    words = described(BOOTSTRAP, notify, "AT+MIPLOPEN=0", notify)
    assert words[1] == "declare /3303/0/5700 = 22.5 (float)"
    assert words[3] == "report /3303/0/5700 = 22.5 (float), complete"


def test_fragments_are_joined() -> None:
    blob = Config("1234;test", "coap://183.230.40.40:5683", blocks=None).encode()
    pieces = [blob[:20], blob[20:30], blob[30:]]
    lines = [
        f"AT+MIPLCONF={len(piece)},{piece.hex()},{index},{int(index == 3)}"
        for index, piece in enumerate(pieces, 1)
    ]
    words = described(*lines)
    assert words[:2] == [
        "configure: fragment 1 of 20 bytes, more follow",
        "configure: fragment 2 of 10 bytes, more follow",
    ]
    assert words[2] == (
        "configure: fragment 3, the last; all: device 1234;test at coap://183.230.40.40:5683, "
        "lifetime 24 h"
    )
    assert "all: the configuration ends" in (described(lines[0], lines[2])[1] or "")
    assert described("AT+MIPLCONF=x")[0] == (
        "AT+MIPLCONF with values that do not fit; it takes <size>,<hex>,<index>,<flag>"
    )


def test_durations_and_strengths() -> None:
    assert [describe_seconds(each) for each in (None, 0, 90, 119, 120, 7200, 5400)] == [
        "off", "0 s", "90 s", "119 s", "2 min", "2 h", "90 min",
    ]  # fmt: skip
    assert [describe_signal(each) for each in (-90, -91, -105, -106)] == [
        "signal -90 dBm, good",
        "signal -91 dBm, fair",
        "signal -105 dBm, fair",
        "signal -106 dBm, weak",
    ]


# --- what can be typed -----------------------------------------------------------------------


def test_every_entry_has_a_meaning() -> None:
    for entry in entries():
        line = entry.command.line
        assert entry.command.meaning
        assert entry.takes if line.endswith("=") else describe_line(line)


def test_command_added_to_a_table_is_completed_typed_and_described() -> None:
    before = len(entries())
    table = CommandTable()
    temperature = table.query(
        "+NTEMP?",
        re.compile(r"\+NTEMP: ?(-?[0-9]+)"),
        lambda matches: int(matches[0][1]),
        "temperature",
    )

    @table.setting("+NFAN", "0..3", "set the fan speed", timeout=9)
    def fan(level: int) -> tuple[int]:
        return (level,)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "TABLES", (*catalogue.TABLES, table))
        assert len(entries()) == before + 2
        assert [entry.command.line for entry in completions("at+nfan")] == ["AT+NFAN="]
        assert typed("at+ntemp?").responses == temperature().responses
        assert (typed("AT+NFAN=2").responses, typed("AT+NFAN=2").timeout) == ((), 9)
        assert described("AT+NTEMP?", "+NTEMP:21") == ["ask for the temperature", "temperature 21"]
        assert describe_line("+NTEMP:-4") == "temperature -4"
        assert describe_line(fan(2).line) == "set the fan speed: 2"


def test_command_is_in_a_table_once() -> None:
    with pytest.raises(ValueError, match=r"AT\+CFUN= is in the table already"):
        general.TABLE.setting("+CFUN", "0|1", "switch the radio")


def test_completion() -> None:
    assert [entry.command.line for entry in completions("at+csc")] == ["AT+CSCON=", "AT+CSCON?"]
    assert len(completions("")) == len(entries())
    assert completions("AT+CSCON?") == []
    assert completions("  AT+MIPLC") == completions("AT+MIPLC")


def test_typed_query_has_only_its_own_response() -> None:
    command = typed(" at+cereg? ")
    (response,) = command.responses
    assert command.line == "at+cereg?"
    assert response.pattern.fullmatch("+CEREG:0,1")
    assert not response.pattern.fullmatch("+CEREG:1")


QUERIES = [entry for entry in entries() if entry.command.responses and not entry.takes]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.command.line)
def test_typed_query_is_the_drivers_own(query: Entry) -> None:
    assert typed(query.command.line) == query.command


def test_typed_setting_has_no_response() -> None:
    for line in ("AT+CEREG=1", "AT+CFUN=1", "AT+MIPLREAD=0,1,2,3,4", "AT+NPING=8.8.8.8"):
        assert typed(line).responses == ()
    assert typed("AT+CEREG=?").responses


def test_typed_unknown_command_may_have_prefixed_or_bare_lines() -> None:
    for line in ("AT+FOO", "AT+FOO=1", "AT+FOO?", "at+foo=?"):
        ((pattern, required),) = [(each.pattern, each.required) for each in typed(line).responses]
        assert not required
        assert pattern.fullmatch("+FOO:1")
        assert pattern.fullmatch("bare")
        assert not pattern.fullmatch("+CEREG:1")
        assert not pattern.fullmatch("REBOOT_CAUSE_APPLICATION_AT")
    (bare,) = typed("AT&V").responses
    assert bare.pattern.fullmatch("ACTIVE PROFILE")
    assert not bare.pattern.fullmatch("+CEREG:1")


def test_typed_command_has_its_timeout() -> None:
    assert typed("AT+CFUN=1").timeout == 90
    assert typed("AT+NRB").timeout == 30
    assert typed("AT+COPS=0").timeout == 60
    assert typed("AT+FOO").timeout == 5
    assert typed("AT+NSORF=0,1").timeout == 5
    assert typed("AT+CFUN=1", 2.5).timeout == 2.5
    with pytest.raises(ParameterError):
        typed("AT\tX")


def test_socket_commands_are_known_by_name() -> None:
    for entry in sockets.TABLE:
        line = f"{entry.command.line}0"
        if entry.command.responses:
            assert typed(line).responses == entry.command.responses
        assert describe_response("nonsense", line) is None


def test_every_onenet_command_is_described() -> None:
    config = Config("1234;test", "coap://183.230.40.40:5683")
    lines = [*classic.configure(config), classic.open_(30), classic.close(), classic.delete()]
    assert all(describe_line(command.line) for command in lines)


@pytest.mark.parametrize(
    ("line", "baud"),
    [
        ("AT+NATSPEED=115200,30,1,2,1,0,0", 115200),
        ("at+natspeed=9600,30", 9600),
        ("AT+NATSPEED?", None),
        ("AT+NATSPEED=0,30", None),
        ("AT+NATSPEED=fast,30", None),
        ("AT+NATSPEED=9600", None),
        ("AT+CSQ", None),
    ],
)
def test_speed_in(line: str, baud: int | None) -> None:
    assert speed_in(line) == baud


# --- look-alikes -----------------------------------------------------------------------------

LOOKALIKES = {
    # the guide's own line (5.1.2), with the quotes of a text processor
    "AT+MIPLNOTIFY=0,3200,0,5505,1,”E365AAE447B”,1": ("” (RIGHT DOUBLE QUOTATION MARK", '"'),
    'AT+MIPLNOTIFY=0,3200,0,5505,1,"E365AAE447B”,1': ("” (RIGHT DOUBLE QUOTATION MARK", '"'),
    "AT+MIPLADDOBJ=0,3200,0；": ("； (FULLWIDTH SEMICOLON", "nothing"),
    "AT+MIPLADDOBJ=0；3200；0": ("； (FULLWIDTH SEMICOLON", ","),
    "AT+MIPLADDOBJ=0;3200;0": ("; (SEMICOLON", ","),
    "AT+MIPLOPEN=0，30": ("， (FULLWIDTH COMMA", ","),
    "ＡＴ+MIPLOPEN=0": ("Ａ (FULLWIDTH LATIN CAPITAL LETTER A", "A"),
    "AT+CFUN＝1": ("＝ (FULLWIDTH EQUALS SIGN", "="),
    "AT+CFUN=１": ("１ (FULLWIDTH DIGIT ONE", "1"),
    "AT+CFUN=一": ("一 (CJK UNIFIED IDEOGRAPH-4E00", "ASCII"),
}


@pytest.mark.parametrize("line", LOOKALIKES)
def test_lookalike_in_a_command_is_named(line: str) -> None:
    character, expected = LOOKALIKES[line]
    for words in (describe_line(line), Explainer().host(line)):
        assert words is not None
        assert f"does not understand {character}, U+" in words
        assert words.endswith(f"expected {expected}")


@pytest.mark.parametrize(
    "line", ['AT+MIPLNOTIFY=0,3200,0,5505,1,"温度；”",1', "ａ", "“AT”", "AT the door；"]
)
def test_other_texts_hold_no_lookalike(line: str) -> None:
    assert "understand" not in (describe_line(line) or "")
