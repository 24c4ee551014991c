"""Module: open and close, any command, streams of lines, restart, ping, speed."""

from __future__ import annotations

import asyncio
import re

import pytest

from m5310.at.line_stream import Wanted
from m5310.at.modem import Modem
from m5310.commands import general
from m5310.commands.general import BootCause, Booted
from m5310.commands.network import Registration
from m5310.commands.ping import PingReply
from m5310.errors import (
    CommandError,
    CommandTimeout,
    ModemReset,
    NotSupported,
    ParameterError,
    PortError,
    StateError,
)
from m5310.module.module import Module
from m5310.module.ping import PingFailed
from m5310.module.restart import TEXT_WITHIN
from tests.support.boards import Board, Dial
from tests.support.clock import elapse
from tests.support.datagrams import RecordingProtocol
from tests.support.scripted import Reply, Scripted

BOOT = ["REBOOTING", "REBOOT_CAUSE_APPLICATION_AT", "M5310", "OK"]


def now() -> float:
    return asyncio.get_running_loop().time()


# --- open and close --------------------------------------------------------------------------


async def test_lent_modem_stays_open() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        assert module.modem is port.modem
        assert module.baudrate is None
        await module.check()
    assert not port.closed
    assert port.modem._listeners == ()
    async with Module(port.modem) as again:
        await again.check()
    await port.modem.close()


async def test_port_opened_by_name_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    board.behind_a_port(monkeypatch)
    async with Module("a port") as module:
        assert module.baudrate == 9600
        with pytest.raises(StateError, match="open already"):
            await module.open()
    assert board.closed
    await module.close()


async def test_closed_module_raises_state_error() -> None:
    port = Scripted()
    module = Module(port.modem)
    for use in (module.check(), module.send("AT"), module.set_speed(9600), module.attach()):
        with pytest.raises(StateError, match="async with Module"):
            await use
    with pytest.raises(StateError, match="async with Module"):
        module.follow()
    await port.modem.close()


async def test_cancellation_does_not_interrupt_close() -> None:
    port = Scripted({"AT+NSOCR": ["0", "OK"]})
    module = Module(port.modem)
    await module.open()
    _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
    closing = asyncio.create_task(module.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert protocol.ended == [None]
    assert port.sent[-1] == "AT+NSOCL=0"
    await port.modem.close()


# --- commands --------------------------------------------------------------------------------


async def test_send_returns_declared_responses_only() -> None:
    port = Scripted({"AT+CSQ": ["+CSQ:17,99", "+CEREG:2", "OK"]})
    async with Module(port.modem) as module, module.follow() as lines:
        for responses in (["+CSQ"], "+CSQ", "+CSQ:", re.compile(r"\+CSQ:.*"), ("+CSQ",)):
            answer = await module.send("AT+CSQ", responses, timeout=3)
            assert answer.lines == ("+CSQ:17,99",)
            assert (answer.command.line, answer.command.timeout) == ("AT+CSQ", 3)
            assert await anext(lines) == "+CEREG:2"
    await port.modem.close()


async def test_line_without_declared_response_is_unsolicited() -> None:
    port = Scripted({"AT+CSQ": ["+CSQ:17,99", "OK"]})
    async with Module(port.modem) as module, module.follow("+CSQ") as lines:
        assert (await module.send("AT+CSQ")).lines == ()
        assert await anext(lines) == "+CSQ:17,99"
    await port.modem.close()


async def test_ok_without_required_response_is_a_timeout() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        with pytest.raises(CommandTimeout, match="without the response"):
            await module.send("AT+NUESTATS=CELL", ["NUESTATS"])
        answer = await module.send("AT+NUESTATS=CELL", ["NUESTATS"], required=False)
        assert answer.lines == ()
    await port.modem.close()


@pytest.mark.parametrize(
    ("line", "responses"),
    [
        ("AT+CSQ\rAT+CFUN=0", ()),
        ("AT+CSQ\r", ()),
        ("AT+CSQ\n", ()),
        ("AT+X=\x1a", ()),
        ("AT+X=\ud800", ()),
        ("AT+X=" + "9" * 5000, ()),
        ("+CSQ", ()),
        ("", ()),
        ("A/", ()),
        ("AT+CSQ", [""]),
        ("AT+CSQ", ""),
    ],
)
async def test_invalid_command_is_not_written(line: str, responses: Wanted | list[Wanted]) -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        with pytest.raises(ParameterError):
            await module.send(line, responses)
        with pytest.raises(ParameterError):
            await module.send("AT", timeout=0)
    assert port.sent == []
    await port.modem.close()


# --- unsolicited lines -----------------------------------------------------------------------


async def test_close_ends_streams_of_lines() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        lines = module.follow("+CEREG", limit=2)
        await lines.__aenter__()
        port.send("+CEREG:1", "+CEREG:2", "+CEREG:3")

        async def read() -> list[str]:
            return [line async for line in lines]

        reader = asyncio.create_task(read())
    assert await reader == ["+CEREG:2", "+CEREG:3"]
    assert lines.dropped == 1
    await port.modem.close()


async def test_lost_port_ends_a_stream_with_its_error() -> None:
    port = Scripted()
    async with Module(port.modem) as module, module.follow() as lines:
        port.vanish()
        with pytest.raises(PortError, match="unplugged"):
            await anext(lines)
        with pytest.raises(PortError, match="unplugged"):
            await module.check()


# --- restart ---------------------------------------------------------------------------------


async def test_reset_ends_ping_and_sockets() -> None:
    port = Scripted({"AT+NRB": BOOT, "AT+NSOCR": ["0", "OK"]})
    async with Module(port.modem) as module:
        _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        booted = await module.reset()
        assert booted == Booted(BootCause.COMMAND, "REBOOT_CAUSE_APPLICATION_AT")
        with pytest.raises(ModemReset, match="restarted"):
            await ping
        await asyncio.sleep(0)
        assert [type(error) for error in protocol.ended] == [ModemReset]
        await module.check()
    assert "AT+NSOCL=0" not in port.sent
    await port.modem.close()


async def test_unexpected_restart_ends_ping_and_sockets() -> None:
    port = Scripted({"AT+NSOCR": ["0", "OK"]})
    async with Module(port.modem) as module:
        _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        port.send("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK")
        with pytest.raises(ModemReset, match="WATCHDOG"):
            await ping
        assert [type(error) for error in protocol.ended] == [ModemReset]
    await port.modem.close()


@pytest.mark.parametrize(("reply", "gone"), [(["REBOOTING"], True), (None, False)])
async def test_reset_times_out_if_module_does_not_start(reply: Reply, gone: bool) -> None:
    port = Scripted({"AT+NSOCR": ["0", "OK"]})
    async with Module(port.modem) as module:
        _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
        port.rules |= {"AT+NRB": reply, "AT": None}
        begun = asyncio.get_running_loop().time()
        with pytest.raises(CommandTimeout) as caught:
            await module.reset()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(general.BOOT, abs=1.5)
        assert caught.value.lines == tuple(reply or ())
        await asyncio.sleep(0)
        assert bool(protocol.ended) is gone
    await port.modem.close()


async def test_reset_needs_no_boot_text() -> None:
    """It was lost on the line, or is not known: the module answers again."""
    port = Scripted({"AT+NRB": ["REBOOTING", "M5310", "OK"]})
    async with Module(port.modem) as module:
        number = module.link.session.number
        assert await module.reset() == Booted(BootCause.UNKNOWN, "")
        assert asyncio.get_running_loop().time() < TEXT_WITHIN + 5
        assert module.link.session.number == number + 1
        await module.check()
    await port.modem.close()


async def test_reset_of_a_module_that_only_falls_silent() -> None:
    port = Scripted({"AT+NRB": "ERROR", "AT+CMRB": "OK", "AT+NSOCR": ["0", "OK"]})
    async with Module(port.modem) as module:
        _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
        both = asyncio.gather(module.reset(), module.reset())
        await port.until("AT+CMRB")
        await elapse(2)  # it shuts down
        assert not protocol.ended
        port.rules |= {"AT": None}
        await elapse(8)
        del port.rules["AT"]
        first, second = await both
        assert first == second == Booted(BootCause.UNKNOWN, "")
        assert asyncio.get_running_loop().time() < 15
        assert [str(each) for each in protocol.ended] == [
            "the module restarted (it was silent, and answers again); its objects, sockets and "
            "registration are gone"
        ]
        await module.check()
    await port.modem.close()


async def test_reset_waits_for_boot_text_after_ok() -> None:
    port = Scripted({"AT+NRB": ["OK", *BOOT]})
    async with Module(port.modem) as module:
        assert (await module.reset()).cause is BootCause.COMMAND
    port.rules["AT+NRB"] = "OK"  # and it goes on answering
    async with Module(port.modem) as module:
        with pytest.raises(CommandTimeout, match="OK within"):
            await module.reset()
    await port.modem.close()


async def test_reset_of_a_module_with_another_command() -> None:
    port = Scripted({"AT+NRB": "ERROR", "AT+CMRB": ["OK", "REBOOTING..", "*ATREADY: 1"]})
    async with Module(port.modem) as module:
        assert await module.reset() == Booted(BootCause.UNKNOWN, "*ATREADY: 1")
        port.rules["AT+CMRB"] = "ERROR"
        with pytest.raises(CommandError, match=r"AT\+NRB was refused"):
            await module.reset()
    await port.modem.close()


async def test_boot_text_that_comes_after_an_answer_is_awaited() -> None:
    port = Scripted({"AT+NRB": ["REBOOTING"]})
    async with Module(port.modem) as module:
        asyncio.get_running_loop().call_later(TEXT_WITHIN + 1, port.send, *BOOT)
        assert (await module.reset()).cause is BootCause.COMMAND
    await port.modem.close()


async def test_concurrent_resets_restart_once() -> None:
    port = Scripted({"AT+NRB": BOOT})
    async with Module(port.modem) as module:
        first, second = await asyncio.gather(module.reset(), module.reset())
        assert first == second
        assert port.sent == ["AT+NRB"]
    await port.modem.close()


async def test_boot_text_is_not_taken_for_a_response() -> None:
    port = Scripted({"AT+CGMM": ["REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK"]})
    async with Module(port.modem) as module:
        with pytest.raises(ModemReset):
            await module.identity()
    await port.modem.close()


@pytest.mark.parametrize("end", ["lost", "closed"])
async def test_reset_fails_when_port_is_gone(end: str) -> None:
    port = Scripted({"AT+NRB": "REBOOTING"})
    module = Module(port.modem)
    await module.open()
    restart = asyncio.create_task(module.reset())
    await port.until("AT+NRB")
    await elapse(1)
    if end == "lost":
        port.vanish()
    await module.close()
    with pytest.raises(PortError, match="unplugged" if end == "lost" else "closed"):
        await restart
    await port.modem.close()


# --- ping, sockets, attach -------------------------------------------------------------------


async def test_ping_outcomes() -> None:
    port = Scripted({"AT+NPING": ["OK", "+NPING:1.2.3.4,54,340"]})
    async with Module(port.modem) as module:
        assert await module.ping("1.2.3.4") == PingReply("1.2.3.4", 54, 0.34)
        port.rules["AT+NPING"] = ["OK", "+NPINGERR:1"]
        with pytest.raises(PingFailed):
            await module.ping("1.2.3.4", size=32, timeout=2)
    assert port.sent == ["AT+NPING=1.2.3.4,12,10000", "AT+NPING=1.2.3.4,32,2000"]
    await port.modem.close()


async def test_lost_port_ends_ping() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        await elapse(1)
        port.vanish()
        with pytest.raises(PortError, match="unplugged"):
            await ping


async def test_close_ends_ping() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        await elapse(1)
    with pytest.raises(PortError, match="closed"):
        await ping
    await port.modem.close()


async def test_attach_over_a_port_without_speed() -> None:
    port = Scripted(
        {
            "AT+CFUN?": ["+CFUN:1", "OK"],
            "AT+CEREG?": ["+CEREG:2,5", "OK"],
            "AT+CSQ": ["+CSQ:17,99", "OK"],
        }
    )
    async with Module(port.modem) as module:
        attached = await module.attach()
        assert attached.status.stat is Registration.ROAMING
        with pytest.raises(NotSupported, match="this port has no speed"):
            await module.attach(speeds=(9600,))
    await port.modem.close()


# --- speed -----------------------------------------------------------------------------------


async def test_port_is_opened_again_at_the_changed_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    board.behind_a_port(monkeypatch)
    async with Module("a port") as module:
        await module.set_speed(115200, store=False)
        assert module.baudrate == 115200
        await module.check()
    assert board.sent[0].startswith("AT+NATSPEED=115200,30,0,")
    opened: list[int] = []

    async def open_modem(_: str, baudrate: int, **__: object) -> None:
        opened.append(baudrate)
        raise PortError("not opened in this test")

    monkeypatch.undo()
    monkeypatch.setattr(Modem, "open", open_modem)
    with pytest.raises(PortError):
        await module.open()
    assert opened == [115200]  # the speed of the module


@pytest.mark.parametrize(("store", "after"), [(False, 9600), (True, 115200)])
async def test_reset_sets_port_to_stored_speed(
    monkeypatch: pytest.MonkeyPatch, store: bool, after: int
) -> None:
    board = Board()
    board.behind_a_port(monkeypatch)
    loop = asyncio.get_running_loop()

    def boot() -> None:
        board.speed = after
        if board.dial.baudrate == after:
            board.send(*BOOT[1:])

    def restart(_: str) -> str:
        loop.call_later(3.5, boot)
        return BOOT[0]

    board.rules["AT+NRB"] = restart
    async with Module("a port") as module:
        await module.set_speed(115200, store=store)
    board.modem.connection_made(board)
    board.closed = 0
    board.dial = Dial(115200)
    async with module:
        assert (await module.reset()).cause is BootCause.COMMAND
        assert module.baudrate == after
        await module.check()


async def test_commands_wait_while_speed_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    board.behind_a_port(monkeypatch)
    async with Module("a port") as module:
        await module.check()
        changes = [asyncio.create_task(module.set_speed(speed)) for speed in (115200, 57600)]
        await asyncio.sleep(0)
        asked = [asyncio.create_task(module.send("AT+CSQ")) for _ in range(3)]
        await asyncio.gather(*changes, *asked)
        assert module.baudrate == board.speed == 57600
    assert [line[:11] for line in board.sent[:2]] == ["AT+NATSPEED"] * 2
    assert board.sent[2:] == ["AT+CSQ"] * 3


async def test_set_speed_needs_a_port_with_speed() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        with pytest.raises(NotSupported, match="this port has no speed"):
            await module.set_speed(115200)
    assert port.sent == []
    await port.modem.close()
