"""UDP sockets and ping (spec/at.md 5)."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Need, does

SOCKETS = (
    does(5, "S", 'AT+NSOCR="DGRAM",17,5683', name="a socket", answer=rf"\r\n0\r\n{OK}"),
    does(5, "S", "AT+NSOCR=DGRAM,17,5684,1", name="one without quotes", answer=rf"\r\n1\r\n{OK}"),
    does(5, "S", "AT+NSOCL=1", name="it is closed"),
    does(
        5,
        "S",
        "AT+NSOST=0,{address},{port},5,68656C6C6F",
        Need.NETWORK,
        Need.DATAGRAMS,
        name="a datagram goes out and is echoed",
        answer=rf"\r\n0,5\r\n{OK}",
        then=r"\r\n\+NSONMI:0,5\r\n",
        within=20.0,
    ),
    does(
        5,
        "S",
        "AT+NSORF=0,2",
        Need.NETWORK,
        Need.DATAGRAMS,
        name="two bytes of it",
        answer=rf"\r\n0,[0-9.]+,\d+,2,6865,3\r\n{OK}",
    ),
    does(
        5,
        "S",
        "AT+NSORF=0,512",
        Need.NETWORK,
        Need.DATAGRAMS,
        name="and the rest",
        answer=rf"\r\n0,[0-9.]+,\d+,3,6C6C6F,0\r\n{OK}",
    ),
    does(5, "S", "AT+NSORF=0,512", name="nothing waits"),
    does(
        5,
        "S",
        "AT+NSOST=0,127.0.0.1,9,3,00",
        name="a length that is not the text's",
        answer=ERROR,
    ),
    does(5, "S", "AT+NSOCL=0"),
    does(5, "I", "AT+NSOCL=0", name="no such socket any more", answer=ERROR),
    does(
        5,
        "S",
        "AT+NPING=183.230.40.40",
        Need.NETWORK,
        then=r"\r\n\+(NPING:183\.230\.40\.40,\d+,\d+|NPINGERR:1)\r\n",
        within=30.0,
    ),
)
