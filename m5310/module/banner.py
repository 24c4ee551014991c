"""What a module says it is, if it does not understand the commands of the first M5310."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from m5310.at.codec import Answer, Command, Execute, Response
from m5310.errors import CommandError, CommandTimeout, Text

ASKED: Final = 0.5
"""Seconds for each line of the banner: a module answers it from memory, within some ms."""
# guess: short, since the caller already knows that something is wrong.

_LINE = re.compile(r'(?!REBOOT|\+MIPL)(?:\+\w+: ?)?"?([^\r\n"]+?)"?')
_OURS = re.compile(r"M5310(?!-?[A-Z])")  # not the M5310-A
_COMMON = re.compile(
    r"M5310-?(?:A|SE|CM)|M531[123]|M5330|MN3[12]|ML30|ML5330|ML553|MR880|N700|BC95|BC28|BC35|BC26"
    r"|SIM70|IM2209|ME3616|NB7[13]|NB86|MB86|Lierda"
)
"""Modules with China Mobile's common language (OneNET guide, table 3-1, and their manuals)."""


class Said(NamedTuple):
    """The answers to ATI, AT+CGMI, AT+CGMM and AT+CGMR, each on one line; empty: there was none."""

    information: str
    maker: str
    model: str
    revision: str


async def _ask(execute: Execute, name: str) -> str:
    """The answer to one of these commands, in any form."""
    lines = (Response(_LINE, required=False),)
    try:
        answer: Answer = await execute(Command(f"AT{name}", lines, timeout=ASKED))
    except (CommandError, CommandTimeout):
        return ""
    return " ".join(_LINE.sub(r"\1", line).strip() for line in answer.lines)


async def ask_all(execute: Execute) -> Said:
    """Ask in the order that fits most modules (operator's list): ATI names many completely, and
    some refuse it. A model that is not known may have been damaged on the line: it is asked for
    twice."""
    information, maker = await _ask(execute, "I"), await _ask(execute, "+CGMI")
    model = await _ask(execute, "+CGMM")
    if not (_OURS.search(model) or _COMMON.search(model)):
        model = await _ask(execute, "+CGMM") or model
    return Said(information, maker, model, await _ask(execute, "+CGMR"))


def is_ours(said: Said) -> bool:
    """Whether this is the M5310 of the first generation, or does not say what it is."""
    if said.model:
        return _OURS.search(said.model) is not None
    return not _COMMON.search(" ".join(said))


def describe(said: Said) -> str:
    """What a module that was asked everything says it is, and the language that it probably
    speaks."""
    name = " ".join(word for word in said if word) or "nothing"
    if _COMMON.search(name):
        language = Text(
            "China Mobile's common one (AT+MIPLCREATE), but this firmware refuses it (Quectel's "
            "has a name that ends in _ONT)"
        )
    else:
        language = Text("not known here")
    return Text(
        "to ATI, AT+CGMI, AT+CGMM and AT+CGMR it answers {name}; its OneNET language is {language}",
        name=repr(name),
        language=language,
    )
