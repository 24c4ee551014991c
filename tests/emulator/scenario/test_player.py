"""Playing scenarios on a virtual clock and a real pty, and the report."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from emulator import Emulator, VirtualClock
from emulator.clock.clocks import Clock, LoopClock
from emulator.line.faults import Rates
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.misbehaviour import PlatformFaults
from emulator.scenario.parser import read
from emulator.scenario.player import Play
from tests.support.hosts import Host, log_in

realtime = pytest.mark.realtime


class PlayedScenario:
    """An unpaced emulator with a scenario on it, not started."""

    def __init__(
        self,
        text: str,
        *,
        device: bool = True,
        link: Path | None = None,
        module: str | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.ended: list[bool] = []
        self.it = Emulator(
            baud=None,
            latency=0.001,
            http="127.0.0.1:0",
            clock=self.clock,
            device=device,
            link=link,
            module=module,
        )
        self.play = Play(self.it, read(text), on_end=lambda: self.ended.append(True))

    async def __aenter__(self) -> PlayedScenario:
        await self.it.start()
        self.play.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.play.stop()
        await self.it.close()

    @property
    def texts(self) -> list[str]:
        return [str(entry).strip() for entry in self.play.log]


@realtime
async def test_changes_are_undone_after_their_duration() -> None:
    text = """
[[event]]
at = 12
coverage = "OUT"
for = 90
[[event]]
at = 1
sim = "MISSING"
for = 2
[[event]]
at = 1
network = "refuses"
for = 2
[[event]]
at = 1
noise = { loss = 0.5 }
for = 2
[[event]]
at = 1
air = { latency = 4 }
for = 2
[[event]]
at = 1
platform = { silent = true }
for = 2
"""
    async with PlayedScenario(text) as stage:
        it, radio = stage.it, stage.it.module.radio
        stage.clock.advance(1)
        assert (radio.sim, radio.refusing) == (Sim.MISSING, True)
        assert (it.air.faults.latency, it.air.faults.loss) == (4, 0)
        assert it.line.faults.rates == (Rates(loss=0.5),) * 2
        assert it.misbehaviour.faults == PlatformFaults(silent=True)
        stage.clock.advance(2)
        assert (radio.sim, radio.refusing) == (Sim.READY, False)
        assert it.air.faults.latency == 0.001
        assert it.line.faults.rates == (Rates(),) * 2
        assert it.misbehaviour.faults == PlatformFaults()
        stage.clock.advance(9)
        assert radio.coverage is Coverage.OUT
        stage.clock.advance(90)
        assert radio.coverage is Coverage.ECL0
        assert stage.texts[-2:] == [
            '12.000  coverage "OUT" for 90 s',
            '102.000  coverage "OUT": over',
        ]


@realtime
async def test_calls_of_the_application_fail_for_a_time_or_a_count() -> None:
    text = """
[[event]]
at = 1
platform = { errno = 15 }
for = 10
[[event]]
at = 20
platform = { errno = 16, calls = 2 }
[[event]]
at = 30
platform = { errno = 5117 }
"""
    async with PlayedScenario(text) as stage, aiohttp.ClientSession() as client:

        async def errno() -> int:
            url = f"{stage.it.http_url}/devices/{stage.it.device_id}"
            async with client.get(url, headers={"api-key": stage.it.api_key}) as response:
                return int((await response.json())["errno"])

        assert await errno() == 0
        stage.clock.advance(1)
        assert [await errno() for _ in range(3)] == [15, 15, 15]
        stage.clock.advance(10)
        assert await errno() == 0
        stage.clock.advance(9)
        assert [await errno() for _ in range(3)] == [16, 16, 0]
        stage.clock.advance(10)
        assert await errno() == 0
        *_, event, failed = stage.texts
        assert event == "30.000  platform { errno = 5117 }"
        assert failed.startswith("30.000  failed: errno 5117: expected one of this year: 0, 1, 2, ")


@realtime
async def test_periods_that_overlap_repeat_or_meet_a_permanent_event() -> None:
    text = """
[[event]]
at = 10
coverage = "OUT"
for = 10
[[event]]
at = 15
coverage = "ECL2"
for = 10
[[event]]
every = 5
times = 3
network = "refuses"
for = 6
[[event]]
at = 5
air = { latency = 4 }
for = 20
[[event]]
at = 10
air = { loss = 0.5 }
[[event]]
at = 5
platform = { delay = 2 }
for = 20
[[event]]
at = 10
platform = { delay = 3 }
[[event]]
at = 10
noise = { loss = 0.5 }
for = 5
[[event]]
at = 11
noise = { double = 0.1 }
"""
    async with PlayedScenario(text) as stage:
        it, radio = stage.it, stage.it.module.radio
        seen = []
        for _ in range(6):
            stage.clock.advance(5)
            seen.append(
                (radio.coverage, radio.refusing, it.air.faults.latency, it.misbehaviour.faults)
            )
        slow, slower = PlatformFaults(delay=2), PlatformFaults(delay=3)
        assert seen == [
            (Coverage.ECL0, True, 4, slow),
            (Coverage.OUT, True, 4, slower),
            (Coverage.ECL2, True, 4, slower),
            (Coverage.ECL2, True, 4, slower),
            (Coverage.ECL0, False, 0.001, slower),
            (Coverage.ECL0, False, 0.001, slower),
        ]
        assert it.air.faults.loss == 0.5
        assert it.line.faults.rates == (Rates(double=0.1),) * 2


@realtime
async def test_answer_error_affects_the_first_commands_only() -> None:
    async with PlayedScenario('[[event]]\non = "AT+CSQ"\nanswer = "ERROR"\ntimes = 2\n') as stage:
        with Host(stage.it.port) as host:
            for _ in range(2):
                host.send("AT+CSQ")
                await host.until("\r\nERROR\r\n")
            assert "+CSQ" in await host.command("AT+CSQ")
        assert stage.play.report().endswith('line 1: answer "ERROR": 2 times')
        assert "3 command lines were received." in stage.play.report()


@realtime
async def test_first_matching_answer_event_applies() -> None:
    text = """
[[event]]
on = "AT+CSQ"
answer = "ERROR"
times = 1
[[event]]
on = "AT"
answer = "never"
"""
    async with PlayedScenario(text) as stage:
        with Host(stage.it.port) as host:
            host.send("AT+CSQ")
            assert await host.until("\r\nERROR\r\n") == "\r\nERROR\r\n"
            assert stage.play.counts == [1, 0]


@realtime
async def test_restart_after_a_command_limited_by_times() -> None:
    text = '[[event]]\non = "AT+CSQ"\nafter = 0.5\nrestart = "WATCHDOG"\ntimes = 1\n'
    async with PlayedScenario(text) as stage:
        with Host(stage.it.port) as host:
            await host.command("AT+CSQ")
            await host.command("AT+CSQ")
            stage.clock.advance(5)
            assert "REBOOT_CAUSE_APPLICATION_WATCHDOG" in await host.until("M5310\r\nOK\r\n")
            await host.command("AT+CSQ")
            stage.clock.advance(5)
            assert stage.play.counts == [1]


@realtime
async def test_repeated_cloud_requests_log_their_failure() -> None:
    text = '[[event]]\nevery = 10\nfirst = 5\nread = "/3303/0/5700"\ntimes = 2\n'
    async with PlayedScenario(text) as stage:
        stage.clock.advance(60)
        refused = 'read "/3303/0/5700": device not online: 500000001'
        assert [text for text in stage.texts if "online" in text] == [
            f"5.000  {refused}",
            f"15.000  {refused}",
        ]


@realtime
async def test_cloud_request_without_device_is_logged() -> None:
    async with PlayedScenario('[[event]]\nat = 1\nread = "/3"\n', device=False) as stage:
        stage.clock.advance(1)
        assert stage.texts[-1].endswith('read "/3": the cloud has no device for this module')


@realtime
async def test_answer_of_the_device_is_logged() -> None:
    text = '[[event]]\non = "AT+CCLK"\nread = "/3303/0/5700"\n'
    play: Play
    async with Emulator(baud=None, latency=0.001, http=None) as it:
        play = Play(it, read(text))
        play.start()
        with Host(it.port) as host:
            await log_in(host, it)
            await host.command("AT+CCLK?")
            # The read that ends the subscription may come before.
            lines = await host.until(",3303,0,5700\r\n")
            msgid = lines.rpartition("+MIPLREAD:0,")[2].partition(",")[0]
            await host.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"20.125",1')
            while "20.125" not in play.report():
                await host.command("AT")
        play.stop()
    assert 'read "/3303/0/5700": /3303/0/5700 = 20.125' in play.report()


@realtime
async def test_cable_returns_unless_the_link_is_taken(tmp_path: Path) -> None:
    text = '[[event]]\nevery = 10\ncable = "unplugged"\nfor = 5\n'
    link = tmp_path / "m5310"
    async with PlayedScenario(text, link=link) as stage:
        stage.clock.advance(10)
        assert not link.is_symlink()
        stage.clock.advance(5)
        assert link.is_symlink()
        stage.clock.advance(5)
        link.write_text("mine")
        stage.clock.advance(5)
        assert "failed: " in stage.texts[-1]
    assert link.read_text() == "mine"


@realtime
async def test_byte_faults_apply_at_their_positions() -> None:
    text = """
[[event]]
at = 0
to_host = { inject = "noise" }
[[event]]
at = 0
to_host = { lose = 1, after = 2 }
[[event]]
at = 0
to_host = { double = 1, after = 3 }
[[event]]
at = 0
to_host = { corrupt = 1, after = 5 }
[[event]]
at = 0
to_module = { delay = 2 }
"""
    async with PlayedScenario(text) as stage:
        stage.clock.advance(0)
        with Host(stage.it.port) as host:
            host.send("AT")
            stage.clock.advance(1)
            assert host.seen == b""
            stage.clock.advance(1)
            received = await host.until("\r")
            assert received == "noise\r"
            assert (await host.until("KK")) == "\nKK"


@realtime
async def test_byte_fault_on_command_affects_its_answer() -> None:
    text = """
[[event]]
on = "AT+CSQ"
to_host = { lose = 3, after = 2 }
times = 1
[[event]]
on = "AT+CSQ"
to_module = { lose = 1 }
times = 1
"""
    async with PlayedScenario(text) as stage:
        with Host(stage.it.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
            assert await host.command("AT+CSQ") == "\r\nQ:28,99\r\n\r\nOK\r\n"
            assert await host.command(" AT+CSQ") == "\r\n+CSQ:28,99\r\n\r\nOK\r\n"
    assert stage.play.counts == [1, 1]


@realtime
async def test_urc_is_inserted_into_the_answer() -> None:
    text = """
[[event]]
on = "AT+CSQ"
urc = "+CEREG:1"
place = "between"
times = 1
[[event]]
on = "AT+CSQ"
urc = "+CEREG:2"
place = "inside"
split = 3
"""
    async with PlayedScenario(text) as stage:
        with Host(stage.it.port) as host:
            host.send("AT+CSQ")
            stage.clock.advance(0)
            received = await host.until("\r\nOK\r\n")
            assert received == "\r\n+CSQ:28,99\r\n\r\n+CEREG:1\r\n\r\nOK\r\n"
            host.send("AT+CSQ")
            stage.clock.advance(2)
            assert await host.until("+CER") == "\r\n+CSQ:\r\n+CER"
            stage.clock.advance(1)
            assert await host.until("\r\nOK\r\n") == "EG:2\r\n28,99\r\n\r\nOK\r\n"
        assert stage.play.counts == [1, 1]


@realtime
async def test_extra_bytes_on_an_idle_line() -> None:
    text = """
[[event]]
at = 1
bytes = "00FF"
[[event]]
at = 2
urc = "+NPSMR:1"
split = 4
[[event]]
on = "AT"
after = 0.5
urc = "+CSCON:1"
"""
    async with PlayedScenario(text) as stage:
        with Host(stage.it.port) as host:
            stage.clock.advance(5)
            while len(host.seen) < 8:
                await host.more()
            assert host.seen == b"\0\xff\r\n+NPS"
            stage.clock.advance(1)
            host.seen = host.seen[2:]
            assert await host.until("R:1\r\n") == "\r\n+NPSMR:1\r\n"
            assert await host.command("AT") == "\r\nOK\r\n"
            stage.clock.advance(0.5)
            assert await host.until(":1\r\n") == "\r\n+CSCON:1\r\n"


@realtime
async def test_events_of_several_modules_share_one_beginning() -> None:
    text = """
begin = "first command"
[[event]]
on = "AT"
module = 2
answer = "ERROR"
[[event]]
at = 1
module = 2
sim = "MISSING"
[[event]]
at = 1
module = 2
read = "/3"
"""
    clock = VirtualClock()
    it = Emulator(baud=None, http=None, clock=clock, modules=2)
    play = Play(it, read(text, modules=2))
    async with it:
        play.start()
        first, second = it.boards
        with Host(first.line.port) as one, Host(second.line.port) as two:
            assert await one.command("AT") == "\r\nOK\r\n"
            two.send("AT")
            assert await two.until("ERROR\r\n") == "\r\nERROR\r\n"
        clock.advance(1)
        assert (first.module.sim, second.module.sim) == (Sim.READY, Sim.MISSING)
        play.stop()
    report = play.report()
    assert "2 command lines were received." in report
    assert 'line 3: #2 answer "ERROR": once' in report
    assert '#2 read "/3": device not online: 500000002' in report


@realtime
async def test_begin_with_first_command_and_end() -> None:
    text = """
begin = "first command"
ends = 30
[[event]]
at = 10
restart = "RESET_PIN"
[[event]]
at = 40
restart = "RESET_PIN"
"""
    async with PlayedScenario(text) as stage:
        stage.clock.advance(100)
        assert stage.play.counts == [0, 0]
        with Host(stage.it.port) as host:
            await host.command("AT")
        stage.clock.advance(29)
        assert stage.play.counts == [1, 0]
        assert stage.texts == ['10.000  restart "RESET_PIN"']
        assert not stage.ended
        stage.clock.advance(100)
        assert stage.ended
        report = stage.play.report().splitlines()
        assert report[0] == "The scenario: what happened, in seconds"
        assert report[-2:] == [
            'line 4: restart "RESET_PIN": once',
            'line 7: restart "RESET_PIN": never',
        ]


@realtime
async def test_end_without_callback() -> None:
    clock = VirtualClock()
    async with Emulator(http=None, clock=clock) as it:
        play = Play(it, read('ends = 1\n[[event]]\nat = 2\nread = "/3"\n'))
        play.start()
        clock.advance(3)
        assert play.counts == [0]


@realtime
async def test_long_log_is_shortened_but_counted_in_full() -> None:
    async with PlayedScenario('[[event]]\nevery = 1\nread = "/3"\n', device=False) as stage:
        stage.clock.advance(2000)
        report = stage.play.report()
        assert 'read "/3": 2000 times' in report
        assert "only the latest 1000 are shown" in report


@realtime
@pytest.mark.parametrize("clock", [VirtualClock(), LoopClock(speed=50)], ids=["virtual", "real"])
async def test_same_log_on_virtual_and_real_clock(clock: Clock) -> None:
    text = """
ends = 4
[[event]]
at = 1
restart = "WATCHDOG"
[[event]]
every = 1.5
read = "/3303"
"""
    async with Emulator(baud=None, http=None, clock=clock) as it:
        play = Play(it, read(text), on_end=it.ended.set)
        play.start()
        if isinstance(clock, VirtualClock):
            clock.advance(10)
        await it.ended.wait()
    asked = ['read "/3303"', 'read "/3303": device not online: 500000001']
    assert [entry.text for entry in play.log] == ['restart "WATCHDOG"', *asked, *asked]


@realtime
async def test_faults_of_the_suite_modules() -> None:
    text = """
[[event]]
on = "AT+MIPL*"              # no OneNET in the firmware
answer = "ERROR"
times = 2
[[event]]
on = "AT+MIPLADDOBJ"
answer = "ERROR"
cis = 652
times = 1
[[event]]
on = "AT+CSQ"
login = "removed"
[[event]]
on = "AT+CFUN?"
uplink = "busy"
for = 5
"""
    report = "AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0"
    add = 'AT+MIPLADDOBJ=0,3303,1,"1",1,0'

    async with PlayedScenario(text, module="m5310a") as stage:
        with Host(stage.it.port) as host:

            async def refused(line: str, final: str) -> None:
                host.send(line)
                assert await host.until(f"\r\n{final}\r\n") == f"\r\n{final}\r\n"

            await refused("AT+MIPLCREATE", "ERROR")
            await refused("AT+MIPLCREATE", "ERROR")
            assert "+MIPLCREATE:0" in await host.command("AT+MIPLCREATE")
            await refused(add, "+CIS ERROR:652")
            await host.command(add)
            await host.command("AT+MIPLOPEN=0,300,30")
            stage.clock.advance(5)
            await host.until(",3,0,-1,0\r\n")
            await host.command("AT+CFUN?")
            stage.clock.advance(1)
            await refused(report, "+CIS ERROR:652")
            stage.clock.advance(5)
            await host.command(report)
            await host.command("AT+CSQ")
            stage.clock.advance(1)
            await host.until("+MIPLEVENT:0,31\r\n")
            await refused("AT+MIPLUPDATE=0,300,0", "+CIS ERROR:602")


@realtime
async def test_update_of_the_hosts_program() -> None:
    text = """
[[event]]
on = "AT+CSQ"
update = "2.0"
size = 3
[[event]]
on = "AT+CFUN?"
update = "3.0"
"""
    async with PlayedScenario(text, module="m5310a") as stage:
        with Host(stage.it.port) as host:

            async def answer(request: str, answer: str) -> None:
                stage.clock.advance(1)
                line = await host.until(f",{request}\r\n")
                await host.command(answer.format(line.split(",")[1]))

            await host.command("AT+MIPLCREATE")
            await host.command('AT+MIPLSOTAVER="1.0"')
            await host.command("AT+MIPLOPEN=0,300,30")
            stage.clock.advance(5)
            await host.until(",3,0,-1,0\r\n")
            await host.command("AT+CSQ")
            await host.command("AT+CFUN?")
            await answer('5,0,26550,0,""', "AT+MIPLEXECUTERSP=0,{},2")
            await answer("3,0,26261", "AT+MIPLREADRSP=0,{},1,3,0,26261,3,3,256,0,0")
            await answer("3,0,19", 'AT+MIPLREADRSP=0,{},1,3,0,19,1,3,"2.0",0,0')
            await answer("5,0,0,2,0,,0", "AT+MIPLWRITERSP=0,{},2")
            stage.clock.advance(1)
    ended = [entry.text for entry in stage.play.log]
    assert 'update "2.0": done' in ended
    assert any(text.startswith('update "3.0": an update of device') for text in ended)


@realtime
async def test_update_of_the_module_as_the_manual_of_the_mn316_has_it() -> None:
    """Its own firmware (FOTA): events, a restart, and events after it (China Mobile's manual)."""
    text = """
[[event]]
at = 10
urc = "+MIPLEVENT: 0,40"
[[event]]
at = 11
urc = "+MIPLEVENT: 0,51,30967,1024"
[[event]]
at = 20
urc = "+MIPLEVENT: 0,42"
[[event]]
at = 21
urc = "+MIPLEVENT: 0,43"
[[event]]
at = 22
restart = "COMMAND"
[[event]]
at = 40
urc = "+MIPLEVENT: 0,44"
[[event]]
on = "AT+MIPLOPEN"
after = 3
urc = "+MIPLEVENT: 0,46"
"""
    async with PlayedScenario(text, module="mn316") as stage:
        with Host(stage.it.port) as host:
            for seconds, line in (
                *((10, "0,40"), (1, "0,51,30967,1024"), (9, "0,42"), (1, "0,43"), (20, "0,44")),
            ):
                stage.clock.advance(seconds)
                seen = await host.until(f"\r\n+MIPLEVENT: {line}\r\n")
                assert ("+MATREADY" in seen) is (line == "0,44")
            await host.command("AT+MIPLCREATE")
            await host.command("AT+MIPLOPEN=0,300,30")
            stage.clock.advance(4)
            await host.until("\r\n+MIPLEVENT: 0,6\r\n")
            await host.until("\r\n+MIPLEVENT: 0,46\r\n")
