"""Rules of a scripted module that speaks the suite: a BC28."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.scripted import Reply

Rules = dict[str, Reply | Callable[[str], Reply]]
OBSERVE = "+MIPLOBSERVE: 0,70247,1,3303,0,-1"


def suite(refused: str = "ERROR", **more: Reply | Callable[[str], Reply]) -> Rules:
    """Rules of a BC28 whose platform accepts everything; `more` by the name after `AT+MIPL`."""
    rules: Rules = {f"AT+MIPL{name}": reply for name, reply in more.items()}
    rules |= {
        "AT+MIPLCONF=": refused,
        "AT+MIPLDEL=": refused,
        "AT+CGMI": ["Quectel", "OK"],
        "AT+CGMM": ["BC28JB-02-STD", "OK"],
        "AT+CGMR": ["SECURITY,V150R100C20B300SP2", "OK"],
        "ATI": ["Quectel", "BC28", "Revision:BC28JBR01A01_ONT", "OK"],
    }
    rules.setdefault("AT+MIPLVER?", ["+MIPLVER:2.2.0", "OK"])
    rules.setdefault("AT+MIPLCREATE", ["+MIPLCREATE:0", "OK"])
    rules.setdefault("AT+MIPLOPEN", ["OK", *[f"+MIPLEVENT: 0,{n}" for n in (1, 2, 4, 6)], OBSERVE])
    rules.setdefault("AT+MIPLCLOSE", ["OK", "+MIPLEVENT: 0,15"])
    rules.setdefault("AT+MIPLUPDATE", ["OK", "+MIPLEVENT: 0,11"])
    return rules
