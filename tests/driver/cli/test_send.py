"""`m5310 send` over a scripted module."""

from __future__ import annotations

import asyncio

import pytest

from m5310.errors import CommandError, CommandTimeout, ParameterError
from tests.support.cli import run_subcommand
from tests.support.scripted import Scripted


async def test_stops_at_the_first_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Scripted({"AT+FOO": "ERROR"})
    with pytest.raises(CommandError, match=r"AT\+FOO was refused with ERROR"):
        await run_subcommand(monkeypatch, module, "send", "AT+CSCON=1", "AT+FOO", "AT+CIMI")
    assert module.sent == ["AT+CSCON=1", "AT+FOO"]


async def test_no_answer_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Scripted({"AT": None})
    with pytest.raises(CommandTimeout, match="Check wiring, power and speed"):
        await run_subcommand(monkeypatch, module, "send", "AT+CSQ", "--timeout", "0.3")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("AT\rAT+NRB", "control character"),
        ("AT+CSQ\x1b", "control character"),
        ("", "'' does not begin with AT"),
        ("hello", "'hello' does not begin with AT"),
    ],
)
async def test_invalid_command_prevents_sending_any(
    monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    module = Scripted()
    with pytest.raises(ParameterError, match=message):
        await run_subcommand(monkeypatch, module, "send", "AT+CSCON=1", line)
    assert module.sent == []
    await module.modem.close()


async def test_until_waits_for_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Scripted({"AT+NPING": ["OK", "+NPING:10.1.2.3,64,50"]})
    ran = await run_subcommand(
        monkeypatch, module, "send", "AT+NPING=10.1.2.3", "--until", "+NPING"
    )
    assert (ran.status, ran.out) == (0, "+NPING:10.1.2.3,64,50\n")


async def test_until_takes_the_first_line_with_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Scripted()
    lines = "+CEREG:1", "+NPINGERR:1", "+NPING:x"
    asyncio.get_running_loop().call_later(1, module.send, *lines)
    ran = await run_subcommand(monkeypatch, module, "send", "AT", "--until", "+NPING")
    assert ran.out == "+NPINGERR:1\n"


async def test_until_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = await run_subcommand(
        monkeypatch, Scripted(), "send", "AT", "--until", "+NEVER", "--timeout", "0.2"
    )
    assert ran.status == 3
    assert "no line starting with +NEVER within 0.2 s after the OK of AT" in ran.err
