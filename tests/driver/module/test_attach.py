"""Attach over a scripted module: its commands, its waiting times, its evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from m5310.at.codec import Answer, Command
from m5310.commands.general import BOOT
from m5310.commands.network import NetworkStatus, Registration
from m5310.commands.power import PowerSaving
from m5310.errors import CommandError, CommandTimeout, ModemReset, ParameterError, PortError
from m5310.module.attach import POLL_INTERVAL, Attached, Setup
from m5310.module.attach_errors import AttachError, Attempt, Obstacle
from m5310.module.link import Link
from m5310.module.module import Module
from m5310.module.speed import COMMON_SPEEDS
from tests.support.boards import Board, Dial
from tests.support.clock import elapse
from tests.support.scripted import Reply

Rules = dict[str, Reply | Callable[[str], Reply]]


class Network(Board):
    """A module with a scripted network: `stat`, `rssi`, `on`, `attached`, `sim`."""

    def __init__(self, stat: int = 1, **more: object) -> None:
        self.stat = stat
        self.rssi = 17
        self.on = True
        self.attached = True
        self.sim: Reply = ["460040000000001", "OK"]
        rules: Rules = {
            "AT+CEREG?": lambda _: [f"+CEREG:2,{self.stat}", "OK"],
            "AT+CSCON?": ["+CSCON:0,1", "OK"],
            "AT+CSQ": lambda _: [f"+CSQ:{self.rssi},99", "OK"],
            "AT+CFUN?": lambda _: [f"+CFUN:{self.on:d}", "OK"],
            "AT+CGATT?": lambda _: [f"+CGATT:{self.attached:d}", "OK"],
            "AT+CIMI": lambda _: self.sim,
        }
        super().__init__(rules, **more)  # type: ignore[arg-type]
        self.seen: list[Attempt] = []
        self.progress: Callable[[Attempt], object] = self.seen.append

    def report(self, stat: int) -> None:
        self.stat = stat
        self.send(f"+CEREG:{stat}")

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        self._loop.call_later(seconds, action)

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


# --- registered ------------------------------------------------------------------------------


async def test_commands_for_a_registered_module() -> None:
    module = Network()
    attached = await module.attach()
    assert attached.status == NetworkStatus(Registration.HOME)
    assert (attached.signal, attached.baudrate) == (-79, 9600)
    assert attached.elapsed < 1
    assert module.sent == ["AT+CMEE?", "AT+CEREG?", "AT+CFUN?", "AT+CEREG?", "AT+CSQ"]
    assert module.seen == [Attempt(1, attached.elapsed, Registration.HOME, -79)]
    await module.modem.close()


async def test_setup_precedes_the_radio() -> None:
    module = Network()
    module.on = False
    saving = PowerSaving(True, periodic_update=3600, active=10)
    await module.attach(Setup(registration=5, connection=True, power_saving=saving, edrx=20.48))
    assert module.sent[:9] == [
        "AT+CMEE?",
        "AT+CEREG?",
        "AT+CEREG=5",
        "AT+CSCON?",
        "AT+CSCON=1",
        'AT+CPSMS=1,,,"00000110","00000101"',
        'AT+CEDRXS=1,5,"0010"',
        "AT+CFUN?",
        "AT+CFUN=1",
    ]
    await module.modem.close()


async def test_setting_of_none_is_not_written() -> None:
    module = Network()
    await module.attach(Setup(registration=None))
    assert module.sent == ["AT+CMEE?", "AT+CFUN?", "AT+CEREG?", "AT+CSQ"]
    await module.modem.close()


async def test_module_without_error_numbers() -> None:
    module = Network()
    module.rules["AT+CMEE"] = "ERROR"
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


async def test_refused_setting_is_raised() -> None:
    module = Network()
    module.rules["AT+CEDRXS"] = "+CME ERROR:4"
    with pytest.raises(CommandError, match="CEDRXS"):
        await module.attach(Setup(edrx=0))
    await module.modem.close()


@pytest.mark.parametrize("stat", [1, 5])
async def test_reported_registration_ends_attach_at_once(stat: int) -> None:
    module = Network(2)
    module.later(3.25, lambda: module.report(stat))
    attached = await module.attach()
    assert attached.elapsed == pytest.approx(3.25, abs=0.1)
    assert [attempt.stat for attempt in module.seen] == [2, stat]
    assert [attempt.number for attempt in module.seen] == [1, 2]
    await module.modem.close()


async def test_lost_report_costs_one_poll_interval() -> None:
    module = Network(2)
    module.later(12, lambda: setattr(module, "stat", 1))
    attached = await module.attach()
    assert attached.elapsed == pytest.approx(2 * POLL_INTERVAL, abs=0.5)
    assert len(module.seen) == 3
    await module.modem.close()


async def test_nothing_is_written_between_polls() -> None:
    module = Network(2)
    task = asyncio.create_task(module.attach())
    await module.until("AT+CIMI")
    await elapse(0.5)
    asked = len(module.sent)
    await elapse(POLL_INTERVAL - 2)
    assert len(module.sent) == asked
    module.report(1)
    await task
    await module.modem.close()


async def test_detached_module_is_attached() -> None:
    module = Network(0)
    module.attached = False

    def rule(_: str) -> Reply:
        module.attached = True
        module.report(1)
        return "OK"

    module.rules["AT+CGATT=1"] = rule
    await module.attach()
    assert "AT+CGATT=1" in module.sent
    await module.modem.close()


async def test_busy_sim_is_read_again() -> None:
    module = Network(2)
    module.sim = "+CME ERROR:14"
    module.later(25, lambda: module.report(1))
    await module.attach()
    assert module.sent.count("AT+CIMI") == 3
    await module.modem.close()


async def test_sim_refused_for_a_short_time() -> None:
    module = Network(2)
    module.sim = "+CME ERROR:10"
    module.later(5, lambda: setattr(module, "sim", ["460040000000001", "OK"]))
    module.later(25, lambda: module.report(1))
    await module.attach()
    assert module.sent.count("AT+CIMI") == 2
    await module.modem.close()


async def test_denied_for_a_short_time() -> None:
    module = Network(3)
    module.later(5, lambda: module.report(2))
    module.later(12, lambda: module.report(3))
    module.later(16, lambda: module.report(1))
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


# --- boot, restart, timeouts -----------------------------------------------------------------


async def test_slow_boot_during_search_of_speeds() -> None:
    module = Network(speed=0, mute=True)
    module.later(40, lambda: setattr(module, "speed", 9600))
    attached = await module.attach(speeds=COMMON_SPEEDS)
    assert attached.baudrate == 9600
    await module.modem.close()


@pytest.mark.parametrize("seconds", [0, 20])
async def test_module_is_found_at_its_stored_speed(seconds: float) -> None:
    module = Network(speed=0, mute=True, dial=Dial(115200))
    module.dial.stored = 9600
    module.later(seconds, lambda: setattr(module, "speed", 9600))
    attached = await module.attach()
    assert attached.baudrate == module.dial.baudrate == 9600
    await module.modem.close()


async def test_other_speeds_are_not_tried_after_an_answer() -> None:
    module = Network()
    await module.attach(speeds=COMMON_SPEEDS)
    assert module.dial.turned == [9600]
    await module.modem.close()


async def test_restart_between_polls_repeats_setup() -> None:
    module = Network(2)
    module.later(5, lambda: module.send("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK"))
    module.later(8, lambda: module.report(1))
    await module.attach()
    assert module.sent.count("AT+CMEE?") == 2
    await module.modem.close()


async def test_restart_during_a_command_repeats_setup() -> None:
    module = Network(2)

    def signal(_: str) -> Reply:
        module.rules["AT+CSQ"] = ["+CSQ:17,99", "OK"]
        module.stat = 1
        return ["REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK"]

    module.rules["AT+CSQ"] = signal
    assert (await module.attach()).status.stat is Registration.HOME
    assert module.sent.count("AT+CMEE?") == 2
    await module.modem.close()


async def test_boot_text_is_an_answer() -> None:
    module = Network()

    async def execute(_: Command) -> Answer:
        module.modem.execute = type(module.modem).execute.__get__(module.modem)  # type: ignore[method-assign]
        raise ModemReset("REBOOT_CAUSE_APPLICATION_WATCHDOG")

    module.modem.execute = execute  # type: ignore[method-assign]
    assert (await module.attach()).status.stat is Registration.HOME
    await module.modem.close()


async def test_busy_sim_at_radio_switch() -> None:
    module = Network()
    module.on = False
    replies = iter(["+CME ERROR:14"])
    module.rules["AT+CFUN=1"] = lambda _: next(replies, "OK")
    assert (await module.attach()).status.stat is Registration.HOME
    assert module.sent.count("AT+CFUN=1") == 2
    await module.modem.close()


async def test_command_timeout_is_not_fatal() -> None:
    module = Network(2)
    replies: list[Reply] = [None]
    module.rules["AT+CSQ"] = lambda _: replies.pop() if replies else ["+CSQ:17,99", "OK"]
    module.later(20, lambda: module.report(1))
    assert (await module.attach()).signal == -79
    await module.modem.close()


# --- errors ----------------------------------------------------------------------------------


async def test_no_answer_at_one_speed() -> None:
    module = Network(speed=1200, mute=True)
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_ANSWER
    assert error.evidence.speeds == (9600,)
    assert error.evidence.elapsed == pytest.approx(BOOT + 1, abs=0.5)


async def test_modem_that_times_out_at_once() -> None:
    module = Network()

    async def execute(command: Command) -> Answer:
        raise CommandTimeout(command.line, command.timeout, sent=False)

    module.modem.execute = execute  # type: ignore[method-assign]
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_ANSWER


async def test_no_answer_at_any_speed() -> None:
    module = Network(speed=1200)
    error = await module.fails(speeds=COMMON_SPEEDS)
    assert error.obstacle is Obstacle.NO_ANSWER
    assert set(error.evidence.speeds) == set(COMMON_SPEEDS)
    assert error.evidence.noise > 0
    assert module.dial.baudrate == 9600
    assert "`m5310 probe PORT` finds it" in str(error)


async def test_timeout_during_search_of_speeds() -> None:
    module = Network(speed=1200, mute=True)
    error = await module.fails(seconds=6.5, speeds=COMMON_SPEEDS)
    assert error.obstacle is Obstacle.NO_ANSWER
    assert error.evidence.elapsed == pytest.approx(6.5, abs=0.1)
    assert module.dial.baudrate == 9600


async def test_module_stops_answering() -> None:
    module = Network(2)
    module.later(30, lambda: setattr(module, "speed", 1200))
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_ANSWER
    assert "answered before" in str(error)
    assert error.evidence.elapsed == pytest.approx(120, abs=0.1)


async def test_still_searching() -> None:
    error = await Network(2).fails(seconds=30)
    assert error.obstacle is Obstacle.SEARCHING
    assert "-79 dBm" in str(error)


async def test_denied_registration() -> None:
    error = await Network(3).fails()
    assert error.obstacle is Obstacle.DENIED
    assert error.evidence.elapsed == pytest.approx(POLL_INTERVAL, abs=0.5)


@pytest.mark.parametrize(("kind", "cause"), [(0, 15), (1, None)])
async def test_cause_of_a_denial(kind: int, cause: int | None) -> None:
    module = Network()
    module.rules["AT+CEREG?"] = [f"+CEREG:5,3,,,,{kind},15,,", "OK"]
    error = await module.fails(setup=Setup(registration=5))
    assert error.obstacle is Obstacle.DENIED
    assert module.seen[-1].cause == cause


async def test_restarts_are_counted_after_first_answer() -> None:
    module = Network(stat=2)
    module.rules = {"AT": None, **module.rules}
    boot = ["REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET", "M5310", "OK"]

    def start() -> None:
        module.rules.pop("AT", None)
        module.send(*boot)

    for seconds in (3, 20, 40):
        module.later(seconds, start)
    error = await module.fails(seconds=60)
    assert error.obstacle is Obstacle.SEARCHING
    assert error.evidence.restarts == 2
    assert "restarted 2 times" in str(error)


async def test_repeated_denial_does_not_restart_the_time() -> None:
    module = Network(3)
    module.later(1, lambda: module.report(3))
    error = await module.fails()
    assert error.obstacle is Obstacle.DENIED
    assert error.evidence.elapsed == pytest.approx(1 + POLL_INTERVAL, abs=0.5)


@pytest.mark.parametrize("reply", ["+CME ERROR:10", "+CME ERROR:311", "ERROR"])
async def test_missing_sim(reply: str) -> None:
    module = Network(0)
    module.sim = reply
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_SIM
    assert reply in str(error)
    assert error.evidence.elapsed == pytest.approx(POLL_INTERVAL, abs=0.5)


async def test_missing_sim_at_radio_switch() -> None:
    module = Network(0)
    module.on = False
    module.rules["AT+CFUN=1"] = "+CME ERROR:13"
    error = await module.fails()
    assert error.obstacle is Obstacle.NO_SIM
    assert "AT+CFUN=1" in str(error)
    assert module.sent.count("AT+CFUN=1") == 2


async def test_lost_port_ends_attach() -> None:
    module = Network(2)
    module.later(5, module.vanish)
    with pytest.raises(PortError, match="unplugged"):
        await module.attach()
    assert now() == pytest.approx(5, abs=0.1)


async def test_attach_on_a_lost_port() -> None:
    module = Network()
    module.vanish()
    with pytest.raises(PortError):
        await module.attach()


async def test_error_of_progress_ends_attach() -> None:
    class Stop(TimeoutError):
        pass

    def progress(_: Attempt) -> None:
        raise Stop

    module = Network(2)
    module.progress = progress
    with pytest.raises(Stop):
        await module.attach()
    await module.modem.close()


async def test_cancelled_attach_writes_nothing_more() -> None:
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
async def test_invalid_timeout(seconds: float) -> None:
    module = Network()
    with pytest.raises(ParameterError):
        await module.attach(seconds=seconds)
    assert module.sent == []
    await module.modem.close()
