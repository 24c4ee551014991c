"""CoAP messages on the wire, in words for one who does not know LwM2M."""

from __future__ import annotations

import pytest

from emulator import Emulator
from emulator.coap.description import describe
from emulator.coap.messages import decode
from tests.support.browser import Browser
from tests.support.mcu import Mcu

pytestmark = pytest.mark.realtime

_ASK = """
const [lines, done] = arguments;
import("/page/coap_words.js").then(({ coapWords }) =>
  done(lines.map(([way, words]) => coapWords(way, `192.0.2.1:5 > [2001:db8::1]:5683  ${words}`))));
"""

# Each way, the trace's words without token and mid, and what is said of them.
MEANINGS = [
    (
        "up",
        "CON POST /rd?ep=86;46&lt=300&b=U",
        "logs in as 86;46 and lists its objects. The login lasts 300 s",
    ),
    ("up", "CON POST /rd?ep=86;46", "lasts 86400 s"),
    ("down", "ACK 2.01 Location /rd/86", "The login is accepted. Updates of it go to /rd/86."),
    ("up", "CON POST /rd/86", "Update: the device prolongs its login."),
    ("up", "CON POST /rd/86?lt=60", "for 60 s from now on."),
    ("up", "CON POST /rd/86 payload 3 B 'abc'", "It lists its objects again."),
    ("down", "ACK 2.04", "The Update is accepted"),
    ("down", "ACK 4.04", "must register again"),
    ("up", "CON DELETE /rd/86", "De-register"),
    ("down", "ACK 2.02", "The logout is accepted."),
    ("up", "CON POST /bs?ep=86;46", "Bootstrap-Request"),
    ("down", "CON POST /bs", "Bootstrap-Finish"),
    ("down", "CON GET /3303/0/5700", "Read /3303/0/5700: the platform asks for its value."),
    ("up", "ACK 2.05 Content-Format 0 payload 9 B 'Observe 0'", "Answer with the content"),
    ("down", "CON GET /3303 Accept 40", "Discover /3303"),
    ("up", "ACK 2.05 Content-Format 40 payload 9 B '</3303/0>'", "Answer to Discover"),
    ("down", "CON GET /3303/0 Observe 0", "Observe /3303/0"),
    ("up", "ACK 2.05 Observe 0", "The observation begins"),
    ("up", "NON 2.05 Observe 7", "Notify: a new value"),
    ("up", "CON 2.05 Observe 8", "Notify: a new value"),
    ("down", "ACK empty", "The message has come"),
    ("down", "RST empty", "the observation ends"),
    ("up", "CON empty", "CoAP ping"),
    ("down", "CON GET /3303/0 Observe 1", "Cancel Observation of /3303/0"),
    (
        "down",
        "CON PUT /3303/0/5700?pmin=1&pmax=60",
        "Write-Attributes of /3303/0/5700: pmin=1&pmax=60.",
    ),
    ("down", "CON PUT /3311/0 Content-Format 11542 payload 4 B e116da01", "(Replace)"),
    ("down", "CON POST /3311/0 Content-Format 11542 payload 4 B e116da01", "(Partial Update)"),
    ("down", "CON POST /3311/0/5850 payload 2 B 'on'", "Execute /3311/0/5850"),
    ("down", "CON POST /3311", "Create: the platform makes an instance of the object /3311"),
    ("down", "CON DELETE /3311/1", "Delete /3311/1"),
    ("down", "CON PUT /5/0/0 Block1 2/1/512 payload 1 B 00", "block 3 of 512 bytes; more follow."),
    ("up", "ACK 2.31 Block1 2/1/512", "Continue"),
    ("down", "CON PUT /5/0/0 Block1 3/0/512", "block 4, the last one."),
    ("up", "ACK 4.05", "Refused with 4.05: Method Not Allowed"),
    ("up", "ACK 4.29", "Refused with 4.29: no code of LwM2M 1.0."),
    ("up", "CON FETCH /3303", "FETCH /3303: no request of a device in LwM2M 1.0."),
    ("up", "DTLS handshake, 87 B", "DTLS handshake"),
    ("down", "malformed (too short): 00", "no message of CoAP"),
]


def test_each_operation_of_lwm2m_is_explained(page: Browser) -> None:
    lines = []
    for way, words, _ in MEANINGS:
        head, payload, rest = words.partition(" payload ")
        known = "" if words.startswith(("DTLS", "malformed")) else " token 1a2b mid 7"
        lines.append([way, head + known + payload + rest])
    said = page.driver.execute_async_script(_ASK, lines)
    wrong = [
        (words, each)
        for (_, words, meaning), each in zip(MEANINGS, said, strict=True)
        if meaning not in each
    ]
    assert wrong == []


def test_lines_of_this_test_are_those_of_the_trace() -> None:
    """A ping, and a read of /3303/0 that observes it."""
    assert describe(decode(bytes.fromhex("40000007"))) == "CON empty mid 7"
    read = bytes.fromhex("420100071a2b60 5433333033 0130".replace(" ", ""))
    assert describe(read) == "CON GET /3303/0 Observe 0 token 1a2b mid 7"


def test_wire_tells_what_each_datagram_of_a_login_and_a_report_does(
    page: Browser, it: Emulator
) -> None:
    page.go("wire/1")
    page.type("Show", "air")
    with Mcu(it):
        page.shows("Register: the device logs in as", "[role=grid] [role=row]")
        page.shows("The login is accepted.", "[role=grid] [role=row]")
        page.click("Pause")  # further lines would move what is pointed at
        page.click_on("POST /rd?ep=", "[role=grid] [role=row]")
        page.shows(f"logs in as {it.imei};{it.imsi}", ".detail")
        page.shows("CON (confirmable): it is sent again", ".detail")
        page.shows("A request and its answers have the same token", ".detail")
        page.click("Go on")
    page.shows("De-register: the device logs out.", "[role=grid] [role=row]")
    page.type("Language", "zh")
    page.shows("注册（Register）：设备以", "[role=grid] [role=row]")
    page.shows("注销成功。", "[role=grid] [role=row]")
