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
    assert module.sent == ["AT+CMEE?", "AT+CSCON=1", "AT+FOO"]


async def test_refusal_has_its_reason_and_the_setting_is_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"], "AT+FOO": "ERROR"})
    module.rules["AT+CMEE=1"] = lambda _: module.rules.update({"AT+FOO": "+CME ERROR:4"}) or "OK"
    with pytest.raises(CommandError, match=r"CME ERROR:4 \(operation not supported\)"):
        await run_subcommand(monkeypatch, module, "send", "AT+FOO")
    assert module.sent == ["AT+CMEE?", "AT+CMEE=1", "AT+FOO", "AT+CMEE=0"]


async def test_command_about_error_numbers_has_the_setting_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"]})
    ran = await run_subcommand(monkeypatch, module, "send", "AT+CMEE?", "at+cmee=1", "AT+CSCON=1")
    assert ran.out == "+CMEE:0\n"
    assert module.sent == ["AT+CMEE?", "at+cmee=1", "AT+CSCON=1"]


async def test_refusals_have_numbers_after_a_restart_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"]})
    module.rules["AT+NRB"] = ["REBOOTING", "REBOOT_CAUSE_APPLICATION_AT", "M5310", "OK"]
    await run_subcommand(monkeypatch, module, "send", "AT+CFUN=1", "AT+NRB", "AT+CFUN=1")
    once = ["AT+CMEE?", "AT+CMEE=1", "AT+CFUN=1"]
    assert module.sent == [*once, "AT+NRB", *once, "AT+CMEE=0"]


@pytest.mark.parametrize(("seconds", "longest"), [("0.3", 5.1), ("30", 35.1)])
async def test_silent_module_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, seconds: str, longest: float
) -> None:
    module = Scripted({"AT": None})
    clock = asyncio.get_running_loop().time
    begun = clock()
    with pytest.raises(CommandTimeout, match=r"AT\+CSQ: was not sent"):
        await run_subcommand(monkeypatch, module, "send", "AT+CSQ", "--timeout", seconds)
    assert clock() - begun < longest


async def test_interruption_does_not_wait_for_a_silent_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"], "AT+MUTE": None})
    clock = asyncio.get_running_loop().time
    running = asyncio.ensure_future(
        run_subcommand(monkeypatch, module, "send", "AT+MUTE", "--timeout", "600")
    )
    await module.until("AT+MUTE")
    begun = clock()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert clock() - begun < 2.1


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


@pytest.mark.parametrize("answer", ["ERROR", None])
async def test_module_without_error_numbers_is_used_as_it_is(
    monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"], "AT+CMEE=1": answer})
    ran = await run_subcommand(monkeypatch, module, "send", "AT+CSCON=1", "AT+CFUN=1")
    assert ran.status == 0
    assert [line for line in module.sent if "CMEE" not in line] == ["AT+CSCON=1", "AT+CFUN=1"]
