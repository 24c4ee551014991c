"""Unsolicited lines of the suite, as modules print them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.dialects.suite.urcs import parse
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    Ended,
    Event,
    ExecuteRequest,
    MalformedRequest,
    NotAcknowledged,
    Observed,
    Opened,
    ParameterRequest,
    ReadRequest,
    Updated,
    UpdateNeeded,
    Urc,
    WriteRequest,
)
from m5310.errors import AnswerError
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

T = ValueType
LIGHT = Path(3306, 0, 5851)
LINES: dict[str, Urc] = {
    "+MIPLEVENT:0,6": Opened(0, True),
    "+MIPLEVENT: 0, 6": Opened(0, True),
    "+MIPLEVENT:0,3": Opened(0, False),
    "+MIPLEVENT:0,5": Opened(0, False),
    "+MIPLEVENT:0,7": Opened(0, False),
    "+MIPLEVENT:0,8": Ended(0, 8, "no answer to the registration"),
    "+MIPLEVENT:0,9": Ended(0, 9, "the lifetime is over"),
    "+MIPLEVENT:0,13": Ended(0, 13, "no answer to the update"),
    "+MIPLEVENT:0,31": Ended(0, 31, "the platform deleted the device"),
    "+MIPLEVENT:0,11": Updated(0, True),
    "+MIPLEVENT:0,12": Updated(0, False),
    "+MIPLEVENT:0,14,30": UpdateNeeded(0, 30),
    "+MIPLEVENT:0,14": UpdateNeeded(0, None),
    "+MIPLEVENT:0,15": Closed(0, True),
    "+MIPLEVENT:0,25,7": NotAcknowledged(0, 7),
    "+MIPLEVENT: 0,26,7": Acknowledged(0, 7),
    "+MIPLEVENT:0,1": Event(0, 1, None, "bootstrap begins", True),
    "+MIPLEVENT:0,21,70247": Event(0, 21, 70247, "an answer arrived", True),
    "+MIPLEVENT: 0,51,100,3": Event(0, 51, 100, "firmware: download goes on"),
    "+MIPLEVENT:0,99": Event(0, 99, None, "not known"),
    # an observe's id has the number of observes in its upper part
    "+MIPLOBSERVE:0,70247,1,3303,0,-1": Observed(0, 70247, True, 3303, 0, -1),
    "+MIPLOBSERVE: 0, 135784, 0, 3303, -1, -1": Observed(0, 135784, False, 3303, -1, -1),
    "+MIPLOBSERVE:0,4711,1,3303,0": Observed(0, 4711, True, 3303, 0, -1),
    "+MIPLDISCOVER:0,4712,3303": Discovered(0, 4712, 3303),
    '+MIPLPARAMETER:0,4713,3303,0,5700,41,"pmin=15;pmax=60;lt=0.0;gt=50.0;st=2.0"': (
        ParameterRequest(0, 4713, Path(3303, 0, 5700), "pmin=15;pmax=60;lt=0.0;gt=50.0;st=2.0")
    ),
    "+MIPLREAD:0,4714,3,0,-1,0": ReadRequest(0, 4714, Path(3, 0)),
    "+MIPLREAD: 0, 4714, 3303, 0, 5700": ReadRequest(0, 4714, Path(3303, 0, 5700)),
    # Quectel, ME3616: ten values, the length of opaque bytes in bytes
    "+MIPLWRITE: 0, 4711, 3306, 0, 5851, 2, 1, 16, 0, 0": WriteRequest(
        0, 4711, LIGHT, T.OPAQUE, "16", left=0
    ),
    "+MIPLWRITE:0,4711,3306,0,5851,2,4,0A0B0C0D,0,0": WriteRequest(
        0, 4711, LIGHT, T.OPAQUE, "0A0B0C0D", left=0
    ),
    # China Mobile: nine values, the length of opaque bytes in hex digits
    "+MIPLWRITE:0,4711,20,0,0,2,8,0A0B0C0D,0": WriteRequest(
        0, 4711, Path(20, 0, 0), T.OPAQUE, "0A0B0C0D"
    ),
    # XY1100: quoted, integers of 4 bytes and floats as %.3f
    '+MIPLWRITE:0,4711,3306,0,5851,1,5,"a,b,c",0,0': WriteRequest(
        0, 4711, LIGHT, T.STRING, "a,b,c", left=0
    ),
    "+MIPLWRITE:0,4711,3306,0,5851,3,4,100,0,0": WriteRequest(
        0, 4711, LIGHT, T.INTEGER, "100", left=0
    ),
    "+MIPLWRITE:0,4711,3306,0,5851,4,8,1.500,1,1": WriteRequest(
        0, 4711, LIGHT, T.FLOAT, "1.500", 1, left=1
    ),
    # unquoted: the length decides, not the commas; it counts characters or bytes
    "+MIPLWRITE:0,4711,3306,0,5851,1,5,a,b,c,0,0": WriteRequest(
        0, 4711, LIGHT, T.STRING, "a,b,c", left=0
    ),
    "+MIPLWRITE:0,4711,3306,0,5851,1,2,你好,0": WriteRequest(0, 4711, LIGHT, T.STRING, "你好"),
    "+MIPLWRITE:0,4711,3306,0,5851,1,6,你好,0": WriteRequest(0, 4711, LIGHT, T.STRING, "你好"),
    "+MIPLEXECUTE:0,4711,3303,0,5605": ExecuteRequest(0, 4711, Path(3303, 0, 5605), b""),
    '+MIPLEXECUTE:0,4711,5,0,26550,0,""': ExecuteRequest(0, 4711, Path(5, 0, 26550), b""),
    '+MIPLEXECUTE: 0, 4711, 3303, 0, 5605, 5, "a,b=1"': ExecuteRequest(
        0, 4711, Path(3303, 0, 5605), b"a,b=1"
    ),
    "+MIPLEXECUTE:0,4711,3303,0,5605,3,abc,0": ExecuteRequest(0, 4711, Path(3303, 0, 5605), b"abc"),
    "+MIPLEXECUTE:0,4711,3303,0,5605,reset": ExecuteRequest(0, 4711, Path(3303, 0, 5605), b"reset"),
}


@pytest.mark.parametrize(("line", "urc"), LINES.items(), ids=LINES)
def test_lines_of_modules(line: str, urc: Urc) -> None:
    found = parse(line)
    assert found == urc
    assert type(found) is type(urc)


@pytest.mark.parametrize(("line", "urc"), LINES.items(), ids=LINES)
def test_blanks_may_stand_after_the_colon_and_the_commas_before_a_value(
    line: str, urc: Urc
) -> None:
    if isinstance(urc, WriteRequest | ExecuteRequest):
        head, tail = re.fullmatch(r"(.*?:(?: ?[-0-9]+,? ?){5})(.*)", line).groups()  # type: ignore[union-attr]
        assert parse(re.sub(r"[:,] ?", lambda found: found[0].strip() + " ", head) + tail) == urc
    else:
        text = line.partition('"')[0]
        spaced = re.sub(r"[:,] ?", lambda found: found[0].strip() + " ", text)
        assert parse(spaced + line.removeprefix(text)) == urc


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("+MIPLREAD:0,4711", ReadRequest),
        ("+MIPLWRITE:0,4711,3306,0,5851,2,3,0A0B0C0D,0,0", WriteRequest),  # neither 3 nor 6 digits
        ("+MIPLWRITE:0,4711,3306,0,5851,1,9,on,0,0", WriteRequest),
        ("+MIPLWRITE:0,4711,3306,0,-1,1,2,on,0,0", WriteRequest),
        ("+MIPLWRITE:0,4711,3306,0,5851,9,2,on,0,0", WriteRequest),
        ('+MIPLEXECUTE:0,4711,3303,0,5605,9,"abc"', ExecuteRequest),
    ],
)
def test_malformed_requests_can_be_refused(line: str, kind: type) -> None:
    with pytest.raises(MalformedRequest, match=r"malformed \+MIPL") as raised:
        parse(line)
    assert isinstance(raised.value.request, kind)
    assert raised.value.request.msgid == 4711


@pytest.mark.parametrize(
    "line",
    [
        "+MIPLEVENT:0",
        "+MIPLEVENT:0,x",
        "+MIPLEVENT:0,26",
        "+MIPLOBSERVE:0,1,2,3303,0,-1",
        "+MIPLOBSERVE:0,1,1,3303,-1,5700",
        "+MIPLDISCOVER:0,99999999999,3303",
        "+MIPLPARAMETER:0,1,3303,0,5700",
        # no line of a module, but int() would take them
        *("+MIPLEVENT:0,26,1_0", "+MIPLREAD:0,47_11,3303,0,5700", "+MIPLREAD:0,４7,3303,0,5700"),
        "+MIPLDISCOVER:0,1,33_03",
    ],
)
def test_malformed_lines(line: str) -> None:
    with pytest.raises(AnswerError, match=r"malformed \+MIPL"):
        parse(line)


@pytest.mark.parametrize("line", ["+MIPLOPEN:0,1", "+MIPLNOTIFY:0,2", "+CEREG:1", "OK", ""])
def test_other_lines_are_not_of_this_dialect(line: str) -> None:
    assert parse(line) is None


names = st.sampled_from(["EVENT", "OBSERVE", "DISCOVER", "PARAMETER", "READ", "WRITE", "EXECUTE"])


@given(names, st.text(st.sampled_from('0123456789,-" aÿ'), max_size=40) | st.text(max_size=20))
def test_any_line_is_read_or_refused(name: str, text: str) -> None:
    try:
        parse(f"+MIPL{name}:{text}")
    except AnswerError as error:
        assert "malformed" in str(error)  # noqa: PT017 - most lines are none
