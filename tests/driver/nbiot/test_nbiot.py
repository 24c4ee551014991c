"""The C kit's functions: synchronous, callbacks in the caller's thread, errors as exceptions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from m5310 import (
    NBIOT_BOOLEAN,
    NBIOT_EXECUTABLE,
    NBIOT_FLOAT,
    NBIOT_INTEGER,
    NBIOT_READABLE,
    NBIOT_STRING,
    NBIOT_UPDATED,
    NBIOT_WRITABLE,
    Code,
    CommandError,
    DeviceState,
    NbiotDevice,
    NbiotValue,
    NotFound,
    ParameterError,
    PortError,
    RegistrationError,
    StateError,
    nbiot_device_close,
    nbiot_device_connect,
    nbiot_device_create,
    nbiot_device_destroy,
    nbiot_device_step,
    nbiot_device_sync,
    nbiot_resource_add,
    nbiot_resource_del,
)
from m5310.device import acknowledgements
from m5310.nbiot import device as nbiot_device
from m5310.nbiot.values import Write
from tests.support.patience import PATIENCE
from tests.support.scripted import Reply, platform
from tests.support.scripted_port import ENDPOINT, URI, ScriptedPort, stepped_until
from tests.support.suite_module import suite

T = TypeVar("T")


def test_program_of_the_c_kit(port: ScriptedPort) -> None:
    dev = port.device()
    temperature = NbiotValue(NBIOT_FLOAT, 21.5, NBIOT_READABLE)
    nbiot_resource_add(dev, 3303, 0, 5700, temperature)
    nbiot_device_connect(dev, 60)
    assert dev.state is DeviceState.REGISTERED
    temperature.value = 22.0
    nbiot_device_step(dev, 0)
    temperature.flag |= NBIOT_UPDATED
    nbiot_device_step(dev, 0)
    assert not temperature.flag & NBIOT_UPDATED
    nbiot_device_step(dev, 0)
    nbiot_resource_del(dev, 3303, 0, 5700)
    nbiot_device_close(dev, 10)
    nbiot_device_destroy(dev)
    assert port.sent[1].startswith("AT+MIPLCONF=71,000000002C010000")
    assert port.sent[2:] == [
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1',
        "AT+MIPLOPEN=0,60",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.0",1',
        "AT+MIPLDELOBJ=0,3303,0",
        "AT+MIPLUPDATE=0,300,1",
        "AT+MIPLCLOSE=0",
        "AT+MIPLDEL=0",
    ]
    with pytest.raises(StateError):
        nbiot_device_step(dev, 0)


def test_program_of_the_c_kit_on_another_module(port: ScriptedPort) -> None:
    port.rules.clear()
    port.rules.update(suite(CLOSE="ERROR"))
    dev = port.device()
    port.rules.update(suite())
    nbiot_resource_add(dev, 3303, 0, 5700, NbiotValue(NBIOT_FLOAT, 21.5, NBIOT_READABLE))
    nbiot_device_connect(dev, 60)
    nbiot_device_step(dev, 0.05)
    nbiot_device_close(dev, 10)
    nbiot_device_destroy(dev)
    assert port.sent[-7:] == [
        "AT+MIPLCONFIG=0,183.230.40.40,5683",
        "AT+MIPLCREATE",
        'AT+MIPLADDOBJ=0,3303,1,"1",1,0',
        "AT+MIPLOPEN=0,300,60",
        "AT+MIPLOBSERVERSP=0,70247,1",
        "AT+MIPLCLOSE=0",
        "AT+MIPLDELETE=0",
    ]


@pytest.mark.parametrize(
    ("options", "asked"),
    [({"module": "bc28"}, []), ({"dialect": "suite"}, ["ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR"])],
)
def test_program_of_the_c_kit_overrules_what_the_module_is(
    port: ScriptedPort, options: dict[str, str], asked: list[str]
) -> None:
    port.rules.clear()
    port.rules.update(suite() | {"ATI": "OK"})
    port.device(**options)
    created = ["AT+MIPLCONFIG=0,183.230.40.40,5683", "AT+MIPLCREATE"]
    assert port.sent[1:] == [*asked, *created]
    with pytest.raises(ParameterError, match="'bc99' is no module known here"):
        port.device(module="bc99")


def test_errors_carry_c_kit_codes(port: ScriptedPort) -> None:
    with pytest.raises(ParameterError) as bad:
        nbiot_device_create("/dev/ttyUSB0", "no endpoint", URI, 300, None, None, None)
    assert bad.value.code is Code.BADPARAM
    with pytest.raises(ParameterError) as bad:
        nbiot_device_create("/dev/ttyUSB0", ENDPOINT, "uri", 300, None, None, None)
    assert bad.value.code is Code.INVALID_URI
    assert port.ports == []
    dev = port.device()
    with pytest.raises(StateError) as early:
        nbiot_device_step(dev, 0)
    assert early.value.code is Code.NOT_REGISTER
    with pytest.raises(NotFound) as missing:
        nbiot_resource_del(dev, 1, 2, 3)
    assert missing.value.code is Code.NOT_FOUND
    with pytest.raises(ParameterError):
        nbiot_resource_add(dev, 1, 2, 3, NbiotValue(9, 1))  # type: ignore[arg-type]
    port.rules["AT+MIPLOPEN"] = ["OK", "+MIPLOPEN:0,0"]
    with pytest.raises(RegistrationError) as refused:
        nbiot_device_connect(dev, 60)
    assert refused.value.code is Code.REG_FAILED
    port.rules.update(platform())
    nbiot_device_connect(dev, 60)
    with pytest.raises(StateError) as twice:
        nbiot_device_connect(dev, 60)
    assert twice.value.code is Code.REGISTERED


def test_failed_create_leaves_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(PortError) as gone:
        nbiot_device_create("/dev/there-is-no-such-port", ENDPOINT, URI, 300, None, None, None)
    assert gone.value.code is Code.SOCKET
    assert threading.active_count() == before


# --- requests --------------------------------------------------------------------------------

RWX = NBIOT_READABLE | NBIOT_WRITABLE | NBIOT_EXECUTABLE


def connected(port: ScriptedPort, *callbacks: object) -> tuple[NbiotDevice, NbiotValue]:
    dev = port.device(*callbacks)
    value = NbiotValue(NBIOT_INTEGER, 1, RWX)
    nbiot_resource_add(dev, 3303, 0, 5700, value)
    nbiot_device_connect(dev, 60)
    return dev, value


def answered(port: ScriptedPort, start: str) -> Callable[[], bool]:
    return lambda: any(line.startswith(start) for line in port.sent)


def test_read_callback_may_change_value(port: ScriptedPort) -> None:
    seen = []

    def read(objid: int, instid: int, resid: int, value: NbiotValue) -> None:
        seen.append((objid, instid, resid, threading.get_ident()))
        value.value = 42

    dev, _ = connected(port, None, read)
    port.send("+MIPLREAD:0,10001,3303,0,5700")
    stepped_until(dev, answered(port, "AT+MIPLREAD"))
    assert port.sent[-1] == 'AT+MIPLREAD=0,10001,3303,0,5700,3,"42",1'
    assert seen == [(3303, 0, 5700, threading.get_ident())]


def test_requests_without_callbacks(port: ScriptedPort) -> None:
    dev, value = connected(port)
    value.value = 7  # not reported, but read
    port.send("+MIPLREAD:0,10001,3303,0,5700", "+MIPLWRITE:0,10002,3303,0,5700,8")
    port.send("+MIPLEXECUTE:0,10003,3303,0,5700")
    stepped_until(dev, answered(port, "AT+MIPLEXECUTE"))
    assert port.sent[-3:] == [
        'AT+MIPLREAD=0,10001,3303,0,5700,3,"7",1',
        "AT+MIPLWRITE=0,10002,1",
        "AT+MIPLEXECUTE=0,10003,0",
    ]
    assert value.value == 8


@pytest.mark.parametrize("refuse", [False, True])
def test_write_callback_may_refuse_new_value(port: ScriptedPort, refuse: bool) -> None:
    seen = []

    def write(objid: int, instid: int, resid: int, value: NbiotValue) -> None:
        seen.append(value.value)
        if refuse:
            raise ValueError("no")

    dev, value = connected(port, write)
    port.send("+MIPLWRITE:0,10002,3303,0,5700,8")
    stepped_until(dev, answered(port, "AT+MIPLWRITE"))
    assert port.sent[-1] == f"AT+MIPLWRITE=0,10002,{not refuse:d}"
    assert seen == [8]
    assert value.value == (1 if refuse else 8)


@pytest.mark.parametrize("accept", [True, False])
def test_write_callback_that_is_too_late_changes_nothing(
    port: ScriptedPort, monkeypatch: pytest.MonkeyPatch, accept: bool
) -> None:
    monkeypatch.setattr(nbiot_device, "ANSWER_WITHIN", 0.05)
    held = threading.Event()

    def write(objid: int, instid: int, resid: int, value: NbiotValue) -> None:
        assert value.value == 8
        while "AT+MIPLWRITE=0,10002,0" not in port.sent:
            held.wait(0.001)
        if not accept:
            raise ValueError("no")

    dev, value = connected(port, write)
    port.send("+MIPLWRITE:0,10002,3303,0,5700,8")
    stepped_until(dev, answered(port, "AT+MIPLWRITE"))
    assert port.sent[-1] == "AT+MIPLWRITE=0,10002,0"
    assert value.value == 1
    port.send("+MIPLREAD:0,10003,3303,0,5700")
    stepped_until(dev, answered(port, "AT+MIPLREAD"))
    assert port.sent[-1] == 'AT+MIPLREAD=0,10003,3303,0,5700,3,"1",1'


def test_write_that_is_refused_just_after_its_callback() -> None:
    holder = NbiotValue(NBIOT_INTEGER, 1)
    write = Write(holder, 8, lambda: None)
    write()
    assert holder.value == 8
    write.refuse()
    assert holder.value == 1
    late = Write(holder, 9, lambda: None)
    late.refuse()
    assert holder.value == 1


def test_execute_callback_may_call_nbiot_functions(port: ScriptedPort) -> None:
    def execute(objid: int, instid: int, resid: int, value: NbiotValue, args: bytes) -> None:
        value.value = int(args)
        value.flag |= NBIOT_UPDATED
        nbiot_device_sync(dev)
        assert not value.flag & NBIOT_UPDATED

    dev, _ = connected(port, None, None, execute)
    port.send("+MIPLEXECUTE:0,10003,3303,0,5700,99")
    stepped_until(dev, answered(port, "AT+MIPLEXECUTE"))
    assert port.sent[-2:] == [
        'AT+MIPLNOTIFY=0,3303,0,5700,3,"99",1',
        "AT+MIPLEXECUTE=0,10003,1",
    ]


def test_request_waits_for_next_step(port: ScriptedPort) -> None:
    calls = []
    dev, _ = connected(port, None, lambda *_: calls.append(threading.get_ident()))
    port.send("+MIPLREAD:0,10001,3303,0,5700")
    while not dev._loop._jobs:  # the request has arrived; no step runs
        assert calls == []
    stepped_until(dev, answered(port, "AT+MIPLREAD"))
    assert calls == [threading.get_ident()]


def test_callback_may_destroy_device(port: ScriptedPort) -> None:
    def execute(*_: object) -> None:
        nbiot_device_destroy(dev)

    dev, _ = connected(port, None, None, execute)
    port.send("+MIPLEXECUTE:0,10003,3303,0,5700")
    with pytest.raises(StateError):
        stepped_until(dev, lambda: False)
    assert dev.state is DeviceState.DESTROYED


# --- reports ---------------------------------------------------------------------------------


def test_flagged_values_are_reported_by_instance(port: ScriptedPort) -> None:
    dev = port.device()
    values = {
        ids: NbiotValue(kind, first, NBIOT_READABLE)
        for ids, kind, first in (
            ((3303, 0, 5700), NBIOT_FLOAT, 1),
            ((3304, 0, 5700), NBIOT_FLOAT, 1),
            ((3303, 0, 5701), NBIOT_STRING, "Cel"),
            ((3306, 0, 5850), NBIOT_BOOLEAN, False),
        )
    }
    for ids, value in values.items():
        nbiot_resource_add(dev, *ids, value)
    nbiot_device_connect(dev, 60)
    del port.sent[:]
    for ids in ((3303, 0, 5700), (3303, 0, 5701), (3306, 0, 5850)):
        values[ids].flag |= NBIOT_UPDATED
    nbiot_device_sync(dev)
    assert port.sent == [
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"1.0",0',
        'AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel",1',
        'AT+MIPLNOTIFY=0,3306,0,5850,5,"0",1',
    ]
    nbiot_device_sync(dev)
    assert len(port.sent) == 3


def test_flag_stays_until_report_is_accepted(port: ScriptedPort) -> None:
    dev = port.device()
    bad, good = (NbiotValue(NBIOT_FLOAT, 1, NBIOT_READABLE) for _ in range(2))
    nbiot_resource_add(dev, 3303, 0, 5700, bad)
    nbiot_resource_add(dev, 3304, 0, 5700, good)
    nbiot_device_connect(dev, 60)
    bad.flag |= NBIOT_UPDATED
    good.flag |= NBIOT_UPDATED
    bad.value = "warm"
    with pytest.raises(ParameterError, match="3303/0/5700"):
        nbiot_device_sync(dev)
    assert bad.flag & NBIOT_UPDATED
    assert not good.flag & NBIOT_UPDATED  # one bad value does not stop the others
    bad.value = 2
    nbiot_device_sync(dev)
    bad.value = 3
    bad.flag |= NBIOT_UPDATED
    port.rules["AT+MIPLNOTIFY"] = "ERROR"
    with pytest.raises(CommandError):
        nbiot_device_sync(dev)
    assert bad.flag & NBIOT_UPDATED
    del port.rules["AT+MIPLNOTIFY"]
    nbiot_device_sync(dev)
    assert not bad.flag & NBIOT_UPDATED


def test_value_flagged_during_report_is_reported_again(port: ScriptedPort) -> None:
    dev, value = connected(port)

    def change(_: str) -> Reply:
        value.value = 3
        value.flag |= NBIOT_UPDATED
        return "OK"

    value.value = 2
    value.flag |= NBIOT_UPDATED
    port.rules["AT+MIPLNOTIFY"] = change
    nbiot_device_sync(dev)
    assert value.flag & NBIOT_UPDATED
    del port.rules["AT+MIPLNOTIFY"]
    nbiot_device_sync(dev)
    assert port.sent[-1].endswith('"3",1')
    assert not value.flag & NBIOT_UPDATED


def test_ctrl_c_in_report_leaves_values_flagged(port: ScriptedPort) -> None:
    dev, value = connected(port)

    def interrupt(_: str) -> Reply:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return None

    value.flag |= NBIOT_UPDATED
    port.rules["AT+MIPLNOTIFY"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        nbiot_device_sync(dev)
    assert value.flag & NBIOT_UPDATED
    port.send("OK")


def test_acknowledgement_callback(port: ScriptedPort) -> None:
    acknowledged = []
    dev, value = connected(port, None, None, None, lambda *args: acknowledged.append(args))
    value.flag |= NBIOT_UPDATED
    nbiot_device_sync(dev)
    assert port.sent[-1] == 'AT+MIPLNOTIFY=0,3303,0,5700,3,"1",1,2'
    port.send("+MIPLNOTIFY:0,2")
    stepped_until(dev, lambda: acknowledged)
    assert acknowledged == [(3303, 0, 5700, value, 2)]


def test_acknowledgement_of_removed_resource_is_ignored(port: ScriptedPort) -> None:
    acknowledged = []
    dev, value = connected(port, None, None, None, lambda *args: acknowledged.append(args))
    value.flag |= NBIOT_UPDATED
    nbiot_device_sync(dev)
    nbiot_resource_del(dev, 3303, 0, 5700)
    port.send("+MIPLNOTIFY:0,2")
    stepped_until(dev, lambda: not dev._acknowledging)
    assert acknowledged == []


# --- loss, threads, interrupts, exit -------------------------------------------------------------


def test_values_flagged_while_port_is_lost_are_reported_later(port: ScriptedPort) -> None:
    acknowledged = []
    dev, value = connected(port, None, None, None, lambda *args: acknowledged.append(args[-1]))
    port.unplugged = True
    port.vanish()
    stepped_until(dev, lambda: dev.state is DeviceState.RESTORING)
    for number in (2, 3):
        value.value = number
        value.flag |= NBIOT_UPDATED
        nbiot_device_step(dev, 0)
        assert not value.flag & NBIOT_UPDATED  # the report is kept
    with pytest.raises(StateError) as pending:
        nbiot_device_connect(dev, 60)
    assert pending.value.code is Code.PENDING
    port.unplugged = False
    stepped_until(dev, lambda: any(line.endswith(',"3",1,3') for line in port.sent))
    assert port.sent[-2].endswith(',"2",1,2')
    port.send("+MIPLNOTIFY:0,2", "+MIPLNOTIFY:0,3")
    stepped_until(dev, lambda: not dev._acknowledging)
    assert acknowledged == [2, 3]
    assert dev.state is DeviceState.REGISTERED
    assert len(port.ports) == 2


def test_unrequested_logout_does_not_end_step(port: ScriptedPort) -> None:
    dev, value = connected(port)
    port.send("+MIPLCLOSE:0,1")
    stepped_until(dev, lambda: sum("MIPLOPEN" in line for line in port.sent) == 2)
    value.flag |= NBIOT_UPDATED
    nbiot_device_step(dev, 0.01)
    assert dev.state is DeviceState.REGISTERED
    assert "AT+MIPLNOTIFY" in port.sent[-1]


def test_value_that_cannot_be_sent_does_not_end_step_at_once(port: ScriptedPort) -> None:
    """A program that catches the error and goes on must not spin."""
    dev, _ = connected(port)
    temperature = NbiotValue(NBIOT_FLOAT, 21.5)
    nbiot_device_close(dev, 10)
    nbiot_resource_add(dev, 3303, 0, 5701, temperature)
    nbiot_device_connect(dev, 60)
    temperature.value = float("nan")
    temperature.flag |= NBIOT_UPDATED
    port.send("+MIPLREAD:0,10001,3303,0,5700")
    begun = time.monotonic()
    with pytest.raises(ParameterError, match="finite"):
        nbiot_device_step(dev, 0.1)
    assert time.monotonic() - begun >= 0.1
    assert 'AT+MIPLREAD=0,10001,3303,0,5700,3,"1",1' in port.sent
    temperature.value = 22.0
    nbiot_device_step(dev, 0)
    assert port.sent[-1] == 'AT+MIPLNOTIFY=0,3303,0,5701,4,"22.0",1'


def test_value_of_two_resources_is_reported_for_both(port: ScriptedPort) -> None:
    dev, value = connected(port)
    nbiot_device_close(dev, 10)
    nbiot_resource_add(dev, 3303, 1, 5700, value)
    nbiot_device_connect(dev, 60)
    value.value = 5
    value.flag |= NBIOT_UPDATED
    nbiot_device_step(dev, 0)
    assert port.sent[-2:] == [
        'AT+MIPLNOTIFY=0,3303,0,5700,3,"5",1',
        'AT+MIPLNOTIFY=0,3303,1,5700,3,"5",1',
    ]


def test_step_raises_if_not_registered(port: ScriptedPort) -> None:
    dev, _ = connected(port)
    nbiot_device_close(dev, 30)
    with pytest.raises(StateError) as ended:
        nbiot_device_step(dev, 1000)
    assert ended.value.code is Code.NOT_REGISTER


def test_destroy_after_ctrl_c_in_step(port: ScriptedPort) -> None:
    def execute(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    dev, _ = connected(port, None, None, execute)
    port.send("+MIPLEXECUTE:0,10003,3303,0,5700")
    with pytest.raises(KeyboardInterrupt):
        nbiot_device_step(dev, 1000)
    nbiot_device_destroy(dev)
    assert port.sent[-1] == "AT+MIPLDEL=0"


def test_ctrl_c_in_create_leaves_no_thread(port: ScriptedPort) -> None:
    def interrupt(_: str) -> Reply:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return "OK"

    port.rules["AT+MIPLCONF"] = interrupt
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        port.device()
    assert threading.active_count() == before
    assert port.sent[-1] == "AT+MIPLDEL=0"


def test_calls_from_several_threads(port: ScriptedPort) -> None:
    dev, value = connected(port, None, lambda *_: None)
    failed: list[BaseException] = []

    def program() -> None:
        try:
            for _ in range(20):
                value.flag |= NBIOT_UPDATED
                nbiot_device_sync(dev)
                nbiot_device_step(dev, 0)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=program) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(10):
        port.send(f"+MIPLREAD:0,{10001 + number},3303,0,5700")
    for thread in threads:
        thread.join()
    assert failed == []
    stepped_until(dev, lambda: sum("AT+MIPLREAD" in line for line in port.sent) == 10)


def test_calls_inside_a_running_loop(port: ScriptedPort) -> None:
    async def script() -> None:
        dev, value = connected(port)
        value.flag |= NBIOT_UPDATED
        nbiot_device_step(dev, 0)
        nbiot_device_destroy(dev)

    asyncio.run(script())
    assert port.sent[-1] == "AT+MIPLDEL=0"


FORGETFUL = f"""
from m5310 import nbiot_device_create
from m5310.module.link import Link
from m5310.nbiot import device as nbiot_device
from m5310.nbiot.values import Write
from tests.support.scripted import Scripted, platform
async def fake(link):
    return Scripted(platform()).modem
Link._open_by_name = fake
nbiot_device_create("port", "{ENDPOINT}", "{URI}", 300, None, None, None)
print("done")
"""


def test_program_exits_without_destroy() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORGETFUL],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert ended.stdout == "done\n"
    assert ended.stderr == ""


def test_destroy_with_missing_acknowledgements(
    port: ScriptedPort, caplog: pytest.LogCaptureFixture
) -> None:
    dev, value = connected(port, None, None, None, lambda *_: None)
    value.flag |= NBIOT_UPDATED
    nbiot_device_sync(dev)
    nbiot_device_destroy(dev)
    assert not caplog.records


def test_missing_acknowledgement_is_logged(
    port: ScriptedPort, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acknowledgements, "OVERDUE", 0.01)
    acknowledged = []
    dev, value = connected(port, None, None, None, lambda *args: acknowledged.append(args[-1]))
    value.flag |= NBIOT_UPDATED
    nbiot_device_sync(dev)
    stepped_until(dev, lambda: not dev._acknowledging)
    assert acknowledged == []
    assert [line[-2:] for line in port.sent if "5700" in line][-3:] == [",2", ",3", ",4"]
    assert "did not acknowledge it in 3 attempts" in caplog.text


# --- invalid use ---------------------------------------------------------------------------------


def test_error_of_acknowledgement_callback_is_logged(
    port: ScriptedPort, caplog: pytest.LogCaptureFixture
) -> None:
    acknowledged = []

    def on_acknowledged(*ids: object) -> None:
        acknowledged.append(ids[2])
        raise ZeroDivisionError

    dev = port.device(None, None, None, on_acknowledged)
    for resid in (1, 2):
        flag = NBIOT_READABLE | NBIOT_UPDATED
        nbiot_resource_add(dev, 10, 0, resid, NbiotValue(NBIOT_INTEGER, 1, flag))
    nbiot_device_connect(dev, 60)
    nbiot_device_sync(dev)
    port.send("+MIPLNOTIFY:0,2")
    stepped_until(dev, lambda: not dev._acknowledging)
    assert acknowledged == [1, 2]
    assert [record.name for record in caplog.records] == ["m5310.nbiot"] * 2


async def coroutine(*_: object) -> None: ...


@pytest.mark.parametrize("callback", [coroutine, "on_read", 1])
@pytest.mark.parametrize("position", range(4))
def test_coroutine_callback_is_refused(port: ScriptedPort, callback: object, position: int) -> None:
    callbacks = [None] * position + [callback]
    with pytest.raises(ParameterError, match="expected a plain function"):
        port.device(*callbacks)
    assert port.ports == []


def test_value_must_be_nbiot_value(port: ScriptedPort) -> None:
    dev = port.device()
    sent = len(port.sent)
    with pytest.raises(ParameterError, match="expected an NbiotValue"):
        nbiot_resource_add(dev, 3303, 0, 5700, 21.5)  # type: ignore[arg-type]
    with pytest.raises(ParameterError):
        nbiot_resource_add(dev, 3303, 0, 65536, NbiotValue(NBIOT_INTEGER, 1))
    assert len(port.sent) == sent


FORKED = f"""
import os, sys
from m5310 import StateError, nbiot_device_create, nbiot_device_destroy
from m5310.module.link import Link
from m5310.nbiot import device as nbiot_device
from m5310.nbiot.values import Write
from tests.support.scripted import Scripted, platform
async def fake(link):
    return Scripted(platform()).modem
Link._open_by_name = fake
dev = nbiot_device_create("port", "{ENDPOINT}", "{URI}", 300, None, None, None)
if not os.fork():
    try:
        nbiot_device_destroy(dev)
    except StateError as error:
        print(error, flush=True)
    sys.exit()
os.wait()
nbiot_device_destroy(dev)
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform does not fork")
def test_call_in_forked_child_raises() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", FORKED],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert ended.stdout.splitlines()[1:] == ["done"]
    assert "forked" in ended.stdout
    assert ended.stderr == ""


# --- the module restarts ---------------------------------------------------------------------


def test_report_during_restart_is_sent_later(port: ScriptedPort) -> None:
    dev = port.device(None, None, None, lambda *_: None)
    temperature = NbiotValue(NBIOT_FLOAT, 21.5, NBIOT_READABLE)
    nbiot_resource_add(dev, 3303, 0, 5700, temperature)
    nbiot_device_connect(dev, 60)
    temperature.flag |= NBIOT_UPDATED
    nbiot_device_step(dev, 0)  # accepted, but never acknowledged
    restarts = ["REBOOT_CAUSE_UNKNOWN"]
    port.rules["AT+MIPLNOTIFY"] = lambda _: restarts.pop() if restarts else "OK"
    temperature.value = 22.5
    temperature.flag |= NBIOT_UPDATED
    stepped_until(dev, lambda: port.sent[-1].endswith('"22.5",1,5'))
    assert not temperature.flag & NBIOT_UPDATED
    assert dev.state is DeviceState.REGISTERED
    # both are sent again, in order and with new ackids
    assert port.sent[-2].endswith('"21.5",1,4')
    port.send("+MIPLNOTIFY:0,4", "+MIPLNOTIFY:0,5")
    stepped_until(dev, lambda: not dev._acknowledging)


# --- Ctrl-C at any moment, and slow callbacks ----------------------------------------------------


def interrupting(*reply: str) -> Callable[[str], Reply]:
    """A reply that comes after one Ctrl-C of the program, which is in its call then."""
    once = iter([signal.SIGINT])

    def answer(_: str) -> Reply:
        for number in once:
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        return reply

    return answer


def test_resource_add_can_be_repeated_after_ctrl_c(port: ScriptedPort) -> None:
    dev = port.device()
    value = NbiotValue(NBIOT_INTEGER, 1, NBIOT_READABLE)
    port.rules["AT+MIPLADDOBJ"] = interrupting("OK")
    with pytest.raises(KeyboardInterrupt):
        nbiot_resource_add(dev, 3303, 0, 5700, value)
    del port.rules["AT+MIPLADDOBJ"]
    nbiot_resource_add(dev, 3303, 0, 5700, value)
    nbiot_resource_add(dev, 3303, 0, 5700, value)  # the same again: it is there
    with pytest.raises(ParameterError, match="added already"):
        nbiot_resource_add(dev, 3303, 0, 5700, NbiotValue(NBIOT_INTEGER, 1, NBIOT_READABLE))
    nbiot_device_connect(dev, 60)
    port.send("+MIPLREAD:0,10003,3303,0,-1")
    stepped_until(dev, lambda: "MIPLREAD" in port.sent[-1])
    assert port.sent[-1] == 'AT+MIPLREAD=0,10003,3303,0,5700,3,"1",1'


def test_resource_del_can_be_repeated(port: ScriptedPort) -> None:
    dev, _ = connected(port)
    port.rules["AT+MIPLDELOBJ"] = "ERROR"
    with pytest.raises(CommandError):
        nbiot_resource_del(dev, 3303, 0, 5700)
    port.send("+MIPLREAD:0,10003,3303,0,-1")
    stepped_until(dev, lambda: "MIPLREAD" in port.sent[-1])
    port.rules["AT+MIPLDELOBJ"] = interrupting("OK")
    with pytest.raises(KeyboardInterrupt):
        nbiot_resource_del(dev, 3303, 0, 5700)
    nbiot_device_step(dev, 0)
    with pytest.raises(NotFound):
        nbiot_resource_del(dev, 3303, 0, 5700)


def test_second_ctrl_c_leaves_at_once(port: ScriptedPort) -> None:
    dev = port.device()
    port.rules["AT+MIPLOPEN"] = interrupting("OK")
    with pytest.raises(KeyboardInterrupt):
        nbiot_device_connect(dev, 60)
    port.rules["AT+MIPLCLOSE"] = interrupting("ERROR")  # wait for the end of the login
    port.rules["AT+MIPLDEL"] = "ERROR"
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        nbiot_device_destroy(dev)
    assert time.monotonic() - begun < 5
    assert not dev._loop._thread.is_alive()
    assert port.ports[-1].closed == 1, "the port is closed"


def test_value_of_a_write_that_was_answered_late_is_the_old_one(
    port: ScriptedPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("m5310.nbiot.device.ANSWER_WITHIN", 0.05)
    answered = threading.Event()

    def answer(line: str) -> Reply:
        answered.set()
        return "OK"

    def slow(_object: int, _instance: int, _resource: int, written: NbiotValue) -> None:
        assert written.value == 7
        assert answered.wait(10)

    dev, value = connected(port, slow)
    before = value.value
    port.rules["AT+MIPLWRITE"] = answer
    port.send("+MIPLWRITE:0,10003,3303,0,5700,7")
    stepped_until(dev, answered.is_set)
    assert port.sent[-1] == "AT+MIPLWRITE=0,10003,0"
    nbiot_device_step(dev, 0)
    assert value.value == before
