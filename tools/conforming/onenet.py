"""OneNET: a login that is refused, one that is not, and what the platform asks (spec/at.md 2-4)."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Ask, Case, Need, does

# The blob of spec/at.md 4 whose endpoint no platform knows: whoever is asked refuses it.
_STRANGER = (
    "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A353638330900313233343B74657374"
)
# An open without a time of its own may take so many seconds, and a little on top for the line.
_LOGIN = 35.0
# The platform repeats what is not answered after 10 s (OneNET guide 5.2.2).
_REPEAT = 15.0

REFUSED_LOGIN = (
    does(2, "D", "AT+MIPLADDOBJ=0,3303,0", name="an object before the device", answer=ERROR),
    does(4, "S", f"AT+MIPLCONF=45,{_STRANGER},1,1", name="a size that lies", answer=ERROR),
    does(4, "S", f"AT+MIPLCONF=46,{_STRANGER},1,1", name="a device that no platform knows"),
    does(2, "D", "AT+MIPLADDOBJ=0,3303,0", name="its object"),
    does(2, "D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1', name="its resource"),
    does(
        2,
        "I",
        'AT+MIPLREAD=0,10000,3303,0,5700,4,"1",1',
        name="a read that nobody asked for",
        answer=ERROR,
    ),
    does(
        2,
        "D",
        "AT+MIPLOPEN=0,10",
        Need.NETWORK,
        name="its login is refused",
        then=r"\r\n\+MIPLOPEN:0,0\r\n",
        within=15.0,
    ),
    does(2, "S", "AT+MIPLDELOBJ=0,3303,0", name="its object is deleted"),
    does(2, "S", "AT+MIPLDEL=0", name="and the device"),
)

_ONLINE = (Need.NETWORK, Need.PLATFORM)
_DONE, _FAILED = r'"errno": ?0\b', r'"errno": ?[1-9]'
_THERMOMETER = {"obj_id": "3303", "obj_inst_id": "0"}
_LAMP = {"obj_id": "3311", "obj_inst_id": "0"}
_READ = Ask("GET", "/nbiot", {**_THERMOMETER, "res_id": "5700"})


def _asked(
    grade: str,
    name: str,
    ask: Ask,
    announced: str,
    *lines: str,
    told: str = _DONE,
    within: float = 5.0,
) -> Case:
    """The platform asks, the host answers with `lines`, the last of which ends it."""
    return Case(
        3,
        grade,
        name,
        tuple(f"{line}\r" for line in lines),
        OK * len(lines),
        needs=frozenset((Need.CHANGES, *_ONLINE)),
        asks=ask,
        announced=announced,
        told=told,
        within=within,
    )


def _written(resource: int, value: bool | str) -> Ask:
    query = {**_LAMP, "mode": "2"}
    return Ask("POST", "/nbiot", query, {"data": [{"res_id": resource, "val": value}]})


def _executed(arguments: str) -> Ask:
    body = {"args": arguments} if arguments else {}
    return Ask("POST", "/nbiot/execute", {**_LAMP, "res_id": "5850"}, body)


def _urc(name: str, ids: str, rest: str = "") -> str:
    """Of a message id that hosts patch: exactly five digits."""
    return rf"\r\n\+{name}:0,(?P<msgid>\d{{5}}),{ids}{rest}\r\n"


# The later firmware's form beside the bare one: type, length, value, and perhaps flag and index.
_TAIL = r"(,[0-2](,\d+)?)?"
_ANSWER = "AT+MIPLREAD=0,{msgid},3303,0,"
_PLATFORM_ASKS = (
    _asked(
        "S",
        "a read of one resource",
        _READ,
        _urc("MIPLREAD", "3303,0,5700", r"(,-?\d+)?"),
        _ANSWER + '5700,4,"21.25",1',
        told=r'"val": ?21\.25',
    ),
    does(2, "I", _ANSWER + '5700,4,"1",1', *_ONLINE, name="a second answer to it", answer=ERROR),
    _asked(
        "S",
        "a read of an instance",
        Ask("GET", "/nbiot", _THERMOMETER),
        _urc("MIPLREAD", "3303,0,-1", r"(,-?\d+)?"),
        _ANSWER + '5700,4,"21.5",0',
        _ANSWER + '5701,1,"a, b",1',
        told=r'"val": ?"a, b"',
    ),
    _asked(
        "I",
        "a read that fails",
        _READ,
        _urc("MIPLREAD", "3303,0,5700", r"(,-?\d+)?"),
        _ANSWER + '5700,2,"",1',
        told=_FAILED,
    ),
    _asked(
        "D",
        "an unanswered read comes again, with its msgid",
        _READ,
        _urc("MIPLREAD", "3303,0,5700", r"(,-?\d+)?")
        + r"[\s\S]*\+MIPLREAD:0,(?P=msgid),3303,[^\r\n]*\r\n",
        _ANSWER + '5700,4,"3",1',
        within=_REPEAT,
    ),
    _asked(
        "I",
        "a write of a boolean",
        _written(5850, value=True),
        _urc("MIPLWRITE", "3311,0,5850", rf",(1|5,1,1{_TAIL})"),
        "AT+MIPLWRITE=0,{msgid},1",
    ),
    _asked(
        "I",
        "a write of a text with a comma",
        _written(5750, "on, off"),
        _urc("MIPLWRITE", "3311,0,5750", rf",(on, off|1,7,\"?on, off\"?{_TAIL})"),
        "AT+MIPLWRITE=0,{msgid},1",
    ),
    _asked(
        "S",
        "a write that fails",
        _written(5850, value=False),
        _urc("MIPLWRITE", "3311,0,5850", rf",(0|5,1,0{_TAIL})"),
        "AT+MIPLWRITE=0,{msgid},0",
        told=_FAILED,
    ),
    _asked(
        "I",
        "an execute with arguments",
        _executed("blink 3"),
        _urc("MIPLEXECUTE", "3311,0,5850", r",(blink 3|7,\"blink 3\")"),
        "AT+MIPLEXECUTE=0,{msgid},1",
    ),
    _asked(
        "I",
        "an execute without",
        _executed(""),
        _urc("MIPLEXECUTE", "3311,0,5850", r"(,0,\"\")?"),
        "AT+MIPLEXECUTE=0,{msgid},1",
    ),
    _asked(
        "S",
        "an execute that fails",
        _executed("no"),
        _urc("MIPLEXECUTE", "3311,0,5850", r",(no|2,\"no\")"),
        "AT+MIPLEXECUTE=0,{msgid},0",
        told=_FAILED,
    ),
)

ON_THE_PLATFORM = (
    does(4, "S", "AT+MIPLCONF={login},1,1", *_ONLINE, name="the device of this board"),
    does(2, "D", "AT+MIPLADDOBJ=0,3303,0", *_ONLINE, name="a thermometer"),
    does(2, "D", "AT+MIPLADDOBJ=0,3311,0", *_ONLINE, name="a lamp"),
    does(2, "D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1', *_ONLINE, name="a float"),
    does(2, "D", 'AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel, or so",1', *_ONLINE, name="a string"),
    does(2, "D", 'AT+MIPLNOTIFY=0,3311,0,5850,5,"0",1', *_ONLINE, name="a boolean"),
    does(2, "D", 'AT+MIPLNOTIFY=0,3311,0,5750,1,"x",1', *_ONLINE, name="another string"),
    does(
        2,
        "D",
        "AT+MIPLOPEN=0,30",
        *_ONLINE,
        name="the login is accepted",
        then=r"\r\n\+MIPLOPEN:0,1\r\n",
        within=_LOGIN,
    ),
    Case(
        2,
        "I",
        "the platform discovers and observes",
        (),
        "",
        needs=frozenset((Need.CHANGES, *_ONLINE)),
        then=r"\+MIPLDISCOVER:0,\d+,3303\r\n[\s\S]*\+MIPLOBSERVE:0,\d+,1,3311,0,-1\r\n",
        within=20.0,
    ),
    does(2, "D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"21",1', *_ONLINE, name="a report"),
    does(
        2,
        "D",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1,7',
        *_ONLINE,
        Need.ACKNOWLEDGEMENTS,
        name="a report that is acknowledged",
        then=r"\r\n\+MIPLNOTIFY:0,7\r\n",
        within=20.0,
    ),
    does(
        2,
        "D",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1,7',
        *_ONLINE,
        Need.ACKNOWLEDGEMENTS,
        name="an ackid that is used again",
        answer=ERROR,
    ),
    does(
        2,
        "D",
        'AT+MIPLNOTIFY=0,3303,0,5702,4,"1",1',
        *_ONLINE,
        name="a report of what was not declared",
        answer=ERROR,
    ),
    *_PLATFORM_ASKS,
    does(
        2,
        "S",
        "AT+MIPLUPDATE=0,300,0",
        *_ONLINE,
        name="the registration is renewed",
        then=r"\r\n\+MIPLUPDATE:0,1\r\n",
        within=20.0,
    ),
    does(
        2,
        "I",
        "AT+MIPLCLOSE=0",
        *_ONLINE,
        name="the login ends",
        then=r"\r\n\+MIPLCLOSE:0,1\r\n",
        within=20.0,
    ),
    does(2, "S", "AT+MIPLDEL=0", *_ONLINE, name="the device is deleted"),
)
