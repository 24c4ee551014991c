"""A module on a port: opened, asked, followed, restarted, closed."""

from __future__ import annotations

import asyncio
import re

import pytest

from m5310.at.codec import Answer, Command
from m5310.at.line_stream import Wanted
from m5310.at.modem import Modem
from m5310.commands.general import BootCause, Booted
from m5310.commands.network import PingReply, Registration
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
from m5310.module.speed import SpeedError
from tests.support.boards import Board, Dial
from tests.support.clock import elapse
from tests.support.datagrams import PEER, RecordingProtocol
from tests.support.scripted import Reply, Scripted

BOOT = ["REBOOTING", "REBOOT_CAUSE_APPLICATION_AT", "M5310", "OK"]


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_module_that_announces_its_sleep_is_asked_before_the_next_command() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        await module.check()
        for line, probes in (("+CSCON:1", 1), ("+NPSMR:1", 2), ("+NPSMR:0", 2)):
            port.say(line)
            await module.echo(on=False)
            assert port.modem.counters.probes == probes
    await port.modem.close()


# --- open and close --------------------------------------------------------------------------


async def test_a_modem_stays_its_owners() -> None:
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


async def test_a_port_of_its_own_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    board.behind_a_port(monkeypatch)
    async with Module("a port") as module:
        assert module.baudrate == 9600
        with pytest.raises(StateError, match="open already"):
            await module.open()
    assert board.closed
    await module.close()


@pytest.mark.realtime
async def test_a_port_that_does_not_exist() -> None:
    module = Module("/dev/does-not-exist")
    with pytest.raises(PortError, match="does not exist"):
        await module.open()
    await module.close()


@pytest.mark.realtime
async def test_a_real_port_and_its_speed() -> None:
    async with Module("loop://", 115200, quiet=0) as module:
        assert module.baudrate == 115200


async def test_a_closed_module_says_so() -> None:
    port = Scripted()
    module = Module(port.modem)
    for use in (module.check(), module.send("AT"), module.set_speed(9600), module.attach()):
        with pytest.raises(StateError, match="async with Module"):
            await use
    with pytest.raises(StateError, match="async with Module"):
        module.follow()
    await port.modem.close()


async def test_a_modem_without_port() -> None:
    port = Scripted()
    await port.modem.close()
    with pytest.raises(PortError):
        await Module(port.modem).open()


async def test_closing_is_not_interrupted() -> None:
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


# --- any command -----------------------------------------------------------------------------


async def test_any_command_with_the_lines_it_may_bring() -> None:
    port = Scripted({"AT+CSQ": ["+CSQ:17,99", "+CEREG:2", "OK"]})
    async with Module(port.modem) as module, module.follow() as lines:
        for responses in (["+CSQ"], "+CSQ", "+CSQ:", re.compile(r"\+CSQ:.*"), ("+CSQ",)):
            answer = await module.send("AT+CSQ", responses, timeout=3)
            assert answer.lines == ("+CSQ:17,99",)
            assert (answer.command.line, answer.command.timeout) == ("AT+CSQ", 3)
            assert await anext(lines) == "+CEREG:2"
    await port.modem.close()


async def test_without_declared_responses_every_line_is_unsolicited() -> None:
    port = Scripted({"AT+CSQ": ["+CSQ:17,99", "OK"]})
    async with Module(port.modem) as module, module.follow("+CSQ") as lines:
        assert (await module.send("AT+CSQ")).lines == ()
        assert await anext(lines) == "+CSQ:17,99"
    await port.modem.close()


async def test_plain_text_by_a_pattern_and_any_case() -> None:
    port = Scripted({"at+cgmm": ["M5310", "OK"]})
    async with Module(port.modem) as module:
        assert (await module.send("at+cgmm", re.compile("M[0-9]+"))).lines == ("M5310",)
    await port.modem.close()


async def test_an_ok_alone_is_believed_only_if_allowed() -> None:
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
async def test_hostile_text_is_not_written(line: str, responses: Wanted | list[Wanted]) -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        with pytest.raises(ParameterError):
            await module.send(line, responses)
        with pytest.raises(ParameterError):
            await module.send("AT", timeout=0)
    assert port.sent == []
    await port.modem.close()


async def test_a_refusal() -> None:
    port = Scripted({"AT+X": "+CME ERROR:4"})
    async with Module(port.modem) as module:
        with pytest.raises(CommandError, match="not supported"):
            await module.send("AT+X")
    await port.modem.close()


# --- unsolicited lines -----------------------------------------------------------------------


async def test_closing_ends_every_stream() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        lines = module.follow("+CEREG", limit=2)
        await lines.__aenter__()
        port.say("+CEREG:1", "+CEREG:2", "+CEREG:3")

        async def read() -> list[str]:
            return [line async for line in lines]

        reader = asyncio.create_task(read())
    assert await reader == ["+CEREG:2", "+CEREG:3"]
    assert lines.dropped == 1
    await port.modem.close()


async def test_a_lost_port_ends_a_stream_with_its_reason() -> None:
    port = Scripted()
    async with Module(port.modem) as module, module.follow() as lines:
        port.vanish()
        with pytest.raises(PortError, match="unplugged"):
            await anext(lines)
        with pytest.raises(PortError, match="unplugged"):
            await module.check()


async def test_a_line_without_sense_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    port = Scripted()
    async with Module(port.modem) as module, module.follow() as lines:
        port.say("+NPING:nonsense", "+CEREG:1", "+CSCON:1", "+NPSMR:1", "+MIPLOPEN:0,1")
        heard = [await anext(lines) for _ in range(5)]
    assert heard[0] == "+NPING:nonsense"
    assert "+NPING:nonsense" in caplog.text
    await port.modem.close()


# --- restart ---------------------------------------------------------------------------------


async def test_a_reset_ends_what_was_expected() -> None:
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


async def test_a_module_that_restarts_by_itself() -> None:
    port = Scripted({"AT+NSOCR": ["0", "OK"]})
    async with Module(port.modem) as module:
        _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        port.say("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK")
        with pytest.raises(ModemReset, match="WATCHDOG"):
            await ping
        assert [type(error) for error in protocol.ended] == [ModemReset]
    await port.modem.close()


@pytest.mark.parametrize(("reply", "gone"), [(["REBOOTING"], True), (None, False)])
async def test_a_module_that_does_not_come_back(reply: Reply, gone: bool) -> None:
    port = Scripted({"AT+NRB": reply, "AT+NSOCR": ["0", "OK"]})
    async with Module(port.modem) as module:
        _, protocol = await module.create_datagram_endpoint(RecordingProtocol)
        with pytest.raises(CommandTimeout):
            await module.reset()
        await asyncio.sleep(0)
        assert bool(protocol.ended) is gone
    await port.modem.close()


async def test_a_restart_whose_cause_got_lost() -> None:
    port = Scripted({"AT+NRB": ["REBOOTING", "M5310", "OK"]})
    async with Module(port.modem) as module:
        with pytest.raises(CommandTimeout, match="REBOOTING") as caught:
            await module.reset()
        assert caught.value.lines == ("REBOOTING",)
        await module.check()
    await port.modem.close()


async def test_a_restart_whose_result_comes_first() -> None:
    port = Scripted({"AT+NRB": ["OK", *BOOT]})
    async with Module(port.modem) as module:
        assert (await module.reset()).cause is BootCause.COMMAND
    port.rules["AT+NRB"] = "OK"
    async with Module(port.modem) as module:
        with pytest.raises(CommandTimeout, match="OK within"):
            await module.reset()
    await port.modem.close()


async def test_two_who_restart_it_at_once_restart_it_once() -> None:
    port = Scripted({"AT+NRB": BOOT})
    async with Module(port.modem) as module:
        first, second = await asyncio.gather(module.reset(), module.reset())
        assert first == second
        assert port.sent == ["AT+NRB"]
    await port.modem.close()


async def test_whoever_waits_for_an_answer_when_it_restarts_is_told_at_once() -> None:
    port = Scripted({"AT+CFUN": None})
    async with Module(port.modem) as module:
        waiting = [asyncio.create_task(module.radio(on=True)), asyncio.create_task(module.check())]
        await port.until("AT+CFUN=1")
        port.say("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK")
        for each in waiting:
            with pytest.raises(ModemReset, match="WATCHDOG"):
                await each
    assert now() < 1
    await port.modem.close()


async def test_a_name_is_not_the_text_of_a_start() -> None:
    port = Scripted({"AT+CGMM": ["REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK"]})
    async with Module(port.modem) as module:
        with pytest.raises(ModemReset):
            await module.identity()
    await port.modem.close()


@pytest.mark.parametrize("end", ["lost", "closed"])
async def test_a_restart_when_the_port_goes(end: str) -> None:
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


async def test_ping() -> None:
    port = Scripted({"AT+NPING": ["OK", "+NPING:1.2.3.4,54,340"]})
    async with Module(port.modem) as module:
        assert await module.ping("1.2.3.4") == PingReply("1.2.3.4", 54, 0.34)
        port.rules["AT+NPING"] = ["OK", "+NPINGERR:1"]
        with pytest.raises(PingFailed):
            await module.ping("1.2.3.4", size=32, timeout=2)
    assert port.sent == ["AT+NPING=1.2.3.4,12,10000", "AT+NPING=1.2.3.4,32,2000"]
    await port.modem.close()


async def test_a_ping_when_the_port_goes() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        await elapse(1)
        port.vanish()
        with pytest.raises(PortError, match="unplugged"):
            await ping


async def test_a_ping_when_the_module_is_closed() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        ping = asyncio.create_task(module.ping("1.2.3.4"))
        await port.until("AT+NPING")
        await elapse(1)
    with pytest.raises(PortError, match="closed"):
        await ping
    await port.modem.close()


async def test_a_datagram_endpoint() -> None:
    answers = iter([["0,183.230.40.40,5683,2,6F6B,0", "OK"], "OK"])
    port = Scripted(
        {"AT+NSOCR": ["0", "OK"], "AT+NSOST": ["0,2", "OK"], "AT+NSORF": lambda _: next(answers)}
    )
    async with Module(port.modem) as module:
        transport, protocol = await module.create_datagram_endpoint(
            RecordingProtocol, local_port=4000, remote_addr=PEER
        )
        transport.sendto(b"hi")
        await port.until("AT+NSOST=0,183.230.40.40,5683,2,6869")
        port.say("+NSONMI:0,2")
        await protocol.until(lambda: bool(protocol.received))
        assert protocol.received == [(b"ok", PEER)]
    assert protocol.ended == [None]
    assert port.sent[-1] == "AT+NSOCL=0"
    await port.modem.close()


async def test_attach() -> None:
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
        with pytest.raises(NotSupported, match="this one has n"):
            await module.attach(speeds=(9600,))
    await port.modem.close()


# --- speed -----------------------------------------------------------------------------------


async def test_module_and_port_change_their_speed(monkeypatch: pytest.MonkeyPatch) -> None:
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
        raise PortError("enough")

    monkeypatch.undo()
    monkeypatch.setattr(Modem, "open", open_modem)
    with pytest.raises(PortError):
        await module.open()
    assert opened == [115200]  # where the module is


@pytest.mark.parametrize(("store", "after"), [(False, 9600), (True, 115200)])
async def test_the_port_follows_a_module_that_restarts_at_its_stored_speed(
    monkeypatch: pytest.MonkeyPatch, store: bool, after: int
) -> None:
    board = Board()
    board.behind_a_port(monkeypatch)
    loop = asyncio.get_running_loop()

    def boot() -> None:
        board.speed = after
        if board.dial.baudrate == after:
            board.say(*BOOT[1:])

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


async def test_others_wait_while_the_speed_changes(monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_speed_that_the_adapter_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(dial=Dial(refuses={460800}))
    board.behind_a_port(monkeypatch)
    async with Module("a port") as module:
        with pytest.raises(SpeedError, match="back at 9600"):
            await module.set_speed(460800)
        await module.check()


async def test_a_port_without_speed() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        with pytest.raises(NotSupported, match="this one has n"):
            await module.set_speed(115200)
    assert port.sent == []
    await port.modem.close()


# --- under load ------------------------------------------------------------------------------


async def test_a_flood_of_lines_beside_commands() -> None:
    port = Scripted({"AT+CSQ": ["+CSQ:17,99", "OK"]})

    async def ask(module: Module) -> list[Answer]:
        return [await module.send("AT+CSQ", ["+CSQ"]) for _ in range(20)]

    async with Module(port.modem) as module, module.follow("+CEREG", limit=10_000) as lines:
        asking = asyncio.create_task(ask(module))
        for number in range(10_000):
            port.say(f"+CEREG:{number % 6}", "+CSCON:1")
            if number % 100 == 0:
                await asyncio.sleep(0)
        answers = await asking
        heard = [await anext(lines) for _ in range(10_000)]
    assert {answer.lines for answer in answers} == {("+CSQ:17,99",)}
    assert heard == [f"+CEREG:{number % 6}" for number in range(10_000)]
    assert lines.dropped == 0
    await port.modem.close()


async def test_commands_are_the_modems_too() -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        command = Command("AT+X")
        assert await module.execute(command) == Answer(command)
    await port.modem.close()
