"""From captures to verdicts, and to what differs between two sets of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from tools.conforming.cases import Case
from tools.conforming.host import Capture


class Verdict(Enum):
    AS_WRITTEN = "as written"
    DIFFERENT = "different"
    NO_ANSWER = "no answer"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Row:
    """`reason`: why the case was left out."""

    case: Case
    capture: Capture | None
    verdict: Verdict
    reason: str = ""

    def text(self) -> str:
        """One line of the table, and what came where it is not as written."""
        case, capture = self.case, self.capture
        took = f"{capture.seconds:7.3f}" if capture and capture.seconds is not None else "      -"
        line = f"{case.section}  {case.grade}  {took}  {self.verdict.value:10}  {case.name:.60}"
        if self.reason:
            return f"{line}  ({self.reason})"
        if capture is None or self.verdict is Verdict.AS_WRITTEN:
            return line
        came = repr(capture.answer + capture.unasked)
        told = [line, f"sent {capture.sent!r}", f"came {came}", f"not  {_wanted(case)}"]
        if case.told:
            told.append(f"told {capture.told!r}, not {case.told}")
        return "\n       ".join(told)


def _wanted(case: Case) -> str:
    parts = (
        f"{case.announced} and then " if case.announced else "",
        case.answer,
        f" then {case.then}" if case.then else "",
        f" after {case.soonest:g} s or more" if case.soonest else "",
        f", within {case.within:g} s",
    )
    return "".join(parts)


def left_out(case: Case, reason: str) -> Row:
    return Row(case, None, Verdict.LEFT_OUT, reason)


def judged(case: Case, capture: Capture) -> Row:
    return Row(case, capture, _verdict(case, capture))


def _verdict(case: Case, capture: Capture) -> Verdict:
    if not capture.answer and (case.silent or not case.pieces):
        return Verdict.AS_WRITTEN if _announced(case, capture) else Verdict.NO_ANSWER
    if not capture.answer and not capture.unasked:
        return Verdict.NO_ANSWER
    right = re.fullmatch(case.answer, capture.answer) is not None
    # Unasked lines may come at any time; a second final result may not.
    twice = re.search(r"\r\n(OK|ERROR|\+CME ERROR:\d+)\r\n", capture.unasked) is not None
    early = capture.seconds is not None and capture.seconds < case.soonest
    told = not case.told or re.search(case.told, capture.told) is not None
    well = right and _announced(case, capture) and told and not twice and not early
    return Verdict.AS_WRITTEN if well else Verdict.DIFFERENT


def _announced(case: Case, capture: Capture) -> bool:
    wanted = (pattern for pattern in (case.announced, case.then) if pattern)
    return all(re.search(pattern, capture.unasked) for pattern in wanted)


def differences(here: list[Capture], there: list[Capture]) -> list[str]:
    """Where the answers differ in more than their figures: one text a case that both have."""
    others = {capture.name: capture for capture in there}
    found = []
    for capture in here:
        other = others.get(capture.name)
        if other is not None and _shape(capture) != _shape(other):
            found.append(
                f"{capture.name}\n       here  {_came(capture)}\n       there {_came(other)}"
            )
    return found


def _shape(capture: Capture) -> str:
    """Without the figures: serial numbers, signal and time are each board's own."""
    return re.sub(r"\d+", "9", _came(capture))


def _came(capture: Capture) -> str:
    return repr(capture.answer + capture.unasked) + (
        f" told {capture.told}" if capture.told else ""
    )
