"""Over UDP, in real time: repetitions, and libcoap's clients and servers with both their TLS
libraries.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.tuning import Tuning
from tests.support.coap import message
from tests.support.coap_socket import coap_socket
from tests.support.dtls import KEY, KEYS, Credentials, Session, client
from tests.support.dtls_socket import SecureSocket
from tests.support.foreign import program, running
from tests.support.free_ports import free_port
from tests.support.patience import PATIENCE
from tests.support.plugtest_site import LARGE, Site

pytestmark = pytest.mark.realtime

LIBRARIES = ["openssl", "gnutls"]
CCM8 = "PSK-AES128-CCM8"
DEVICE = Credentials("device", KEY)
# Seconds until libcoap's client gives up.
GIVES_UP = 60


def libcoap(role: str, library: str) -> str:
    return program(f"coap-{role}-{library}", "libcoap3-bin")


def sessions(ours: SecureSocket) -> list[Session]:
    return list(ours.secure.sessions.values())


def cipher(session: Session) -> str | None:
    return session._connection.get_cipher_name()


# --- ours on both ends ---------------------------------------------------------------------------


async def test_each_message_of_a_handshake_is_repeated() -> None:
    """OpenSSL's first wait is a second.

    It needs two for the first of either end: the number of its ServerHello is not that of the
    ClientHello (RFC 6347 section 4.2.1), and the client takes it for a copy.
    """
    cases = [(end, kept) for end in ("client", "server") for kept in range(3)]
    await asyncio.gather(*(repeated(end, kept) for end, kept in cases))


async def repeated(end: str, kept: int) -> None:
    """The datagram after the first `kept` of an end is lost."""
    patient = Tuning(ack_timeout=20)
    async with (
        asyncio.timeout(PATIENCE),
        coap_socket(SecureSocket, keys=KEYS) as server,
        coap_socket(SecureSocket, credentials=DEVICE, tuning=patient) as ours,
    ):
        Site(server.endpoint)
        losing = ours if end == "client" else server
        losing.keep, losing.lose = kept, 1
        peer = f"coaps://{server.address}"
        assert (await ours.ask(peer, message(Code.GET, "test"))).payload == b"plugtest"
        assert losing.lose == 0
        assert ours.notes == server.notes == []


# --- libcoap's client, our server ----------------------------------------------------------------


async def ask(server: SecureSocket, library: str, path: str, *options: str) -> str:
    """What libcoap's client prints."""
    command = (libcoap("client", library), "-B", str(GIVES_UP), *options)
    async with (
        asyncio.timeout(PATIENCE),
        running(*command, f"coaps://{server.address}{path}") as process,
    ):
        output, _ = await process.communicate()
        return output.decode()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_client_of_libcoap_is_answered(library: str) -> None:
    async with coap_socket(SecureSocket, keys=KEYS) as server:
        Site(server.endpoint)
        ciphers: set[str | None] = set()
        deliver = server.secure._deliver

        def watch(peer: str, datagram: bytes, now: float) -> None:
            ciphers.update(map(cipher, sessions(server)))
            deliver(peer, datagram, now)

        server.secure._deliver = watch
        shown = ("-u", "device", "-k", KEY.decode())
        assert (await ask(server, library, "/test", *shown)).strip() == "plugtest"
        assert (await ask(server, library, "/large", *shown)).strip() == LARGE.decode().strip()
        assert ciphers == {CCM8}
        assert server.notes == []
        assert not sessions(server)  # the client closes


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("identity", "key", "reason"),
    [
        ("unknown", KEY.decode(), "as 'unknown': psk identity not found"),
        ("device", "wrong", "as 'device': wrong key"),
    ],
)
async def test_a_client_of_libcoap_without_the_key_is_refused(
    library: str, identity: str, key: str, reason: str
) -> None:
    """At once: it does not wait for an answer."""
    async with coap_socket(SecureSocket, keys=KEYS) as server:
        Site(server.endpoint)
        began = time.monotonic()
        printed = await ask(server, library, "/test", "-u", identity, "-k", key)
        assert time.monotonic() - began < GIVES_UP / 2
        assert "plugtest" not in printed
        assert [note.partition(" as ")[1:] for note in server.notes] == [
            (" as ", reason.removeprefix("as "))
        ]


# --- libcoap's server, our client ----------------------------------------------------------------


@asynccontextmanager
async def coap_server(library: str, port: int) -> AsyncIterator[str]:
    """Its secure address: the port after `port`."""
    address = ("-A", "127.0.0.1", "-p", str(port))
    async with running(libcoap("server", library), *address, "-k", KEY.decode()):
        plain = f"127.0.0.1:{port}"
        often = Tuning(ack_timeout=0.1, ack_random=1, max_retransmit=9)  # until it has started
        async with coap_socket(tuning=often) as probe:
            up = asyncio.get_running_loop().create_future()
            probe.endpoint.ping(plain, lambda alive, _: up.set_result(alive), time.time())
            assert await up
        yield f"coaps://127.0.0.1:{port + 1}"


def root() -> Message:
    return message(Code.GET)


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_server_of_libcoap_answers(library: str) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        coap_server(library, free_port(ports=2)) as server,
        coap_socket(SecureSocket, credentials=DEVICE) as ours,
    ):
        answer = await ours.ask(server, root())
        assert answer.payload.startswith(b"This is a test server made with libcoap")
        (session,) = sessions(ours)
        assert cipher(session) == CCM8
        # It still has the session when the client begins another one.
        session.unanswered, session.asked = client.MAX_UNANSWERED, 0.0
        assert (await ours.ask(server, root())).payload == answer.payload
        assert sessions(ours) != [session]
        assert ours.notes == []


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_server_of_libcoap_that_started_again_answers(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request itself arrives, in a new session."""
    monkeypatch.setattr(client, "MAX_SILENCE", 0.3)
    port = free_port(ports=2)
    tuning = Tuning(ack_timeout=0.2, ack_random=1)
    async with (
        asyncio.timeout(PATIENCE),
        coap_socket(SecureSocket, credentials=DEVICE, tuning=tuning) as ours,
    ):
        async with coap_server(library, port) as server:
            answer = await ours.ask(server, root())
        async with coap_server(library, port):
            assert (await ours.ask(server, root())).payload == answer.payload
