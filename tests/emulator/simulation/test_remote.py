"""Emulator in another thread: proxies, values, errors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from emulator import Coverage, Emulator, VirtualClock, within
from emulator.line.faults import Fault
from emulator.module.module import Cause
from tests.support.programs import Program

pytestmark = pytest.mark.realtime


@pytest.fixture
def it() -> Iterator[Emulator]:
    with Emulator(baud=None, http=None, clock=VirtualClock(), latency=0) as it:
        yield it


def test_blocking_host(it: Emulator) -> None:
    with Program(it.port) as program:
        program.command("AT")
        program.port.write(b"AT+CGSN=1\r")
        assert program.until("+CGSN:") == f"+CGSN:{it.imei}"


def test_changes_take_effect_at_once(it: Emulator) -> None:
    with Program(it.port) as program:
        program.command("AT+CEREG=1")
        it.module.radio.coverage = Coverage.OUT
        assert it.module.radio.coverage is Coverage.OUT
        assert program.until("+CEREG:") == "+CEREG:2"
        it.module.radio.coverage = Coverage.ECL0
        it.clock.advance(10)  # type: ignore[attr-defined]
        assert program.until("+CEREG:") == "+CEREG:1"


def test_faults_planned_through_the_proxy(it: Emulator) -> None:
    it.line.faults.to_module.lose(3)
    with Program(it.port) as program:
        program.port.write(b"AT\r")
        within(it, lambda own: own.line._poll())
        program.command("AT")
    assert it.line.faults.to_module.met[Fault.LOSS] == 3


def test_methods_run_in_the_emulators_thread(it: Emulator) -> None:
    def thread_of(_own: Emulator) -> threading.Thread:
        return threading.current_thread()

    assert within(it, thread_of).name == "the emulator's thread"
    with Program(it.port) as program:
        it.module.power_cycle(Cause.WATCHDOG, it.now())
        it.clock.advance(10)  # type: ignore[attr-defined]
        program.until("REBOOT_CAUSE_APPLICATION_WATCHDOG")


def test_clock_moved_in_another_thread_raises() -> None:
    clock = VirtualClock()
    clock.advance(1)  # not used by an emulator yet
    with Emulator(baud=None, http=None, clock=clock) as it:
        with pytest.raises(RuntimeError, match="in another thread than the emulator"):
            clock.advance(1)
        with pytest.raises(RuntimeError, match="in another thread than the emulator"):
            clock.advance_to_next()
        before = it.now()
        it.clock.advance(1)  # type: ignore[attr-defined]
        assert it.now() == before + 1


def test_within_accepts_the_part_itself() -> None:
    assert within(7, lambda number: number + 1) == 8


def test_nested_parts_are_proxies_values_are_not(it: Emulator) -> None:
    assert repr(it.boards[0].module).startswith("<remote <emulator.module.module.Module")
    assert repr(it.module.identity).startswith("Identity(")
    assert it.boards[0].module == it.module
    assert it.module != it.line
    assert it.module != "module"
    assert len({it.module, it.boards[0].module}) == 1
    assert {"port", "module", "close"} <= set(dir(it))
    assert not [name for name in dir(it) if name.startswith("_")]


def test_private_names_and_identity(it: Emulator) -> None:
    with pytest.raises(AttributeError, match="'_turns' is private"):
        it._turns  # noqa: B018
    with pytest.raises(AttributeError, match="nonsense"):
        it.nonsense  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ValueError, match="baud -1: expected"):
        it.line.baud = -1


def test_async_method_blocks_until_done() -> None:
    with Emulator(baud=None, http=None) as it:
        port = it.port
        it.close()  # type: ignore[unused-coroutine]
        assert not os.path.exists(port)  # it is closed by now, not some time later


def test_failed_start_leaves_no_thread() -> None:
    with Emulator(baud=None) as first:
        second = Emulator(baud=None, http=str(first.http_url).removeprefix("http://"))
        with pytest.raises(OSError, match="Address already in use"), second:
            pass


def test_use_after_close_raises() -> None:
    with Emulator(baud=None, http=None) as it:
        pass
    with pytest.raises(RuntimeError, match="is not running: use it inside its `with`"):
        it.port  # noqa: B018
