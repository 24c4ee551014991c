"""Offline commands of one device, case by case: when they are sent, and what a failure leaves."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path as File
from typing import Any

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.onenet.commands.command import Command, Kind, State
from emulator.onenet.commands.commands import MAX_KEPT, Commands
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.lwm2m.requests import OnDone
from emulator.onenet.lwm2m.server import Sign
from emulator.onenet.store.database import Database, StoreError

DEVICE, OTHER = 1, 2
RESOURCE = Path(3303, 0, 5700)
PING = Execute(RESOURCE, b"ping")


class FullDisk(Database):
    """A database that keeps nothing more while it is `full`."""

    full = False

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        if self.full and not sql.startswith("SELECT"):
            raise StoreError("database or disk is full")
        return super().execute(sql, values)


class Bench:
    """Commands of two devices; `sent` has the operations, `ends` what is to be called then."""

    def __init__(self, database: Database | None = None) -> None:
        self.database = FullDisk() if database is None else database
        self.now = 100.0
        self.sent: list[Operation] = []
        self.ends: list[OnDone] = []
        self.results: list[Command] = []
        self.online = True
        self.refused = 0
        self.start()

    def start(self) -> None:
        self.commands = Commands(
            self.database, self.send, lambda command, _now: self.results.append(command)
        )

    def send(self, _device: int, operation: Operation, on_done: OnDone, _now: float) -> None:
        if not self.online:
            self.refused += 1
            raise ApiError(Reason.NOT_ONLINE)
        self.sent.append(operation)
        self.ends.append(on_done)

    def create(
        self,
        operation: Operation = PING,
        *,
        device: int = DEVICE,
        valid: float = 0,
        expires: float = 1000,
        retry: int = 0,
        signs: int = 7,
    ) -> str:
        return self.commands.create(
            *(device, Kind.EXECUTE, {}, None, operation),
            valid=valid,
            expires=expires,
            retry=retry,
            signs=Sign(signs),
            now=self.now,
        )

    def sign(self, sign: Sign = Sign.UPDATE, device: int = DEVICE) -> None:
        self.commands.reachable(device, sign)
        self.commands.step(self.now)

    def end(self, failure: Failure | None = None) -> None:
        """The oldest open request ends."""
        self.ends.pop(0)(Outcome(self.now, failure))
        self.commands.step(self.now)

    def command(self, uuid: str) -> Command:
        return self.commands.get(DEVICE, uuid, self.now)

    def state(self, uuid: str) -> State:
        return self.command(uuid).state


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_command_is_sent_from_its_valid_time_on(bench: Bench) -> None:
    uuid = bench.create(valid=200)
    bench.now = 199.9
    bench.sign()
    assert bench.sent == []
    bench.now = 200
    bench.commands.step(bench.now)
    assert bench.sent == [], "it waits for the next sign"
    bench.sign()
    assert bench.sent == [PING]
    assert bench.state(uuid) is State.SENT


def test_command_is_not_sent_from_its_expiry_on(bench: Bench) -> None:
    uuid = bench.create(expires=200)
    bench.now = 200
    bench.sign()
    assert bench.sent == []
    assert bench.state(uuid) is State.EXPIRED


def test_command_that_expires_in_the_queue_is_not_sent(bench: Bench) -> None:
    bench.create()
    uuid = bench.create(expires=110)
    bench.sign()
    bench.now = 110
    bench.end()
    assert len(bench.sent) == 1
    assert bench.state(uuid) is State.EXPIRED


def test_command_that_was_sent_may_succeed_after_its_expiry(bench: Bench) -> None:
    uuid = bench.create(expires=110)
    bench.sign()
    bench.now = 120
    assert bench.state(uuid) is State.SENT
    bench.end()
    assert bench.state(uuid) is State.SUCCESS


def test_failure_after_the_expiry_is_the_last(bench: Bench) -> None:
    uuid = bench.create(expires=110, retry=5)
    bench.sign()
    bench.now = 110
    bench.end(Failure.TIME_OUT)
    assert bench.state(uuid) is State.TIME_OUT


@pytest.mark.parametrize("retry", [0, 1, 3])
def test_retry_counts_repetitions_after_the_first_sending(bench: Bench, retry: int) -> None:
    uuid = bench.create(retry=retry)
    for left in range(retry, -1, -1):
        bench.sign()
        assert bench.command(uuid).retry == left
        bench.end(Failure.NOT_FOUND)
    assert bench.state(uuid) is State.FAILED
    bench.sign()
    assert len(bench.sent) == 1 + retry
    assert [command.status for command in bench.results] == ["NOT_FOUND"]


def test_two_signs_send_a_command_once(bench: Bench) -> None:
    bench.create()
    uuid = bench.create(retry=3)
    bench.sign()
    bench.sign()
    bench.sign(Sign.NOTIFY)
    bench.end()
    bench.end(Failure.NOT_FOUND)
    assert len(bench.sent) == 2, "the repetition waits for the next sign"
    assert bench.state(uuid) is State.WAIT


def test_failure_does_not_stop_the_next_command(bench: Bench) -> None:
    bench.create()
    bench.create()
    bench.sign()
    bench.end(Failure.NOT_FOUND)
    assert len(bench.sent) == 2


@pytest.mark.parametrize("failure", [Failure.TIME_OUT, Failure.OFFLINE])
def test_without_an_answer_the_others_wait_for_the_next_sign(
    bench: Bench, failure: Failure
) -> None:
    uuid, other = bench.create(), bench.create()
    bench.sign()
    bench.end(failure)
    assert (bench.state(uuid), bench.command(uuid).status) == (State.TIME_OUT, "TIME_OUT")
    assert (len(bench.sent), bench.state(other)) == (1, State.WAIT)
    bench.sign()
    assert len(bench.sent) == 2


def test_command_that_cannot_be_sent_waits_without_losing_a_repetition(bench: Bench) -> None:
    uuid = bench.create(retry=1)
    bench.create()
    bench.online = False
    bench.sign()
    assert bench.refused == 1, "nor is the other one tried"
    assert (bench.state(uuid), bench.command(uuid).retry) == (State.WAIT, 1)
    assert bench.command(uuid).sent is None
    bench.online = True
    bench.commands.step(bench.now)
    assert bench.sent == []
    bench.sign()
    assert bench.sent == [PING]


def test_late_outcome_of_a_deleted_device_has_no_effect(bench: Bench) -> None:
    bench.create()
    bench.sign()
    bench.commands.forget(DEVICE)
    bench.commands.drop(DEVICE)
    uuid = bench.create()
    bench.end()
    assert (bench.results, bench.state(uuid)) == ([], State.WAIT)


def test_history_is_before_its_end(bench: Bench) -> None:
    bench.create()
    assert bench.commands.history(DEVICE, 100, 100, bench.now, per_page=10) == (0, [])
    count, (found,) = bench.commands.history(DEVICE, 100, 100.5, bench.now, per_page=10)
    assert (count, found.created) == (1, 100)


def test_devices_do_not_wait_for_each_other(bench: Bench) -> None:
    bench.create()
    bench.create(device=OTHER)
    bench.sign()
    bench.sign(device=OTHER)
    assert len(bench.sent) == 2


def test_value_that_its_resource_cannot_have_is_refused(bench: Bench) -> None:
    wrong = Write(Path(3303, 0), (Item(RESOURCE, "warm"),), replace=True)
    with pytest.raises(ApiError, match="invalid parameter"):
        bench.create(wrong)
    assert bench.commands.history(DEVICE, 0, None, bench.now, per_page=10) == (0, [])


def test_result_of_a_read_is_kept(bench: Bench) -> None:
    uuid = bench.create(Read(Path(3303)))
    bench.sign()
    items = (Item(RESOURCE, 20.123), Item(Path(3303, 1, 9), b"\x0a\xff"))
    bench.ends.pop()(Outcome(bench.now, items=items))
    bench.commands.step(bench.now)
    bench.start()
    assert bench.command(uuid).result == [
        {"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0},
        {"res": [{"val": [10, 255], "res_id": 9}], "obj_inst_id": 1},
    ]


def test_oldest_ended_commands_are_forgotten(bench: Bench) -> None:
    waits = bench.create(valid=900)
    uuids = []
    for _ in range(MAX_KEPT + 2):
        bench.now += 1
        uuids.append(bench.create())
        bench.commands.cancel(DEVICE, uuids[-1], bench.now)
    bench.create()
    count, _ = bench.commands.history(DEVICE, 0, None, bench.now, per_page=1)
    assert count == MAX_KEPT + 2
    assert bench.state(waits) is State.WAIT
    assert bench.state(uuids[2]) is State.CANCELLED
    with pytest.raises(ApiError, match="not found"):
        bench.command(uuids[1])


# Failures of the database, and the end of the process --------------------------------------------


def test_command_that_cannot_be_kept_is_refused() -> None:
    database = FullDisk()
    bench = Bench(database)
    database.full = True
    with pytest.raises(StoreError):
        bench.create()
    bench.sign()
    database.full = False
    assert bench.commands.history(DEVICE, 0, None, bench.now, per_page=10) == (0, [])
    bench.create()
    bench.sign()
    assert bench.sent == [PING]


def test_nothing_is_sent_or_lost_while_the_disk_is_full() -> None:
    database = FullDisk()
    bench = Bench(database)
    uuid, other = bench.create(), bench.create()
    database.full = True
    for _ in range(2):
        with pytest.raises(StoreError):
            bench.sign()
    assert bench.sent == []
    database.full = False
    bench.commands.step(bench.now)
    assert bench.sent == [PING]
    database.full = True
    bench.ends.pop()(Outcome(bench.now))
    for _ in range(2):
        with pytest.raises(StoreError):
            bench.commands.step(bench.now)
    assert bench.sent == [PING]
    database.full = False
    bench.commands.step(bench.now)
    assert (bench.state(uuid), bench.state(other)) == (State.SUCCESS, State.SENT)
    assert bench.sent == [PING, PING]


def test_process_that_is_killed_while_it_sends_does_not_send_again(tmp_path: File) -> None:
    """The files as they are at that moment are all that is left of it."""
    bench = Bench(Database(tmp_path / "platform.db"))
    uuid, other = bench.create(retry=9), bench.create()
    left = tmp_path / "left"

    def send(_device: int, operation: Operation, on_done: OnDone, _now: float) -> None:
        left.mkdir()
        for file in tmp_path.glob("platform.db*"):
            shutil.copy(file, left)

    bench.send = send  # type: ignore[method-assign]
    bench.start()
    bench.sign()
    after = Bench(Database(left / "platform.db"))
    assert (after.state(uuid), after.state(other)) == (State.UNDEFINED, State.WAIT)
    after.sign()
    assert len(after.sent) == 1
    after.end()
    after.sign()
    assert len(after.sent) == 1
    assert after.state(other) is State.SUCCESS
    for each in (bench, after):
        each.database.close()
