"""From a module in any state to one that is registered, or to an error with the evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from m5310.at.codec import Answer, Command
from m5310.commands.general import BOOT
from m5310.commands.network import NetworkStatus, Registration
from m5310.commands.power import PowerSaving
from m5310.errors import CommandError, CommandTimeout, ModemReset, ParameterError, PortError
from m5310.module.attach import LOOK, Attached, Setup
from m5310.module.attach_errors import AttachError, Attempt, Obstacle
from m5310.module.link import Link
from m5310.module.module import Module
from m5310.module.speed import USUAL
from tests.support.boards import Board, Dial
from tests.support.clock import elapse
from tests.support.scripted import Reply

Rules = dict[str, Reply | Callable[[str], Reply]]


class Network(Board):
    """A module whose network does what the test says: `stat`, `rssi`, `on`, `sim`."""

    def __init__(self, stat: int = 1, **more: object) -> None:
        self.stat = stat
        self.rssi = 17
        self.on = True
        self.attached = True
        self.sim: Reply = ["460040000000001", "OK"]
        rules: Rules = {
            "AT+CEREG?": lambda _: [f"+CEREG:2,{self.stat}", "OK"],
            "AT+CSQ": lambda _: [f"+CSQ:{self.rssi},99", "OK"],
            "AT+CFUN?": lambda _: [f"+CFUN:{self.on:d}", "OK"],
            "AT+CGATT?": lambda _: [f"+CGATT:{self.attached:d}", "OK"],
            "AT+CIMI": lambda _: self.sim,
        }
        super().__init__(rules, **more)  # type: ignore[arg-type]
        self.seen: list[Attempt] = []
        self.progress: Callable[[Attempt], object] = self.seen.append

    def becomes(self, stat: int) -> None:
        self.stat = stat
        self.say(f"+CEREG:{stat}")

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        self._loop.call_later(seconds, what)

    async def attach(
        self,
        setup: Setup = Setup(),  # noqa: B008
        seconds: float = 120,
        speeds: tuple[int, ...] = (),
    ) -> Attached:
        link = Link(self.modem)
        await link.open()
        link.speed = self.dial
        try:
            return await Module(link).attach(
                seconds, speeds=speeds, setup=setup, progress=self.progress
            )
        finally:
            await link.close()

    async def fails(self, **how: object) -> AttachError:
        with pytest.raises(AttachError) as caught:
            await self.attach(**how)  # type: ignore[arg-type]
        await self.modem.close()
        return caught.value


def now() -> float:
    return asyncio.get_running_loop().time()


# --- it works --------------------------------------------------------------------------------


async def test_a_module_that_is_registered_already() -> None:
    module = Network()
    attached = await module.attach()
    assert attached.status == NetworkStatus(Registration.HOME)
    assert (attached.signal, attached.baudrate) == (-79, 9600)
    assert attached.elapsed < 1
    assert module.sent == ["AT+CMEE=1", "AT+CEREG=2", "AT+CFUN?", "AT+CEREG?", "AT+CSQ"]
    assert module.seen == [Attempt(1, attached.elapsed, Registration.HOME, -79)]
    await module.modem.close()


async def test_what_is_asked_is_set_before_the_radio_goes_on() -> None:
    module = Network()
    module.on = False
    saving = PowerSaving(True, periodic_update=3600, active=10)
    await module.attach(Setup(registration=5, connection=True, power_saving=saving, edrx=20.48))
    assert module.sent[:7] == [
        "AT+CMEE=1",
        "AT+CEREG=5",
        "AT+CSCON=1",
        'AT+CPSMS=1,,,"00000110","00000101"',
        'AT+CEDRXS=1,5,"0010"',
        "AT+CFUN?",
        "AT+CFUN=1",
    ]
    await module.modem.close()


async def test_what_is_not_asked_is_left_alone() -> None:
    module = Network()
    await module.attach(Setup(registration=None))
    assert module.sent == ["AT+CMEE=1", "AT+CFUN?", "AT+CEREG?", "AT+CSQ"]
    await module.modem.close()


async def test_a_module_without_error_numbers() -> None:
    module = Network()
    module.rules["AT+CMEE"] = "ERROR"
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


async def test_a_setting_that_is_refused_is_not_hidden() -> None:
    module = Network()
    module.rules["AT+CEDRXS"] = "+CME ERROR:4"
    with pytest.raises(CommandError, match="CEDRXS"):
        await module.attach(Setup(edrx=0))
    await module.modem.close()


@pytest.mark.parametrize("stat", [1, 5])
async def test_registration_is_noticed_when_it_is_announced(stat: int) -> None:
    module = Network(2)
    module.later(3.25, lambda: module.becomes(stat))
    attached = await module.attach()
    assert attached.elapsed == pytest.approx(3.25, abs=0.1)
    assert [attempt.stat for attempt in module.seen] == [2, stat]
    assert [attempt.number for attempt in module.seen] == [1, 2]
    await module.modem.close()


async def test_a_lost_announcement_costs_one_look() -> None:
    module = Network(2)
    module.later(12, lambda: setattr(module, "stat", 1))
    attached = await module.attach()
    assert attached.elapsed == pytest.approx(2 * LOOK, abs=0.5)
    assert len(module.seen) == 3
    await module.modem.close()


async def test_between_two_looks_nothing_is_asked() -> None:
    module = Network(2)
    task = asyncio.create_task(module.attach())
    await module.until("AT+CIMI")
    await elapse(0.5)
    asked = len(module.sent)
    await elapse(LOOK - 2)
    assert len(module.sent) == asked
    module.becomes(1)
    await task
    await module.modem.close()


async def test_a_module_that_is_not_looking_is_told_to() -> None:
    module = Network(0)
    module.attached = False

    def rule(_: str) -> Reply:
        module.attached = True
        module.becomes(1)
        return "OK"

    module.rules["AT+CGATT=1"] = rule
    await module.attach()
    assert "AT+CGATT=1" in module.sent
    await module.modem.close()


async def test_a_module_that_is_attached_but_not_registered_is_waited_for() -> None:
    module = Network(0)
    module.later(1, lambda: module.becomes(1))
    await module.attach()
    assert "AT+CGATT=1" not in module.sent
    await module.modem.close()


async def test_a_sim_that_takes_its_time() -> None:
    module = Network(2)
    module.sim = "+CME ERROR:14"
    module.later(25, lambda: module.becomes(1))
    await module.attach()
    assert module.sent.count("AT+CIMI") == 3
    await module.modem.close()


async def test_a_sim_that_is_refused_at_first() -> None:
    module = Network(2)
    module.sim = "+CME ERROR:10"
    module.later(5, lambda: setattr(module, "sim", ["460040000000001", "OK"]))
    module.later(25, lambda: module.becomes(1))
    await module.attach()
    assert module.sent.count("AT+CIMI") == 2
    await module.modem.close()


async def test_a_denial_that_does_not_last() -> None:
    module = Network(3)
    module.later(5, lambda: module.becomes(2))
    module.later(12, lambda: module.becomes(3))
    module.later(16, lambda: module.becomes(1))
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


# --- the states a module may be in -----------------------------------------------------------


async def test_a_module_with_echo_on() -> None:
    module = Network(2)
    plain = module._answer

    def echoing(line: str) -> None:
        module.modem.data_received(f"{line}\r".encode())
        plain(line)

    module._answer = echoing  # type: ignore[method-assign]
    module.later(2, lambda: module.becomes(1))
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


async def test_half_a_line_in_its_buffer() -> None:
    module = Network()
    replies = iter(["ERROR"])
    module.rules["AT"] = lambda line: next(replies, "OK") if line == "AT" else "OK"  # the last rule
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


async def test_a_module_that_boots() -> None:
    module = Network()
    module.speed = 0  # deaf
    module.mute = True
    module.later(4, lambda: module.say("REBOOT_CAUSE_SECURITY_RESET_PIN", "M5310", "OK"))
    module.later(4, lambda: setattr(module, "speed", 9600))
    attached = await module.attach()
    assert attached.elapsed == pytest.approx(4, abs=0.1)
    await module.modem.close()


@pytest.mark.parametrize("baudrate", USUAL)
async def test_a_module_at_another_speed(baudrate: int) -> None:
    module = Network(speed=baudrate)
    attached = await module.attach(speeds=USUAL)
    assert attached.baudrate == module.dial.baudrate == baudrate
    assert attached.elapsed < 30
    await module.modem.close()


async def test_a_module_that_boots_slowly_while_it_is_looked_for_elsewhere() -> None:
    module = Network(speed=0, mute=True)
    module.later(40, lambda: setattr(module, "speed", 9600))
    attached = await module.attach(speeds=USUAL)
    assert attached.baudrate == 9600
    await module.modem.close()


@pytest.mark.parametrize("seconds", [0, 20])
async def test_a_module_that_restarted_at_its_stored_speed(seconds: float) -> None:
    module = Network(speed=0, mute=True, dial=Dial(115200))
    module.dial.stored = 9600
    module.later(seconds, lambda: setattr(module, "speed", 9600))
    attached = await module.attach()
    assert attached.baudrate == module.dial.baudrate == 9600
    await module.modem.close()


async def test_other_speeds_are_tried_only_if_there_is_no_answer() -> None:
    module = Network()
    await module.attach(speeds=USUAL)
    assert module.dial.turned == [9600]
    await module.modem.close()


async def test_a_module_that_restarts_is_set_up_again() -> None:
    module = Network(2)
    module.later(5, lambda: module.say("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK"))
    module.later(8, lambda: module.becomes(1))
    await module.attach()
    assert module.sent.count("AT+CEREG=2") == 2
    await module.modem.close()


async def test_restart_that_ends_a_command_begins_it_again() -> None:
    module = Network(2)

    def signal(_: str) -> Reply:
        module.rules["AT+CSQ"] = ["+CSQ:17,99", "OK"]
        module.stat = 1
        return ["REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK"]

    module.rules["AT+CSQ"] = signal
    assert (await module.attach()).status.stat is Registration.HOME
    assert module.sent.count("AT+CMEE=1") == 2
    await module.modem.close()


async def test_a_start_that_can_be_read_is_an_answer() -> None:
    module = Network()

    async def execute(_: Command) -> Answer:
        module.modem.execute = type(module.modem).execute.__get__(module.modem)  # type: ignore[method-assign]
        raise ModemReset("REBOOT_CAUSE_APPLICATION_WATCHDOG")

    module.modem.execute = execute  # type: ignore[method-assign]
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


async def test_a_sim_that_is_busy_when_the_radio_goes_on() -> None:
    module = Network()
    module.on = False
    replies = iter(["+CME ERROR:14"])
    module.rules["AT+CFUN=1"] = lambda _: next(replies, "OK")
    assert (await module.attach()).status.stat is Registration.HOME
    assert module.sent.count("AT+CFUN=1") == 2
    await module.modem.close()


async def test_a_command_without_answer_is_not_the_end() -> None:
    module = Network(2)
    replies: list[Reply] = [None]
    module.rules["AT+CSQ"] = lambda _: replies.pop() if replies else ["+CSQ:17,99", "OK"]
    module.later(20, lambda: module.becomes(1))
    assert (await module.attach()).signal == -79
    await module.modem.close()


# --- it does not work ------------------------------------------------------------------------


async def test_no_answer() -> None:
    module = Network(speed=1200, mute=True)
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_ANSWER
    assert error.evidence.speeds == (9600,)
    assert error.evidence.elapsed == pytest.approx(BOOT + 1, abs=0.5)


async def test_a_modem_that_gives_up_at_once() -> None:
    module = Network()

    async def execute(command: Command) -> Answer:
        raise CommandTimeout(command.line, command.timeout, sent=False)

    module.modem.execute = execute  # type: ignore[method-assign]
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_ANSWER


async def test_no_answer_at_any_speed() -> None:
    module = Network(speed=1200)
    error = await module.fails(speeds=USUAL)
    assert error.obstacle is Obstacle.NO_ANSWER
    assert set(error.evidence.speeds) == set(USUAL)
    assert error.evidence.noise > 0
    assert module.dial.baudrate == 9600
    assert "another speed" in str(error)


async def test_no_answer_within_the_time() -> None:
    module = Network(speed=1200, mute=True)
    error = await module.fails(seconds=6.5, speeds=USUAL)
    assert error.obstacle is Obstacle.NO_ANSWER
    assert error.evidence.elapsed == pytest.approx(6.5, abs=0.1)
    assert module.dial.baudrate == 9600


async def test_a_module_that_falls_silent() -> None:
    module = Network(2)
    module.later(30, lambda: setattr(module, "speed", 1200))
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_ANSWER
    assert "talked before" in str(error)
    assert error.evidence.elapsed == pytest.approx(120, abs=0.1)


async def test_no_coverage() -> None:
    module = Network(2)
    module.rssi = 99
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_COVERAGE
    assert error.evidence.last == module.seen[-1]
    assert len(module.seen) == 120 // LOOK


async def test_searching() -> None:
    error = await Network(2).fails(seconds=30)
    assert error.obstacle is Obstacle.SEARCHING
    assert "-79 dBm" in str(error)


async def test_denied() -> None:
    error = await Network(3).fails()
    assert error.obstacle is Obstacle.DENIED
    assert error.evidence.elapsed == pytest.approx(LOOK, abs=0.5)


@pytest.mark.parametrize(("kind", "cause"), [(0, 15), (1, None)])
async def test_the_cause_of_a_denial(kind: int, cause: int | None) -> None:
    module = Network()
    module.rules["AT+CEREG?"] = [f"+CEREG:5,3,,,,{kind},15,,", "OK"]
    error = await module.fails(setup=Setup(registration=5))
    assert error.obstacle is Obstacle.DENIED
    assert module.seen[-1].cause == cause


async def test_restarts_are_counted_from_the_first_answer_on() -> None:
    module = Network(stat=2)
    module.rules = {"AT": None, **module.rules}
    boot = ["REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET", "M5310", "OK"]

    def start() -> None:
        module.rules.pop("AT", None)
        module.say(*boot)

    for seconds in (3, 20, 40):
        module.later(seconds, start)
    error = await module.fails(seconds=60)
    assert error.obstacle is Obstacle.SEARCHING
    assert error.evidence.restarts == 2
    assert "restarted 2 times" in str(error)


async def test_a_denial_told_twice_is_still_the_first() -> None:
    module = Network(3)
    module.later(1, lambda: module.becomes(3))
    error = await module.fails()
    assert error.obstacle is Obstacle.DENIED
    assert error.evidence.elapsed == pytest.approx(1 + LOOK, abs=0.5)


@pytest.mark.parametrize("reply", ["+CME ERROR:10", "+CME ERROR:311", "ERROR"])
async def test_no_sim(reply: str) -> None:
    module = Network(0)
    module.sim = reply
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_SIM
    assert reply in str(error)
    assert error.evidence.elapsed == pytest.approx(LOOK, abs=0.5)


async def test_no_sim_and_so_no_radio() -> None:
    module = Network(0)
    module.on = False
    module.rules["AT+CFUN=1"] = "+CME ERROR:13"
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_SIM
    assert "AT+CFUN=1" in str(error)
    assert module.sent.count("AT+CFUN=1") == 2


async def test_a_lost_port() -> None:
    module = Network(2)
    module.later(5, module.vanish)
    with pytest.raises(PortError, match="unplugged"):
        await module.attach()
    assert now() == pytest.approx(5, abs=0.1)


async def test_a_port_that_is_gone_already() -> None:
    module = Network()
    module.vanish()
    with pytest.raises(PortError):
        await module.attach()


async def test_what_progress_raises_ends_it() -> None:
    class Enough(TimeoutError):
        pass

    def progress(_: Attempt) -> None:
        raise Enough

    module = Network(2)
    module.progress = progress
    with pytest.raises(Enough):
        await module.attach()
    await module.modem.close()


async def test_without_progress_and_without_a_port_of_its_own() -> None:
    module = Network()
    async with Module(module.modem) as lent:
        assert (await lent.attach()).baudrate is None
    await module.modem.close()


async def test_cancelled_it_asks_no_more() -> None:
    module = Network(2)
    task = asyncio.create_task(module.attach())
    await module.until("AT+CIMI")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    asked = len(module.sent)
    await elapse(100)
    assert len(module.sent) == asked
    assert module.modem._listeners == ()
    await module.modem.close()


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
async def test_a_time_that_is_none(seconds: float) -> None:
    module = Network()
    with pytest.raises(ParameterError):
        await module.attach(seconds=seconds)
    assert module.sent == []
    await module.modem.close()
