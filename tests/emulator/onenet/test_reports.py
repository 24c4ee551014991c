"""Long reports: acknowledged at once, worked off in turns, with the results of a short one."""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator import EagerClock, Emulator
from emulator.onenet import reports
from emulator.onenet.push.settings import Settings
from emulator.onenet.store.database import Database, StoreError
from emulator.onenet.triggers import content
from tests.support.fake_device import TEMPERATURE, TLV, CloudWithDevice
from tests.support.peers import until

POINTS = 60
STREAM = "3303_0_5700"
START = 1_700_000_000.0


class Reporting(CloudWithDevice):
    """A platform that pushes, whose device reports an object of many instances."""

    def __init__(self, database: Database | None = None) -> None:
        super().__init__(now=START, year=2018, database=database)
        self.platform.push.begin(Settings("http://127.0.0.1:9/push", "a token"))
        self.platform.push.state = type(self.platform.push.state).ON

    def create_triggers(self, count: int, kind: str = ">", threshold: object = 0) -> None:
        given: dict[str, object] = {"url": "http://127.0.0.1:9/", "type": kind, "ds_id": STREAM}
        if threshold is not None:
            given["threshold"] = threshold
        for _ in range(count):
            new = content.created(given, self.platform.year.trigger_types)
            self.platform.triggers.create(new, (), self.now)

    def report(self, values: Sequence[float], *, confirmable: bool = True) -> Message:
        """One notification, with a resource that has several instances (LwM2M 1.0.2 6.4.3)."""
        message = Message(code=Code.CONTENT, observe=self.module._mid, content_format=TLV)
        inner = [struct.pack(">BBf", 0x44, number, value) for number, value in enumerate(values)]
        header = struct.pack(">BHH", 0xB0, 5700, sum(map(len, inner)))
        message.payload = b"".join((header, *inner))
        message.token = self.module.token(TEMPERATURE.instance_path)
        return self.module.send(message, Type.CON if confirmable else Type.NON)

    def work_off(self) -> int:
        """Returns in how many steps."""
        steps = 0
        while self.platform.reports.waiting:
            self.step(0.001)
            steps += 1
        return steps

    def table(self, name: str) -> list[Any]:
        return self.platform.database.execute(f"SELECT * FROM {name}").fetchall()


@pytest.fixture
def cloud() -> Reporting:
    made = Reporting()
    made.log_in()
    return made


def test_long_report_is_acknowledged_before_it_is_worked_off(cloud: Reporting) -> None:
    cloud.create_triggers(20)
    sent = cloud.report([1.0] * POINTS)
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 0.00 {sent.mid}"
    assert cloud.values() == []
    assert cloud.work_off() >= POINTS / 2, "each step takes two points with 20 triggers"
    assert cloud.values() == [1.0] * POINTS
    assert len(cloud.table("messages")) == 1 + POINTS * 21, "the login; of each trigger, a push"
    assert cloud.platform.reports.due is None


def test_short_report_is_there_when_it_is_acknowledged(cloud: Reporting) -> None:
    cloud.create_triggers(4)
    cloud.report([1.0] * 10)
    cloud.step()
    assert cloud.values() == [1.0] * 10


def test_results_are_those_of_reports_that_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Points, and the messages of each trigger and of the push, in their order."""

    def played() -> list[list[Any]]:
        cloud = Reporting()
        cloud.log_in()
        cloud.create_triggers(3, "change", None)
        cloud.create_triggers(2, "inout", {"lolmt": 2, "uplmt": 4})
        cloud.create_triggers(2, "exp", "$val[0] > 2")
        for number in range(4):
            cloud.report([float(number + place % 3) for place in range(POINTS - number)])
            cloud.step()
            cloud.report([5.5, float(number)])
            cloud.step()
        cloud.work_off()
        messages = sorted(cloud.table("messages"), key=itemgetter(1))  # by target
        return [
            [row[1:] for row in messages],
            cloud.table("points"),
            cloud.table("streams"),
        ]

    in_turns = played()
    monkeypatch.setattr(reports, "_EFFORT", 1_000_000)
    assert in_turns == played()
    assert len(in_turns[0]) > 1000


def test_what_comes_later_waits_behind_a_long_report(cloud: Reporting) -> None:
    cloud.create_triggers(10)
    cloud.report([1.0] * POINTS)
    cloud.step()
    cloud.report([2.0], confirmable=False)
    cloud.step()
    assert 2.0 not in cloud.values()
    cloud.work_off()
    (points,) = [
        stream.points for stream in cloud.platform.points.newest(int(cloud.device.id), 2, [STREAM])
    ]
    assert [point.value for point in points] == [1.0, 2.0]


def test_report_that_was_acknowledged_is_worked_off_after_a_restart(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "store.db")) as database:
        cloud = Reporting(database)
        cloud.log_in()
        cloud.create_triggers(10)
        sent = cloud.report([1.0] * POINTS)
        cloud.step()
        assert cloud.module.brief()[-1] == f"ACK 0.00 {sent.mid}"
        cloud.step(0.001)  # a piece of it
    with closing(Database(tmp_path / "store.db")) as database:
        again = Reporting(database)
        assert again.platform.reports.waiting > 0
        again.work_off()
        assert again.values() == [1.0] * POINTS
        fired = [row for row in again.table("messages") if row[1] != "push"]
        assert len(fired) == POINTS * 10


def test_values_of_each_kind_are_as_in_a_short_report(cloud: Reporting) -> None:
    values = [True, 7, 1e300, float("nan"), "中", b"\x00\xff", {"a": [None]}]
    points = [(f"s{number}", value, 5) for number, value in enumerate(values)]
    cloud.platform.record(cloud.device, points, cloud.now)
    many = [(f"t{number}", 0, 5) for number in range(100)]
    cloud.platform.record(cloud.device, [(f"l{n[1:]}", *rest) for n, *rest in points] + many, 0.0)  # type: ignore[list-item]
    cloud.work_off()
    found = {
        stream.id: stream.points[0].text
        for stream in cloud.platform.points.newest(int(cloud.device.id))
    }
    for number in range(len(values)):
        assert found[f"l{number}"] == found[f"s{number}"]


def test_points_of_a_deleted_device_are_dropped(cloud: Reporting) -> None:
    cloud.create_triggers(10)
    cloud.report([1.0] * POINTS)
    cloud.step()
    cloud.platform.delete_device(cloud.device)
    cloud.work_off()
    assert cloud.table("reports") == cloud.table("points") == []


def test_report_beyond_the_limit_is_not_acknowledged(
    cloud: Reporting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reports, "MAX_WAITING", 3)
    cloud.create_triggers(1)
    cloud.report([1.0] * POINTS)
    cloud.step()
    for _ in range(2):
        sent = cloud.report([2.0] * POINTS)
        cloud.step()
        assert cloud.module.brief()[-1] != f"ACK 0.00 {sent.mid}"
    (warning,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert warning.getMessage() == "reports are refused: 2 parts of others wait"
    cloud.work_off()
    sent = cloud.report([3.0] * POINTS)
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 0.00 {sent.mid}"


def test_piece_that_the_database_cannot_keep_is_taken_later(
    cloud: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.create_triggers(1)
    cloud.report([1.0] * POINTS)
    cloud.step()

    def full(*_: object) -> None:
        raise StoreError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(cloud.platform.points, "add_many", full)
        cloud.step(0.001)
        assert cloud.values() == []
    cloud.step(0.001)
    assert cloud.values() == [], "a second later"
    cloud.step(1)
    cloud.work_off()
    assert cloud.values() == [1.0] * POINTS


async def test_eager_clock_moves_while_a_report_is_worked_off() -> None:
    async with Emulator(http=None, clock=EagerClock()) as emulator:
        device = emulator.platform.device_by_imei(emulator.imei)
        assert device is not None
        points = [(f"{number}", number, 5) for number in range(200)]
        emulator.platform.record(device, points, emulator.now())
        emulator.settle()
        await until(lambda: not emulator.platform.reports.waiting)
        assert len(list(emulator.platform.points.streams(int(device.id)))) == 200
