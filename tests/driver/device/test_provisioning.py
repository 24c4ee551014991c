"""Provisioning: configuring a module, declaring resources, restoring and deleting them."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.tasks import Pending
from m5310.device.provisioning import LOGIN, LOGOUT, RESTARTS, Provisioning
from m5310.dialects.dialect import ATTEMPTS
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    PortError,
)
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.link import Session
from m5310.module.settings import Settings
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingModule

ASKED = ("ATI", "CGMI", "CGMM", "CGMM", "CGMR")  # the fake one says nothing


class ProvisionedModule:
    def __init__(self) -> None:
        self.module = RecordingModule()
        self.tree = ObjectTree()
        self.outcomes: Pending[type, bool] = Pending()
        self.session = Session()
        self.provisioning = Provisioning(
            self.tree,
            self.module,
            Settings(self.module.execute, self.session),
            CLASSIC,
            self.session,
            self.outcomes,
        )

    def report_outcome(self, after: float, kind: type[Opened | Closed], *, success: bool) -> None:
        asyncio.get_running_loop().call_later(after, self.outcomes.resolve, kind, success)

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

        self.module.then = then

    def names(self) -> list[str]:
        return [line.removeprefix("AT+").split("=")[0].rstrip("?") for line in self.module.lines]


@pytest.mark.parametrize("times", [0, 2, 3])
async def test_create_survives_restarts(times: int) -> None:
    provisioned = ProvisionedModule()
    left = [ModemReset("restarted") for _ in range(times)]
    provisioned.module.then = lambda _: left.pop() if left else None
    if times > RESTARTS:
        with pytest.raises(ModemReset):
            await provisioned.provisioning.create()
    else:
        await provisioned.provisioning.create()
    assert provisioned.names() == ["CMEE"] * min(times, RESTARTS + 1) + (
        ["CMEE", "MIPLCONF"] if times <= RESTARTS else []
    )


async def test_instance_of_previous_program_is_deleted_first() -> None:
    provisioned = ProvisionedModule()
    provisioned.refuse("AT+MIPLCONF", once=True)
    provisioned.report_outcome(10, Closed, success=True)
    await provisioned.provisioning.configure()
    assert provisioned.names() == ["CMEE", "MIPLCONF", "MIPLCLOSE", "MIPLDEL", "MIPLCONF"]
    assert 10 <= asyncio.get_running_loop().time() < 15


async def test_wait_for_previous_logout_ends() -> None:
    provisioned = ProvisionedModule()
    provisioned.refuse("AT+MIPLCONF", once=True)
    await provisioned.provisioning.configure()
    assert LOGOUT < asyncio.get_running_loop().time() < LOGOUT + 10


async def test_no_wait_if_previous_program_was_not_logged_in() -> None:
    provisioned = ProvisionedModule()
    provisioned.refuse("AT+MIPLCLOSE", "AT+MIPLCONF", once=True)
    await provisioned.provisioning.configure()
    assert asyncio.get_running_loop().time() < 10


@pytest.mark.parametrize("success", [True, False, None])
async def test_wait_for_login_of_previous_program(success: bool | None) -> None:
    provisioned = ProvisionedModule()
    # neither logged in nor to be deleted: the login is under way
    refused = ["AT+MIPLCONF"] * (1 + ATTEMPTS)
    provisioned.refuse(*refused, "AT+MIPLCLOSE", "AT+MIPLDEL", once=True)
    if success is not None:
        provisioned.report_outcome(20, Opened, success=success)
    loop = asyncio.get_running_loop()
    ended = 25 if success is not None else LOGIN + 20
    provisioned.report_outcome(ended, Closed, success=True)
    await provisioned.provisioning.configure()
    delete = ["MIPLCLOSE", "MIPLDEL"]
    retries = ["MIPLCONF"] * ATTEMPTS
    asked = [*delete, *ASKED]
    assert provisioned.names() == ["CMEE", "MIPLCONF", *asked, *retries, *delete, "MIPLCONF"]
    assert ended < loop.time() < ended + 10 + ATTEMPTS  # a command takes a second here


@pytest.mark.parametrize("times", [1, ATTEMPTS])
async def test_damaged_configuration_is_sent_again(times: int) -> None:
    provisioned = ProvisionedModule()
    # a module that holds nothing has nothing to log out or to delete, either
    provisioned.refuse(*["AT+MIPLCONF"] * times, "AT+MIPLCLOSE", "AT+MIPLDEL", once=True)
    await provisioned.provisioning.configure()
    retries = ["MIPLCONF"] * times
    asked = ["MIPLCLOSE", "MIPLDEL", *ASKED]
    assert provisioned.names() == ["CMEE", "MIPLCONF", *asked, *retries]
    assert asyncio.get_running_loop().time() < 8 + len(ASKED)  # a command takes a second here


@pytest.mark.parametrize("times", [1, RESTARTS, RESTARTS + 1])
async def test_configuration_with_lost_result_is_sent_again(times: int) -> None:
    provisioned = ProvisionedModule()
    lost = CommandTimeout("AT+MIPLCONF", 5)
    provisioned.refuse(*["AT+MIPLCONF"] * times, error=lost, once=True)
    if times > RESTARTS:
        with pytest.raises(CommandTimeout):
            await provisioned.provisioning.create()
    else:
        await provisioned.provisioning.create()
        assert provisioned.names() == ["CMEE", "MIPLCONF"] * (times + 1)


@pytest.mark.parametrize(
    "error", [AnswerError("malformed"), CommandError("AT", "ERROR", None), CommandTimeout("AT", 5)]
)
async def test_refused_error_numbers_are_ignored(error: M5310Error) -> None:
    provisioned = ProvisionedModule()
    provisioned.refuse("AT+CMEE", error=error)
    await provisioned.provisioning.configure()
    assert provisioned.names() == ["CMEE", "CMEE", "MIPLCONF"]  # asked, set


@pytest.mark.parametrize(
    "error", [PortError("gone"), ModemReset("restarted"), CommandTimeout("AT", 5, sent=False)]
)
async def test_silent_module_is_not_a_refusal(error: M5310Error) -> None:
    provisioned = ProvisionedModule()
    provisioned.refuse("AT+CMEE", error=error)
    with pytest.raises(type(error)):
        await provisioned.provisioning.configure()
    assert provisioned.names() == ["CMEE"]


async def test_instance_is_added_once() -> None:
    provisioned = ProvisionedModule()
    await provisioned.provisioning.declare(provisioned.resource())
    await provisioned.provisioning.declare(provisioned.resource("3303/0/5701"))
    assert provisioned.names() == ["MIPLADDOBJ", "MIPLNOTIFY", "MIPLNOTIFY"]


async def test_refusal_after_lost_result_means_instance_exists() -> None:
    provisioned = ProvisionedModule()
    lost = CommandTimeout("AT+MIPLADDOBJ=0,3303,0", 5, ())
    provisioned.refuse("AT+MIPLADDOBJ", error=lost)
    with pytest.raises(CommandTimeout):
        await provisioned.provisioning.declare(provisioned.resource())
    provisioned.refuse("AT+MIPLADDOBJ")
    await provisioned.provisioning.declare(provisioned.resource())
    assert provisioned.names() == ["MIPLADDOBJ"] * ATTEMPTS + ["MIPLADDOBJ", "MIPLNOTIFY"]
    assert len(list(provisioned.tree)) == 1


@pytest.mark.parametrize("error", [None, CommandTimeout("AT+MIPLNOTIFY", 5)])
async def test_damaged_declaration_is_sent_again(error: M5310Error | None) -> None:
    provisioned = ProvisionedModule()
    provisioned.refuse("AT+MIPLNOTIFY", error=error, once=True)
    await provisioned.provisioning.declare(provisioned.resource())
    assert provisioned.names() == ["MIPLADDOBJ", "MIPLNOTIFY", "MIPLNOTIFY"]
    assert len(list(provisioned.tree)) == 1


@pytest.mark.parametrize("restarts", [False, True])
async def test_refusal_of_unsent_instance_is_raised(
    restarts: bool,
) -> None:
    provisioned = ProvisionedModule()
    lost = CommandTimeout("AT+MIPLADDOBJ=0,3303,0", 5, (), sent=restarts)
    provisioned.refuse("AT+MIPLADDOBJ", error=lost)
    with pytest.raises(CommandTimeout):
        await provisioned.provisioning.declare(provisioned.resource())
    if restarts:
        provisioned.provisioning.forget()
    provisioned.refuse("AT+MIPLADDOBJ")
    with pytest.raises(CommandError):
        await provisioned.provisioning.declare(provisioned.resource())
    assert list(provisioned.tree) == []


async def test_last_resource_of_instance_deletes_it() -> None:
    provisioned = ProvisionedModule()
    one, other = provisioned.resource(), provisioned.resource("3303/0/5701")
    await provisioned.provisioning.declare(one)
    await provisioned.provisioning.declare(other)
    provisioned.tree.remove(one)
    assert not await provisioned.provisioning.remove(one)
    provisioned.tree.remove(other)
    assert await provisioned.provisioning.remove(other)
    assert provisioned.module.lines[-1] == "AT+MIPLDELOBJ=0,3303,0"
    await provisioned.provisioning.declare(one)
    provisioned.provisioning.forget()
    provisioned.tree.remove(one)
    assert not await provisioned.provisioning.remove(one)  # a restarted module holds nothing


async def test_restore_declares_present_values() -> None:
    provisioned = ProvisionedModule()
    one, other = provisioned.resource(), provisioned.resource("1/0/1")
    await provisioned.provisioning.declare(one)
    await provisioned.provisioning.declare(other)
    one.value = "y"
    other.store('"')
    provisioned.module.lines.clear()
    await provisioned.provisioning.restore()
    assert provisioned.module.lines[2:] == [
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,5700,1,"y",1',
        "AT+MIPLADDOBJ=0,1,0",
        'AT+MIPLNOTIFY=0,1,0,1,1,"",1',
    ]
    assert other.value == '"'


@pytest.mark.parametrize("error", [PortError("gone"), ModemReset("restarted"), None])
async def test_delete_all_raises_nothing(error: M5310Error | None) -> None:
    provisioned = ProvisionedModule()
    await provisioned.provisioning.declare(provisioned.resource())
    provisioned.refuse("AT+MIPLDEL", error=error)
    await provisioned.provisioning.delete_all()
    last = ["MIPLCLOSE", "MIPLDEL"]  # it may be logged in, although a line denied it
    names = ["MIPLDELOBJ"] * ATTEMPTS + ["MIPLDEL"] * ATTEMPTS + last
    assert provisioned.names()[2:] == (names if error is None else ["MIPLDELOBJ"])
    before = provisioned.names().count("MIPLDELOBJ")
    await provisioned.provisioning.delete_all()
    assert provisioned.names().count("MIPLDELOBJ") == before


@pytest.mark.parametrize("lost", [CommandError("", "ERROR", None), CommandTimeout("", 5)])
@pytest.mark.parametrize("command", ["AT+MIPLDELOBJ", "AT+MIPLDEL="])
async def test_deletion_is_repeated_after_a_damaged_line(command: str, lost: M5310Error) -> None:
    provisioned = ProvisionedModule()
    await provisioned.provisioning.declare(provisioned.resource())
    provisioned.refuse(command, once=True, error=lost)
    await provisioned.provisioning.delete_all()
    name = command.removeprefix("AT+").rstrip("=")
    assert provisioned.names()[2:].count(name) == 2


async def test_deletion_is_not_repeated_after_a_restart() -> None:
    provisioned = ProvisionedModule()
    one = provisioned.resource()
    await provisioned.provisioning.declare(one)

    def refused(line: str) -> M5310Error:
        provisioned.session.end(ModemReset("restarted"))
        return CommandError(line, "ERROR", None)

    provisioned.module.then = refused
    provisioned.tree.remove(one)
    await provisioned.provisioning.remove(one)
    assert provisioned.names().count("MIPLDELOBJ") == 1
