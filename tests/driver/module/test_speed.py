"""Finding a module at a speed, and changing the speed of module and port."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.codec import Answer, Command
from m5310.at.resync import PROBE_INTERVAL
from m5310.errors import Code, CommandError, CommandTimeout, ParameterError, PortError
from m5310.module import speed
from m5310.module.speed import (
    COMMON_SPEEDS,
    FALL_BACK,
    LISTEN_TIME,
    SpeedError,
    answers,
    change,
    find,
)
from tests.support.boards import Board, Dial
from tests.support.scripted import Scripted

# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["OK", "ERROR", "+CME ERROR:50"])
async def test_any_final_result_is_an_answer(reply: str) -> None:
    port = Scripted()
    await port.modem.execute(speed.general.attention())  # synchronized: the next AT is a command
    port.rules["AT"] = reply
    assert await answers(port.modem.execute)
    await port.modem.close()


async def test_silence_is_no_answer() -> None:
    port = Scripted({"AT": None})
    begun = asyncio.get_running_loop().time()
    assert not await answers(port.modem.execute)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(PROBE_INTERVAL + LISTEN_TIME)
    await port.modem.close()


@pytest.mark.parametrize("synchronized", [False, True])
@pytest.mark.parametrize("lost", [1, 2])
async def test_first_probes_may_be_lost(lost: int, synchronized: bool) -> None:
    port = Scripted()
    if synchronized:
        await port.modem.execute(speed.general.attention())
    replies = iter([None] * lost)
    port.rules["AT"] = lambda _: next(replies, "OK")
    assert await answers(port.modem.execute)
    await port.modem.close()


# --- find ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mute", [False, True])
@pytest.mark.parametrize("baudrate", COMMON_SPEEDS)
async def test_find_at_each_common_speed(baudrate: int, mute: bool) -> None:
    board = Board(speed=baudrate, mute=mute)
    assert await find(board.modem.execute, board.dial, COMMON_SPEEDS) == baudrate
    assert board.dial.baudrate == board.dial.stored == baudrate
    assert board.dial.turned == list(COMMON_SPEEDS[: COMMON_SPEEDS.index(baudrate) + 1])
    await board.modem.close()


async def test_find_without_answer_restores_port_speed() -> None:
    board = Board(speed=1200, dial=Dial(57600))
    assert await find(board.modem.execute, board.dial, COMMON_SPEEDS) is None
    assert board.dial.baudrate == 57600
    await board.modem.close()


async def test_find_tries_next_speed_after_timeout() -> None:
    dial = Dial()

    async def execute(command: Command) -> Answer:
        if dial.baudrate == 9600:
            raise CommandTimeout(command.line, command.timeout)
        return Answer(command)

    assert await find(execute, dial, (9600, 115200)) == 115200


async def test_find_without_speeds() -> None:
    board = Board()
    assert await find(board.modem.execute, board.dial, ()) is None
    assert board.sent == []
    await board.modem.close()


async def test_find_skips_unsupported_speed() -> None:
    board = Board(speed=115200, dial=Dial(refuses={57600}))
    assert await find(board.modem.execute, board.dial, (57600, 115200)) == 115200
    await board.modem.close()


async def test_cancelled_find_restores_port_speed() -> None:
    board = Board(speed=4800)
    search = asyncio.create_task(find(board.modem.execute, board.dial, COMMON_SPEEDS))
    await board.dial.reaches(57600)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert board.dial.baudrate == 9600
    await board.modem.close()


async def test_find_raises_port_error_when_port_is_lost() -> None:
    board = Board(speed=4800)
    search = asyncio.create_task(find(board.modem.execute, board.dial, COMMON_SPEEDS))
    await board.dial.reaches(57600)
    board.vanish()
    with pytest.raises(PortError, match="unplugged"):
        await search


# --- change ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("store", "flag"), [(True, 1), (False, 0)])
async def test_change_sets_module_and_port(store: bool, flag: int) -> None:
    board = Board()
    await change(board.modem.execute, board.dial, 115200, store=store)
    assert (board.speed, board.dial.baudrate, board.dial.turned) == (115200, 115200, [115200])
    assert board.dial.stored == (115200 if store else 9600)
    assert board.sent == [f"AT+NATSPEED=115200,{FALL_BACK},{flag},2,1,0,0"]
    await board.modem.close()


async def test_refused_change_leaves_port_speed() -> None:
    board = Board({"AT+NATSPEED": "+CME ERROR:50"})
    with pytest.raises(CommandError):
        await change(board.modem.execute, board.dial, 115200, store=True)
    assert board.dial.turned == []
    await board.modem.close()


async def test_invalid_speed_is_not_sent() -> None:
    board = Board()
    with pytest.raises(ParameterError, match="115201"):
        await change(board.modem.execute, board.dial, 115201, store=True)
    assert board.sent == []
    await board.modem.close()


async def test_change_is_undone_if_module_stays_at_old_speed() -> None:
    board = Board({"AT+NATSPEED": "OK"})
    begun = asyncio.get_running_loop().time()
    with pytest.raises(
        SpeedError, match="back at 9600; check that the adapter supports 115200"
    ) as caught:
        await change(board.modem.execute, board.dial, 115200, store=True)
    assert (caught.value.wanted, caught.value.baudrate) == (115200, 9600)
    assert caught.value.code == Code.TIMEOUT
    assert board.dial.turned == [115200, 9600]
    assert asyncio.get_running_loop().time() - begun < 10
    await board.modem.close()


@pytest.mark.parametrize("mute", [False, True])
async def test_change_is_undone_if_adapter_does_not_support_speed(mute: bool) -> None:
    board = Board(dial=Dial(refuses={460800}), mute=mute)
    with pytest.raises(SpeedError, match="both are back at 9600"):
        await change(board.modem.execute, board.dial, 460800, store=True)
    assert (board.speed, board.dial.baudrate) == (9600, 9600)
    assert asyncio.get_running_loop().time() > FALL_BACK
    await board.modem.close()


async def test_change_fails_if_module_answers_at_neither_speed() -> None:
    board = Board({"AT+NATSPEED": "OK"})

    async def execute(command: Command) -> Answer:
        answer = await board.modem.execute(command)
        board.rules["AT"] = None
        return answer

    with pytest.raises(SpeedError, match="nor at 9600; power it off and on") as caught:
        await change(execute, board.dial, 115200, store=True)
    assert caught.value.baudrate is None
    assert board.dial.baudrate == 9600
    await board.modem.close()


async def test_change_times_out_without_answer() -> None:
    board = Board({"AT+NATSPEED": None})
    with pytest.raises(CommandTimeout):
        await change(board.modem.execute, board.dial, 115200, store=True)
    assert board.dial.turned == []
    await board.modem.close()


async def test_cancelled_change_is_finished() -> None:
    board = Board()
    task = asyncio.create_task(change(board.modem.execute, board.dial, 115200, store=True))
    await board.until("AT+NATSPEED")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (board.speed, board.dial.baudrate) == (115200, 115200)
    assert await answers(board.modem.execute)
    await board.modem.close()
