"""Results of cases, and differences between the captures of two boards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from tools.conforming.cases import Case
from tools.conforming.host import Capture


class Result(Enum):
    AS_SPECIFIED = "as specified"
    DIFFERENT = "different"
    NO_ANSWER = "no answer"
    SKIPPED = "skipped"


HEADER = """\
grade: D documented by China Mobile, S seen in host programs, I inferred
grade seconds  result        case"""

# What is a board's own: numbers of the board and its SIM, place and time, ids that are counted up.
# All else is compared: revision, error numbers, results.
_OWN = tuple(
    (re.compile(pattern), rf"\g<1>{shown}")
    for pattern, shown in (
        (r"(\+CGSN:)[^\r\n]+", "<serial number>"),
        (r"(\+NCCID:)[0-9A-F]+", "<SIM>"),
        (r"(\r\n)\d{6,15}(?=\r\n)", "<IMSI>"),
        (r"(\+CSQ:)\d+", "<signal>"),
        (r"(\+CGPADDR:0,)[0-9.]+", "<address>"),
        (r"(\+CCLK:)[^\r\n]+", "<time>"),
        (r"(\+CEREG:[0-5],[0-5],).+?(?=\r\n)", "<cell>"),
        (r"(\r\n[A-Z][A-Za-z ]+:)-?\d+(?=\r\n)", "<figure>"),  # of AT+NUESTATS
        (r"(NUESTATS:CELL,)[-0-9,]+", "<figures>"),
        (r"(\+NPING:[0-9.]+,)\d+,\d+", "<times>"),
        (r"(\r\n\d,)[0-9.]+,\d+(?=,\d+,[0-9A-F]*,)", "<sender>"),  # of a datagram
        (r"(\+MIPL(?:READ|WRITE|EXECUTE|OBSERVE|DISCOVER):0,)\d+", "<msgid>"),
    )
)
_IDENTITY = ("AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CMVER", "AT+CGSN=1")


@dataclass(frozen=True, slots=True)
class Row:
    """One case in the report; `reason`: why it was skipped."""

    case: Case
    capture: Capture | None
    result: Result
    reason: str = ""

    def text(self) -> str:
        """One line of the table; for a difference also what was received and expected."""
        case, capture = self.case, self.capture
        took = f"{capture.seconds:7.3f}" if capture and capture.seconds is not None else "      -"
        line = f"{case.grade}     {took}  {self.result.value:12}  {case.name}"
        if self.reason:
            return f"{line}  ({self.reason})"
        if capture is None or self.result is Result.AS_SPECIFIED:
            return line
        lines = [
            line,
            f"sent     {capture.sent!r}",
            f"received {capture.answer + capture.unsolicited!r}",
            f"expected {_expected(case)}",
        ]
        if case.api_answer:
            lines.append(f"API answered {capture.api_answer!r}, expected {case.api_answer}")
        return "\n       ".join(lines)


def _expected(case: Case) -> str:
    parts = (
        f"{case.urc} and then " if case.urc else "",
        case.answer,
        f" then {case.later}" if case.later else "",
        f" after {case.min_seconds:g} s or more" if case.min_seconds else "",
        f", within {case.max_seconds:g} s",
    )
    return "".join(parts)


def skip(case: Case, reason: str) -> Row:
    return Row(case, None, Result.SKIPPED, reason)


def judge(case: Case, capture: Capture) -> Row:
    return Row(case, capture, _result(case, capture))


def _result(case: Case, capture: Capture) -> Result:
    if not capture.answer and (case.may_be_silent or not case.parts):
        return Result.AS_SPECIFIED if _has_unsolicited(case, capture) else Result.NO_ANSWER
    if not capture.answer and not capture.unsolicited:
        return Result.NO_ANSWER
    # Unsolicited lines may come at any time; a second final result code must not.
    twice = re.search(r"\r\n(OK|ERROR|\+CME ERROR:\d+)\r\n", capture.unsolicited) is not None
    early = capture.seconds is not None and capture.seconds < case.min_seconds
    correct = (
        re.fullmatch(case.answer, capture.answer) is not None
        and _has_unsolicited(case, capture)
        and (not case.api_answer or re.search(case.api_answer, capture.api_answer) is not None)
    )
    return Result.AS_SPECIFIED if correct and not twice and not early else Result.DIFFERENT


def _has_unsolicited(case: Case, capture: Capture) -> bool:
    patterns = (pattern for pattern in (case.urc, case.later) if pattern)
    return all(re.search(pattern, capture.unsolicited) for pattern in patterns)


def differences(here: list[Capture], there: list[Capture]) -> list[str]:
    """One text for each case that both have and that differs in more than a board's own values."""
    others = {capture.name: capture for capture in there}
    found = []
    for capture in here:
        other = others.get(capture.name)
        if other is not None and _without_own(capture) != _without_own(other):
            sides = (capture.name, f"here  {_received(capture)}", f"there {_received(other)}")
            found.append("\n       ".join(sides))
    return found


def identity(captures: list[Capture]) -> str:
    """Which board these captures are of: maker, model, revision, version and IMEI."""
    answers = {capture.name: capture.answer for capture in captures}
    lines = (re.search(r"\r\n([^\r\n]+)\r\n", answers.get(name, "")) for name in _IDENTITY)
    return " ".join(line[1] for line in lines if line) or "a board that did not say which it is"


def _without_own(capture: Capture) -> tuple[str, str]:
    text = capture.answer + capture.unsolicited
    for pattern, shown in _OWN:
        text = pattern.sub(shown, text)
    return text, capture.api_answer


def _received(capture: Capture) -> str:
    return repr(capture.answer + capture.unsolicited) + (
        f" API answered {capture.api_answer}" if capture.api_answer else ""
    )
