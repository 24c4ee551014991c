"""Port and module change their speed together, find one another, and say so when they do not."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Iterator

import pytest
import serial

from m5310.at.codec import Answer, Command
from m5310.at.modem import Modem
from m5310.at.resync import PROBE_INTERVAL
from m5310.errors import Code, CommandError, CommandTimeout, ParameterError, PortError
from m5310.module import speed
from m5310.module.speed import FALL_BACK, TRIAL, USUAL, SpeedError, answers, change, find
from m5310.ports.speed import PortSpeed
from tests.support.boards import Board, Dial
from tests.support.scripted import Scripted

# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["OK", "ERROR", "+CME ERROR:50"])
async def test_any_result_is_an_answer(reply: str) -> None:
    port = Scripted()
    await port.modem.execute(speed.general.attention())  # in step: the next AT is a command
    port.rules["AT"] = reply
    assert await answers(port.modem.execute)
    await port.modem.close()


async def test_silence_is_none_and_ends() -> None:
    port = Scripted({"AT": None})
    begun = asyncio.get_running_loop().time()
    assert not await answers(port.modem.execute)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(PROBE_INTERVAL + TRIAL)
    await port.modem.close()


@pytest.mark.parametrize("in_step", [False, True])
@pytest.mark.parametrize("lost", [1, 2])
async def test_the_first_ones_may_get_lost(lost: int, in_step: bool) -> None:
    port = Scripted()
    if in_step:
        await port.modem.execute(speed.general.attention())
    heard = 0

    def rule(_: str) -> str | None:
        nonlocal heard
        heard += 1
        return None if heard <= lost else "OK"

    port.rules["AT"] = rule
    assert await answers(port.modem.execute)
    await port.modem.close()


# --- find ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mute", [False, True])
@pytest.mark.parametrize("baudrate", USUAL)
async def test_a_module_is_found_at_any_usual_speed(baudrate: int, mute: bool) -> None:
    board = Board(speed=baudrate, mute=mute)
    assert await find(board.modem.execute, board.dial, USUAL) == baudrate
    assert board.dial.baudrate == board.dial.stored == baudrate
    assert board.dial.turned == list(USUAL[: USUAL.index(baudrate) + 1])
    await board.modem.close()


async def test_a_module_that_is_nowhere_leaves_the_port_as_it_was() -> None:
    board = Board(speed=1200, dial=Dial(57600))
    assert await find(board.modem.execute, board.dial, USUAL) is None
    assert board.dial.baudrate == 57600
    await board.modem.close()


async def test_the_next_speed_is_tried_after_silence() -> None:
    dial = Dial()

    async def execute(command: Command) -> Answer:
        if dial.baudrate == 9600:
            raise CommandTimeout(command.line, command.timeout)
        return Answer(command)

    assert await find(execute, dial, (9600, 115200)) == 115200


async def test_nowhere_to_look() -> None:
    board = Board()
    assert await find(board.modem.execute, board.dial, ()) is None
    assert board.sent == []
    await board.modem.close()


async def test_what_the_adapter_cannot_do_is_passed_over() -> None:
    board = Board(speed=115200, dial=Dial(refuses={57600}))
    assert await find(board.modem.execute, board.dial, (57600, 115200)) == 115200
    await board.modem.close()


async def test_a_search_that_is_given_up_leaves_the_port_as_it_was() -> None:
    board = Board(speed=4800)
    search = asyncio.create_task(find(board.modem.execute, board.dial, USUAL))
    await board.dial.reaches(57600)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert board.dial.baudrate == 9600
    await board.modem.close()


async def test_a_port_lost_in_the_search() -> None:
    board = Board(speed=4800)
    search = asyncio.create_task(find(board.modem.execute, board.dial, USUAL))
    await board.dial.reaches(57600)
    board.vanish()
    with pytest.raises(PortError, match="unplugged"):
        await search


# --- change ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("store", "flag"), [(True, 1), (False, 0)])
async def test_both_change(store: bool, flag: int) -> None:
    board = Board()
    await change(board.modem.execute, board.dial, 115200, store=store)
    assert (board.speed, board.dial.baudrate, board.dial.turned) == (115200, 115200, [115200])
    assert board.dial.stored == (115200 if store else 9600)
    assert board.sent == [f"AT+NATSPEED=115200,{FALL_BACK},{flag},2,1,0,0"]
    await board.modem.close()


async def test_a_refusal_changes_nothing() -> None:
    board = Board({"AT+NATSPEED": "+CME ERROR:50"})
    with pytest.raises(CommandError):
        await change(board.modem.execute, board.dial, 115200, store=True)
    assert board.dial.turned == []
    await board.modem.close()


async def test_a_speed_that_the_module_does_not_know_is_not_sent() -> None:
    board = Board()
    with pytest.raises(ParameterError, match="115201"):
        await change(board.modem.execute, board.dial, 115201, store=True)
    assert board.sent == []
    await board.modem.close()


async def test_a_module_that_said_ok_and_stayed() -> None:
    board = Board({"AT+NATSPEED": "OK"})
    begun = asyncio.get_running_loop().time()
    with pytest.raises(SpeedError, match="back at 9600; can the adapter do 115200") as caught:
        await change(board.modem.execute, board.dial, 115200, store=True)
    assert (caught.value.wanted, caught.value.baudrate) == (115200, 9600)
    assert caught.value.code == Code.TIMEOUT
    assert board.dial.turned == [115200, 9600]
    assert asyncio.get_running_loop().time() - begun < 10
    await board.modem.close()


@pytest.mark.parametrize("mute", [False, True])
async def test_a_module_that_comes_back_because_nobody_reached_it(mute: bool) -> None:
    board = Board(dial=Dial(refuses={460800}), mute=mute)
    with pytest.raises(SpeedError, match="both are back at 9600"):
        await change(board.modem.execute, board.dial, 460800, store=True)
    assert (board.speed, board.dial.baudrate) == (9600, 9600)
    assert asyncio.get_running_loop().time() > FALL_BACK
    await board.modem.close()


async def test_a_module_that_answers_nowhere_any_more() -> None:
    board = Board({"AT+NATSPEED": "OK"})

    async def execute(command: Command) -> Answer:
        answer = await board.modem.execute(command)
        board.rules["AT"] = None
        return answer

    with pytest.raises(SpeedError, match="nor at 9600; switch it off and on") as caught:
        await change(execute, board.dial, 115200, store=True)
    assert caught.value.baudrate is None
    assert board.dial.baudrate == 9600
    await board.modem.close()


async def test_no_answer_to_the_command_itself() -> None:
    board = Board({"AT+NATSPEED": None})
    with pytest.raises(CommandTimeout):
        await change(board.modem.execute, board.dial, 115200, store=True)
    assert board.dial.turned == []
    await board.modem.close()


async def test_cancelled_after_the_module_was_told_the_port_follows() -> None:
    board = Board()
    task = asyncio.create_task(change(board.modem.execute, board.dial, 115200, store=True))
    await board.until("AT+NATSPEED")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (board.speed, board.dial.baudrate) == (115200, 115200)
    assert await answers(board.modem.execute)
    await board.modem.close()


# --- the port --------------------------------------------------------------------------------


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The module's end of a pseudo terminal, and the host's path."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.mark.realtime
async def test_a_port_with_a_descriptor(terminal: tuple[int, str]) -> None:
    master, path = terminal
    modem, port = await speed.open_modem(path, 9600)
    async with modem:
        assert termios.tcgetattr(master)[4:6] == [termios.B9600, termios.B9600]
        await port.change(115200)
        assert termios.tcgetattr(master)[4:6] == [termios.B115200, termios.B115200]
        assert port.baudrate == 115200
        for none in (0, -1):
            with pytest.raises(ParameterError, match=f"speed of {none} baud"):
                await port.change(none)
        assert port.baudrate == 115200


@pytest.mark.realtime
async def test_a_port_behind_threads() -> None:
    modem, port = await speed.open_modem("loop://", 9600)
    async with modem:
        await port.change(115200)
        assert port.baudrate == 115200


class Stubborn:
    @property
    def baudrate(self) -> int:
        return 9600

    @baudrate.setter
    def baudrate(self, _: int) -> None:
        raise ValueError("not by this chip")


@pytest.mark.realtime
async def test_a_port_that_cannot() -> None:
    modem = Modem()
    modem.connection_made(asyncio.Transport({"serial": Stubborn()}))
    port = PortSpeed.of(modem)
    assert port is not None
    with pytest.raises(PortError, match="cannot be set to 250000 baud: not by this chip"):
        await port.change(250000)
    assert port.baudrate == 9600


@pytest.mark.realtime
async def test_a_port_that_does_not_exist() -> None:
    with pytest.raises(PortError):
        await speed.open_modem("/dev/does-not-exist", 9600)
    with pytest.raises(ParameterError):
        await speed.open_modem("loop://", 0)


@pytest.mark.realtime
async def test_a_port_without_a_modem() -> None:
    loop_port = serial.serial_for_url("loop://", 9600)
    port = PortSpeed(asyncio.Transport({"serial": loop_port}), 9600)
    await port.change(115200)
    assert port.baudrate == loop_port.baudrate == 115200
    loop_port.close()


async def test_a_network_port_takes_any_speed() -> None:
    modem = Modem()
    port = serial.serial_for_url("loop://", do_not_open=True)
    modem.connection_made(asyncio.Transport({"serial": port}))
    speed = PortSpeed.of(modem)
    assert speed is not None
    assert speed.baudrate == 9600


async def test_what_is_no_port_has_no_speed() -> None:
    modem = Modem()
    with pytest.raises(PortError, match="not open"):
        PortSpeed.of(modem)
    modem.connection_made(asyncio.Transport())
    assert PortSpeed.of(modem) is None


@pytest.mark.realtime
async def test_a_byte_takes_less_on_a_faster_port(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paced: list[float] = []
    monkeypatch.setattr(Modem, "pace", lambda _, byte_time: paced.append(byte_time))
    modem, port = await speed.open_modem(terminal[1], 9600)
    async with modem:
        await port.change(115200)
    assert paced == [10 / 115200]
