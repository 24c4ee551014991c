"""What the module holds of a device: told, told again, deleted."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.provisioning import ATTEMPTS, LOGIN, LOGOUT, RESTARTS, Provisioning
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    PortError,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.link import Session
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingExecute

INSTANCE = Path(3303, 0)


class Bench:
    def __init__(self) -> None:
        self.wire = RecordingExecute()
        self.tree = ObjectTree()
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[bool] = loop.create_future()
        self.opened: asyncio.Future[bool] = loop.create_future()
        self.session = Session()
        self.provisioning = Provisioning(self.tree, self.wire, CLASSIC, self.session, self._expect)

    def _expect(self, kind: type[Opened | Closed]) -> asyncio.Future[bool]:
        return self.closed if kind is Closed else self.opened

    def resource(self, path: str = "3303/0/5700") -> Resource:
        return Resource(path, ValueType.STRING, "x", Access.READABLE)

    def refuse(self, *refused: str, error: M5310Error | None = None, once: bool = False) -> None:
        left = list(refused)

        def then(line: str) -> M5310Error | None:
            for start in left:
                if line.startswith(start):
                    if once:
                        left.remove(start)
                    return error or CommandError(line, "+CME ERROR:3", 3)
            return None

        self.wire.then = then

    def names(self) -> list[str]:
        return [line.removeprefix("AT+").split("=")[0] for line in self.wire.lines]


@pytest.mark.parametrize("times", [0, 2, 3])
async def test_create_survives_restarts(times: int) -> None:
    bench = Bench()
    left = [ModemReset("anew") for _ in range(times)]
    bench.wire.then = lambda _: left.pop() if left else None
    if times > RESTARTS:
        with pytest.raises(ModemReset):
            await bench.provisioning.create()
    else:
        await bench.provisioning.create()
    assert bench.names() == ["CMEE"] * min(times, RESTARTS + 1) + (
        ["CMEE", "MIPLCONF"] if times <= RESTARTS else []
    )


async def test_instance_of_previous_program_is_deleted_first() -> None:
    bench = Bench()
    bench.refuse("AT+MIPLCONF", once=True)
    asyncio.get_running_loop().call_later(10, bench.closed.set_result, True)
    await bench.provisioning.configure()
    assert bench.names() == ["CMEE", "MIPLCONF", "MIPLCLOSE", "MIPLDEL", "MIPLCONF"]
    assert 10 <= asyncio.get_running_loop().time() < 15


async def test_wait_for_previous_logout_ends() -> None:
    bench = Bench()
    bench.refuse("AT+MIPLCONF", once=True)
    await bench.provisioning.configure()
    assert LOGOUT < asyncio.get_running_loop().time() < LOGOUT + 10


async def test_no_wait_if_previous_program_was_not_logged_in() -> None:
    bench = Bench()
    bench.refuse("AT+MIPLCLOSE", "AT+MIPLCONF", once=True)
    await bench.provisioning.configure()
    assert asyncio.get_running_loop().time() < 10


@pytest.mark.parametrize("verdict", [True, False, None])
async def test_wait_for_login_of_previous_program(verdict: bool | None) -> None:
    bench = Bench()
    # neither logged in nor to be deleted: the login is under way
    refused = ["AT+MIPLCONF"] * (1 + ATTEMPTS)
    bench.refuse(*refused, "AT+MIPLCLOSE", "AT+MIPLDEL", once=True)
    loop = asyncio.get_running_loop()
    if verdict is not None:
        loop.call_later(20, bench.opened.set_result, verdict)
    loop.call_later(25, bench.closed.set_result, True)
    await bench.provisioning.configure()
    again = ["MIPLCLOSE", "MIPLDEL"]
    insisting = ["MIPLCONF"] * ATTEMPTS
    assert bench.names() == ["CMEE", "MIPLCONF", *again, *insisting, *again, "MIPLCONF"]
    ended = 25 if verdict is not None else LOGIN
    assert ended < loop.time() < ended + 10 + ATTEMPTS  # a command takes a second here


@pytest.mark.parametrize("times", [1, ATTEMPTS])
async def test_damaged_configuration_is_sent_again(times: int) -> None:
    bench = Bench()
    # a module that holds nothing has nothing to log out or to delete, either
    bench.refuse(*["AT+MIPLCONF"] * times, "AT+MIPLCLOSE", "AT+MIPLDEL", once=True)
    await bench.provisioning.configure()
    again = ["MIPLCONF"] * times
    assert bench.names() == ["CMEE", "MIPLCONF", "MIPLCLOSE", "MIPLDEL", *again]
    assert asyncio.get_running_loop().time() < 10


@pytest.mark.parametrize("times", [1, RESTARTS, RESTARTS + 1])
async def test_configuration_with_lost_result_is_sent_again(times: int) -> None:
    bench = Bench()
    lost = CommandTimeout("AT+MIPLCONF", 5)
    bench.refuse(*["AT+MIPLCONF"] * times, error=lost, once=True)
    if times > RESTARTS:
        with pytest.raises(CommandTimeout):
            await bench.provisioning.create()
    else:
        await bench.provisioning.create()
        assert bench.names() == ["CMEE", "MIPLCONF"] * (times + 1)


async def test_silent_module_is_configured_once() -> None:
    bench = Bench()
    bench.refuse("AT+MIPLCONF", error=CommandTimeout("AT+MIPLCONF", 5, sent=False))
    with pytest.raises(CommandTimeout):
        await bench.provisioning.create()
    assert bench.names() == ["CMEE", "MIPLCONF"]


@pytest.mark.parametrize(
    "error", [AnswerError("odd"), CommandError("AT", "ERROR", None), CommandTimeout("AT", 5)]
)
async def test_refused_error_numbers_are_ignored(error: M5310Error) -> None:
    bench = Bench()
    bench.refuse("AT+CMEE", error=error)
    await bench.provisioning.configure()
    assert bench.names() == ["CMEE", "MIPLCONF"]


@pytest.mark.parametrize(
    "error", [PortError("gone"), ModemReset("anew"), CommandTimeout("AT", 5, sent=False)]
)
async def test_silent_module_is_not_a_refusal(error: M5310Error) -> None:
    bench = Bench()
    bench.refuse("AT+CMEE", error=error)
    with pytest.raises(type(error)):
        await bench.provisioning.configure()
    assert bench.names() == ["CMEE"]


async def test_instance_is_added_once() -> None:
    bench = Bench()
    await bench.provisioning.declare(bench.resource())
    await bench.provisioning.declare(bench.resource("3303/0/5701"))
    assert bench.names() == ["MIPLADDOBJ", "MIPLNOTIFY", "MIPLNOTIFY"]


async def test_refusal_after_lost_result_means_instance_exists() -> None:
    bench = Bench()
    lost = CommandTimeout("AT+MIPLADDOBJ=0,3303,0", 5, ())
    bench.refuse("AT+MIPLADDOBJ", error=lost)
    with pytest.raises(CommandTimeout):
        await bench.provisioning.declare(bench.resource())
    bench.refuse("AT+MIPLADDOBJ")
    await bench.provisioning.declare(bench.resource())
    assert bench.names() == ["MIPLADDOBJ"] * ATTEMPTS + ["MIPLADDOBJ", "MIPLNOTIFY"]
    assert len(list(bench.tree)) == 1


@pytest.mark.parametrize("error", [None, CommandTimeout("AT+MIPLNOTIFY", 5)])
async def test_damaged_declaration_is_sent_again(error: M5310Error | None) -> None:
    bench = Bench()
    bench.refuse("AT+MIPLNOTIFY", error=error, once=True)
    await bench.provisioning.declare(bench.resource())
    assert bench.names() == ["MIPLADDOBJ", "MIPLNOTIFY", "MIPLNOTIFY"]
    assert len(list(bench.tree)) == 1


@pytest.mark.parametrize("restarts", [False, True])
async def test_refusal_of_unsent_instance_is_raised(
    restarts: bool,
) -> None:
    bench = Bench()
    lost = CommandTimeout("AT+MIPLADDOBJ=0,3303,0", 5, (), sent=restarts)
    bench.refuse("AT+MIPLADDOBJ", error=lost)
    with pytest.raises(CommandTimeout):
        await bench.provisioning.declare(bench.resource())
    if restarts:
        bench.provisioning.forget()
    bench.refuse("AT+MIPLADDOBJ")
    with pytest.raises(CommandError):
        await bench.provisioning.declare(bench.resource())
    assert list(bench.tree) == []


async def test_refused_resource_is_not_added() -> None:
    bench = Bench()
    bench.refuse("AT+MIPLNOTIFY")
    with pytest.raises(CommandError):
        await bench.provisioning.declare(bench.resource())
    assert list(bench.tree) == []


async def test_last_resource_of_instance_deletes_it() -> None:
    bench = Bench()
    one, other = bench.resource(), bench.resource("3303/0/5701")
    await bench.provisioning.declare(one)
    await bench.provisioning.declare(other)
    assert bench.provisioning.remove(one) is None
    assert bench.provisioning.remove(other) == INSTANCE
    await bench.provisioning.delete(INSTANCE)
    assert bench.wire.lines[-1] == "AT+MIPLDELOBJ=0,3303,0"
    await bench.provisioning.declare(one)
    bench.provisioning.forget()
    assert bench.provisioning.remove(one) is None  # a restarted module holds it no more


async def test_restore_declares_present_values() -> None:
    bench = Bench()
    one, other = bench.resource(), bench.resource("1/0/1")
    await bench.provisioning.declare(one)
    await bench.provisioning.declare(other)
    one.value = "y"
    other.store('"')
    bench.wire.lines.clear()
    await bench.provisioning.restore()
    assert bench.wire.lines[2:] == [
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,5700,1,"y",1',
        "AT+MIPLADDOBJ=0,1,0",
        'AT+MIPLNOTIFY=0,1,0,1,1,"",1',
    ]
    assert other.value == '"'


@pytest.mark.parametrize("error", [PortError("gone"), ModemReset("anew"), None])
async def test_delete_all_raises_nothing(error: M5310Error | None) -> None:
    bench = Bench()
    await bench.provisioning.declare(bench.resource())
    bench.refuse("AT+MIPLDEL", error=error)
    await bench.provisioning.delete_all()
    assert bench.names()[2:] == ["MIPLDELOBJ"] + ["MIPLDEL"] * (error is None)
    await bench.provisioning.delete_all()
    assert bench.names().count("MIPLDELOBJ") == 1


@pytest.mark.parametrize("times", [1, RESTARTS + 1])
async def test_restart_just_after_configuration_repeats_it(times: int) -> None:
    bench = Bench()
    left = [True] * times

    def then(line: str) -> None:
        if line.startswith("AT+MIPLCONF") and left:
            left.pop()
            bench.session.end(ModemReset("restarted"))
            bench.provisioning.forget()

    bench.wire.then = then
    if times > RESTARTS:
        with pytest.raises(ModemReset, match="restarted"):
            await bench.provisioning.create()
    else:
        await bench.provisioning.create()
    assert bench.names().count("MIPLCONF") == min(times, RESTARTS) + 1
