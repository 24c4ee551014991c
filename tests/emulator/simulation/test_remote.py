"""Emulator in another thread: proxies, values, errors."""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from emulator import Cloud, Coverage, Emulator, Sim, VirtualClock, within
from emulator.line.faults import Fault
from emulator.module.module import Cause
from emulator.onenet.api_faults import ApiFault
from tests.support.programs import Program

pytestmark = pytest.mark.realtime


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(baud=None, http=None, clock=VirtualClock(), latency=0) as emulator:
        yield emulator


def test_blocking_host(emulator: Emulator) -> None:
    with Program(emulator.port) as program:
        program.command("AT")
        program.port.write(b"AT+CGSN=1\r")
        assert program.until("+CGSN:") == f"+CGSN:{emulator.imei}"


def test_changes_take_effect_at_once(emulator: Emulator) -> None:
    with Program(emulator.port) as program:
        program.command("AT+CEREG=1")
        emulator.module.radio.coverage = Coverage.OUT
        assert emulator.module.radio.coverage is Coverage.OUT
        assert program.until("+CEREG:") == "+CEREG:2"
        emulator.module.radio.coverage = Coverage.ECL0
        emulator.clock.advance(10)  # type: ignore[attr-defined]
        assert program.until("+CEREG:") == "+CEREG:1"


def test_faults_planned_through_the_proxy(emulator: Emulator) -> None:
    emulator.line.faults.to_module.lose(3)
    with Program(emulator.port) as program:
        program.port.write(b"AT\r")
        within(emulator, lambda own: own.line._poll())
        program.command("AT")
    assert emulator.line.faults.to_module.met[Fault.LOSS] == 3


def test_calls_of_an_application_fail_as_often_as_was_set() -> None:
    with Emulator(baud=None) as emulator:
        emulator.platform.api_faults.fault = ApiFault(15, calls=2)
        url = f"{emulator.http_url}/devices/{emulator.device_id}"
        request = urllib.request.Request(url, headers={"api-key": emulator.api_key})
        errnos = []
        for _ in range(3):
            with urllib.request.urlopen(request) as answer:
                errnos.append(json.load(answer)["errno"])
        assert errnos == [15, 15, 0]


def test_methods_run_in_the_emulators_thread(emulator: Emulator) -> None:
    def thread_of(_own: Emulator) -> threading.Thread:
        return threading.current_thread()

    assert within(emulator, thread_of).name == "the emulator's thread"
    with Program(emulator.port) as program:
        emulator.module.power_cycle(Cause.WATCHDOG, emulator.now())
        emulator.clock.advance(10)  # type: ignore[attr-defined]
        program.until("REBOOT_CAUSE_APPLICATION_WATCHDOG")


def test_clock_moved_in_another_thread_raises() -> None:
    clock = VirtualClock()
    clock.advance(1)  # not used by an emulator yet
    with Emulator(baud=None, http=None, clock=clock) as emulator:
        with pytest.raises(RuntimeError, match="in another thread than the emulator"):
            clock.advance(1)
        with pytest.raises(RuntimeError, match="in another thread than the emulator"):
            clock.advance_to_next()
        before = emulator.now()
        emulator.clock.advance(1)  # type: ignore[attr-defined]
        assert emulator.now() == before + 1


def test_within_accepts_the_part_itself() -> None:
    assert within(7, lambda number: number + 1) == 8


def test_nested_parts_are_proxies_values_are_not(emulator: Emulator) -> None:
    assert repr(emulator.boards[0].module).startswith("<emulator.module.module.Module")
    assert repr(emulator.module.identity).startswith("Identity(")
    assert emulator.boards[0].module == emulator.module
    assert emulator.module != emulator.line
    assert emulator.module != "module"
    assert len({emulator.module, emulator.boards[0].module}) == 1
    assert {"port", "module", "close"} <= set(dir(emulator))
    assert not [name for name in dir(emulator) if name.startswith("_")]


def test_repr_names_port_imei_and_login(emulator: Emulator) -> None:
    shown = f"<Emulator: port {emulator.port}, imei {emulator.imei}, "
    assert repr(emulator) == f"{shown}not online>"
    with Program(emulator.port) as program:
        program.log_in(emulator)
    assert repr(emulator) == f"{shown}online>"
    within(emulator, lambda own: emulator.__repr__())  # in its own thread


def test_repr_at_any_time() -> None:
    it = Emulator(baud=None, http=None, modules=3, imei="7")
    assert repr(it) == "<Emulator: port not open, imei 7, not online, and 2 more>"
    with it as emulator:
        port = emulator.port
        cloud = Cloud(emulator)
        assert repr(cloud) == "<Cloud: imei 7, not online>"
    shown = f"<Emulator: port {port}, imei 7, not online, and 2 more>"
    assert (repr(it), repr(emulator)) == (shown, shown)
    assert repr(cloud) == "<Cloud: imei 7, the emulator is closed>"


def test_private_names_and_identity(emulator: Emulator) -> None:
    with pytest.raises(AttributeError, match="'_turns' is private"):
        emulator._turns  # noqa: B018
    with pytest.raises(AttributeError, match="nonsense"):
        emulator.nonsense  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ValueError, match="baud -1: expected"):
        emulator.line.baud = -1


def test_place_is_set_by_enum_or_name(emulator: Emulator) -> None:
    radio = emulator.module.radio
    radio.coverage = "OUT"
    assert radio.coverage is Coverage.OUT
    with Program(emulator.port) as program:
        program.port.write(b"AT+CSQ\r")
        assert program.until("+CSQ:") == "+CSQ:99,99"
    radio.coverage = Coverage.ECL0
    emulator.module.sim = "MISSING"
    assert radio.sim is Sim.MISSING
    radio.sim = Sim.READY
    emulator.module.power_cycle("WATCHDOG", emulator.now())


def test_value_that_means_nothing_is_refused(emulator: Emulator) -> None:
    radio = emulator.module.radio
    known = "expected a member of Coverage or its name: ECL0, ECL1, ECL2, OUT"
    for wrong in ("out", "ECL3", 1, None, Sim.READY):
        with pytest.raises(ValueError, match=known):
            radio.coverage = wrong  # type: ignore[assignment]
    with pytest.raises(ValueError, match="'GONE': expected a member of Sim or its name: READY"):
        emulator.module.sim = "GONE"
    with pytest.raises(ValueError, match="'KICK': expected a member of Cause or its name"):
        emulator.module.power_cycle("KICK", emulator.now())
    with pytest.raises(ValueError, match="loss 2: expected a share from 0 to 1"):
        emulator.air.faults.loss = 2
    with pytest.raises(ValueError, match="latency -1: expected a number of seconds"):
        emulator.air.faults.latency = -1
    with pytest.raises(TypeError, match=r"expected such as PlatformFaults\(silent=True\)"):
        emulator.misbehaviour.faults = {"silent": True}  # type: ignore[assignment]
    with pytest.raises(ValueError, match="errno 5117: expected one of this year: 0, 1"):
        emulator.platform.api_faults.fault = ApiFault(5117)
    assert (radio.coverage, radio.sim) == (Coverage.ECL0, Sim.READY)
    assert emulator.module.power_cycle("UNKNOWN", emulator.now()) is None  # type: ignore[func-returns-value]


def test_attribute_that_is_not_there_cannot_be_set(emulator: Emulator) -> None:
    radio = emulator.module.radio
    with pytest.raises(AttributeError, match=r"Radio has no attribute 'coverge', .* coverage, "):
        radio.coverge = Coverage.OUT  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="Radio has no attribute '_sim'"):
        radio._sim = Sim.MISSING


def test_async_method_blocks_until_done() -> None:
    with Emulator(baud=None, http=None) as emulator:
        port = emulator.port
        emulator.close()  # type: ignore[unused-coroutine]
        assert not os.path.exists(port)  # closed already


def test_failed_start_leaves_no_thread() -> None:
    with Emulator(baud=None) as first:
        second = Emulator(baud=None, http=str(first.http_url).removeprefix("http://"))
        with pytest.raises(OSError, match="Address already in use"), second:
            pass


def test_use_after_close_raises() -> None:
    with Emulator(baud=None, http=None) as emulator:
        pass
    with pytest.raises(
        RuntimeError, match="is not running in this process: use it inside its `with`"
    ):
        emulator.port  # noqa: B018
