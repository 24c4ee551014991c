"""A console, its lines and its session, over a scripted module."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from m5310.at.codec import Command
from m5310.cli import console, send
from m5310.cli.console import Console
from m5310.cli.explain.catalogue import typed
from m5310.cli.run_report_command import command_output
from m5310.cli.terminal import stdin
from m5310.cli.terminal.output import Output
from m5310.cli.terminal.session import BACKLOG, Session, run_until_first_ends
from m5310.cli.terminal.stdin import Interrupted
from m5310.errors import CommandError, ParameterError, PortError
from tests.support.clock import elapse
from tests.support.scripted import Scripted

RULES = {
    "AT+CSQ": ["+CSQ:20,99", "OK"],
    "AT+SLOW": None,
    "AT+CEREG=": ["OK", "+CEREG:2"],
    "AT+FOO": "+CME ERROR:4",
    "AT+MUTE": None,
}


def screen() -> Output:
    return Output(io.StringIO(), io.StringIO(), {})


def shown(screen: Output) -> tuple[str, str]:
    assert isinstance(screen.out, io.StringIO)
    assert isinstance(screen.err, io.StringIO)
    return screen.out.getvalue(), screen.err.getvalue()


async def typing(*lines: str) -> AsyncGenerator[str, None]:
    for line in lines:
        yield line
        await elapse(1)  # virtual: what was said meanwhile is heard


async def talk(*lines: str, words: bool = True, echo: bool = False) -> tuple[str, str]:
    module, seen = Scripted(dict(RULES)), screen()
    one = Console(Session(module.modem), seen, words=words, echo=echo)
    await run_until_first_ends(one.send_lines(typing(*lines)), one.show_unsolicited())
    await module.modem.close()
    return shown(seen)


async def test_answers_and_unsolicited_lines_stand_apart() -> None:
    module, seen = Scripted(dict(RULES)), screen()
    one = Console(Session(module.modem), seen, words=True, echo=False)
    loop = asyncio.get_running_loop()
    loop.call_later(1, module.say, "+CEREG:1")
    loop.call_later(2, module.say, "+SLOW:1", "bare", "OK")
    await run_until_first_ends(one.send_lines(typing("AT+SLOW")), one.show_unsolicited())
    assert shown(seen)[0].splitlines() == [
        "! +CEREG:1                      registered, home network",
        "  +SLOW:1",
        "  bare",
        "  OK",
    ]
    await module.modem.close()


async def test_a_command_is_explained_a_question_by_its_answer() -> None:
    output, _ = await talk("AT+CEREG=1")
    assert output.splitlines() == [
        "=                               reports of the registration on",
        "  OK",
        "! +CEREG:2                      not registered yet, searching",
    ]


async def test_which_values_a_command_takes_is_an_answer() -> None:
    module, seen = Scripted({"AT+CEREG=?": ["+CEREG:(0-5)", "OK"]}), screen()
    one = Console(Session(module.modem), seen, words=True, echo=False)
    await run_until_first_ends(one.send_lines(typing("AT+CEREG=?")), one.show_unsolicited())
    assert shown(seen)[0].splitlines()[-2:] == ["  +CEREG:(0-5)", "  OK"]
    await module.modem.close()


async def test_from_a_pipe_commands_are_shown_too() -> None:
    output, _ = await talk("AT+CSQ", "AT+FOO", echo=True)
    lines = output.splitlines()
    assert lines[0] == "> AT+CSQ                        ask for the signal strength"
    assert lines[-2:] == [
        "> AT+FOO",
        "  +CME ERROR:4                  refused: operation not supported",
    ]


async def test_without_words_only_lines_are_shown() -> None:
    output, _ = await talk("AT+CSQ", "AT+CEREG=1", words=False)
    assert output == "  +CSQ:20,99\n  OK\n  OK\n! +CEREG:2\n"


async def test_what_is_no_command_is_not_sent() -> None:
    output, errors = await talk("", "hello", "AT\tX", "AT+MUTE")
    assert output == ""
    assert "'hello' does not begin with AT; ? lists the commands" in errors
    assert "control character '\\t'" in errors
    assert "AT+MUTE: no final result within 5 s" in errors


async def test_help_and_the_end() -> None:
    output, _ = await talk("?", "help", "quit", "AT+CSQ")
    assert output.count('AT+COPS=0 | 1,2,"<plmn>"') == 2
    assert "log out of OneNET" in output
    assert "+CSQ:20" not in output


async def test_what_came_last_is_shown_at_the_end() -> None:
    module, seen = Scripted(dict(RULES)), screen()
    one = Console(Session(module.modem), seen, words=False, echo=False)

    async def lines() -> AsyncGenerator[str, None]:
        yield "AT"
        module.say("+CSCON:0")

    await one.send_lines(lines())
    assert shown(seen)[0].endswith("! +CSCON:0\n")
    await module.modem.close()


async def test_a_lost_port_ends_the_console() -> None:
    module, seen = Scripted(dict(RULES)), screen()
    one = Console(Session(module.modem), seen, words=True, echo=False)

    async def lines() -> AsyncGenerator[str, None]:
        yield "AT"
        module.vanish()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(PortError, match="was lost"):
        await run_until_first_ends(one.send_lines(lines()), one.show_unsolicited())


async def test_a_port_lost_under_a_command_ends_it_too() -> None:
    module, seen = Scripted({"AT+MUTE": None}), screen()
    one = Console(Session(module.modem), seen, words=True, echo=False)
    asyncio.get_running_loop().call_later(1, module.vanish)
    with pytest.raises(PortError):
        await one.send_lines(typing("AT+MUTE"))


async def test_ctrl_c_at_a_prompt_has_its_own_status(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted() -> AsyncGenerator[str, None]:
        raise Interrupted
        yield ""

    module = Scripted()
    monkeypatch.setattr(console, "_prompt", lambda _: interrupted())
    assert await console.run_console(Session(module.modem), screen(), words=True) == 130
    await module.modem.close()


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setitem(sys.modules, "m5310.cli.terminal.prompt", None)
    seen = Output(Terminal(), io.StringIO(), {})
    assert console._prompt(seen) is None
    assert shown(seen)[1] == 'm5310: for history and completion: pip install "m5310[cli]"\n'


# --- the session -----------------------------------------------------------------------------


async def test_a_backlog_is_bounded_and_keeps_the_newest() -> None:
    module = Scripted()
    session = Session(module.modem)
    module.say(*(f"+X:{number}" for number in range(BACKLOG + 5)))
    waiting = session.take_received()
    assert len(waiting) == BACKLOG
    assert waiting[-1] == f"+X:{BACKLOG + 4}"
    assert session.take_received() == []
    await module.modem.close()


async def test_lines_come_in_order_until_the_port_is_lost() -> None:
    module = Scripted()
    session = Session(module.modem)
    module.say("+A:1", "+A:2")
    module.vanish()
    lines = session.unsolicited()
    assert [await anext(lines), await anext(lines)] == ["+A:1", "+A:2"]
    with pytest.raises(PortError):
        await anext(lines)


async def test_what_follows_is_the_line_that_was_meant() -> None:
    module, seen = Scripted(), screen()
    asyncio.get_running_loop().call_later(1, module.say, "+CEREG:1", "+NPINGERR:1", "+NPING:x")
    await send._wait_for_line(Session(module.modem), "+NPING", Command("AT"), seen)
    assert shown(seen)[0] == "+NPINGERR:1\n"
    await module.modem.close()


async def test_a_session_refuses_as_the_modem_does() -> None:
    module = Scripted(dict(RULES))
    session = Session(module.modem)
    with pytest.raises(CommandError):
        await session.execute(typed("AT+FOO"))
    assert (await session.execute(Command("AT"))).lines == ()
    await module.modem.close()


async def test_the_port_follows_to_a_new_speed_once_the_module_took_it() -> None:
    module = Scripted({"AT+NATSPEED=57600": "ERROR"})
    speeds = []

    async def retune(baud: int) -> None:
        speeds.append((baud, module.sent[-1]))

    session = Session(module.modem, retune)
    await session.execute(typed("AT+CFUN=1"))
    with pytest.raises(CommandError):
        await session.execute(typed("AT+NATSPEED=57600,30,1,2,1,0,0"))
    line = "at+natspeed=115200,30,1,2,1,0,0"
    await session.execute(typed(line))
    assert speeds == [(115200, line)]
    await module.modem.close()


async def test_the_first_to_end_ends_the_others() -> None:
    ended = []

    async def wait(seconds: float) -> None:
        try:
            await elapse(seconds)
        finally:
            ended.append(seconds)

    async def fail() -> None:
        raise ParameterError("it fails")

    await run_until_first_ends(wait(1), wait(9))
    assert ended == [1, 9]
    with pytest.raises(ParameterError, match="it fails"):
        await run_until_first_ends(wait(5), fail())
    assert ended == [1, 9, 5]
    task = asyncio.ensure_future(run_until_first_ends(wait(7), wait(8)))
    await elapse(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended[3:] == [7, 8]


# --- standard input --------------------------------------------------------------------------


@pytest.mark.realtime
async def test_lines_of_a_pipe_however_they_are_cut() -> None:
    reading, writing = os.pipe()
    os.write(writing, "one\r\ntwo\n模".encode()[:-1])
    os.write(writing, "模".encode()[-1:] + b"\n\xff\nlast")
    os.close(writing)
    assert [line async for line in stdin.read_lines(reading)] == ["one", "two", "模", "\ufffd", "last"]
    os.close(reading)


@pytest.mark.realtime
async def test_lines_of_a_file_and_of_nothing(tmp_path: Path) -> None:
    for content, expected in ((b"a\nb\n", ["a", "b"]), (b"", [])):
        (tmp_path / "file").write_bytes(content)
        with (tmp_path / "file").open("rb") as file:
            assert [line async for line in stdin.read_lines(file.fileno())] == expected


@pytest.mark.realtime
async def test_a_descriptor_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert [line async for line in stdin.read_lines(file.fileno())] == []


def test_lines_that_come_after_the_loop_are_nobodys() -> None:
    reading, writing = os.pipe()

    async def first() -> str:
        return await anext(stdin.read_lines(reading))

    os.write(writing, b"one\n")
    assert asyncio.run(first()) == "one"
    os.write(writing, b"two\n")
    os.close(writing)
    for thread in threading.enumerate():
        if thread.name == "m5310-stdin":
            thread.join(5)
    os.close(reading)


def test_only_a_terminal_can_be_somebody_elses() -> None:
    reading, writing = os.pipe()
    assert not stdin.in_background(reading)
    os.close(reading)
    os.close(writing)


# --- values that other programs measure ------------------------------------------------------


@pytest.mark.realtime
async def test_what_a_command_prints_is_its_value() -> None:
    assert await command_output("echo 21.5; cat", 20) == "21.5\n"


@pytest.mark.realtime
async def test_a_command_that_fails_is_said() -> None:
    with pytest.raises(ParameterError, match="'exit 3' ended with status 3"):
        await command_output("exit 3", 20)


@pytest.mark.realtime
async def test_a_command_that_hangs_is_ended_with_all_it_started() -> None:
    with pytest.raises(ParameterError, match=r"took longer than 0\.2 s"):
        await command_output("sleep 60 | sleep 60", 0.2)


@pytest.mark.realtime
async def test_a_command_is_ended_with_who_asked() -> None:
    task = asyncio.ensure_future(command_output("sleep 60", 60))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0.2)


@pytest.mark.realtime
async def test_a_command_is_ended_even_while_it_starts() -> None:
    task = asyncio.ensure_future(command_output("sleep 60", 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.realtime
async def test_where_there_are_no_process_groups_it_is_ended_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "killpg")
    with pytest.raises(ParameterError, match="took longer"):
        await command_output("exec sleep 60", 0.2)
