"""Sleep, the radio switch, the UART's speed and the restart (spec/at.md 5)."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Case, Need, does

# Seconds: what the specification grants a switch of the radio, and an attach.
_SWITCH, _ATTACH = 90.0, 120.0
# A network lets an idle board go after 10 to 20 s; a T3324 of 2 s and some patience on top.
_ASLEEP = 60.0
# How long a start may take; a guess, boards are silent "for seconds".
_START = 15.0

SLEEP = (
    does(5, "S", "AT+NPSMR=1", Need.NETWORK),
    does(
        5,
        "S",
        'AT+CPSMS=1,,,"01000001","00000001"',
        Need.NETWORK,
        name="it falls asleep, T3324 after its last word",
        then=r"\r\n\+NPSMR:1\r\n",
        within=_ASLEEP,
    ),
    Case(
        5,
        "D",
        "asleep, it loses its first characters",
        ("AT\r",),
        ERROR,
        needs=frozenset({Need.CHANGES, Need.NETWORK}),
        silent=True,
        within=1.0,
    ),
    does(5, "D", "AT", Need.NETWORK, name="and is awake"),
    does(5, "S", "AT+CPSMS=0", Need.NETWORK),
    does(5, "S", "AT+NPSMR=0", Need.NETWORK),
)


def _registered(name: str) -> Case:
    return Case(
        5,
        "S",
        name,
        ("AT+CEREG?\r",),
        rf"\r\n\+CEREG:[0-5],[15](,.*)?\r\n{OK}",
        needs=frozenset({Need.CHANGES, Need.NETWORK}),
        within=_ATTACH,
        again=True,
    )


RADIO = (
    does(5, "S", "AT+CFUN=0", Need.NETWORK, within=_SWITCH),
    does(
        5,
        "S",
        "AT+CEREG?",
        Need.NETWORK,
        name="without radio there is no registration",
        answer=rf"\r\n\+CEREG:[0-5],0\r\n{OK}",
    ),
    does(5, "S", "AT+CFUN=1", Need.NETWORK, within=_SWITCH),
    _registered("with it there is one again"),
)

SPEED = (
    does(5, "S", "AT+NATSPEED={other},30,0,2,1,0,0", name="another speed", baud="{other}"),
    does(5, "S", "AT", name="it is spoken"),
    does(5, "S", "AT+NATSPEED={baud},30,0,2,1,0,0", name="the former speed", baud="{baud}"),
    does(5, "S", "AT", name="it is spoken again"),
)

_BOOT = r"\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
RESTART = (
    does(5, "S", "AT+CMEE=1", name="a setting that is forgotten"),
    does(5, "S", 'AT+NSOCR="DGRAM",17,5683', name="a socket, too", answer=rf"\r\n0\r\n{OK}"),
    does(
        5,
        "S",
        "AT+NRB",
        answer=rf"\r\nREBOOTING\r\n[\s\S]*{_BOOT}",
        soonest=1.0,
        within=_START,
    ),
    does(5, "S", "AT+CMEE?", name="the setting is forgotten", answer=rf"\r\n\+CMEE:0\r\n{OK}"),
    does(5, "S", "AT+NSOCL=0", name="the socket is gone", answer=ERROR),
    _registered("registered after the start"),
)
