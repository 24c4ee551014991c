"""What the platform asks of the module while it updates a host's program, and when it refuses."""

from __future__ import annotations

import pytest

from emulator.onenet.devices import Description
from emulator.onenet.platform import Platform
from emulator.onenet.software_updates import MAX_PACKAGE
from tests.support.suite_bench import IMEI, IMSI, START, SuiteBench


def test_device_that_is_offline_fails_at_once() -> None:
    platform = Platform()
    device = platform.create_device(Description("bench", IMEI, IMSI), START)
    ended: list[str] = []
    platform.updates.start(device, "2", b"x", ended.append)
    platform.step(START)
    assert ended == [f"device not online: {device.id}"]


def test_deleted_device_ends_its_update() -> None:
    bench = SuiteBench("m5310a")
    bench.log_in()
    ended: list[str] = []
    bench.platform.updates.start(bench.device, "2", b"x", ended.append)
    bench.platform.delete_device(bench.device)
    bench.wait(2)
    assert ended == ["the device is deleted"]


@pytest.mark.parametrize(
    ("version", "package", "text"),
    [
        ("2", b"", "package of 0 bytes"),
        ("2", bytes(MAX_PACKAGE + 1), "package of 1048577 bytes"),
        ("", b"x", "version ''"),
        ("x" * 65, b"x", "version 'xxx"),
    ],
)
def test_refused_package_or_version(version: str, package: bytes, text: str) -> None:
    bench = SuiteBench("m5310a")
    with pytest.raises(ValueError, match=text):
        bench.platform.updates.start(bench.device, version, package, print)


def test_one_update_at_a_time() -> None:
    bench = SuiteBench("m5310a")
    bench.log_in()
    bench.platform.updates.start(bench.device, "2", b"x", print)
    with pytest.raises(ValueError, match="is running: wait for its end"):
        bench.platform.updates.start(bench.device, "3", b"x", print)


def test_update_of_one_that_does_not_answer_ends() -> None:
    bench = SuiteBench("m5310a")
    assert bench.ask("AT+MIPLCREATE")[-1] == "OK"
    bench.well('AT+MIPLSOTAVER="1"', "AT+MIPLOPEN=0,600,60")
    bench.wait(20)
    ended: list[str] = []
    bench.platform.updates.start(bench.device, "2", b"x", ended.append)
    bench.wait(70)
    assert ended == ["/5/0/26550: TIME_OUT"]
