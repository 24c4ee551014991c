"""The modules by the page: what it shows of them, and how it acts on them."""

from __future__ import annotations

import asyncio
import socket

import pytest

from emulator import Emulator
from emulator.control.calls.modules import MAX_TYPED
from emulator.line.line import MAX_WAITING
from emulator.module.boot import Cause
from emulator.recording.format import Chunk, Side, read
from emulator.recording.trace import TraceLine
from tests.support.free_ports import free_port
from tests.support.hosts import Host, log_in
from tests.support.page_calls import PageCalls, page_calls

pytestmark = pytest.mark.realtime
ONE = "/emulator/modules/1"


# Show --------------------------------------------------------------------------------------------


async def test_a_module_is_shown_with_all_its_parts() -> None:
    async with page_calls(cold=True) as page:
        cold = await page.get(ONE)
        assert (cold["booting"], cold["boots"], cold["last_cause"]) == (True, 1, "POWER_ON")
        assert (cold["stat"], cold["rssi"], cold["operator"]) == ("NOT_REGISTERED", None, None)
        assert cold["login"] == {
            "state": "ABSENT",
            "lifetime": 0,
            "server": None,
            "registered_at": None,
            "expires_at": None,
        }
        await page.data("PUT", "/emulator/clock", {"paused": True})
        await page.data("POST", "/emulator/clock/advance", {"seconds": 60})
        assert (await page.get(ONE))["stat"] == "HOME"
        await page.data("PUT", "/emulator/clock", {"paused": False})
        with Host(page.it.port) as host:
            await log_in(host, page.it)
            await host.command("AT+CPSMS=1,,,00100001,00000101")
            await host.command('AT+CEDRXS=1,5,"0011"')
            shown = await page.get(ONE)
    assert shown["imei"] == page.it.imei
    assert shown["device_id"] == page.it.device_id
    assert shown["port"] == page.it.port
    assert (shown["plugged"], shown["held"], shown["logged_in"]) == (True, True, True)
    assert (shown["coverage"], shown["rssi"], shown["operator"]) == ("ECL0", -57, "46000")
    assert shown["psm"] == {
        "enabled": True,
        "t3324": "00000101",
        "t3412": "00100001",
        "active_time": 10,
        "update_time": 3600,
    }
    assert shown["edrx"] == {"cycle": "0011", "seconds": 40.96}
    assert shown["objects"] == ["/3303/0"]
    assert shown["observed"] == ["/3303/0"]
    assert shown["login"]["lifetime"] == 300
    assert shown["login"]["server"] == "183.230.40.40:5683"
    assert shown["line"]["received"] > 100
    assert shown["line"]["sent"] > 100
    assert shown["baud"] is None


async def test_the_list_has_each_module_page_by_page() -> None:
    async with page_calls(modules=5) as page:
        whole = await page.get("/emulator/modules")
        assert whole["total"] == 5
        assert [one["number"] for one in whole["modules"]] == [1, 2, 3, 4, 5]
        assert [one["imei"] for one in whole["modules"]] == [
            board.module.identity.imei for board in page.it.boards
        ]
        part = await page.get("/emulator/modules?page=2&per_page=2")
        assert part == {"modules": whole["modules"][2:4], "total": 5}
        assert await page.get("/emulator/modules?page=9") == {"modules": [], "total": 5}
        for query, error in (
            ("per_page=0", "per_page"),
            ("per_page=5001", "per_page"),
            ("page=x", "page"),
        ):
            assert error in await page.refusal("GET", f"/emulator/modules?{query}")


@pytest.mark.parametrize("number", [0, 3, 99999])
async def test_a_module_that_is_not_there_is_named(number: int) -> None:
    async with page_calls(modules=2) as page:
        error = await page.refusal("GET", f"/emulator/modules/{number}")
        assert error == f"not found: module {number}, expected 1 to 2"


async def test_a_cloud_without_modules_has_none() -> None:
    async with page_calls(platform_only=True, air="coap") as page:
        assert await page.get("/emulator/modules") == {"modules": [], "total": 0}
        assert "the cloud runs without modules" in await page.refusal("GET", ONE)
        assert (await page.get("/emulator/state"))["model"] is None


# Change ------------------------------------------------------------------------------------------


async def test_a_changed_place_takes_effect_at_once() -> None:
    async with page_calls() as page:
        assert (await page.data("PUT", ONE, {"coverage": "OUT"}))["stat"] == "SEARCHING"
        shown = await page.data("PUT", ONE, {"coverage": "ECL2", "sim": "MISSING", "busy": True})
        assert (shown["coverage"], shown["sim"], shown["busy"]) == ("ECL2", "MISSING", True)
        assert shown["on"] is False
        shown = await page.data("PUT", ONE, {"sim": "READY", "busy": False, "refusing": True})
        assert (shown["sim"], shown["busy"], shown["refusing"]) == ("READY", False, True)


async def test_a_refused_module_shows_why() -> None:
    async with page_calls() as page:
        shown = await page.data("PUT", ONE, {"refusing": True})
        assert (shown["stat"], shown["reject"]) == ("DENIED", 11)


async def test_the_cable_is_pulled_and_plugged_in() -> None:
    async with page_calls() as page:
        assert (await page.data("PUT", ONE, {"plugged": False}))["plugged"] is False
        error = await page.refusal("POST", f"{ONE}/type", {"text": "AT\r"})
        assert "unplugged" in error
        shown = await page.data("PUT", ONE, {"plugged": True})
        assert shown["plugged"] is True
        with Host(shown["port"]) as host:
            await host.command("AT")


async def test_a_port_that_cannot_be_opened_again_is_reported() -> None:
    port = free_port(socket.SOCK_STREAM)
    async with page_calls(port=f"socket://:{port}") as page:
        await page.data("PUT", ONE, {"plugged": False})
        with socket.create_server(("127.0.0.1", port)):
            error = await page.refusal("PUT", ONE, {"plugged": True})
        assert "plugged true: " in error
        assert str(port) in error


async def test_noise_changes_share_by_share_in_both_directions() -> None:
    async with page_calls() as page:
        await page.data("PUT", ONE, {"noise": {"loss": 0.5}})
        shown = await page.data("PUT", ONE, {"noise": {"delay": 0.25}})
        assert shown["noise"] == {
            **dict.fromkeys(("double", "corrupt", "garbage"), 0.0),
            "loss": 0.5,
            "delay": 0.25,
        }
        to_host, to_module = page.it.line.faults.rates
        assert to_host == to_module
        await page.data("PUT", ONE, {"noise": {"loss": 1, "delay": 0}})
        await page.data("POST", f"{ONE}/type", {"text": "AT\r"})
        shown = await page.get(ONE)
        assert shown["line"]["faults_met"] == {"to_host": {}, "to_module": {"loss": 3}}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "the body is empty, expected one or more of coverage, sim, refusing"),
        ({"coverage": "X"}, 'coverage "X", expected one of ECL0, ECL1, ECL2, OUT'),
        ({"coverage": ["OUT"]}, 'coverage ["OUT"], expected one of ECL0, ECL1, ECL2, OUT'),
        ({"sim": 5}, "sim 5, expected one of READY, LOCKED, MISSING, FOREIGN"),
        ({"refusing": "true"}, 'refusing "true", expected true or false'),
        (
            {"noise": 0.5},
            "noise 0.5, expected an object with loss, double, corrupt, delay, garbage",
        ),
        ({"noise": {}}, "noise is empty, expected one or more of loss, double"),
        ({"noise": {"loss": 2}}, "noise.loss 2, expected a number, 0 to 1"),
        ({"noise": {"x": 1}}, 'noise."x" is unknown, expected loss, double'),
        ({"coverage": "OUT", "colour": 1}, '"colour" is unknown, expected coverage, sim'),
        ({"x" * 5000: 1}, "is unknown, expected coverage, sim"),
    ],
)
async def test_a_change_is_checked_and_then_nothing_has_changed(body: object, error: str) -> None:
    async with page_calls() as page:
        before = await page.get(ONE)
        text = await page.refusal("PUT", ONE, body)
        assert error in text
        assert len(text) < 300
        assert await page.get(ONE) == before


# Restart and logout ------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", list(Cause))
async def test_a_module_restarts_by_each_cause(cause: Cause) -> None:
    async with page_calls() as page:
        await page.data("PUT", "/emulator/clock", {"paused": True})
        shown = await page.data("POST", f"{ONE}/restart", {"cause": cause.name})
        assert (shown["boots"], shown["last_cause"]) == (1, cause.name)
        assert shown["booting"] is True
        await page.data("POST", "/emulator/clock/advance", {"seconds": 6})
        assert (await page.get(ONE))["booting"] is False


async def test_without_a_login_there_is_none_to_end() -> None:
    async with page_calls(module="m5310a") as page:
        error = await page.refusal("POST", f"{ONE}/logout", {"reason": "LIFETIME_OVER"})
        assert "module 1 is ABSENT, expected REGISTERED or UPDATING" in error


async def test_a_login_ends_and_can_end_once() -> None:
    async with page_calls() as page:
        with Host(page.it.port) as host:
            await log_in(host, page.it)
            shown = await page.data("POST", f"{ONE}/logout", {"reason": "REMOVED"})
            assert shown["logged_in"] is False
            assert shown["login"]["expires_at"] is None
            device = await page.get(f"/devices/{page.it.device_id}")
            assert device["online"] is True  # the cloud does not get to know
            assert "CONFIGURED" in await page.refusal(
                "POST", f"{ONE}/logout", {"reason": "REMOVED"}
            )


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("restart", {}, "parameter required: cause"),
        ("restart", {"cause": "x"}, 'cause "x", expected one of POWER_ON, BROWN_OUT, RESET_PIN'),
        ("restart", {"cause": "COMMAND", "at": 1}, '"at" is unknown, expected cause'),
        ("logout", {}, "parameter required: reason"),
        ("logout", {"reason": "REGISTERED"}, "expected one of LIFETIME_OVER, REMOVED"),
        ("type", {}, "parameter required: text"),
        ("type", {"text": ""}, "text of 0 characters, expected 1 to 1024"),
        ("type", {"text": "A" * (MAX_TYPED + 1)}, "text of 1025 characters, expected 1 to 1024"),
        ("type", {"text": ["AT"]}, 'text ["AT"], expected a text'),
    ],
)
async def test_actions_on_a_module_are_checked(path: str, body: object, error: str) -> None:
    async with page_calls() as page:
        before = await page.get(ONE)
        assert error in await page.refusal("POST", f"{ONE}/{path}", body)
        assert await page.get(ONE) == before


# Type --------------------------------------------------------------------------------------------


async def typed(page: PageCalls, text: str) -> None:
    await page.data("POST", f"{ONE}/type", {"text": text})


async def test_typed_commands_are_in_trace_and_recording_as_a_hosts() -> None:
    traced: list[TraceLine] = []
    recorded: list[str] = []
    async with page_calls(trace=traced.append, record=recorded.append) as page:
        # A pause between both would begin another chunk of the recording.
        await page.data("PUT", "/emulator/clock", {"paused": True})
        await typed(page, "AT+C")
        await typed(page, "FUN?\r")
    lines = [line.render(colours=False) for line in traced]
    assert any("AT+CFUN?" in line for line in lines)
    assert any("+CFUN:1" in line for line in lines)
    chunks = [
        entry
        for entry in read("".join(recorded).encode(), "recording").entries
        if isinstance(entry, Chunk)
    ]
    assert (chunks[0].side, chunks[0].data) == (Side.HOST, b"AT+CFUN?\r")
    assert b"+CFUN:1" in b"".join(chunk.data for chunk in chunks if chunk.side is Side.MODULE)


async def test_typed_commands_and_their_answers_are_in_the_traffic() -> None:
    async with page_calls() as page:
        await typed(page, "AT+CGMM\r")
        entries = (await page.get("/emulator/traffic?module=1&after=0"))["entries"]
    shown = [(entry["way"], entry["text"]) for entry in entries]
    assert shown == [("host", "AT+CGMM"), ("module", "M5310"), ("module", "OK")]


async def test_an_update_renews_the_login_that_is_shown() -> None:
    async with page_calls() as page:
        with Host(page.it.port) as host:
            await log_in(host, page.it)
            before = (await page.get(ONE))["login"]
            await host.command("AT+MIPLUPDATE=0,6000,0")
            while (await page.get(ONE))["login"]["state"] == "UPDATING":
                pass
            after = (await page.get(ONE))["login"]
    assert after["lifetime"] == 6000
    assert after["registered_at"] == before["registered_at"]
    assert after["expires_at"] - before["expires_at"] > 5000


async def test_typing_is_refused_while_a_host_has_the_port() -> None:
    async with page_calls() as page:
        with Host(page.it.port):
            error = await page.refusal("POST", f"{ONE}/type", {"text": "AT\r"})
            assert error == (
                f"invalid parameter: text: a host has {page.it.port} open: close it there first"
            )
            assert (await page.get(ONE))["line"]["received"] == 0
        await typed(page, "AT\r")


async def test_typing_is_refused_while_a_connection_has_the_tcp_port() -> None:
    async with page_calls(port="socket://:0") as page:
        await typed(page, "AT\r")
        host, _, port = page.it.port.removeprefix("socket://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"AT\r")
        await reader.readuntil(b"OK\r\n")
        assert "open" in await page.refusal("POST", f"{ONE}/type", {"text": "AT\r"})
        writer.close()
        await writer.wait_closed()


async def test_what_is_typed_while_the_clock_is_paused_is_bounded() -> None:
    async with page_calls(baud=9600) as page:
        await page.data("PUT", "/emulator/clock", {"paused": True})
        for _ in range(MAX_WAITING // MAX_TYPED):
            await typed(page, "A" * MAX_TYPED)
        error = await page.refusal("POST", f"{ONE}/type", {"text": "A"})
        assert f"{MAX_WAITING} bytes are on their way to the module: wait" in error


async def test_typed_text_meets_a_line_of_any_speed() -> None:
    """A strict line reads garbage from a host at another speed; a person has none."""
    traced: list[TraceLine] = []
    async with page_calls(baud=115_200, strict=True, trace=traced.append) as page:
        await page.data("PUT", "/emulator/clock", {"paused": True})
        await typed(page, "AT+CGMM\r")
        await page.data("POST", "/emulator/clock/advance", {"seconds": 1})
    assert any("M5310" in line.render(colours=False) for line in traced)


def test_a_module_that_is_typed_to_by_a_program_answers_as_to_a_host() -> None:
    with Emulator(baud=None) as emulator:
        emulator.line.type(b"AT\r")
        assert emulator.line.received == 3
