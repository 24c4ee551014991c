"""Module and platform by DTLS: keys, identities, bootstrap, a lost session."""

from __future__ import annotations

import asyncio

import pytest

from emulator import Emulator, SteeredClock
from emulator.air.addresses import COAPS
from emulator.module.lwm2m.states import State
from tests.support.page_calls import page_calls
from tests.support.peers import until
from tests.support.stored import streams

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed: extra dtls")
pytestmark = pytest.mark.realtime

ACCESS, SECURE_ACCESS = "coap://183.230.40.40:5683", "coaps://183.230.40.40:5684"
BOOTSTRAP = "coap://183.230.40.39:5683"


def lines(it: Emulator, uri: str, mode: int = 0) -> list[str]:
    endpoint = f"{it.imei};{it.imsi}".encode()
    blob = bytes((mode, 0, 0, 0)) + (300).to_bytes(4, "little")
    for field in (uri.encode(), endpoint):
        blob += len(field).to_bytes(2, "little") + field
    return [
        f"AT+MIPLCONF={len(blob)},{blob.hex().upper()},1,1",
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1',
        "AT+MIPLOPEN=0,30",
    ]


async def send(it: Emulator, *commands: str) -> None:
    """Give lines to the module, as its host would."""
    for command in commands:
        it.boards[0]._on_data(command.encode() + b"\r")
    await asyncio.sleep(0)


def online(it: Emulator) -> bool:
    device = it.platform.device_by_imei(it.imei)
    return device is not None and it.platform.online(device)


def newest(it: Emulator) -> object:
    device = it.platform.device_by_imei(it.imei)
    assert device is not None
    values = [stream.points[-1].value for stream in streams(it.platform, device)]
    return values[0] if values else None


async def reported(it: Emulator, value: float) -> None:
    await send(it, f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{value}",1')
    await until(lambda: newest(it) == value)


def peer_of(it: Emulator) -> str:
    device = it.platform.device_by_imei(it.imei)
    assert device is not None
    registration = it.platform.registration(device)
    assert registration is not None
    return registration.address


def emulator(**options: object) -> Emulator:
    settings = {"baud": None, "http": None, "latency": 0.0, "air": "coap", **options}
    return Emulator(**settings)  # type: ignore[arg-type]


async def test_module_logs_in_and_reports_by_dtls() -> None:
    async with emulator(coaps="127.0.0.1:0") as it:
        assert it.coaps_url is not None
        assert it.coaps_url.startswith("coaps://127.0.0.1:")
        await send(it, *lines(it, SECURE_ACCESS))
        await until(lambda: online(it) and bool(it.module.client.observed))
        assert peer_of(it).startswith(COAPS)
        await reported(it, 21.5)


async def test_the_page_shows_what_goes_into_dtls_and_what_goes_over_the_air() -> None:
    """Both belong to the module; the former is plain CoAP."""
    async with page_calls(coaps="127.0.0.1:0", air="coap", modules=2) as page:
        it = page.it
        it.boards[1]._on_data(b"AT\r")
        await send(it, *lines(it, SECURE_ACCESS))
        await until(lambda: online(it) and bool(it.module.client.observed))
        entries = (await page.get("/emulator/traffic?module=1"))["entries"]
        texts = [(entry["way"], entry["text"].partition("  ")[2]) for entry in entries]
    assert any(way == "up" and words.startswith("CON POST /rd?ep=") for way, words in texts)
    assert any(way == "down" and words.startswith("ACK 2.01") for way, words in texts)
    assert any(way == "up" and words.startswith("DTLS handshake") for way, words in texts)
    assert any(way == "down" and words.startswith("DTLS data") for way, words in texts)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ('"183.230.40.40:5684",0,,"abcdefgh"', "abcdefgh"),
        ('"183.230.40.40:5684",0,,"6162636465666768",,1', "abcdefgh"),
        ('"183.230.40.40:5684",0,,"abcdefgh","{endpoint}",0', "abcdefgh"),
        ('"183.230.40.39:5684",1,,"abcdefgh"', "abcdefgh"),
        ('"nbiotbt.heclouds.com:5684",1,,"abcdefgh"', "abcdefgh"),
    ],
)
async def test_key_of_the_suite_command_opens_dtls(values: str, key: str) -> None:
    """The key of a bootstrap is for that server; it hands out another one (manual, section 5.2)."""
    async with emulator(module="m5310a", coaps="127.0.0.1:0", psk=key) as it:
        it.module.key = b"another0"
        endpoint = f"{it.imei};{it.imsi}"
        await send(it, f"AT+MIPLCREATEEX={values.format(endpoint=endpoint)}")
        await send(it, 'AT+MIPLADDOBJ=0,3303,1,"1",1,0', "AT+MIPLOPEN=0,300,30")
        await until(lambda: online(it))
        assert peer_of(it).startswith(COAPS)


async def test_bootstrap_hands_out_a_fresh_key() -> None:
    async with emulator(coaps="127.0.0.1:0", psk="abcdefgh12345678") as it:
        endpoint = f"{it.imei};{it.imsi}"
        await send(it, *lines(it, BOOTSTRAP, mode=0x10))
        await until(lambda: online(it) and bool(it.module.client.observed))
        assert peer_of(it).startswith(COAPS)
        key = it.platform.key_of(endpoint)
        assert key is not None
        assert len(key) == 16
        assert key != b"abcdefgh12345678"
        await reported(it, 22.5)


async def test_wrong_key_is_refused() -> None:
    async with emulator(coaps="127.0.0.1:0") as it:
        notes: list[str] = []
        it.air.on_note = notes.append
        it.module.key = b"another key"
        await send(it, *lines(it, SECURE_ACCESS))
        await until(lambda: len(notes) >= 1)
        assert "no DTLS session with" in notes[0]
        assert it.platform.server.registrations.online() == []


async def test_device_may_not_register_under_the_name_of_another() -> None:
    async with emulator(coaps="127.0.0.1:0", modules=2) as it:
        first, second = (board.module for board in it.boards)
        await send(it, *lines(it, SECURE_ACCESS)[:1])
        own = f"{second.identity.imei};{second.identity.imsi}"
        first.credentials = lambda _server: (own, second.key or b"")  # type: ignore[method-assign]
        it._simulation.secure._clients.clear()
        await send(it, *lines(it, SECURE_ACCESS)[1:])
        await until(lambda: it.module.client.state is State.CONFIGURED)  # 4.03
        assert it.platform.server.registrations.online() == []


async def test_lost_session_is_made_again() -> None:
    clock = SteeredClock()
    async with emulator(coaps="127.0.0.1:0", clock=clock) as it:
        await send(it, *lines(it, SECURE_ACCESS))
        await until(lambda: bool(it.module.client.observed))
        server = it._simulation.secure._server
        assert server is not None
        server.sessions.clear()  # type: ignore[attr-defined]  # the server restarted
        # Its repetitions are lost until the client gives the session up.
        await send(it, 'AT+MIPLNOTIFY=0,3303,0,5700,4,"23.5",1,7')
        await clock.advance(60)
        assert newest(it) == 23.5
        assert online(it)


async def test_module_alone_reaches_a_secure_server() -> None:
    async with (
        emulator(coaps="127.0.0.1:0", psk="abcdefgh", platform_only=True) as cloud,
        emulator(server=cloud.coaps_url, psk="abcdefgh", style="onenet") as it,
    ):
        await send(it, *lines(it, SECURE_ACCESS))
        identity = it.module.identity
        device = cloud.platform.device_by_imei(identity.imei)
        assert device is not None
        await until(lambda: cloud.platform.online(device))


@pytest.mark.parametrize(
    "options",
    [{"psk": "abcdefgh"}, {"coaps": "127.0.0.1:0", "psk": "short"}, {"coaps": "nowhere:1"}],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"psk|coaps"):
        emulator(**options)
