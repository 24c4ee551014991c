"""The asyncio shell: many wait, one speaks, nobody is forgotten."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import tty
from collections.abc import Callable, Iterator

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
)
from tests.support.clock import elapse

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


class Port(asyncio.Transport):
    """A port in memory: answers from `ANSWERS` after `latency`, or only notes what is written."""

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
            self._loop.call_later(self.latency, self.say, answer)

    def say(self, *lines: str) -> None:
        """What the module says; a line may hold several, separated by a blank before OK."""
        texts = [text for line in lines for text in re.split(" (?=OK$)", line)]
        self.modem.data_received("".join(f"\r\n{text}\r\n" for text in texts).encode())

    def is_closing(self) -> bool:
        return self.ended > 0

    def abort(self) -> None:
        self.drop(None)

    def drop(self, error: Exception | None) -> None:
        self.ended += 1
        self._loop.call_soon(self.modem.connection_lost, error)


def plugged(*, quiet: float = 0.0, latency: float | None = 0.0) -> tuple[Modem, Port]:
    modem = Modem(quiet=quiet)
    port = Port(modem, latency=latency)
    modem.connection_made(port)
    return modem, port


async def in_step(*, quiet: float = 0.0) -> tuple[Modem, Port]:
    """A modem that has spoken; its port now only notes what is written."""
    modem, port = plugged(quiet=quiet)
    await modem.execute(PLAIN)
    port.latency = None
    port.written.clear()
    port.times.clear()
    return modem, port


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def timers() -> list[asyncio.TimerHandle]:
    loop = asyncio.get_running_loop()
    return [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]


# --- execute ---------------------------------------------------------------------------------


async def test_the_first_command_is_preceded_by_a_probe() -> None:
    modem, port = plugged()
    assert await modem.execute(CEREG) == Answer(CEREG, ("+CEREG:0,1",))
    assert port.written == ["AT", "AT+CEREG?"]
    assert port.times[1] == pytest.approx(SETTLE, abs=0.001)
    await modem.close()


async def test_a_command_after_long_silence_is_preceded_by_one_too() -> None:
    modem, port = plugged()
    await modem.execute(PLAIN)
    await elapse(600)
    assert timers() == []  # nothing is done about it before there is a command
    assert await modem.execute(CSQ) == Answer(CSQ, ("+CSQ:17,99",))
    assert port.written == ["AT", "AT+CFUN=1", f"{BLANKS}AT", "AT+CSQ"]
    assert port.times[3] - port.times[2] == pytest.approx(LINE_END, abs=0.001)
    await modem.close()


async def test_a_modem_that_announced_its_sleep_is_woken() -> None:
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


async def test_callers_are_served_in_their_order_and_get_their_own() -> None:
    modem, port = plugged(latency=0.01)
    commands = [CSQ, PLAIN, CEREG, CSQ, CEREG]
    answers = await asyncio.gather(*map(modem.execute, commands))
    assert [answer.command for answer in answers] == commands
    assert [answer.lines for answer in answers] == [
        ("+CSQ:17,99",),
        (),
        ("+CEREG:0,1",),
        ("+CSQ:17,99",),
        ("+CEREG:0,1",),
    ]
    assert port.written[1:] == [command.line for command in commands]
    await modem.close()


async def test_the_next_waiting_command_goes_out_with_the_result_before_it() -> None:
    modem, port = await in_step()
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ)]
    await settled()
    assert port.written == ["AT+CFUN=1"]
    port.say("OK")  # no round of the loop in between
    assert port.written == ["AT+CFUN=1", "AT+CSQ"]
    port.say("+CSQ:1,99", "OK")
    await asyncio.gather(*tasks)
    await modem.close()


async def test_the_quiet_time_is_kept() -> None:
    modem, port = plugged(quiet=QUIET)
    await modem.execute(PLAIN)
    await modem.execute(PLAIN)
    await modem.execute(PLAIN)
    assert port.times[2] - port.times[1] == pytest.approx(QUIET)
    assert port.times[3] - port.times[2] == pytest.approx(QUIET)
    await modem.close()


async def test_a_refusal_names_what_was_sent_and_what_came() -> None:
    modem, _ = plugged()
    with pytest.raises(CommandError) as refused:
        await modem.execute(Command("AT+BAD"))
    assert str(refused.value) == ("AT+BAD was refused with +CME ERROR:50 (incorrect parameters)")
    assert (refused.value.command, refused.value.number) == ("AT+BAD", 50)
    assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
    await modem.close()


async def test_a_timeout_is_told_and_the_step_found_again() -> None:
    modem, port = plugged()
    await modem.execute(PLAIN)
    with pytest.raises(CommandTimeout, match=r"AT\+SILENT: no final result within 2 s, nothing"):
        await modem.execute(Command("AT+SILENT", timeout=2))
    assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
    assert port.written[2:] == ["AT+SILENT", "AT", "AT+CSQ"]
    await modem.close()


async def test_a_command_that_was_never_sent_says_so() -> None:
    modem, port = plugged(latency=None)
    with pytest.raises(CommandTimeout, match="was not sent: the module did not answer") as late:
        await modem.execute(PLAIN)
    assert not late.value.sent
    assert late.value.code is Code.TIMEOUT
    assert set(port.written) == {"AT"}
    await modem.close()


async def test_a_timeout_with_a_bare_ok_says_what_was_missing() -> None:
    modem, port = await in_step()
    task = asyncio.create_task(modem.execute(CEREG))
    await settled()
    port.say("OK")
    with pytest.raises(CommandTimeout, match="OK within 5 s, but without the response") as e:
        await task
    assert e.value.bare
    assert "m5310.wire" in str(e.value)
    assert "wiring" not in str(e.value)  # it was heard
    await modem.close()


async def test_an_answer_beyond_all_bounds_is_an_error() -> None:
    modem, port = await in_step()
    task = asyncio.create_task(modem.execute(CSQ))
    await settled()
    port.say(*["+CSQ:1,99"] * (ANSWER_LIMIT + 1), "OK")
    with pytest.raises(AnswerError, match=f"more than {ANSWER_LIMIT} lines"):
        await task
    await modem.close()


# --- cancelling ------------------------------------------------------------------------------


async def test_cancelled_in_the_queue_is_never_sent() -> None:
    modem, port = await in_step()
    first, second, third = (
        asyncio.create_task(modem.execute(command)) for command in (PLAIN, CEREG, CSQ)
    )
    await settled()
    second.cancel()
    await settled()
    port.say("OK")
    port.say("+CSQ:1,99", "OK")
    await asyncio.gather(first, third)
    assert port.written == ["AT+CFUN=1", "AT+CSQ"]
    assert second.cancelled()
    await modem.close()


async def test_cancelled_in_the_queue_in_the_very_moment_of_its_turn() -> None:
    modem, port = await in_step()
    first, second, third = (
        asyncio.create_task(modem.execute(command)) for command in (PLAIN, CEREG, CSQ)
    )
    await settled()
    second.cancel()
    port.say("OK")  # before the cancelled task has run
    assert port.written == ["AT+CFUN=1", "AT+CSQ"]
    port.say("+CSQ:1,99", "OK")
    await asyncio.gather(first, third)
    await asyncio.wait([second])
    await modem.close()


async def test_cancelled_while_the_step_is_sought_is_never_sent() -> None:
    modem, port = plugged(latency=None)
    first, second = (asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ))
    await settled()
    first.cancel()
    await settled()
    port.latency = 0.0
    port.say("OK")
    assert (await second).lines == ("+CSQ:17,99",)
    assert "AT+CFUN=1" not in port.written
    await modem.close()


async def test_cancelled_alone_while_the_step_is_sought_leaves_silence() -> None:
    modem, port = plugged(latency=None)
    task = asyncio.create_task(modem.execute(PLAIN))
    await settled()
    task.cancel()
    await asyncio.wait([task])
    assert timers() == []
    assert port.written == ["AT"]
    await modem.close()


async def test_cancelled_after_it_was_sent_never_mixes_answers() -> None:
    modem, port = await in_step()
    first = asyncio.create_task(modem.execute(CEREG))
    await settled()
    first.cancel()
    second = asyncio.create_task(modem.execute(PLAIN))
    await asyncio.wait([first])
    assert port.written == ["AT+CEREG?"]  # the next waits for the end of the cancelled one
    port.say("+CEREG:0,1", "OK")
    assert port.written == ["AT+CEREG?", "AT+CFUN=1"]
    assert not second.done()
    port.say("OK")
    assert await second == Answer(PLAIN)
    await modem.close()


async def test_a_cancelled_command_may_run_into_its_timeout() -> None:
    modem, port = await in_step()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await modem.execute(CEREG)
    port.latency = 0.0
    assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
    assert port.written == ["AT+CEREG?", "AT", "AT+CSQ"]
    assert port.times[1] == pytest.approx(port.times[0] + 5)
    await modem.close()


async def test_cancelled_with_the_answer_already_there() -> None:
    modem, port = await in_step()
    task = asyncio.create_task(modem.execute(PLAIN))
    await settled()
    port.say("OK")
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    port.latency = 0.0
    assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
    await modem.close()


async def test_a_thousand_cancelled_callers_leave_nothing_in_the_queue() -> None:
    modem, port = await in_step()
    first = asyncio.create_task(modem.execute(PLAIN))
    tasks = [asyncio.create_task(modem.execute(CSQ)) for _ in range(1000)]
    await settled()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert not modem._queue
    port.say("OK")
    await first
    await modem.close()


# --- listening -------------------------------------------------------------------------------


def never(error: PortError) -> None:
    raise AssertionError(error)


async def test_every_unsolicited_line_in_order_to_every_listener() -> None:
    modem, port = await in_step()
    one: list[str] = []
    other: list[str] = []
    modem.listen(one.append, never)
    stop = modem.listen(other.append, never)
    task = asyncio.create_task(modem.execute(CEREG))
    await settled()
    port.say("+CSCON:1", "+CEREG:0,1", "+CEREG:5", "OK", "+CSCON:0")
    assert one == other == ["+CSCON:1", "+CEREG:5", "+CSCON:0"]
    await task
    stop()
    stop()
    port.say("+CSCON:1")
    assert len(one) == 4
    assert len(other) == 3
    await modem.close()


async def test_a_listener_that_fails_kills_nothing(caplog: pytest.LogCaptureFixture) -> None:
    modem, port = await in_step()
    heard: list[str] = []

    def broken(line: str) -> None:
        raise ZeroDivisionError(line)

    modem.listen(broken, never)
    modem.listen(heard.append, never)
    port.say("+CSCON:1", "+CSCON:0")
    assert heard == ["+CSCON:1", "+CSCON:0"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "ZeroDivisionError" in caplog.text
    await modem.close()


async def test_a_listener_whose_command_begins_at_once_takes_nobodys_place() -> None:
    """As tasks do from Python 3.12 on, if they are eager."""
    modem, port = await in_step()
    begun: list[asyncio.Future[None]] = []
    own = modem.execute(PLAIN)

    def answer_at_once(_: str) -> None:
        begun.append(own.send(None))

    task = asyncio.create_task(modem.execute(CEREG))
    await settled()
    stop = modem.listen(answer_at_once, never)
    port.say("+CSCON:1", "+CEREG:0,1", "OK")  # ended, but not told yet, when the listener is
    stop()
    assert (await task).lines == ("+CEREG:0,1",)
    assert port.written == ["AT+CEREG?", "AT+CFUN=1"]
    assert not begun[0].done()
    port.say("OK")
    with pytest.raises(StopIteration) as ended:
        own.send(None)
    assert ended.value.value == Answer(PLAIN)
    await modem.close()


async def test_a_listener_may_leave_while_it_is_called() -> None:
    modem, port = await in_step()
    heard: list[str] = []
    stop: Callable[[], None]

    def once(line: str) -> None:
        heard.append(line)
        stop()

    stop = modem.listen(once, never)
    port.say("+CSCON:1", "+CSCON:0")
    assert heard == ["+CSCON:1"]
    await modem.close()


# --- the end ---------------------------------------------------------------------------------


async def test_a_lost_port_releases_every_waiter_at_once_with_the_reason() -> None:
    modem, port = await in_step()
    told: list[PortError] = []
    modem.listen(lambda _: None, told.append)
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ, CEREG)]
    await settled()
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
    assert [str(error) for error in told] == [str(errors[0])]
    assert timers() == []
    with pytest.raises(PortError, match="was lost"):
        await modem.execute(PLAIN)
    with pytest.raises(PortError, match="was lost"):
        modem.listen(lambda _: None, never)
    await modem.close()
    assert port.ended == 1


async def test_a_port_that_ends_without_a_reason_is_lost_too() -> None:
    modem, port = await in_step()
    told: list[PortError] = []
    modem.listen(lambda _: None, told.append)
    port.drop(None)
    await settled()
    assert "was lost: closed" in str(told[0])


async def test_a_listener_that_fails_on_the_loss_hides_it_from_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    modem, port = await in_step()
    told: list[PortError] = []
    modem.listen(lambda _: None, never)
    modem.listen(lambda _: None, told.append)
    port.drop(OSError("gone"))
    await settled()
    assert len(told) == 1
    assert "a listener failed" in caplog.text


async def test_closing_releases_every_waiter_and_tells_every_listener_once() -> None:
    modem, port = await in_step()
    told: list[PortError] = []
    modem.listen(lambda _: None, told.append)
    modem.listen(lambda _: None, told.append)
    modem.listen(lambda _: None, never)()  # who left hears nothing of it
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ)]
    await settled()
    await asyncio.gather(modem.close(), modem.close())
    await modem.close()
    for task in tasks:
        with pytest.raises(PortError, match="was closed"):
            await task
    with pytest.raises(PortError, match="was closed"):
        await modem.execute(PLAIN)
    assert [str(error) for error in told] == ["the port was closed"] * 2
    assert port.ended == 1
    assert timers() == []


async def test_closing_while_the_port_is_already_going() -> None:
    modem, port = await in_step()
    told: list[PortError] = []
    modem.listen(lambda _: None, told.append)
    port.drop(OSError("gone"))
    await modem.close()
    assert [str(error) for error in told] == ["the port was closed"]
    assert port.ended == 1


async def test_a_listener_may_close_the_port() -> None:
    modem, port = await in_step()
    told: list[PortError] = []
    closing: list[asyncio.Task[None]] = []
    modem.listen(lambda _: closing.append(asyncio.create_task(modem.close())), told.append)
    task = asyncio.create_task(modem.execute(PLAIN))
    await settled()
    port.say("+CSCON:0")
    with pytest.raises(PortError, match="was closed"):
        await task
    await closing[0]
    assert len(told) == 1


async def test_a_cancelled_close_still_closes() -> None:
    modem, port = await in_step()
    task = asyncio.create_task(modem.close())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await modem.close()
    assert port.ended == 1


async def test_the_context_manager_closes() -> None:
    modem, port = plugged()
    with pytest.raises(ZeroDivisionError):
        async with modem:
            raise ZeroDivisionError
    assert port.ended == 1


async def test_a_modem_without_a_port() -> None:
    modem = Modem("COM3")
    with pytest.raises(PortError, match="COM3 is not open"):
        await modem.execute(PLAIN)
    with pytest.raises(PortError, match="COM3 is not open"):
        modem.listen(lambda _: None, never)
    await modem.close()


async def test_what_still_comes_while_closing_is_harmless() -> None:
    modem, port = await in_step()
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ, CEREG)]
    await settled()
    tasks[2].cancel()
    closing = asyncio.create_task(modem.close())
    await asyncio.sleep(0)
    port.say("OK", "+CSCON:1")
    await asyncio.wait([*tasks, closing])
    assert port.written == ["AT+CFUN=1"]
    assert timers() == []


async def test_a_waiter_cancelled_in_the_moment_of_the_loss() -> None:
    modem, _ = await in_step()
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ)]
    await settled()
    tasks[1].cancel()
    modem.connection_lost(OSError("gone"))
    await asyncio.wait(tasks)
    assert isinstance(tasks[0].exception(), PortError)
    assert tasks[1].cancelled()


async def test_cancelling_after_the_port_is_gone() -> None:
    modem, _ = plugged(latency=None)
    task = asyncio.create_task(modem.execute(PLAIN))
    await settled()
    task.cancel()
    await modem.close()
    assert task.cancelled()
    assert timers() == []


# --- what a change of speed needs ------------------------------------------------------------


async def test_the_transport_is_there_as_long_as_the_port() -> None:
    modem, port = plugged()
    assert modem.transport is port
    await modem.close()
    with pytest.raises(PortError, match="was closed"):
        _ = modem.transport


async def test_the_time_of_a_command_counts_at_the_present_speed() -> None:
    modem, _ = await in_step()
    modem.pace(0.1)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(CommandTimeout):
        await modem.execute(PLAIN)
    passed = asyncio.get_running_loop().time() - begun
    assert passed == pytest.approx(len("AT+CFUN=1\r") * 0.1 + PLAIN.timeout)
    await modem.close()


# --- idle ------------------------------------------------------------------------------------


async def test_idle_there_is_no_timer_at_all() -> None:
    modem, port = plugged(quiet=QUIET)
    await modem.execute(CSQ)
    assert timers() == []
    port.latency = None
    with pytest.raises(CommandTimeout):
        await modem.execute(PLAIN)
    assert timers() == []  # out of step, but nobody waits
    await modem.close()


async def test_one_timer_while_a_command_is_out() -> None:
    modem, port = await in_step()
    tasks = [asyncio.create_task(modem.execute(command)) for command in (PLAIN, CSQ)]
    await settled()
    assert len(timers()) == 1
    port.say("OK")
    assert len(timers()) == 1
    port.say("+CSQ:1,99", "OK")
    assert timers() == []
    await asyncio.gather(*tasks)
    await modem.close()


async def test_a_day_of_silence_costs_no_wakeup(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert rounds == 2  # this test's own timer and what it wakes
    await modem.close()


# --- logging ---------------------------------------------------------------------------------


async def test_the_wire_is_logged_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "m5310.wire")
    modem, port = await in_step()
    caplog.clear()
    task = asyncio.create_task(modem.execute(CEREG))
    await settled()
    modem.data_received(b"\r\n+CSCON:1\r\n\r\n+CER")
    modem.data_received(b"EG:0,1\r\n\r\nOK\r\n")
    await task
    port.say("+X:" + "A" * 2000)
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


async def test_what_nobody_waited_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "m5310.modem")
    modem, port = await in_step()
    port.say("+CME ERROR:3")
    with pytest.raises(CommandTimeout):
        await modem.execute(CSQ)
    port.say("+CSQ:1,99")
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


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    try:
        yield master, name
    finally:
        os.close(slave)
        os.close(master)


def respond(master: int) -> None:
    for line in os.read(master, 4096).decode().split("\r"):
        if line:
            text = "".join(f"\r\n{part}\r\n" for part in re.split(" (?=OK$)", ANSWERS[line]))
            os.write(master, text.encode())


@pytest.mark.realtime
async def test_over_a_pty(pty: tuple[int, str]) -> None:
    master, name = pty
    loop = asyncio.get_running_loop()
    loop.add_reader(master, respond, master)
    async with await Modem.open(name, quiet=0) as modem:
        assert (await modem.execute(CSQ)).lines == ("+CSQ:17,99",)
        answers = await asyncio.gather(*[modem.execute(CEREG) for _ in range(50)])
        assert {answer.lines for answer in answers} == {("+CEREG:0,1",)}
    loop.remove_reader(master)


@pytest.mark.realtime
async def test_the_other_end_hangs_up_in_mid_command() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    modem = await Modem.open(os.ttyname(slave))
    os.close(slave)
    told: list[PortError] = []
    modem.listen(lambda _: None, told.append)
    task = asyncio.create_task(modem.execute(PLAIN))
    await settled()
    os.close(master)
    with pytest.raises(PortError, match="was lost"):
        async with asyncio.timeout(1):
            await task
    assert len(told) == 1
    await modem.close()


@pytest.mark.realtime
async def test_what_cannot_be_opened() -> None:
    with pytest.raises(PortError, match="/dev/no-such-port does not exist"):
        await Modem.open("/dev/no-such-port")
    with pytest.raises(ParameterError, match="0 baud"):
        await Modem.open("/dev/no-such-port", 0)


# --- the other side begins anew --------------------------------------------------------------


async def test_abandoned_everybody_is_told_at_once_and_the_next_is_served() -> None:
    modem, port = plugged(latency=0.01)
    await modem.execute(PLAIN)
    error = ModemReset("anew")
    waiting = [
        asyncio.create_task(modem.execute(Command(line, timeout=5)))
        for line in ("AT+SILENT", "AT+CFUN=1", "AT+CFUN=1")
    ]
    await elapse(0.1)
    waiting[2].cancel()
    modem.listen(lambda line: modem.abandon(error) if line == "BOOT" else None, lambda _: None)
    port.say("BOOT", "OK")  # in one piece: the OK is not the answer
    _, missing = await asyncio.wait(waiting, timeout=0.001)
    assert not missing
    assert [each.exception() for each in waiting[:2]] == [error, error]
    assert waiting[2].cancelled()
    assert await modem.execute(PLAIN) == Answer(PLAIN)
    assert port.written[-2:] == ["AT", "AT+CFUN=1"]
    modem.abandon(error)  # nobody waits
    await modem.close()
