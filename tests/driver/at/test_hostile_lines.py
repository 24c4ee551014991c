"""A modem on hostile lines.

On a gentle line every command ends as on a perfect one. On a rough line commands may fail, but no
command gets the answer to another one, every wait ends, undamaged lines are delivered once and in
order, and the first command after the noise is answered.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace

import pytest

from m5310.at.codec import LINE_LIMIT, Answer, Command, Response
from m5310.at.resync import PROBE_INTERVAL, SETTLE_OWED
from m5310.errors import CommandTimeout, M5310Error, PortError
from tests.support.clock import elapse
from tests.support.effort import either
from tests.support.hostile import FEW_GENTLE, GENTLE, ROUGH, Hostile
from tests.support.hostile_port import OK, HostilePort, lines, number_of, tagged

PLAIN = Command("AT+CFUN=1", timeout=5)
CEREG = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),), timeout=30)
ANSWER = lines("+CEREG:0,1")
BURST = tuple(f"+MIPLREAD:0,{number},3303,0,5700" for number in range(10_000, 10_300))

EVERY_GENTLE_LINE = pytest.mark.parametrize("hostile", FEW_GENTLE, ids=str)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the module writes after AT+CEREG?, and the unsolicited lines among it."""

    name: str
    output: tuple[bytes | float, ...]
    unsolicited: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


CONDITIONS = (
    Condition("an answer in two reads", (b"\r\n+CER", 0.5, b"EG:0,1\r\n", 0.5, OK)),
    Condition("a final result in two reads", (ANSWER, b"\r\nO", 0.5, b"K\r\n")),
    Condition("its last line feed much later", (ANSWER, b"\r\nOK\r", 0.5, b"\n")),
    Condition("lines that end in CR CR LF", (b"\r\r\n+CEREG:0,1\r\r\n\r\r\nOK\r\r\n",)),
    Condition("lines that end in CR alone", (b"\r+CEREG:0,1\r\rOK\r",)),
    Condition("noise before the answer", (b"\0\xff\x80\x1b\r\n", b"\xfe\xc3", ANSWER, OK)),
    Condition("noise in front of the answer's first byte", (b"\r\n\xff\x80+CEREG:0,1\r\n", OK)),
    Condition("noise inside the answer", (b"\r\n+CE\0REG\xff:0,\x7f1\r\n", OK)),
    Condition("noise inside the final result", (ANSWER, b"\r\nO\0\x80K\xff\r\n")),
    Condition("noise after the answer", (ANSWER, b"\xff\0", OK, b"\x80\xfe\0")),
    Condition("a line without end before the answer", (b"#" * 5000 + b"\r\n", ANSWER, OK)),
    Condition(
        "everything in one read",
        (lines("+CSCON:1") + ANSWER + lines("+CSCON:0") + OK + lines("+CSCON:1", "+NPSMR:1"),),
        ("+CSCON:1", "+CSCON:0", "+CSCON:1", "+NPSMR:1"),
    ),
    Condition(
        "unsolicited lines in two reads, the answer between the cuts",
        (b"\r\n+CSC", 0.2, b"ON:1\r\n" + ANSWER + OK + b"\r\n+CSCON", 0.2, b":0\r\n"),
        ("+CSCON:1", "+CSCON:0"),
    ),
    Condition(
        "a burst of 300 unsolicited lines in the answer",
        (lines(*BURST[:150]) + ANSWER + lines(*BURST[150:]) + OK,),
        BURST,
    ),
    Condition(
        "a payload in another script",
        (lines("+MIPLWRITE:0,10000,3303,0,5750,温度 OK"), ANSWER, OK),
        ("+MIPLWRITE:0,10000,3303,0,5750,温度 OK",),
    ),
)


async def synchronized(
    hostile: Hostile, rules: dict[str, tuple[bytes | float, ...]] | None = None
) -> HostilePort:
    port = HostilePort(hostile, dict(rules or {}))
    await port.modem.execute(PLAIN)
    assert port.unsolicited == []
    return port


@EVERY_GENTLE_LINE
@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
async def test_answer_and_unsolicited_lines_are_separated(
    condition: Condition, hostile: Hostile
) -> None:
    port = await synchronized(hostile, {CEREG.line: condition.output})
    assert await port.modem.execute(CEREG) == Answer(CEREG, ("+CEREG:0,1",))
    assert number_of(await port.modem.execute(tagged(7))) == 7
    await elapse(10)
    assert port.unsolicited == list(condition.unsolicited)
    assert port.modem.counters.timeouts == 0
    await port.modem.close()


# --- late answers --------------------------------------------------------------


@EVERY_GENTLE_LINE
@pytest.mark.parametrize(
    ("late", "idle"),
    [
        (2.0, 5.0),  # while no command is held
        (0.01, 0.0),  # while the probe is outstanding
        (PROBE_INTERVAL + 0.3, 0.0),  # after some probes
        (60.0, 0.0),  # after many; then all their results come at once
        (SETTLE_OWED + 1.0, 0.0),
    ],
)
async def test_late_answer_ends_no_later_command(
    late: float, idle: float, hostile: Hostile
) -> None:
    """The module answers one line after the other: late, but in order."""
    port = await synchronized(hostile)
    port.rules["AT+SLOW"] = (PLAIN.timeout + late, ANSWER, OK)
    with pytest.raises(CommandTimeout):
        await port.modem.execute(Command("AT+SLOW", CEREG.responses, PLAIN.timeout))
    await elapse(idle)
    answers = await asyncio.gather(
        *(port.modem.execute(tagged(number, 70)) for number in range(5)),
        port.modem.execute(Command("AT+CFUN=1", timeout=70)),
    )
    assert [number_of(answer) for answer in answers[:5]] == list(range(5))
    await elapse(5)
    assert port.unsolicited == []
    assert port.modem.counters.late == 1
    assert port.modem.counters.timeouts == 1
    await port.modem.close()


@EVERY_GENTLE_LINE
async def test_late_answer_out_of_order_ends_no_running_command(hostile: Hostile) -> None:
    """The module answers the probe at once, and the command before it seconds later."""
    port = await synchronized(hostile)
    port.rules |= {"AT+SLOW": (), tagged(1).line: (3.0, lines("+CSCON:1"))}
    with pytest.raises(CommandTimeout):
        await port.modem.execute(Command("AT+SLOW", CEREG.responses, 5))
    running = asyncio.create_task(port.modem.execute(tagged(2)))
    port.rules[tagged(2).line] = (
        2.0,
        lines(tagged(2).line.removeprefix("AT").replace("=", ":")),
        OK,
    )
    await elapse(SETTLE_OWED + 1)
    port.send(ANSWER + OK)  # of AT+SLOW, while the next command is outstanding
    assert number_of(await running) == 2
    assert port.modem.counters.strays == 1
    await port.modem.close()


# --- callers ---------------------------------------------------------------------------------


@EVERY_GENTLE_LINE
async def test_each_of_many_callers_gets_its_own_answer(hostile: Hostile) -> None:
    port = await synchronized(hostile)
    answers = await asyncio.gather(*(port.modem.execute(tagged(number)) for number in range(50)))
    assert [number_of(answer) for answer in answers] == list(range(50))
    await port.modem.close()


@EVERY_GENTLE_LINE
async def test_listener_may_execute_commands(hostile: Hostile) -> None:
    port = await synchronized(
        hostile, {CEREG.line: (lines(BURST[0]) + ANSWER + OK + lines(BURST[1]),)}
    )
    answering: list[asyncio.Task[Answer]] = []

    def answer(line: str) -> None:
        answering.append(asyncio.create_task(port.modem.execute(tagged(len(answering)))))

    port.modem.listen(answer, lambda _: None)
    assert (await port.modem.execute(CEREG)).lines == ("+CEREG:0,1",)
    while len(answering) < 2:
        await elapse(0.1)
    assert [number_of(await task) for task in answering] == [0, 1]
    await port.modem.close()


@EVERY_GENTLE_LINE
async def test_lost_port_fails_outstanding_and_held_commands(hostile: Hostile) -> None:
    port = await synchronized(hostile, {CEREG.line: (ANSWER, 3.0, OK)})
    tasks = [asyncio.create_task(port.modem.execute(one)) for one in (CEREG, PLAIN, tagged(1))]
    await elapse(1)
    port.vanish()
    done, _ = await asyncio.wait(tasks, timeout=0.001)
    assert [type(task.exception()) for task in done] == [PortError] * 3
    await elapse(10)
    assert port.unsolicited == []


# --- floods ----------------------------------------------------------------------------------


def held(port: HostilePort) -> int:
    """Bytes and waiters that the driver keeps."""
    reader, trace = port.modem._engine._reader, port.modem._trace
    return len(reader._tail) + len(trace._tail) + len(port.modem._queue)


# The other lines take seconds for so many bytes, and change them in no other way.
FLOODED = pytest.mark.parametrize(
    "hostile", [line for line in GENTLE if line.name in ("whole", "random cuts", "echo")], ids=str
)


@FLOODED
async def test_commands_are_answered_beside_500_lines_a_second(hostile: Hostile) -> None:
    port = await synchronized(hostile)
    sent = [f"+FLOOD:{number}" for number in range(2000)]

    async def flood() -> None:
        for line in sent:
            port.send(lines(line))
            await elapse(0.002)

    flooding = asyncio.create_task(flood())
    number = 0
    while not flooding.done():
        assert number_of(await port.modem.execute(tagged(number))) == number
        await elapse(0.001)
        number += 1
    await elapse(1)
    assert number > 1000
    assert port.unsolicited == sent
    await port.modem.close()


@FLOODED
async def test_commands_are_answered_after_a_flood_in_bounded_memory(hostile: Hostile) -> None:
    port = await synchronized(hostile)
    sent = [f"+FLOOD:{number}" for number in range(10_000)]
    commands = [asyncio.create_task(port.modem.execute(tagged(number, 600))) for number in range(9)]
    for at in range(0, len(sent), 1000):
        port.send(lines(*sent[at : at + 1000]))
        await elapse(0.01)
        assert held(port) <= LINE_LIMIT + len(commands)
    answers = await asyncio.gather(*commands)
    assert [number_of(answer) for answer in answers] == list(range(9))
    while len(port.unsolicited) < len(sent):
        await elapse(1)
    assert port.unsolicited == sent
    assert held(port) < 8  # noise at the end of the last line
    assert port.modem.counters.timeouts == 0
    await port.modem.close()


# --- rough lines -----------------------------------------------------------------------------


def whole_lines(data: bytes) -> list[str]:
    """The lines of all that arrived, without the noise."""
    clean = data.translate(
        None, bytes(code for code in range(32) if code not in b"\t\r\n") + b"\x7f"
    )
    text = clean.decode("utf-8", "ignore").replace("\r", "\n")
    return [re.sub(r"^[^!-~]+", "", line) for line in text.split("\n")]


@pytest.mark.parametrize("seed", range(either(1, 3)))
@pytest.mark.parametrize("hostile", ROUGH, ids=str)
async def test_rough_line_mixes_no_answers_and_loses_no_undamaged_line(
    hostile: Hostile, seed: int
) -> None:
    port = HostilePort(replace(hostile, seed=100 * seed + hostile.seed))
    modem, loop = port.modem, asyncio.get_running_loop()
    sent = [f"+CSCON:{number}" for number in range(1000)]
    ends: list[str] = []

    async def caller(numbers: range) -> None:
        for number in numbers:
            command, begun = tagged(number, 2), loop.time()
            try:
                answer = await modem.execute(command)
                assert number_of(answer) in (number, None)
                ends.append("answered")
            except M5310Error as error:
                ends.append(type(error).__name__)
            # Two commands go before, each of which is held and outstanding for its timeout.
            assert loop.time() - begun < 3 * 2 * command.timeout + 1
            await elapse(0.01)

    async def send_unsolicited() -> None:
        for line in sent:
            port.send(lines(line))
            await elapse(0.05)
            assert held(port) <= LINE_LIMIT + 3

    await asyncio.gather(send_unsolicited(), *(caller(range(at, 300, 3)) for at in range(3)))
    assert len(ends) == 300
    assert ends.count("answered") > 30
    intact = [line for line in whole_lines(port.arrived) if line in set(sent)]
    assert [line for line in port.unsolicited if line in set(sent)] == intact
    assert len(intact) > len(sent) / 2
    port.stop_faults()
    await elapse(1)
    assert number_of(await modem.execute(tagged(999))) == 999
    assert (await modem.execute(PLAIN)).command is PLAIN
    await modem.close()
