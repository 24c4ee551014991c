"""Ctrl-C at each instant of a blocking call: both sides agree afterwards, and nothing is left.

The interrupt is raised at each point of `m5310.nbiot` where Python looks for signals: at the start
of a function, after a call and at the end of a loop's round. Then the event loop has either not
begun the work ("early"), or ended it ("late").
"""

from __future__ import annotations

import concurrent.futures
import opcode
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from m5310 import (
    NBIOT_INTEGER,
    NBIOT_READABLE,
    NBIOT_UPDATED,
    NBIOT_WRITABLE,
    DeviceState,
    NbiotDevice,
    NbiotValue,
    NotFound,
    nbiot_device_close,
    nbiot_device_connect,
    nbiot_device_destroy,
    nbiot_device_step,
    nbiot_resource_add,
    nbiot_resource_del,
)
from m5310.nbiot import device, loop_thread, values
from m5310.nbiot.loop_thread import LoopThread
from tests.support.scripted_port import ScriptedPort, stepped_until

FILES = {module.__file__ for module in (device, loop_thread, values)}


class Interrupt:
    """A trace function that raises KeyboardInterrupt at one of the points, counted from 1."""

    def __init__(self, at: int, *, late: bool) -> None:
        self.left = at
        self.late = late
        self.begins = threading.Event()  # the loop may begin the work
        self.loop: LoopThread | None = None
        self.call: Any = None
        self.previous: dict[FrameType, str] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        if frame.f_code.co_name == "wait_for":
            self.begins.set()  # else it would wait for ever
        if frame.f_code.co_filename not in FILES:
            return None
        frame.f_trace_opcodes = True
        if frame.f_code is LoopThread.run.__code__:
            if self.loop is None and frame.f_locals["self"]._loop is not None:
                self.loop = frame.f_locals["self"]
                if not self.late:
                    self.loop._call_soon(self.begins.wait, 10)
            self.call = frame.f_locals.get("call", self.call)
        if event == "opcode":
            previous = self.previous.get(frame, "RESUME")
            self.previous[frame] = opcode.opname[frame.f_code.co_code[frame.f_lasti]]
            if previous.startswith(("RESUME", "CALL", "JUMP_BACKWARD")):
                self.left -= 1
                if self.left == 0:
                    self.interrupt()
        return self

    def interrupt(self) -> None:
        sys.settrace(None)
        self.begins.set()
        if self.late and self.loop is not None:
            self.settle(self.loop)
        raise KeyboardInterrupt

    def settle(self, loop: LoopThread) -> None:
        """Wait for the end of the work, unless it needs the lock that this thread holds."""
        if loop._lock._is_owned() or not loop._thread.is_alive():  # type: ignore[attr-defined]
            return
        begun = threading.Event()
        loop._call_soon(begun.set)
        assert begun.wait(10)
        if self.call is not None and self.call.task is not None:
            concurrent.futures.wait([self.call.done], 0.05)  # it may wait for this thread


def interrupted(call: Callable[[], object], at: int, *, late: bool) -> bool:
    """Whether the call was interrupted: it has so many points."""
    tracer, interrupt = sys.gettrace(), Interrupt(at, late=late)
    sys.settrace(interrupt)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(tracer)
    return False


@pytest.fixture(params=["early", "late"])
def interrupt(request: pytest.FixtureRequest) -> Callable[[Callable[[], object], int], bool]:
    return lambda call, at: interrupted(call, at, late=request.param == "late")


Interrupting = Callable[[Callable[[], object], int], bool]


def added(port: ScriptedPort) -> tuple[NbiotDevice, NbiotValue]:
    dev = port.device(None, None, None)
    value = NbiotValue(NBIOT_INTEGER, 1, NBIOT_READABLE | NBIOT_WRITABLE)
    nbiot_resource_add(dev, 3303, 0, 5700, value)
    return dev, value


def read(port: ScriptedPort, dev: NbiotDevice) -> str:
    """What the module is given when the platform reads the object instance."""
    port.send("+MIPLREAD:0,10003,3303,0,-1")
    stepped_until(dev, lambda: "MIPLREAD" in port.sent[-1])
    return port.sent[-1]


def points(port: ScriptedPort) -> Iterator[int]:
    """1, 2, ... until the test ends the loop; the devices of each round are destroyed."""
    for at in range(1, 2000):
        yield at
        while port.devices:
            nbiot_device_destroy(port.devices.pop())
        port.ports.clear()
    raise AssertionError("the call has no end")


def test_add_can_be_repeated(port: ScriptedPort, interrupt: Interrupting) -> None:
    for at in points(port):
        dev = port.device()
        value = NbiotValue(NBIOT_INTEGER, 1)
        add = lambda: nbiot_resource_add(dev, 3303, 0, 5700, value)  # noqa: B023, E731
        was = interrupt(add, at)
        add()
        add()
        assert set(dev._values) == set(dev._device.resources)
        nbiot_device_connect(dev, 60)
        assert read(port, dev) == 'AT+MIPLREAD=0,10003,3303,0,5700,3,"1",1'
        if not was:
            break


def test_removed_resource_can_be_added(port: ScriptedPort, interrupt: Interrupting) -> None:
    for at in points(port):
        dev, value = added(port)
        was = interrupt(lambda: nbiot_resource_del(dev, 3303, 0, 5700), at)  # noqa: B023
        nbiot_resource_add(dev, 3303, 0, 5700, value)  # no effect if it was not removed
        nbiot_device_connect(dev, 60)
        assert read(port, dev) == 'AT+MIPLREAD=0,10003,3303,0,5700,3,"1",1'
        nbiot_resource_del(dev, 3303, 0, 5700)
        with pytest.raises(NotFound):
            nbiot_resource_del(dev, 3303, 0, 5700)
        if not was:
            break


def test_next_call_begins_when_the_interrupted_one_has_ended(port: ScriptedPort) -> None:
    dev, value = added(port)

    def interrupt(_: str) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    port.rules["AT+MIPLDELOBJ"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        nbiot_resource_del(dev, 3303, 0, 5700)
    port.send("OK")
    nbiot_resource_add(dev, 3303, 0, 5700, value)
    nbiot_device_connect(dev, 60)
    assert read(port, dev) == 'AT+MIPLREAD=0,10003,3303,0,5700,3,"1",1'


@pytest.mark.parametrize("call", [nbiot_device_connect, nbiot_device_close])
def test_logged_out_and_deleted_after_login_or_logout(
    port: ScriptedPort, interrupt: Interrupting, call: Callable[[NbiotDevice, float], None]
) -> None:
    for at in points(port):
        dev, _ = added(port)
        if call is nbiot_device_close:
            nbiot_device_connect(dev, 60)
        was = interrupt(lambda: call(dev, 60), at)  # noqa: B023
        nbiot_device_destroy(dev)
        assert dev.state is DeviceState.DESTROYED
        assert port.sent[-1] == "AT+MIPLDEL=0"
        assert port.ports[-1].closed == 1
        opened = [line for line in port.sent if line.startswith("AT+MIPLOPEN")]
        closed = [line for line in port.sent if line.startswith("AT+MIPLCLOSE")]
        assert len(closed) >= len(opened)
        if not was:
            break


def test_create_leaves_nothing(port: ScriptedPort, interrupt: Interrupting) -> None:
    threads = threading.active_count()
    for at in points(port):
        if not interrupt(port.device, at):
            break
        assert threading.active_count() == threads
        assert all(each.closed == 1 for each in port.ports)


def test_destroy_leaves_nothing(port: ScriptedPort, interrupt: Interrupting) -> None:
    threads = threading.active_count()
    for at in points(port):
        dev, _ = added(port)
        was = interrupt(lambda: nbiot_device_destroy(dev), at)  # noqa: B023
        nbiot_device_destroy(dev)  # at the first points it had not begun
        assert dev.state is DeviceState.DESTROYED
        assert port.ports[-1].closed == 1
        assert threading.active_count() == threads
        if not was:
            break


def test_flagged_value_is_reported(port: ScriptedPort, interrupt: Interrupting) -> None:
    for at in points(port):
        dev, value = added(port)
        nbiot_device_connect(dev, 60)
        value.value = 7
        value.flag |= NBIOT_UPDATED
        was = interrupt(lambda: nbiot_device_step(dev, 0), at)  # noqa: B023
        nbiot_device_step(dev, 0)
        assert 'AT+MIPLNOTIFY=0,3303,0,5700,3,"7",1' in port.sent
        assert not value.flag & NBIOT_UPDATED
        if not was:
            break


def test_value_is_what_the_platform_was_answered(
    port: ScriptedPort, interrupt: Interrupting
) -> None:
    for at in points(port):
        dev = port.device(lambda *_: None)
        value = NbiotValue(NBIOT_INTEGER, 1, NBIOT_READABLE | NBIOT_WRITABLE)
        nbiot_resource_add(dev, 3303, 0, 5700, value)
        nbiot_device_connect(dev, 60)
        port.send("+MIPLWRITE:0,10003,3303,0,5700,7")
        was = interrupt(lambda: stepped_until(dev, lambda: value.value == 7), at)  # noqa: B023
        stepped_until(dev, lambda: "MIPLWRITE" in port.sent[-1])
        assert port.sent[-1] == f"AT+MIPLWRITE=0,10003,{1 if value.value == 7 else 0}"
        if not was:
            break
