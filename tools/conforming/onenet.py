"""Cases: OneNET, a refused and an accepted login, and requests of the platform."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, ApiCall, Case, Need, command

# A MIPLCONF configuration with an endpoint that no platform knows.
_UNKNOWN = (
    "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A353638330900313233343B74657374"
)
# Seconds of a login: AT+MIPLOPEN allows 30, the rest is margin.
_LOGIN = 35.0
# Seconds: the platform repeats an unanswered request after 10 (OneNET guide 5.2.2).
_REPEAT = 15.0

REFUSED_LOGIN = (
    command("D", "AT+MIPLADDOBJ=0,3303,0", name="add an object without a device", answer=ERROR),
    command(
        "S",
        f"AT+MIPLCONF=45,{_UNKNOWN},1,1",
        name="a size that does not match the data",
        answer=ERROR,
    ),
    command(
        "S", f"AT+MIPLCONF=46,{_UNKNOWN},1,1", name="configure a device unknown to the platform"
    ),
    command("D", "AT+MIPLADDOBJ=0,3303,0", name="add its object"),
    command("D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1', name="declare its resource"),
    command(
        "I",
        'AT+MIPLREAD=0,10000,3303,0,5700,4,"1",1',
        name="answer a read that was not requested",
        answer=ERROR,
    ),
    command(
        "D",
        "AT+MIPLOPEN=0,10",
        Need.NETWORK,
        name="the login is refused",
        later=r"\r\n\+MIPLOPEN:0,0\r\n",
        max_seconds=15.0,
    ),
    command("S", "AT+MIPLDELOBJ=0,3303,0", name="delete its object"),
    command("S", "AT+MIPLDEL=0", name="delete the device"),
)

_ONLINE = (Need.NETWORK, Need.PLATFORM)
_DONE, _FAILED = r'"errno": ?0\b', r'"errno": ?[1-9]'
_THERMOMETER = {"obj_id": "3303", "obj_inst_id": "0"}
_LAMP = {"obj_id": "3311", "obj_inst_id": "0"}
_READ = ApiCall("GET", "/nbiot", {**_THERMOMETER, "res_id": "5700"})


def _request(
    grade: str,
    name: str,
    call: ApiCall,
    urc: str,
    *lines: str,
    api_answer: str = _DONE,
    max_seconds: float = 5.0,
) -> Case:
    """A request of the platform, which the host answers with `lines`."""
    return Case(
        grade,
        name,
        tuple(f"{line}\r" for line in lines),
        OK * len(lines),
        needs=frozenset((Need.CHANGES, *_ONLINE)),
        api_call=call,
        urc=urc,
        api_answer=api_answer,
        max_seconds=max_seconds,
    )


def _write(resource: int, value: bool | str) -> ApiCall:
    query = {**_LAMP, "mode": "2"}
    return ApiCall("POST", "/nbiot", query, {"data": [{"res_id": resource, "val": value}]})


def _execute(arguments: str) -> ApiCall:
    body = {"args": arguments} if arguments else {}
    return ApiCall("POST", "/nbiot/execute", {**_LAMP, "res_id": "5850"}, body)


def _urc(name: str, ids: str, rest: str = "") -> str:
    """A URC with a message id of exactly five digits, the length that hosts expect."""
    return rf"\r\n\+{name}:0,(?P<msgid>\d{{5}}),{ids}{rest}\r\n"


# Later firmware adds type, length, and perhaps flag and index.
_TAIL = r"(,[0-2](,\d+)?)?"
_ANSWER = "AT+MIPLREAD=0,{msgid},3303,0,"
_PLATFORM_REQUESTS = (
    _request(
        "S",
        "a read of one resource",
        _READ,
        _urc("MIPLREAD", "3303,0,5700", r"(,-?\d+)?"),
        _ANSWER + '5700,4,"21.25",1',
        api_answer=r'"val": ?21\.25',
    ),
    command("I", _ANSWER + '5700,4,"1",1', *_ONLINE, name="answer it a second time", answer=ERROR),
    _request(
        "S",
        "a read of an instance",
        ApiCall("GET", "/nbiot", _THERMOMETER),
        _urc("MIPLREAD", "3303,0,-1", r"(,-?\d+)?"),
        _ANSWER + '5700,4,"21.5",0',
        _ANSWER + '5701,1,"a, b",1',
        api_answer=r'"val": ?"a, b"',
    ),
    _request(
        "I",
        "a read that fails",
        _READ,
        _urc("MIPLREAD", "3303,0,5700", r"(,-?\d+)?"),
        _ANSWER + '5700,2,"",1',
        api_answer=_FAILED,
    ),
    _request(
        "D",
        "an unanswered read is repeated with its msgid",
        _READ,
        _urc("MIPLREAD", "3303,0,5700", r"(,-?\d+)?")
        + r"[\s\S]*\+MIPLREAD:0,(?P=msgid),3303,[^\r\n]*\r\n",
        _ANSWER + '5700,4,"3",1',
        max_seconds=_REPEAT,
    ),
    _request(
        "I",
        "a write of a boolean",
        _write(5850, value=True),
        _urc("MIPLWRITE", "3311,0,5850", rf",(1|5,1,1{_TAIL})"),
        "AT+MIPLWRITE=0,{msgid},1",
    ),
    _request(
        "I",
        "a write of a text with a comma",
        _write(5750, "on, off"),
        _urc("MIPLWRITE", "3311,0,5750", rf",(on, off|1,7,\"?on, off\"?{_TAIL})"),
        "AT+MIPLWRITE=0,{msgid},1",
    ),
    _request(
        "S",
        "a write that fails",
        _write(5850, value=False),
        _urc("MIPLWRITE", "3311,0,5850", rf",(0|5,1,0{_TAIL})"),
        "AT+MIPLWRITE=0,{msgid},0",
        api_answer=_FAILED,
    ),
    _request(
        "I",
        "an execute with arguments",
        _execute("blink 3"),
        _urc("MIPLEXECUTE", "3311,0,5850", r",(blink 3|7,\"blink 3\")"),
        "AT+MIPLEXECUTE=0,{msgid},1",
    ),
    _request(
        "I",
        "an execute without arguments",
        _execute(""),
        _urc("MIPLEXECUTE", "3311,0,5850", r"(,0,\"\")?"),
        "AT+MIPLEXECUTE=0,{msgid},1",
    ),
    _request(
        "S",
        "an execute that fails",
        _execute("no"),
        _urc("MIPLEXECUTE", "3311,0,5850", r",(no|2,\"no\")"),
        "AT+MIPLEXECUTE=0,{msgid},0",
        api_answer=_FAILED,
    ),
)

ON_THE_PLATFORM = (
    command("S", "AT+MIPLCONF={login},1,1", *_ONLINE, name="configure the device of this board"),
    command("D", "AT+MIPLADDOBJ=0,3303,0", *_ONLINE, name="add a thermometer"),
    command("D", "AT+MIPLADDOBJ=0,3311,0", *_ONLINE, name="add a lamp"),
    command("D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1', *_ONLINE, name="declare a float"),
    command("D", 'AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel, or so",1', *_ONLINE, name="declare a string"),
    command("D", 'AT+MIPLNOTIFY=0,3311,0,5850,5,"0",1', *_ONLINE, name="declare a boolean"),
    command("D", 'AT+MIPLNOTIFY=0,3311,0,5750,1,"x",1', *_ONLINE, name="declare another string"),
    command(
        "D",
        "AT+MIPLOPEN=0,30",
        *_ONLINE,
        name="the login is accepted",
        later=r"\r\n\+MIPLOPEN:0,1\r\n",
        max_seconds=_LOGIN,
    ),
    Case(
        "S",
        "the platform observes, discovers, and reads object 3",
        (),
        "",
        needs=frozenset((Need.CHANGES, *_ONLINE)),
        later=r"\+MIPLOBSERVE:0,\d+,1,3303,0,-1\r\n[\s\S]*\+MIPLDISCOVER:0,\d+,3311\r\n"
        r"[\s\S]*\+MIPLREAD:0,\d+,3,0,-1(,\d+)?\r\n",
        max_seconds=20.0,
    ),
    command("D", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"21",1', *_ONLINE, name="a report"),
    command(
        "D",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1,7',
        *_ONLINE,
        Need.ACKNOWLEDGEMENTS,
        name="a report that is acknowledged",
        later=r"\r\n\+MIPLNOTIFY:0,7\r\n",
        max_seconds=20.0,
    ),
    command(
        "D",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1,7',
        *_ONLINE,
        Need.ACKNOWLEDGEMENTS,
        name="a used ackid",
        answer=ERROR,
    ),
    command(
        "D",
        'AT+MIPLNOTIFY=0,3303,0,5702,4,"1",1',
        *_ONLINE,
        name="report an undeclared resource",
        answer=ERROR,
    ),
    *_PLATFORM_REQUESTS,
    command(
        "S",
        "AT+MIPLUPDATE=0,300,0",
        *_ONLINE,
        name="renew the registration",
        later=r"\r\n\+MIPLUPDATE:0,1\r\n",
        max_seconds=20.0,
    ),
    command(
        "I",
        "AT+MIPLCLOSE=0",
        *_ONLINE,
        name="log out",
        later=r"\r\n\+MIPLCLOSE:0,1\r\n",
        max_seconds=20.0,
    ),
    command("S", "AT+MIPLDEL=0", *_ONLINE, name="delete the device and its objects"),
)
