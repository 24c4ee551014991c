"""`m5310 console` over a scripted module."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncGenerator

import pytest

from m5310.cli import console
from m5310.cli.console import Console
from m5310.cli.terminal.output import Output
from m5310.cli.terminal.session import Session
from m5310.cli.terminal.stdin import Interrupted
from m5310.errors import PortError
from tests.support.cli import make_output, refuse_speed, texts
from tests.support.clock import elapse
from tests.support.scripted import Scripted

RULES = {
    "AT+CSQ": ["+CSQ:20,99", "OK"],
    "AT+SLOW": None,
    "AT+CEREG=": ["OK", "+CEREG:2"],
    "AT+FOO": "+CME ERROR:4",
    "AT+MUTE": None,
}


async def typing(*lines: str) -> AsyncGenerator[str, None]:
    for line in lines:
        yield line
        await elapse(1)


async def run(*lines: str, words: bool = True, echo: bool = False) -> tuple[str, str]:
    module, output = Scripted(dict(RULES)), make_output()
    terminal = Console(Session(module.modem, refuse_speed), output, words=words, echo=echo)
    await terminal.run(typing(*lines))
    await module.modem.close()
    return texts(output)


async def test_responses_and_unsolicited_lines_are_marked() -> None:
    module, output = Scripted(dict(RULES)), make_output()
    terminal = Console(Session(module.modem, refuse_speed), output, words=True, echo=False)
    loop = asyncio.get_running_loop()
    loop.call_later(1, module.send, "+CEREG:1")
    loop.call_later(2, module.send, "+SLOW:1", "bare", "OK")
    await terminal.run(typing("AT+SLOW"))
    assert texts(output)[0].splitlines() == [
        "! +CEREG:1                      registered, home network",
        "  +SLOW:1",
        "  bare",
        "  OK",
    ]
    await module.modem.close()


async def test_setting_is_explained_when_sent() -> None:
    out, _ = await run("AT+CEREG=1")
    assert out.splitlines() == [
        "=                               reports of the registration on",
        "  OK",
        "! +CEREG:2                      not registered yet, searching",
    ]


async def test_test_command_shows_its_response() -> None:
    module, output = Scripted({"AT+CEREG=?": ["+CEREG:(0-5)", "OK"]}), make_output()
    terminal = Console(Session(module.modem, refuse_speed), output, words=True, echo=False)
    await terminal.run(typing("AT+CEREG=?"))
    assert texts(output)[0].splitlines()[-2:] == ["  +CEREG:(0-5)", "  OK"]
    await module.modem.close()


async def test_echo_shows_each_command() -> None:
    out, _ = await run("AT+CSQ", "AT+FOO", echo=True)
    lines = out.splitlines()
    assert lines[0] == "> AT+CSQ                        ask for the signal strength"
    assert lines[-2:] == [
        "> AT+FOO",
        "  +CME ERROR:4                  refused: operation not supported",
    ]


async def test_no_words() -> None:
    out, _ = await run("AT+CSQ", "AT+CEREG=1", words=False)
    assert out == "  +CSQ:20,99\n  OK\n  OK\n! +CEREG:2\n"


async def test_invalid_line_is_not_sent() -> None:
    out, err = await run("", "hello", "AT\tX", "AT+MUTE")
    assert out == ""
    assert "'hello' does not begin with AT; ? lists the commands" in err
    assert "control character '\\t'" in err
    assert "AT+MUTE: no final result within 5 s" in err


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("AT+CSQ",), 0),
        (("AT+CSQ", "AT+FOO", "AT+MUTE"), 1),
        (("AT+MUTE", "AT+FOO"), 3),
        (("hello", "AT+FOO"), 2),
    ],
)
async def test_status_is_that_of_the_first_failure(lines: tuple[str, ...], status: int) -> None:
    module = Scripted(dict(RULES))
    terminal = Console(Session(module.modem, refuse_speed), make_output(), words=False, echo=False)
    await terminal.run(typing(*lines))
    assert terminal.status == status
    await module.modem.close()


async def test_help_and_quit() -> None:
    out, _ = await run("?", "help", "quit", "AT+CSQ")
    assert out.count('AT+COPS=0 | 1,2,"<plmn>"        choose the operator\n') == 2
    assert "AT+CSQ                          ask for the signal strength\n" in out
    assert "log out of OneNET" in out
    assert "+CSQ:20" not in out


async def test_last_unsolicited_lines_are_shown_at_the_end() -> None:
    module, output = Scripted(dict(RULES)), make_output()
    terminal = Console(Session(module.modem, refuse_speed), output, words=False, echo=False)

    async def one_line() -> AsyncGenerator[str, None]:
        yield "AT+CEREG=1"

    await terminal.run(one_line())
    assert texts(output)[0] == "  OK\n! +CEREG:2\n"
    await module.modem.close()


async def test_lost_port_ends_the_console() -> None:
    module, output = Scripted(dict(RULES)), make_output()
    terminal = Console(Session(module.modem, refuse_speed), output, words=True, echo=False)

    async def lines() -> AsyncGenerator[str, None]:
        yield "AT"
        module.vanish()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(PortError, match="was lost"):
        await terminal.run(lines())


async def test_port_lost_during_a_command_ends_the_console() -> None:
    module, output = Scripted({"AT+MUTE": None}), make_output()
    terminal = Console(Session(module.modem, refuse_speed), output, words=True, echo=False)
    asyncio.get_running_loop().call_later(1, module.vanish)
    with pytest.raises(PortError):
        await terminal.run(typing("AT+MUTE"))


async def test_ctrl_c_at_the_prompt_has_its_own_status(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted() -> AsyncGenerator[str, None]:
        raise Interrupted
        yield ""

    module = Scripted()
    monkeypatch.setattr(console, "_prompt", lambda _: interrupted())
    assert (
        await console.run_console(Session(module.modem, refuse_speed), make_output(), words=True)
        == 130
    )
    await module.modem.close()


def test_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setitem(sys.modules, "m5310.cli.terminal.prompt", None)
    output = Output(Terminal(), io.StringIO(), {})
    assert console._prompt(output) is None
    assert texts(output)[1] == 'm5310: for history and completion: pip install "m5310[cli]"\n'
