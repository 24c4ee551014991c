"""Who the module is, and whose SIM it has: what it answers from memory."""

from __future__ import annotations

import re
from typing import Final

from m5310.at.codec import Answer, Command
from m5310.commands.general import query, read

ACKNOWLEDGES: Final = "3."
"""What AT+CMVER holds from SP3 on; hosts look for it before they use acknowledgements (seen)."""


def information() -> Command:
    """`ATI`; whatever lines come are kept."""
    return query("I", _TEXT, required=False)


def manufacturer() -> Command:
    return query("+CGMI", _TEXT)


def model() -> Command:
    return query("+CGMM", _TEXT)


def revision() -> Command:
    return query("+CGMR", _TEXT)


def firmware() -> Command:
    """AT+CMVER; it holds `ACKNOWLEDGES` or not."""
    return query("+CMVER", _TEXT)


def text_of(answer: Answer) -> str:
    """The bare line of `manufacturer`, `model`, `revision` or `firmware`."""
    return read(answer, _TEXT)[0]


# Never a line with a prefix: an unsolicited one may fall before the answer. Nor the text of a
# start: a module that restarts instead of answering must be heard by all who listen.
_TEXT = re.compile(r"(?!REBOOT)[^+\s][^\r\n]*")


def imsi() -> Command:
    return query("+CIMI", _IMSI)


def imsi_of(answer: Answer) -> str:
    return read(answer, _IMSI)[0]


def imei() -> Command:
    return query("+CGSN", _IMEI, 1)


def imei_of(answer: Answer) -> str:
    return read(answer, _IMEI)[1]


def serial_number() -> Command:
    """AT+CGSN=0; a bare line or one with the prefix (inferred)."""
    return query("+CGSN", _SERIAL, 0, required=False)


def iccid() -> Command:
    return query("+NCCID", _ICCID)


def iccid_of(answer: Answer) -> str:
    return read(answer, _ICCID)[1]


_IMSI = re.compile(r"[0-9]{5,15}")
_IMEI = re.compile(r'\+CGSN: ?"?([0-9]{15,17})"?')
_SERIAL = re.compile(r"(?!REBOOT)(?:\+CGSN: ?)?([A-Za-z0-9]+)")
_ICCID = re.compile(r"\+NCCID: ?([0-9A-Fa-f]{19,20})")
