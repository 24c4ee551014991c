"""Framing, what a board tells of itself, and how it refuses (spec/at.md 1 and 5)."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Case, asks, does

_SIGNAL = rf"\r\n\+CSQ:\d+,99\r\n{OK}"
_SERIAL = rf"\r\n\+CGSN:\d+\r\n{OK}"
FRAMING = (
    Case(1, "S", "a line ends at CR", ("AT\r",), OK),
    Case(1, "S", "a LF behind it is ignored", ("AT\r\n",), OK),
    Case(1, "S", "case does not matter", ("at+csq\r",), _SIGNAL),
    Case(1, "S", "blanks before AT", ("  AT\r",), OK),
    Case(1, "S", "blanks behind the last value", ("AT+CGSN=1 \r",), _SERIAL),
    Case(1, "S", "a line in pieces", ("AT+C", "GSN", "=1\r"), _SERIAL),
    Case(2, "S", "a line that is no command", ("MIPLOPEN=0\r",), ERROR, silent=True, within=1.0),
    Case(1, "S", "after it all is well", ("AT\r",), OK),
)

_FIGURE = r"-?\d+"
_SIGNALS = ("Signal power", "Total power", "TX power", "TX time", "RX time")
QUESTIONS = (
    asks("S", "AT+CGMI", r"[^\r\n+]+"),
    asks("S", "AT+CGMM", r"[^\r\n+]+"),
    asks("S", "AT+CGMR", r"[^\r\n+]+"),
    asks("S", "AT+CMVER", r"(?P<version>[^\r\n]+)"),
    asks("S", "AT+CIMI", r"(?P<imsi>\d{6,15})"),
    asks("S", "AT+CGSN=0", r"\+CGSN:[^\r\n]+"),
    asks("S", "AT+CGSN=1", r"\+CGSN:(?P<imei>\d{15})"),
    asks("S", "AT+CGSN"),
    asks("S", "AT+NCCID", r"\+NCCID:[0-9A-F]{20}"),
    asks("S", "AT+CSQ", r"\+CSQ:(\d|[12]\d|3[01]|99),99"),
    asks("S", "AT+CEREG?", r"\+CEREG:[0-5],(?P<stat>[0-5])(,.*)?"),
    asks("S", "AT+CGATT?", r"\+CGATT:[01]"),
    asks("S", "AT+CSCON?", r"\+CSCON:[01],[01]"),
    asks("S", "AT+CFUN?", r"\+CFUN:[01]"),
    asks("D", "AT+CMEE?", r"\+CMEE:[01]"),
    asks("S", "AT+COPS?", r"\+COPS:\d(,2,\"\d{5,6}\")?"),
    asks("S", "AT+CGDCONT?", r"\+CGDCONT:0,\"IP\",\"[^\"]*\",[^,]*,0,0"),
    asks("S", "AT+CGPADDR", r"\+CGPADDR:0(,[0-9.]+)?"),
    asks("S", "AT+CPSMS?", r"\+CPSMS:[01](,,,\"[01]{8}\",\"[01]{8}\")?"),
    asks("S", "AT+CCLK?", r"\+CCLK:\d\d/\d\d/\d\d,\d\d:\d\d:\d\d[+-]\d\d"),
    asks("S", "AT+NUESTATS", *(f"{name}:{_FIGURE}" for name in _SIGNALS), r"[\s\S]*ECL:\d+[\s\S]*"),
    Case(
        5,
        "S",
        "AT+NUESTATS=CELL",
        ("AT+NUESTATS=CELL\r",),
        rf"(\r\nNUESTATS:CELL(,{_FIGURE}){{7}}\r\n)*{OK}",
    ),
    asks("S", "AT+NBAND?", r"\+NBAND:\d+(,\d+)*"),
    Case(
        5,
        "S",
        "AT+NCONFIG?",
        ("AT+NCONFIG?\r",),
        rf"(\r\n\+NCONFIG:[A-Z0-9_]+,(TRUE|FALSE)\r\n)+{OK}",
    ),
    asks("S", "AT+NATSPEED?", r"\+NATSPEED:\d+(,\d+)*"),
)

REFUSALS = (
    does(1, "D", "AT+CMEE=1"),
    does(1, "S", "AT+NOSUCH", name="an unknown command", answer=r"\r\n\+CME ERROR:4\r\n"),
    does(1, "S", "AT+CMEE=9", name="a value out of range", answer=r"\r\n\+CME ERROR:50\r\n"),
    does(1, "D", "AT+CMEE=0"),
    does(1, "D", "AT+NOSUCH", name="an error without number", answer=ERROR),
)
