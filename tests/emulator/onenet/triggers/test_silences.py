"""Types `frozen` and `live` over virtual days, against a plain model (guide 4.2.10.1, 5 and 6)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.onenet.store.database import StoreError
from emulator.onenet.triggers import silences
from tests.support.effort import scaled
from tests.support.trigger_bench import DEVICE, STREAM, TriggerBench

DEVICES = (DEVICE, DEVICE + 1, DEVICE + 2)
# Not multiples of each other, so that no deadline meets another one by chance.
THRESHOLDS = (61.25, 3_600.75, 86_401.5)


class Model:
    """One trigger, as the guide describes it."""

    def __init__(self, kind: str, threshold: float, named: tuple[int, ...], now: float) -> None:
        self.kind, self.threshold, self.named, self.since = kind, threshold, named, now
        self.frozen: set[int] = set()


class Silence(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = TriggerBench()
        self.models: dict[int, Model] = {}
        self.last: dict[int, float] = {}  # the last point of a device
        self.gone: set[int] = set()
        self.expected: list[tuple[int, int]] = []  # trigger, device

    @initialize()
    def start(self) -> None:
        self.create("frozen", THRESHOLDS[0], DEVICES)

    @rule(
        kind=st.sampled_from(["frozen", "live"]),
        threshold=st.sampled_from(THRESHOLDS),
        named=st.sampled_from([(), DEVICES, DEVICES[:1]]),
    )
    def create(self, kind: str, threshold: float, named: tuple[int, ...]) -> None:
        if len(self.models) < 4 and not self.gone & set(named):
            more = {"dev_ids": [str(device) for device in named]} if named else {}
            number = self.bench.create(kind, threshold, **more)
            self.models[number] = Model(kind, threshold, named or DEVICES, self.bench.now)
            self.pass_time(1)  # it has looked at the streams that exist

    @rule(data=st.data(), threshold=st.sampled_from(THRESHOLDS))
    def change_threshold(self, data: Any, threshold: float) -> None:
        if self.models:
            number = data.draw(st.sampled_from(sorted(self.models)))
            model = self.models[number]
            self.bench.update(number, type=model.kind, threshold=threshold)
            if threshold != model.threshold:
                self.models[number] = Model(model.kind, threshold, model.named, self.bench.now)
            self.pass_time(1)

    @rule(data=st.data())
    def change_title(self, data: Any) -> None:
        if self.models:
            self.bench.update(data.draw(st.sampled_from(sorted(self.models))), title="another")

    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        if len(self.models) > 1:
            number = data.draw(st.sampled_from(sorted(self.models)))
            trigger = self.bench.triggers.get(number)
            assert trigger is not None
            self.bench.triggers.delete(trigger)
            del self.models[number]

    @rule(device=st.sampled_from(DEVICES[1:]))
    def delete_device(self, device: int) -> None:
        if not self.gone:
            self.bench.devices.discard(str(device))
            self.gone.add(device)

    @rule()
    def restart(self) -> None:
        self.bench.take_up()
        self.pass_time(1)

    @rule(device=st.sampled_from(DEVICES), value=st.integers(0, 3))
    def point(self, device: int, value: int) -> None:
        if device in self.gone:
            return
        now = self.bench.now
        for number, model in sorted(self.models.items()):
            if device in model.named:
                last = self.last.get(device)
                silent = 0 if last is None else round(now * 1000) - round(last * 1000)
                if model.kind == "live" and silent >= model.threshold * 1000:
                    self.expected.append((number, device))
                model.frozen.discard(device)
        self.last[device] = now
        self.bench.point(value, device)

    @rule(seconds=st.sampled_from([1, 50, 70, 3_000, 4_000, 80_000, 100_000, 1_000_000]))
    def pass_time(self, seconds: float) -> None:
        """Deadlines are found by looking at every quarter of a second: thresholds end there."""
        end = self.bench.now + seconds
        due = []
        for number, model in self.models.items():
            for device in model.named:
                if model.kind == "frozen" and device in self.last and device not in model.frozen:
                    ends = max(self.last[device], model.since) + model.threshold
                    if ends <= end:
                        model.frozen.add(device)
                        if device not in self.gone:
                            due.append((ends, number, device))
        self.expected += [(number, device) for _, number, device in sorted(due)]
        self.bench.run(seconds)

    @invariant()
    def messages_are_those_of_the_model(self) -> None:
        found = [
            (message["trigger"]["id"], int(message["current_data"][0]["dev_id"]))
            for message in self.bench.arrived
        ]
        # What falls silent at one time has no order between triggers.
        assert sorted(found) == sorted(self.expected)


TestSilence = Silence.TestCase
TestSilence.settings = settings(max_examples=scaled(200), stateful_step_count=30)


# Many streams ------------------------------------------------------------------------------------

MANY = 3000


def with_many_streams(bench: TriggerBench) -> list[str]:
    devices = [str(DEVICE + number) for number in range(MANY)]
    bench.devices.update(devices)
    rows = [(int(device), STREAM, 1, round(bench.now * 1000)) for device in devices]
    bench.points.add_many(rows, bench.now)
    return devices


def test_a_fleet_that_falls_silent_fires_whole_and_in_short_steps() -> None:
    bench = TriggerBench()
    devices = with_many_streams(bench)
    longest = 0.0
    step = bench.triggers.step

    def timed(now: float) -> None:
        nonlocal longest
        begin = time.thread_time()
        step(now)
        longest = max(longest, time.thread_time() - begin)

    changes: list[float] = []
    bench.triggers.on_change = lambda: changes.append(bench.now)
    bench.triggers.step = timed  # type: ignore[method-assign]
    bench.create("frozen", 60)
    bench.run(59)
    assert bench.arrived == []
    bench.run(10)
    assert [message["current_data"][0]["dev_id"] for message in bench.arrived] == devices
    assert len(changes) == 1 + MANY  # the creation and the replies; `due` says the rest
    assert longest < 0.05  # aim 0.005; other programs may have the processor


def test_streams_that_are_watched_for_silence_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(silences, "MAX_SILENCES", 2)
    bench = TriggerBench()
    bench.create("frozen", 60)
    for device in DEVICES * 2:
        bench.point(1, device)
    bench.run(100)
    assert len(bench.arrived) == 2
    assert "watch 2 streams, and no more" in caplog.text
    bench.point(1, DEVICES[2])  # there is room again
    bench.run(100)
    assert len(bench.arrived) == 3
    for device in DEVICES:
        bench.point(1, device)
    trigger = bench.triggers.get(1)
    assert trigger is not None
    bench.triggers.delete(trigger)
    bench.create("frozen", 60)
    for device in DEVICES:
        bench.point(1, device)
    bench.run(100)
    assert len(bench.arrived) == 5


def test_a_restart_in_the_middle_of_the_work_loses_no_message() -> None:
    bench = TriggerBench()
    devices = with_many_streams(bench)
    bench.create("frozen", 60)
    bench.run(59)
    bench.now += 1
    bench.triggers.step(bench.now)  # a piece of those that are due
    bench.take_up()
    bench.now += 100
    bench.triggers.step(bench.now)  # a piece of the search
    bench.take_up()
    bench.run(10)
    assert {message["current_data"][0]["dev_id"] for message in bench.arrived} == set(devices)


def test_silences_fire_when_a_full_disk_has_room_again(tmp_path: Path) -> None:
    bench = TriggerBench(tmp_path / "onenet.db")
    bench.create("frozen", 60)
    for device in DEVICES:
        bench.report((STREAM, "x" * 50_000), device=device)
    (pages,) = bench.database.execute("PRAGMA page_count").fetchone()
    bench.database.execute(f"PRAGMA max_page_count = {pages}")
    bench.now += 60
    for _ in range(3):
        with pytest.raises(StoreError):
            bench.triggers.step(bench.now)
    bench.database.execute("PRAGMA max_page_count = 1000000")
    bench.run(1)
    assert [int(m["current_data"][0]["dev_id"]) for m in bench.arrived] == list(DEVICES)
    bench.database.close()


def test_a_deleted_device_does_not_fire() -> None:
    bench = TriggerBench()
    bench.create("frozen", 60)
    bench.point(1)
    bench.devices.discard(str(DEVICE))
    bench.run(100)
    assert bench.arrived == []
