"""What an M5310 answers, case by case, each with the section of spec/at.md and its grade.

Grades: D documented, S seen in host programs, I inferred. Patterns are of the bytes on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass

DAMPED = 0.1  # seconds between the pieces of a line that comes in pieces (spec/at.md 1)
OK = r"\r\nOK\r\n"
ERROR = r"\r\nERROR\r\n"


@dataclass(frozen=True, slots=True)
class Case:
    """`pieces` are sent, `answer` is the whole answer as a pattern, up to its final result.

    `changes`: the board is not afterwards as it was, or its SIM's account is used. `then`: a
    pattern of what comes unasked within `within` seconds. `silent`: no answer is right too.
    """

    section: int
    grade: str
    name: str
    pieces: tuple[str, ...]
    answer: str
    changes: bool = False
    then: str = ""
    within: float = 3.0
    silent: bool = False


def _asks(grade: str, command: str, *lines: str, within: float = 3.0) -> Case:
    """A question of section 5: information lines, each framed, and OK."""
    answer = "".join(rf"\r\n{line}\r\n" for line in lines) + OK
    return Case(5, grade, f"AT{command}", (f"AT{command}\r",), answer, within=within)


def _does(section: int, grade: str, command: str, then: str = "", within: float = 3.0) -> Case:
    """A command that changes something and is answered OK."""
    return Case(
        section, grade, command, (f"{command}\r",), OK, changes=True, then=then, within=within
    )


_FRAMING = (
    Case(1, "S", "a line ends at CR", ("AT\r",), OK),
    Case(1, "S", "a LF behind it is ignored", ("AT\r\n",), OK),
    Case(1, "S", "case does not matter", ("at+csq\r",), rf"\r\n\+CSQ:\d+,99\r\n{OK}"),
    Case(1, "S", "blanks before AT", ("  AT\r",), OK),
    Case(1, "S", "blanks behind the last value", ("AT+CGSN=1 \r",), rf"\r\n\+CGSN:\d+\r\n{OK}"),
    Case(1, "S", "a line in pieces", ("AT+C", "GSN", "=1\r"), rf"\r\n\+CGSN:\d+\r\n{OK}"),
    Case(2, "S", "a line that is no command", ("MIPLOPEN=0\r",), ERROR, silent=True),
    Case(1, "S", "after it all is well", ("AT\r",), OK),
)
_GENERAL = (
    _asks("S", "+CGMI", r"[^\r\n+]+"),
    _asks("S", "+CGMM", r"[^\r\n+]+"),
    _asks("S", "+CGMR", r"[^\r\n+]+"),
    _asks("S", "+CMVER", r"[^\r\n]+"),
    _asks("S", "+CIMI", r"\d{6,15}"),
    _asks("S", "+CGSN=1", r"\+CGSN:\d{15}"),
    _asks("S", "+CGSN"),
    _asks("S", "+NCCID", r"\+NCCID:[0-9A-F]{20}"),
    _asks("S", "+CSQ", r"\+CSQ:(\d|[12]\d|3[01]|99),99"),
    _asks("S", "+CEREG?", r"\+CEREG:[0-5],[0-5](,.*)?"),
    _asks("S", "+CGATT?", r"\+CGATT:[01]"),
    _asks("S", "+CSCON?", r"\+CSCON:[01],[01]"),
    _asks("S", "+CFUN?", r"\+CFUN:[01]"),
    _asks("D", "+CMEE?", r"\+CMEE:[01]"),
    _asks("S", "+COPS?", r"\+COPS:\d(,2,\"\d{5,6}\")?"),
    _asks("S", "+CGPADDR", r"\+CGPADDR:0(,[0-9.]+)?"),
    _asks("S", "+CCLK?", r"\+CCLK:\d\d/\d\d/\d\d,\d\d:\d\d:\d\d[+-]\d\d"),
    _asks("S", "+NBAND?", r"\+NBAND:\d+(,\d+)*"),
    _asks("S", "+NATSPEED?", r"\+NATSPEED:\d+(,\d+)*"),
)
_REFUSALS = (
    _does(1, "D", "AT+CMEE=1"),
    Case(1, "S", "an unknown command", ("AT+NOSUCH\r",), r"\r\n\+CME ERROR:4\r\n", changes=True),
    Case(1, "S", "a value out of range", ("AT+CMEE=9\r",), r"\r\n\+CME ERROR:50\r\n", changes=True),
    _does(1, "D", "AT+CMEE=0"),
    Case(1, "D", "an error without number", ("AT+NOSUCH\r",), ERROR, changes=True),
)
_SOCKETS = (
    Case(5, "S", "a socket", ('AT+NSOCR="DGRAM",17,5683\r',), rf"\r\n0\r\n{OK}", changes=True),
    _does(5, "S", "AT+NSOCL=0"),
)
# The blob of spec/at.md 4 whose endpoint no platform knows: whoever is asked refuses it.
_BLOB = (
    "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A353638330900313233343B74657374"
)
_ONENET = (
    _does(4, "S", f"AT+MIPLCONF=46,{_BLOB},1,1"),
    _does(2, "D", "AT+MIPLADDOBJ=0,3303,0"),
    _does(2, "D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1'),
    Case(
        2,
        "I",
        "a read that nobody asked for",
        ('AT+MIPLREAD=0,10000,3303,0,5700,4,"1",1\r',),
        ERROR,
        changes=True,
    ),
    _does(2, "D", "AT+MIPLOPEN=0,10", then=r"\r\n\+MIPLOPEN:0,0\r\n", within=15.0),
    _does(2, "S", "AT+MIPLDELOBJ=0,3303,0"),
    _does(2, "S", "AT+MIPLDEL=0"),
)

CASES = _FRAMING + _GENERAL + _REFUSALS + _SOCKETS + _ONENET
