"""Who owns a line, over every line there is: what breaks other libraries, condition by condition.

On a gentle line each condition ends as it would on a perfect one. On a rough one commands may
fail, and the rest still holds: no answer is another command's, nobody waits for ever, what
arrived whole is told once and in order, and the first command after the noise is served.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.at.codec import LINE_LIMIT, Answer, Command, Response
from m5310.at.resync import PROBE_INTERVAL, SETTLE_OWED
from m5310.errors import CommandError, CommandTimeout, M5310Error, PortError
from tests.support.clock import elapse, run
from tests.support.effort import either, scaled
from tests.support.hostile import FEW_GENTLE, GENTLE, ROUGH, Cut, Hostile
from tests.support.hostile_port import OK, HostilePort, lines, number_of, tagged

PLAIN = Command("AT+CFUN=1", timeout=5)
CEREG = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),), timeout=30)
ANSWER = lines("+CEREG:0,1")
BURST = tuple(f"+MIPLREAD:0,{number},3303,0,5700" for number in range(10_000, 10_300))
PAYLOADS = (
    "+MIPLWRITE:0,10000,3303,0,5700,OK",
    "+MIPLWRITE:0,10000,3303,0,5700,ERROR",
    "+MIPLWRITE:0,10000,3303,0,5700,+CME ERROR:3",
    '+MIPLEXECUTE:0,10000,3303,0,5700,2,"OK"',
    "OK?",
    "NO ERROR",
)

EVERY_GENTLE_LINE = pytest.mark.parametrize("hostile", FEW_GENTLE, ids=str)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the module says to AT+CEREG?, and the unsolicited lines among it."""

    name: str
    says: tuple[bytes | float, ...]
    told: tuple[str, ...] = ()
    refused: bool = False

    def __str__(self) -> str:
        return self.name


CONDITIONS = (
    Condition("an answer and nothing else", (ANSWER, OK)),
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
        "an unsolicited line before the answer", (lines("+CSCON:1"), ANSWER, OK), ("+CSCON:1",)
    ),
    Condition(
        "an unsolicited line inside the answer", (ANSWER, lines("+CSCON:1"), OK), ("+CSCON:1",)
    ),
    Condition(
        "an unsolicited line glued to the result", (ANSWER, OK + lines("+CSCON:1")), ("+CSCON:1",)
    ),
    Condition(
        "everything glued together",
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
        "the answer's own prefix as an unsolicited line",
        (lines("+CEREG:5") + ANSWER + lines("+CEREG:1,19E6,94,7") + OK + lines("+CEREG:0,1"),),
        ("+CEREG:5", "+CEREG:1,19E6,94,7", "+CEREG:0,1"),
    ),
    Condition("result words inside payloads", (lines(*PAYLOADS), ANSWER, OK), PAYLOADS),
    Condition(
        "a payload in another script",
        (lines("+MIPLWRITE:0,10000,3303,0,5750,温度 OK"), ANSWER, OK),
        ("+MIPLWRITE:0,10000,3303,0,5750,温度 OK",),
    ),
    Condition("a refusal of the third family", (lines("+CIS ERROR:601"),), refused=True),
    Condition("a refusal with a blank", (lines("+CIS ERROR: 601"),), refused=True),
    Condition("a refusal after the information", (ANSWER, lines("+CME ERROR:3")), refused=True),
    Condition("an OK of the past", (OK, 0.2, ANSWER, OK)),
    Condition("an OK of the past, glued", (OK + ANSWER + OK,)),
)


async def in_step(hostile: Hostile, condition: Condition | None = None) -> HostilePort:
    rules = {} if condition is None else {CEREG.line: condition.says}
    port = HostilePort(hostile, dict(rules))
    await port.modem.execute(PLAIN)
    assert port.unsolicited == []
    return port


@EVERY_GENTLE_LINE
@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
async def test_a_condition_of_the_line(condition: Condition, hostile: Hostile) -> None:
    await check(condition, hostile)


@settings(max_examples=scaled(150))
@given(
    st.sampled_from(CONDITIONS),
    st.builds(
        Hostile,
        st.just("any cut"),
        st.just(Cut.ANYWHERE),
        st.integers(0, 2**32),
        echo=st.booleans(),
        doubled_cr=st.booleans(),
        noise=st.booleans(),
    ),
)
def test_a_condition_of_the_line_in_any_cut(condition: Condition, hostile: Hostile) -> None:
    run(check(condition, hostile))


async def check(condition: Condition, hostile: Hostile) -> None:
    port = await in_step(hostile, condition)
    if condition.refused:
        with pytest.raises(CommandError, match=r"(CIS|CME) ERROR: ?(601|3) \("):
            await port.modem.execute(CEREG)
    else:
        assert await port.modem.execute(CEREG) == Answer(CEREG, ("+CEREG:0,1",))
    assert number_of(await port.modem.execute(tagged(7))) == 7
    await elapse(10)
    assert port.unsolicited == list(condition.told)
    assert port.modem.counters.timeouts == 0
    await port.modem.close()


# --- answers that come too late --------------------------------------------------------------


@EVERY_GENTLE_LINE
@pytest.mark.parametrize(
    ("late", "idle"),
    [
        (2.0, 5.0),  # while nobody asks anything
        (0.01, 0.0),  # while the probe is out
        (PROBE_INTERVAL + 0.3, 0.0),  # after some probes
        (60.0, 0.0),  # after many; then all their results come at once
        (SETTLE_OWED + 1.0, 0.0),
    ],
)
async def test_an_answer_after_its_timeout(late: float, idle: float, hostile: Hostile) -> None:
    """A module that works off one line after the other: late, but in order."""
    port = await in_step(hostile)
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
async def test_an_answer_beside_the_order_while_the_next_command_runs(hostile: Hostile) -> None:
    """A module that has answered the probe at once, and what it was asked before, seconds later."""
    port = await in_step(hostile)
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
    port.say(ANSWER + OK)  # of AT+SLOW, while the next is out
    assert number_of(await running) == 2
    assert port.modem.counters.strays == 1
    await port.modem.close()


# --- callers ---------------------------------------------------------------------------------


@EVERY_GENTLE_LINE
async def test_many_callers_at_once_get_each_its_own(hostile: Hostile) -> None:
    port = await in_step(hostile)
    answers = await asyncio.gather(*(port.modem.execute(tagged(number)) for number in range(50)))
    assert [number_of(answer) for answer in answers] == list(range(50))
    await port.modem.close()


@EVERY_GENTLE_LINE
async def test_a_command_from_inside_a_request(hostile: Hostile) -> None:
    port = await in_step(hostile, Condition("", (lines(BURST[0]) + ANSWER + OK + lines(BURST[1]),)))
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
async def test_the_port_gone_in_mid_command(hostile: Hostile) -> None:
    port = await in_step(hostile, Condition("", (ANSWER, 3.0, OK)))
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


# The others cost seconds for so many bytes, and cut and decorate no other way.
FLOODED = pytest.mark.parametrize(
    "hostile", [line for line in GENTLE if line.name in ("whole", "random cuts", "echo")], ids=str
)


@FLOODED
async def test_five_hundred_lines_a_second_beside_commands(hostile: Hostile) -> None:
    port = await in_step(hostile)
    told = [f"+FLOOD:{number}" for number in range(2000)]

    async def flood() -> None:
        for line in told:
            port.say(lines(line))
            await elapse(0.002)

    flooding = asyncio.create_task(flood())
    number = 0
    while not flooding.done():
        assert number_of(await port.modem.execute(tagged(number))) == number
        await elapse(0.001)
        number += 1
    await elapse(1)
    assert number > 1000
    assert port.unsolicited == told
    await port.modem.close()


@FLOODED
async def test_ten_thousand_lines_at_once_while_commands_run(hostile: Hostile) -> None:
    port = await in_step(hostile)
    told = [f"+FLOOD:{number}" for number in range(10_000)]
    commands = [asyncio.create_task(port.modem.execute(tagged(number, 600))) for number in range(9)]
    for at in range(0, len(told), 1000):
        port.say(lines(*told[at : at + 1000]))
        await elapse(0.01)
        assert held(port) <= LINE_LIMIT + len(commands)
    answers = await asyncio.gather(*commands)
    assert [number_of(answer) for answer in answers] == list(range(9))
    while len(port.unsolicited) < len(told):
        await elapse(1)
    assert port.unsolicited == told
    assert held(port) < 8  # noise at the end of the last line
    assert port.modem.counters.timeouts == 0
    await port.modem.close()


# --- lines that harm -------------------------------------------------------------------------


def whole_lines(data: bytes) -> list[str]:
    """The lines of all that arrived, without the noise."""
    clean = data.translate(
        None, bytes(code for code in range(32) if code not in b"\t\r\n") + b"\x7f"
    )
    text = clean.decode("utf-8", "ignore").replace("\r", "\n")
    return [re.sub(r"^[^!-~]+", "", line) for line in text.split("\n")]


@pytest.mark.parametrize("seed", range(either(1, 3)))
@pytest.mark.parametrize("hostile", ROUGH, ids=str)
async def test_a_line_that_harms(hostile: Hostile, seed: int) -> None:
    port = HostilePort(replace(hostile, seed=100 * seed + hostile.seed))
    modem, loop = port.modem, asyncio.get_running_loop()
    told = [f"+CSCON:{number}" for number in range(1000)]
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
            # Two wait in front, each for its turn and for its result.
            assert loop.time() - begun < 3 * 2 * command.timeout + 1
            await elapse(0.01)

    async def talk() -> None:
        for line in told:
            port.say(lines(line))
            await elapse(0.05)
            assert held(port) <= LINE_LIMIT + 3

    await asyncio.gather(talk(), *(caller(range(at, 300, 3)) for at in range(3)))
    assert len(ends) == 300
    assert ends.count("answered") > 30
    intact = [line for line in whole_lines(port.arrived) if line in set(told)]
    assert [line for line in port.unsolicited if line in set(told)] == intact
    assert len(intact) > len(told) / 2
    port.stop_faults()
    await elapse(1)
    assert number_of(await modem.execute(tagged(999))) == 999
    assert (await modem.execute(PLAIN)).command is PLAIN
    await modem.close()
