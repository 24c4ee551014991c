"""Identity of the module and its SIM, answered from memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from m5310.at.table import CommandTable, Match, first_value
from m5310.errors import Text

TABLE: Final = CommandTable()

# Never a line with a prefix: an unsolicited one may come before the answer. Nor boot text: a
# module that restarts instead of answering must be noticed by every listener.
_TEXT = re.compile(r"(?!REBOOT)[^+\s][^\r\n]*")
_SERIAL = re.compile(r"(?!REBOOT)(?:\+CGSN: ?)?([A-Za-z0-9]+)")


def _text(matches: Sequence[Match]) -> str:
    return matches[0][0]


information: Final = TABLE.query(
    "I",
    _TEXT,
    lambda matches: tuple(match[0] for match in matches),
    Text("product information"),
    required=False,
    describe=", ".join,
)
manufacturer: Final = TABLE.query("+CGMI", _TEXT, _text, Text("manufacturer"))
model: Final = TABLE.query("+CGMM", _TEXT, _text, Text("model"))
revision: Final = TABLE.query(
    "+CGMR", _TEXT, _text, Text("firmware"), meaning=Text("ask for the chip's firmware")
)
firmware: Final = TABLE.query(
    "+CMVER", _TEXT, _text, Text("firmware"), meaning=Text("ask for the module's firmware")
)
imei: Final = TABLE.query(
    "+CGSN", re.compile(r'\+CGSN: ?"?([0-9]{15,17})"?'), first_value, Text("IMEI"), 1
)
serial_number: Final = TABLE.query(  # a bare line or one with the prefix (inferred), or none
    "+CGSN",
    _SERIAL,
    lambda matches: matches[0][1] if matches else None,
    Text("serial number"),
    0,
    required=False,
)
imsi: Final = TABLE.query(
    "+CIMI",
    re.compile(r"[0-9]{5,15}"),
    _text,
    Text("IMSI"),
    meaning=Text("ask for the SIM's number (IMSI)"),
)
iccid: Final = TABLE.query(
    "+NCCID",
    re.compile(r"\+NCCID: ?([0-9A-Fa-f]{19,20})"),
    first_value,
    Text("SIM card"),
    meaning=Text("ask for the SIM card's number"),
)
