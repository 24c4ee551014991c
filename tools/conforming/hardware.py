"""Cases: sleep, radio on and off, speed of the UART, restart."""

from __future__ import annotations

from tools.conforming.cases import ERROR, OK, Case, Need, command

# Seconds that the specification allows for switching the radio and for an attach.
_SWITCH, _ATTACH = 90.0, 120.0
# The network releases an idle board after 10 to 20 s; then T3324 (2 s), and a margin.
_ASLEEP = 60.0
# guess: boards are silent "for seconds" while they start
_START = 15.0

SLEEP = (
    command("S", "AT+NPSMR=1", Need.NETWORK),
    command(
        "S",
        'AT+CPSMS=1,,,"01000001","00000001"',
        Need.NETWORK,
        name="it falls asleep T3324 after its last activity",
        later=r"\r\n\+NPSMR:1\r\n",
        max_seconds=_ASLEEP,
    ),
    Case(
        "D",
        "asleep, it loses the first characters",
        ("AT\r",),
        ERROR,
        needs=frozenset({Need.CHANGES, Need.NETWORK}),
        may_be_silent=True,
        max_seconds=1.0,
    ),
    command("D", "AT", Need.NETWORK, name="and then it is awake"),
    command("S", "AT+CPSMS=0", Need.NETWORK),
    command("S", "AT+NPSMR=0", Need.NETWORK),
)


def _registered(name: str) -> Case:
    return Case(
        "S",
        name,
        ("AT+CEREG?\r",),
        rf"\r\n\+CEREG:[0-5],[15](,.*)?\r\n{OK}",
        needs=frozenset({Need.CHANGES, Need.NETWORK}),
        max_seconds=_ATTACH,
        poll=True,
    )


RADIO = (
    command("S", "AT+CFUN=0", Need.NETWORK, max_seconds=_SWITCH),
    command(
        "S",
        "AT+CEREG?",
        Need.NETWORK,
        name="no registration without the radio",
        answer=rf"\r\n\+CEREG:[0-5],0\r\n{OK}",
    ),
    command("S", "AT+CFUN=1", Need.NETWORK, max_seconds=_SWITCH),
    _registered("registered again with the radio"),
)

SPEED = (
    command("S", "AT+NATSPEED={other},30,0,2,1,0,0", name="set another speed", baud="{other}"),
    command("S", "AT", name="a command at the new speed"),
    command("S", "AT+NATSPEED={baud},30,0,2,1,0,0", name="set the former speed", baud="{baud}"),
    command("S", "AT", name="a command at the former speed"),
)

_BOOT = r"\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
RESTART = (
    command("S", "AT+CMEE=1", name="change a setting"),
    command(
        "S",
        'AT+NSOCR="DGRAM",17,5683',
        name="open a socket before the restart",
        answer=rf"\r\n0\r\n{OK}",
    ),
    command(
        "S",
        "AT+NRB",
        answer=rf"\r\nREBOOTING\r\n[\s\S]*{_BOOT}",
        min_seconds=1.0,
        max_seconds=_START,
    ),
    command("S", "AT+CMEE?", name="the setting is reset", answer=rf"\r\n\+CMEE:0\r\n{OK}"),
    command("S", "AT+NSOCL=0", name="the socket is closed", answer=ERROR),
    _registered("registered after the restart"),
)
