"""Each general command of the module, in each of its forms."""

from __future__ import annotations

import re

import pytest

from tests.support.uart import Host, lines

# What is sent, and what comes of it within two minutes: lines as patterns, without the OK.
SECTION_5 = [
    ("AT", ""),
    ("ATE0", ""),
    ("ATI", ""),
    ("AT&F", ""),
    ("ATZ", ""),
    ("AT+CGMI", "CMCC"),
    ("AT+CGMM", "M5310"),
    ("AT+CGMR", ".+SP3"),
    ("AT+CMVER", r".*3\..*"),
    ("AT+CIMI", r"\d{15}"),
    ("AT+CGSN=0", r"\+CGSN:\w+"),
    ("AT+CGSN=1", r"\+CGSN:\d{15}"),
    ("AT+CGSN", ""),
    ("AT+CGSN=?", r"\+CGSN:\(0,1\)"),
    ("AT+NCCID", r"\+NCCID:\d{20}"),
    ("AT+CPIN?", r"\+CPIN:READY"),
    ("AT+CPIN=?", ""),
    ("AT+CSQ", r"\+CSQ:\d+,99"),
    ("AT+CSQ=?", r"\+CSQ:\(0-31,99\),\(99\)"),
    *((f"AT+CEREG={level}", "") for level in range(6)),
    ("AT+CEREG?", r"\+CEREG:0,1"),
    ("AT+CEREG=?", r"\+CEREG:\(0-5\)"),
    ("AT+CGATT=0", ""),
    ("AT+CGATT=1", ""),
    ("AT+CGATT?", r"\+CGATT:1"),
    ("AT+CGATT=?", r"\+CGATT:\(0,1\)"),
    ("AT+CSCON=0", ""),
    ("AT+CSCON=1", ""),
    ("AT+CSCON?", r"\+CSCON:0,0"),
    ("AT+CSCON=?", r"\+CSCON:\(0,1\)"),
    ("AT+CFUN=0", ""),
    ("AT+CFUN=1", ""),
    ("AT+CFUN?", r"\+CFUN:1"),
    ("AT+CFUN=?", r"\+CFUN:\(0,1\)"),
    ("AT+CMEE=0", ""),
    ("AT+CMEE=1", ""),
    ("AT+CMEE?", r"\+CMEE:0"),
    ("AT+CMEE=?", r"\+CMEE:\(0,1\)"),
    ('AT+COPS=1,2,"46000"', ""),
    ("AT+COPS=0", ""),
    ("AT+COPS?", r'\+COPS:0,2,"46000"'),
    ("AT+COPS=?", r'\+COPS:\(2,,,"46000"\),,\(0-2\),\(2\)'),
    ('AT+CGDCONT=1,"IP","cmnbiot"', ""),
    ("AT+CGDCONT?", r'\+CGDCONT:0,"IP","nbiot\.MNC002\.MCC460\.GPRS",,0,0'),
    ("AT+CGDCONT=?", r'\+CGDCONT:\(0-10\),\("IP","NONIP"\),,,\(0\),\(0\)'),
    ("AT+CGPADDR", r"\+CGPADDR:0,[\d.]+"),
    ("AT+CGPADDR=0", r"\+CGPADDR:0,[\d.]+"),
    ("AT+CGPADDR=?", r"\+CGPADDR:\(0\)"),
    ("AT+CPSMS=0", ""),
    ('AT+CPSMS=1,,,"01000011","00100001"', ""),
    ("AT+CPSMS?", r"\+CPSMS:0,,,[01]{8},[01]{8}"),
    ("AT+CPSMS=?", r"\+CPSMS:\(0,1\),,,\(00000000-11111111\),\(00000000-11111111\)"),
    ("AT+NPSMR=1", ""),
    ("AT+NPSMR?", r"\+NPSMR:0"),
    ("AT+NPSMR=?", r"\+NPSMR:\(0,1\)"),
    ("AT+CEDRXS=0,5", ""),
    ("AT+CEDRXS=1,5", ""),
    ('AT+CEDRXS=1,5,"0010"', ""),
    ("AT+CEDRXS?", ""),
    ("AT+CEDRXS=?", r"\+CEDRXS:\(0,1\),\(5\),\(0000-1111\)"),
    ('AT+CCLK="26/11/23,14:36:00+32"', ""),
    ("AT+CCLK?", r"\+CCLK:26/11/23,14:36:00\+32"),
    ("AT+CCLK=?", ""),
    ("AT+NUESTATS", r"Signal power:-666\n(.+\n)+ECL:0\nSNR:222\nEARFCN:3555\n(.+\n)*.+"),
    ("AT+NUESTATS=CELL", "NUESTATS:CELL,3555,88,1,-666,-108,-570,222"),
    ("AT+NUESTATS=RADIO", r"NUESTATS:RADIO,Signal power:-666\n(.+\n)*.+"),
    ("AT+NUESTATS=?", r"\+NUESTATS:\(RADIO,CELL,BLER,THP,ALL\)"),
    ("AT+NBAND=5,8", ""),
    ("AT+NBAND?", r"\+NBAND:5,8"),
    ("AT+NBAND=?", r"\+NBAND:\(3,5,8\)"),
    ("AT+NEARFCN=0,3555", ""),
    ("AT+NEARFCN=?", r"\+NEARFCN:\(0\),\(0-65535\)"),
    ("AT+NCSEARFCN", ""),
    ("AT+NCONFIG=AUTOCONNECT,FALSE", ""),
    ("AT+NCONFIG=CELL_RESELECTION,TRUE", ""),
    ("AT+NCONFIG?", r"(\+NCONFIG:\w+,(TRUE|FALSE)\n)*\+NCONFIG:\w+,(TRUE|FALSE)"),
    ("AT+NCONFIG=?", r"\+NCONFIG:\([\w,]+\),\(FALSE,TRUE\)"),
    ("AT+NATSPEED=115200,30,1,2,1,0,0", ""),
    ("AT+NATSPEED?", r"\+NATSPEED:9600(,\d+)*"),
    ("AT+NATSPEED=?", r"\+NATSPEED:\([\d,]+\)(,\([\d,-]+\)){6}"),
    ('AT+NSOCR="DGRAM",17,5683', "0"),
    ("AT+NSOCR=DGRAM,17,5683,1", "0"),
    ("AT+NSOCR=?", ""),
    ("AT+NSOST=?", ""),
    ("AT+NSORF=?", ""),
    ("AT+NSOCL=?", ""),
]


@pytest.mark.parametrize(("line", "answer"), SECTION_5, ids=[line for line, _ in SECTION_5])
def test_command_is_answered(line: str, answer: str) -> None:
    host = Host()
    came = lines(host.raw(f"{line}\r".encode())) or host.wait(120)
    assert came[-1] == "OK" or came[0] == "OK", came  # unasked lines may follow
    information = came[: came.index("OK")]
    assert re.fullmatch(answer, "\n".join(information)), information


def test_ping_and_its_result() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,32,5000")
    assert host.wait(10) == ["+NPING:192.0.2.1,64,320"]


def test_sockets_from_open_to_close() -> None:
    host = Host()
    opened = [host.ask(f"AT+NSOCR=DGRAM,17,{port}") for port in range(5000, 5007)]
    assert opened == [[str(number), "OK"] for number in range(7)]
    assert host.ask("AT+NSOCR=DGRAM,17,5007") == ["ERROR"]
    assert host.ask("AT+NSOST=6,192.0.2.1,7,2,BEEF") == ["6,2", "OK"]
    host.module.deliver_datagram(6, "192.0.2.1", 7, b"abc", host.now)
    assert host.wait(0) == ["+NSONMI:6,3"]
    assert host.ask("AT+NSORF=6,2") == ["6,192.0.2.1,7,2,6162,1", "OK"]
    assert host.ask("AT+NSORF=6,512") == ["6,192.0.2.1,7,1,63,0", "OK"]
    host.well("AT+NSORF=6,512", "AT+NSOCL=6")
