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
    case: Case
    capture: Capture | None
    verdict: Verdict

    def text(self) -> str:
        """One line of the table, and what came where it is not as written."""
        case, capture = self.case, self.capture
        took = f"{capture.seconds:7.3f}" if capture and capture.seconds is not None else "      -"
        line = f"{case.section}  {case.grade}  {took}  {self.verdict.value:10}  {case.name:.60}"
        if capture is None or self.verdict in (Verdict.AS_WRITTEN, Verdict.LEFT_OUT):
            return line
        wanted = case.answer + (f" then {case.then}" if case.then else "")
        told = (line, f"sent {capture.sent!r}", f"came {_came(capture)}", f"not  {wanted}")
        return "\n       ".join(told)


def judged(case: Case, capture: Capture | None) -> Row:
    """`capture` None: the case was left out."""
    return Row(case, capture, _verdict(case, capture))


def _verdict(case: Case, capture: Capture | None) -> Verdict:
    if capture is None:
        return Verdict.LEFT_OUT
    if not capture.answer and not capture.unasked:
        return Verdict.AS_WRITTEN if case.silent else Verdict.NO_ANSWER
    right = re.fullmatch(case.answer, capture.answer) is not None
    # Unasked lines may come at any time; a second final result may not.
    twice = re.search(r"\r\n(OK|ERROR|\+CME ERROR:\d+)\r\n", capture.unasked) is not None
    announced = not case.then or re.search(case.then, capture.unasked) is not None
    return Verdict.AS_WRITTEN if right and announced and not twice else Verdict.DIFFERENT


def differences(here: list[Capture], there: list[Capture]) -> list[str]:
    """Where the answers differ in more than their figures: one text a case that both have."""
    others = {(capture.name, capture.sent): capture for capture in there}
    found = []
    for capture in here:
        other = others.get((capture.name, capture.sent))
        if other is not None and _shape(capture) != _shape(other):
            found.append(
                f"{capture.name}\n       here  {_came(capture)}\n       there {_came(other)}"
            )
    return found


def _shape(capture: Capture) -> str:
    """Without the figures: serial numbers, signal and time are each board's own."""
    return re.sub(r"\d+", "9", capture.answer + capture.unasked)


def _came(capture: Capture) -> str:
    return repr(capture.answer + capture.unasked)
