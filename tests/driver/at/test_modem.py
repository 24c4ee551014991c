"""Modem: commands of many callers, cancellation, listeners, the end of the port, timers, logs."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import tty
from collections.abc import Callable

import pytest

from m5310.at.codec import Answer, Command, Response
from m5310.at.engine import LINE_END, QUIET
from m5310.at.modem import Modem
from m5310.at.outstanding import ANSWER_LIMIT
from m5310.at.resync import SETTLE
from m5310.errors import (
    AnswerError,
    Code,
    CommandError,
    CommandTimeout,
    ModemReset,
    ParameterError,
    PortError,
    StateError,
)
from tests.support.clock import elapse
from tests.support.patience import PATIENCE

PLAIN = Command("AT+CFUN=1", timeout=5)
CEREG = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),), timeout=5)
CSQ = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+")),), timeout=5)
BLANKS = " " * 16

ANSWERS = {
    "AT": "OK",
    "AT+CFUN=1": "OK",
    "AT+CEREG?": "+CEREG:0,1 OK",
    "AT+CSQ": "+CSQ:17,99 OK",
    "AT+BAD": "+CME ERROR:50",
    "AT+SILENT": "",
}


class MemoryPort(asyncio.Transport):
    """Answers from `ANSWERS` after `latency` seconds; None: only records what is written."""

    def __init__(self, modem: Modem, *, latency: float | None = None) -> None:
        super().__init__()
        self.modem = modem
        self.latency = latency
        self.written: list[str] = []
        self.times: list[float] = []
        self.ended = 0
        self._loop = asyncio.get_running_loop()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        line = bytes(data).decode().removesuffix("\r")
        self.written.append(line)
        self.times.append(self._loop.time())
        if self.latency is not None and (answer := ANSWERS[line.strip()]):
            self._loop.call_later(self.latency, self.send, answer)

    def send(self, *lines: str) -> None:
        """Send lines to the host; one may hold two, separated by a blank before OK."""
        texts = [text for line in lines for text in re.split(" (?=OK$)", line)]
        self.modem.data_received("".join(f"\r\n{text}\r\n" for text in texts).encode())

    def is_closing(self) -> bool:
        return self.ended > 0

    def abort(self) -> None:
        self.drop(None)

    def drop(self, error: Exception | None) -> None:
        self.ended += 1
        self._loop.call_soon(self.modem.connection_lost, error)


def plugged(*, quiet: float = 0.0, latency: float | None = 0.0) -> tuple[Modem, MemoryPort]:
    modem = Modem(quiet=quiet)
    port = MemoryPort(modem, latency=latency)
    modem.connection_made(port)
    return modem, port


async def synchronized(*, quiet: float = 0.0) -> tuple[Modem, MemoryPort]:
    """A modem that was answered; its port now only records what is written."""
    modem, port = plugged(quiet=quiet)
    await modem.execute(PLAIN)
    port.latency = None
    port.written.clear()
    port.times.clear()
    return modem, port


async def run_callbacks() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def timers() -> list[asyncio.TimerHandle]:
    loop = asyncio.get_running_loop()
    return [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]


# --- execute ---------------------------------------------------------------------------------


async def test_first_command_is_preceded_by_a_probe() -> None:
    modem, port = plugged()
    assert await modem.execute(CEREG) == Answer(CEREG, ("+CEREG:0,1",))
    assert port.written == ["AT", "AT+CEREG?"]
    assert port.times[1] == pytest.approx(SETTLE, abs=0.001)
    await modem.close()


async def test_command_after_long_silence_is_preceded_by_a_wake_up() -> None:
    modem, port = plugged()
    await modem.execute(PLAIN)
    await elapse(600)
    assert timers() == []  # the wake-up is written only before a command
    assert await modem.execute(CSQ) == Answer(CSQ, ("+CSQ:17,99",))
    assert port.written == ["AT", "AT+CFUN=1", f"{BLANKS}AT", "AT+CSQ"]
    assert port.times[3] - port.times[2] == pytest.approx(LINE_END, abs=0.001)
    await modem.close()


async def test_modem_that_reported_sleep_is_woken() -> None:
    modem, port = plugged()
    await modem.execute(PLAIN)
    modem.asleep(True)
    await modem.execute(PLAIN)
    assert port.written == ["AT", "AT+CFUN=1", f"{BLANKS}AT", "AT+CFUN=1"]
    assert modem.counters.probes == 2
    modem.asleep(True)
    modem.asleep(False)
    await modem.execute(PLAIN)
    assert port.written[4:] == ["AT+CFUN=1"]
    await modem.close()


async def test_next_command_is_written_when_the_result_is_received() -> None:
    modem, port = await synchronized()
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ)]
    await run_callbacks()
    assert port.written == ["AT+CFUN=1"]
    port.send("OK")  # no round of the loop in between
    assert port.written == ["AT+CFUN=1", "AT+CSQ"]
    port.send("+CSQ:1,99", "OK")
    await asyncio.gather(*tasks)
    await modem.close()


async def test_command_error_names_command_and_result() -> None:
    modem, _ = plugged()
    with pytest.raises(CommandError) as refused:
        await modem.execute(Command("AT+BAD"))
    assert str(refused.value) == ("AT+BAD was refused with +CME ERROR:50 (incorrect parameters)")
    assert (refused.value.command, refused.value.number) == ("AT+BAD", 50)
    assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
    await modem.close()


async def test_next_command_is_answered_after_a_timeout() -> None:
    modem, port = plugged()
    await modem.execute(PLAIN)
    with pytest.raises(CommandTimeout, match=r"AT\+SILENT: no final result within 2 s, nothing"):
        await modem.execute(Command("AT+SILENT", timeout=2))
    assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
    assert port.written[2:] == ["AT+SILENT", "AT", "AT+CSQ"]
    await modem.close()


async def test_timeout_says_if_the_command_was_not_sent() -> None:
    modem, port = plugged(latency=None)
    with pytest.raises(CommandTimeout, match="was not sent: the module did not answer") as late:
        await modem.execute(PLAIN)
    assert not late.value.sent
    assert late.value.code is Code.TIMEOUT
    assert set(port.written) == {"AT"}
    await modem.close()


async def test_timeout_after_a_bare_ok_names_the_missing_response() -> None:
    modem, port = await synchronized()
    task = asyncio.create_task(modem.execute(CEREG))
    await run_callbacks()
    port.send("OK")
    with pytest.raises(CommandTimeout, match="OK within 5 s, but without the response") as e:
        await task
    assert e.value.bare
    assert "m5310.wire" in str(e.value)
    assert "wiring" not in str(e.value)  # the module did answer
    await modem.close()


async def test_answer_of_too_many_lines_raises_answer_error() -> None:
    modem, port = await synchronized()
    task = asyncio.create_task(modem.execute(CSQ))
    await run_callbacks()
    port.send(*["+CSQ:1,99"] * (ANSWER_LIMIT + 1), "OK")
    with pytest.raises(AnswerError, match=f"more than {ANSWER_LIMIT} lines"):
        await task
    await modem.close()


# --- cancelling ------------------------------------------------------------------------------


async def test_command_cancelled_in_the_queue_is_never_written() -> None:
    modem, port = await synchronized()
    first, second, third = (
        asyncio.create_task(modem.execute(command)) for command in (PLAIN, CEREG, CSQ)
    )
    await run_callbacks()
    second.cancel()
    await run_callbacks()
    port.send("OK")
    port.send("+CSQ:1,99", "OK")
    await asyncio.gather(first, third)
    assert port.written == ["AT+CFUN=1", "AT+CSQ"]
    assert second.cancelled()
    await modem.close()


async def test_next_command_waits_for_the_end_of_a_cancelled_one() -> None:
    modem, port = await synchronized()
    first = asyncio.create_task(modem.execute(CEREG))
    await run_callbacks()
    first.cancel()
    second = asyncio.create_task(modem.execute(PLAIN))
    await asyncio.wait([first])
    assert port.written == ["AT+CEREG?"]
    port.send("+CEREG:0,1", "OK")
    assert port.written == ["AT+CEREG?", "AT+CFUN=1"]
    assert not second.done()
    port.send("OK")
    assert await second == Answer(PLAIN)
    await modem.close()


# --- listening -------------------------------------------------------------------------------


def never(error: PortError) -> None:
    raise AssertionError(error)


async def test_every_listener_gets_every_unsolicited_line_in_order() -> None:
    modem, port = await synchronized()
    one: list[str] = []
    other: list[str] = []
    modem.listen(one.append, never)
    stop = modem.listen(other.append, never)
    task = asyncio.create_task(modem.execute(CEREG))
    await run_callbacks()
    port.send("+CSCON:1", "+CEREG:0,1", "+CEREG:5", "OK", "+CSCON:0")
    assert one == other == ["+CSCON:1", "+CEREG:5", "+CSCON:0"]
    await task
    stop()
    stop()
    port.send("+CSCON:1")
    assert len(one) == 4
    assert len(other) == 3
    await modem.close()


async def test_failing_listener_is_logged_and_disturbs_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    modem, port = await synchronized()
    received: list[str] = []

    def broken(line: str) -> None:
        raise ZeroDivisionError(line)

    modem.listen(broken, never)
    modem.listen(received.append, never)
    port.send("+CSCON:1", "+CSCON:0")
    assert received == ["+CSCON:1", "+CSCON:0"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "ZeroDivisionError" in caplog.text
    await modem.close()


async def test_command_begun_inside_a_listener_waits_for_the_current_one() -> None:
    """An eager task (from Python 3.12 on) calls `execute` inside the listener."""
    modem, port = await synchronized()
    begun: list[asyncio.Future[None]] = []
    own = modem.execute(PLAIN)

    def answer_at_once(_: str) -> None:
        begun.append(own.send(None))

    task = asyncio.create_task(modem.execute(CEREG))
    await run_callbacks()
    stop = modem.listen(answer_at_once, never)
    port.send("+CSCON:1", "+CEREG:0,1", "OK")  # the OK is handled after the listener was called
    stop()
    assert (await task).lines == ("+CEREG:0,1",)
    assert port.written == ["AT+CEREG?", "AT+CFUN=1"]
    assert not begun[0].done()
    port.send("OK")
    with pytest.raises(StopIteration) as ended:
        own.send(None)
    assert ended.value.value == Answer(PLAIN)
    await modem.close()


async def test_listener_may_unsubscribe_while_it_is_called() -> None:
    modem, port = await synchronized()
    received: list[str] = []
    stop: Callable[[], None]

    def once(line: str) -> None:
        received.append(line)
        stop()

    stop = modem.listen(once, never)
    port.send("+CSCON:1", "+CSCON:0")
    assert received == ["+CSCON:1"]
    await modem.close()


# --- end of the port -------------------------------------------------------------------------


async def test_lost_port_releases_every_caller_at_once_with_the_reason() -> None:
    modem, port = await synchronized()
    losses: list[PortError] = []
    modem.listen(lambda _: None, losses.append)
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ, CEREG)]
    await run_callbacks()
    tasks[1].cancel()
    port.drop(OSError("[Errno 5] Input/output error"))
    done, _ = await asyncio.wait(tasks)
    assert asyncio.get_running_loop().time() == pytest.approx(SETTLE, abs=0.01)
    errors = [task.exception() for task in done if not task.cancelled()]
    assert len(errors) == 2
    for error in errors:
        assert isinstance(error, PortError)
        assert "the port was lost: [Errno 5] Input/output error" in str(error)
        assert error.code is Code.SOCKET
    assert [str(error) for error in losses] == [str(errors[0])]
    assert timers() == []
    with pytest.raises(PortError, match="was lost"):
        await modem.execute(PLAIN)
    with pytest.raises(PortError, match="was lost"):
        modem.listen(lambda _: None, never)
    await modem.close()
    assert port.ended == 1


async def test_port_lost_without_a_reason() -> None:
    modem, port = await synchronized()
    losses: list[PortError] = []
    modem.listen(lambda _: None, losses.append)
    port.drop(None)
    await run_callbacks()
    assert "was lost: closed" in str(losses[0])


async def test_loss_reaches_the_listeners_after_a_failing_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    modem, port = await synchronized()
    losses: list[PortError] = []
    modem.listen(lambda _: None, never)
    modem.listen(lambda _: None, losses.append)
    port.drop(OSError("gone"))
    await run_callbacks()
    assert len(losses) == 1
    assert "a listener failed" in caplog.text


async def test_close_releases_every_caller_and_notifies_each_listener_once() -> None:
    modem, port = await synchronized()
    losses: list[PortError] = []
    modem.listen(lambda _: None, losses.append)
    modem.listen(lambda _: None, losses.append)
    modem.listen(lambda _: None, never)()  # unsubscribed
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ)]
    await run_callbacks()
    await asyncio.gather(modem.close(), modem.close())
    await modem.close()
    for task in tasks:
        with pytest.raises(PortError, match="was closed"):
            await task
    with pytest.raises(PortError, match="was closed"):
        await modem.execute(PLAIN)
    assert [str(error) for error in losses] == ["the port was closed"] * 2
    assert port.ended == 1
    assert timers() == []


async def test_close_after_the_port_was_dropped() -> None:
    modem, port = await synchronized()
    losses: list[PortError] = []
    modem.listen(lambda _: None, losses.append)
    port.drop(OSError("gone"))
    await modem.close()
    assert [str(error) for error in losses] == ["the port was closed"]
    assert port.ended == 1


async def test_listener_may_close_the_port() -> None:
    modem, port = await synchronized()
    losses: list[PortError] = []
    closing: list[asyncio.Task[None]] = []
    modem.listen(lambda _: closing.append(asyncio.create_task(modem.close())), losses.append)
    task = asyncio.create_task(modem.execute(PLAIN))
    await run_callbacks()
    port.send("+CSCON:0")
    with pytest.raises(PortError, match="was closed"):
        await task
    await closing[0]
    assert len(losses) == 1


async def test_commands_that_are_not_written_can_be_taken_back() -> None:
    modem, port = await synchronized(quiet=QUIET)
    await elapse(QUIET)
    written, *queued = (asyncio.create_task(modem.execute(Command(f"AT+N{at}"))) for at in "123")
    kept = asyncio.create_task(modem.execute(PLAIN))
    await asyncio.sleep(0)
    gone = StateError("logged out")
    modem.withdraw(lambda command: command.line in ("AT+N1", "AT+N2"), gone)
    port.send("OK")
    await elapse(QUIET / 2)
    modem.withdraw(lambda command: command.line == "AT+N3", gone)  # held for the quiet time
    await elapse(QUIET)
    port.send("OK")
    await asyncio.gather(written, kept)
    assert [task.exception() for task in queued] == [gone, gone]
    assert port.written[-2:] == ["AT+N1", PLAIN.line]
    await modem.close()


async def test_cancelled_close_closes_the_port() -> None:
    modem, port = await synchronized()
    task = asyncio.create_task(modem.close())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await modem.close()
    assert port.ended == 1


async def test_context_manager_closes_the_port() -> None:
    modem, port = plugged()
    with pytest.raises(ZeroDivisionError):
        async with modem:
            raise ZeroDivisionError
    assert port.ended == 1


async def test_modem_without_a_port_raises_port_error() -> None:
    modem = Modem("COM3")
    with pytest.raises(PortError, match="COM3 is not open"):
        await modem.execute(PLAIN)
    with pytest.raises(PortError, match="COM3 is not open"):
        modem.listen(lambda _: None, never)
    await modem.close()


async def test_lines_while_closing_are_ignored() -> None:
    modem, port = await synchronized()
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ, CEREG)]
    await run_callbacks()
    tasks[2].cancel()
    closing = asyncio.create_task(modem.close())
    await asyncio.sleep(0)
    port.send("OK", "+CSCON:1")
    await asyncio.wait([*tasks, closing])
    assert port.written == ["AT+CFUN=1"]
    assert timers() == []


# --- speed ------------------------------------------------------------------------------------


async def test_transport_is_available_until_close() -> None:
    modem, port = plugged()
    assert modem.transport is port
    await modem.close()
    with pytest.raises(PortError, match="was closed"):
        _ = modem.transport


async def test_timeout_counts_from_the_last_byte_at_the_present_speed() -> None:
    modem, _ = await synchronized()
    modem.pace(0.1)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(CommandTimeout):
        await modem.execute(PLAIN)
    passed = asyncio.get_running_loop().time() - begun
    assert passed == pytest.approx(len("AT+CFUN=1\r") * 0.1 + PLAIN.timeout)
    await modem.close()


# --- idle ------------------------------------------------------------------------------------


async def test_idle_modem_never_wakes_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    modem, _ = plugged(quiet=QUIET)
    await modem.execute(CSQ)
    loop = asyncio.get_running_loop()
    rounds = 0
    run_once = loop._run_once  # type: ignore[attr-defined]

    def counted() -> None:
        nonlocal rounds
        rounds += 1
        run_once()

    monkeypatch.setattr(loop, "_run_once", counted)
    await elapse(86400)
    assert rounds == 2  # the timer of this test and the task it wakes
    await modem.close()


# --- logging ---------------------------------------------------------------------------------


async def test_traffic_is_logged_by_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "m5310.wire")
    modem, port = await synchronized()
    caplog.clear()
    task = asyncio.create_task(modem.execute(CEREG))
    await run_callbacks()
    modem.data_received(b"\r\n+CSCON:1\r\n\r\n+CER")
    modem.data_received(b"EG:0,1\r\n\r\nOK\r\n")
    await task
    port.send("+X:" + "A" * 2000)
    modem.data_received(b"y" * 5000)
    messages = [record.message for record in caplog.records if record.name == "m5310.wire"]
    assert messages[:4] == [
        "the port > AT+CEREG?",
        "the port < +CSCON:1",
        "the port < +CEREG:0,1",
        "the port < OK",
    ]
    assert "(2003 characters)" in messages[4]
    assert messages[5] == "the port < " + "y" * 80 + "..."
    assert all(len(message) < 200 for message in messages)
    await modem.close()


async def test_ignored_lines_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "m5310.modem")
    modem, port = await synchronized()
    port.send("+CME ERROR:3")
    with pytest.raises(CommandTimeout):
        await modem.execute(CSQ)
    port.send("+CSQ:1,99")
    modem.data_received(b"z" * 5000)
    assert [record.message for record in caplog.records] == [
        "the port: ignoring unexpected result +CME ERROR:3",
        "the port: ignoring late +CSQ:1,99 of AT+CSQ",
        "the port: dropping overlong line " + "z" * 80 + "...",
    ]
    assert modem.counters.strays == 1
    assert modem.counters.overlong == 1
    await modem.close()


# --- a real port -----------------------------------------------------------------------------


def answer_lines(master: int) -> None:
    for line in os.read(master, 4096).decode().split("\r"):
        if line:
            text = "".join(f"\r\n{part}\r\n" for part in re.split(" (?=OK$)", ANSWERS[line]))
            os.write(master, text.encode())


@pytest.mark.realtime
async def test_commands_over_a_pty(pty: tuple[int, str]) -> None:
    master, name = pty
    loop = asyncio.get_running_loop()
    loop.add_reader(master, answer_lines, master)
    async with await Modem.open(name, quiet=0) as modem:
        assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
        answers = await asyncio.gather(*[modem.execute(CEREG) for _ in range(50)])
        assert {answer.lines for answer in answers} == {("+CEREG:0,1",)}
    loop.remove_reader(master)


@pytest.mark.realtime
async def test_hang_up_fails_the_outstanding_command() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    modem = await Modem.open(os.ttyname(slave))
    os.close(slave)
    losses: list[PortError] = []
    modem.listen(lambda _: None, losses.append)
    task = asyncio.create_task(modem.execute(Command("AT+CFUN=1", timeout=PATIENCE)))
    await run_callbacks()
    os.close(master)
    with pytest.raises(PortError, match="was lost"):  # not the timeout
        await task
    assert len(losses) == 1
    await modem.close()


@pytest.mark.realtime
async def test_open_raises_for_a_missing_port_and_an_invalid_speed() -> None:
    with pytest.raises(PortError, match="/dev/no-such-port does not exist"):
        await Modem.open("/dev/no-such-port")
    with pytest.raises(ParameterError, match="0 baud"):
        await Modem.open("/dev/no-such-port", 0)


# --- restart ---------------------------------------------------------------------------------


async def test_abandon_releases_every_caller_and_the_next_command_is_answered() -> None:
    modem, port = plugged(latency=0.01)
    await modem.execute(PLAIN)
    error = ModemReset("restarted")
    waiting = [
        asyncio.create_task(modem.execute(Command(line, timeout=5)))
        for line in ("AT+SILENT", "AT+CFUN=1", "AT+CFUN=1")
    ]
    await elapse(0.1)
    waiting[2].cancel()
    modem.listen(lambda line: modem.abandon(error) if line == "BOOT" else None, lambda _: None)
    port.send("BOOT", "OK")  # in one read: the OK ends the boot text
    _, missing = await asyncio.wait(waiting, timeout=0.001)
    assert not missing
    assert [each.exception() for each in waiting[:2]] == [error, error]
    assert waiting[2].cancelled()
    assert await modem.execute(PLAIN) == Answer(PLAIN)
    assert port.written[-2:] == ["AT", "AT+CFUN=1"]
    modem.abandon(error)  # no caller waits
    await modem.close()


async def test_first_command_waits_for_the_quiet_time() -> None:
    # another program may have got its last result just before this one opened the port
    clock = asyncio.get_running_loop().time
    begun = clock()
    modem, port = plugged(quiet=QUIET)
    answered = asyncio.create_task(modem.execute(CSQ))
    await elapse(QUIET - 0.001)
    assert not port.written
    await answered
    assert clock() - begun >= QUIET
    await modem.close()
