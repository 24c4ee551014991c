"""Cases: UDP sockets and ping."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Need, command

SOCKETS = (
    command("S", 'AT+NSOCR="DGRAM",17,5683', name="open a socket", answer=rf"\r\n0\r\n{OK}"),
    command(
        "S",
        "AT+NSOCR=DGRAM,17,5684,1",
        name="open a socket, without quotes",
        answer=rf"\r\n1\r\n{OK}",
    ),
    command("S", "AT+NSOCL=1", name="close a socket"),
    command(
        "S",
        "AT+NSOST=0,{address},{port},5,68656C6C6F",
        Need.NETWORK,
        Need.DATAGRAMS,
        name="send a datagram; it is echoed",
        answer=rf"\r\n0,5\r\n{OK}",
        later=r"\r\n\+NSONMI:0,5\r\n",
        max_seconds=20.0,
    ),
    command(
        "S",
        "AT+NSORF=0,2",
        Need.NETWORK,
        Need.DATAGRAMS,
        name="read two bytes of it",
        answer=rf"\r\n0,[0-9.]+,\d+,2,6865,3\r\n{OK}",
    ),
    command(
        "S",
        "AT+NSORF=0,512",
        Need.NETWORK,
        Need.DATAGRAMS,
        name="read the rest",
        answer=rf"\r\n0,[0-9.]+,\d+,3,6C6C6F,0\r\n{OK}",
    ),
    command("S", "AT+NSORF=0,512", name="no datagram left"),
    command(
        "S",
        "AT+NSOST=0,127.0.0.1,9,3,00",
        name="a length that does not match the data",
        answer=ERROR,
    ),
    command("S", "AT+NSOCL=0"),
    command("I", "AT+NSOCL=0", name="close a closed socket", answer=ERROR),
    command(
        "S",
        "AT+NPING=183.230.40.40",
        Need.NETWORK,
        later=r"\r\n\+(NPING:183\.230\.40\.40,\d+,\d+|NPINGERR:1)\r\n",
        max_seconds=30.0,
    ),
)
