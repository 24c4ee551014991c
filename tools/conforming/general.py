"""Cases: framing, queries of general commands, errors."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Case, command, query

_SIGNAL = rf"\r\n\+CSQ:\d+,99\r\n{OK}"
_SERIAL = rf"\r\n\+CGSN:\d+\r\n{OK}"
FRAMING = (
    Case("S", "a line ends at CR", ("AT\r",), OK),
    Case("S", "a LF after it is ignored", ("AT\r\n",), OK),
    Case("S", "case does not matter", ("at+csq\r",), _SIGNAL),
    Case("S", "spaces before AT", ("  AT\r",), OK),
    Case("S", "spaces after the last value", ("AT+CGSN=1 \r",), _SERIAL),
    Case("S", "a line sent in parts", ("AT+C", "GSN", "=1\r"), _SERIAL),
    Case(
        "S",
        "a line that is not a command",
        ("MIPLOPEN=0\r",),
        ERROR,
        may_be_silent=True,
        max_seconds=1.0,
    ),
    Case("S", "the next command is accepted", ("AT\r",), OK),
)

_FIGURE = r"-?\d+"
_SIGNALS = ("Signal power", "Total power", "TX power", "TX time", "RX time")
QUESTIONS = (
    query("S", "AT+CGMI", r"[^\r\n+]+"),
    query("S", "AT+CGMM", r"[^\r\n+]+"),
    query("S", "AT+CGMR", r"[^\r\n+]+"),
    query("S", "AT+CMVER", r"(?P<version>[^\r\n]+)"),
    query("S", "AT+CIMI", r"(?P<imsi>\d{6,15})"),
    query("S", "AT+CGSN=0", r"\+CGSN:[^\r\n]+"),
    query("S", "AT+CGSN=1", r"\+CGSN:(?P<imei>\d{15})"),
    query("S", "AT+CGSN"),
    query("S", "AT+NCCID", r"\+NCCID:[0-9A-F]{20}"),
    query("S", "AT+CSQ", r"\+CSQ:(\d|[12]\d|3[01]|99),99"),
    query("S", "AT+CEREG?", r"\+CEREG:[0-5],(?P<stat>[0-5])(,.*)?"),
    query("S", "AT+CGATT?", r"\+CGATT:[01]"),
    query("S", "AT+CSCON?", r"\+CSCON:[01],[01]"),
    query("S", "AT+CFUN?", r"\+CFUN:[01]"),
    query("D", "AT+CMEE?", r"\+CMEE:[01]"),
    query("S", "AT+COPS?", r"\+COPS:\d(,2,\"\d{5,6}\")?"),
    query("S", "AT+CGDCONT?", r"\+CGDCONT:0,\"IP\",\"[^\"]*\",[^,]*,0,0"),
    query("S", "AT+CGPADDR", r"\+CGPADDR:0(,[0-9.]+)?"),
    query("S", "AT+CPSMS?", r"\+CPSMS:[01],,,[01]{8},[01]{8}"),
    query("S", "AT+CCLK?", r"\+CCLK:\d\d/\d\d/\d\d,\d\d:\d\d:\d\d[+-]\d\d"),
    query(
        "S", "AT+NUESTATS", *(f"{name}:{_FIGURE}" for name in _SIGNALS), r"[\s\S]*ECL:\d+[\s\S]*"
    ),
    Case(
        "S",
        "AT+NUESTATS=CELL",
        ("AT+NUESTATS=CELL\r",),
        rf"((\r\nNUESTATS:CELL(,{_FIGURE}){{7}})+\r\n)?{OK}",
    ),
    query("S", "AT+NBAND?", r"\+NBAND:\d+(,\d+)*"),
    Case(
        "S", "AT+NCONFIG?", ("AT+NCONFIG?\r",), rf"(\r\n\+NCONFIG:[A-Z0-9_]+,(TRUE|FALSE))+\r\n{OK}"
    ),
    query("S", "AT+NATSPEED?", r"\+NATSPEED:\d+(,\d+)*"),
)

REFUSALS = (
    command("D", "AT+CMEE=1"),
    command("S", "AT+NOSUCH", name="an unknown command", answer=r"\r\n\+CME ERROR:4\r\n"),
    command("S", "AT+CMEE=9", name="a value out of range", answer=r"\r\n\+CME ERROR:50\r\n"),
    command("D", "AT+CMEE=0"),
    command("D", "AT+NOSUCH", name="an error without a number", answer=ERROR),
)
