"""The platform updates the host's own program (OneNET's page on the modules M531x)."""

from __future__ import annotations

import re

import pytest

from tests.support.suite_bench import SuiteBench, msgid

PACKAGE = bytes(range(256)) * 5


class Mcu:
    """A host with a program that can be updated; `took` is what it has written to its memory."""

    def __init__(self, name: str = "m5310a", version: str = "test0", free: str = "256") -> None:
        self.bench = SuiteBench(name)
        self.version, self.free = version, free
        self.took = b""
        self.flags: list[str] = []
        self.lines: list[str] = []
        self.ended: list[str] = []
        assert self.bench.ask("AT+MIPLCREATE")[-1] == "OK"
        self.bench.well(f'AT+MIPLSOTAVER="{version}"', "AT+MIPLOPEN=0,600,60")
        self.bench.wait(20)

    def start(self, version: str = "test000", package: bytes = PACKAGE) -> None:
        self.bench.platform.updates.start(self.bench.device, version, package, self.ended.append)

    def serve(self, seconds: float) -> None:
        """Answer each line for so long."""
        end = self.bench.now + seconds
        while self.bench.now < end:
            for line in self.bench.wait(0.5):
                self.lines.append(line)
                self.answer(line)

    def answer(self, line: str) -> None:
        name, values = re.sub(": ?", ":", line).split(":", 1)
        fields = values.split(",")
        path = "/".join(fields[2:5])
        if name == "+MIPLREAD":
            self.answer_read(fields[1], path)
        elif name == "+MIPLWRITE" and path == "5/0/0" and fields[7]:
            self.took += bytes.fromhex(fields[7])
            self.flags.append(fields[8])
            self.bench.well("AT+MIPLSOTA=1")
        elif name == "+MIPLWRITE":
            self.bench.well(f"AT+MIPLWRITERSP=0,{fields[1]},2")
        elif path == "5/0/26501":
            self.bench.well("AT+MIPLSOTA=3")
        elif name == "+MIPLEXECUTE":
            self.bench.well(f"AT+MIPLEXECUTERSP=0,{fields[1]},2")

    def answer_read(self, number: str, path: str) -> None:
        values = {
            "3/0/26261": f'3,3,"{self.free}"',
            "3/0/19": f'1,{len(self.version)},"{self.version}"',
            "3/0/9": '3,3,"100"',
        }
        ids = path.replace("/", ",")
        if path == "5/0/-1":
            for index, resource in ((2, 3), (1, 5), (0, 26500)):
                self.bench.well(
                    f'AT+MIPLREADRSP=0,{number},1,5,0,{resource},3,1,"0",{index},{index}'
                )
        elif path in values:
            self.bench.well(f"AT+MIPLREADRSP=0,{number},1,{ids},{values[path]},0,0")


@pytest.mark.parametrize("name", ["m5310a", "m5310a-2018", "m5311", "mn316", "generic"])
def test_package_reaches_the_host_whole(name: str) -> None:
    mcu = Mcu(name)
    mcu.start()
    mcu.serve(15)
    assert mcu.took == PACKAGE
    assert mcu.flags == ["1", "2", "0"]
    assert mcu.ended == []
    mcu.version = "test000"
    mcu.bench.well("AT+MIPLUPDATE=0,0,0")
    mcu.serve(5)
    assert mcu.ended == [""]


def test_ids_of_requests_run_on_by_one() -> None:
    mcu = Mcu()
    mcu.start()
    mcu.serve(15)
    numbers = [msgid(line) for line in mcu.lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_package_of_one_block() -> None:
    mcu = Mcu()
    mcu.start(package=b"x")
    mcu.serve(10)
    assert (mcu.took, mcu.flags) == (b"x", ["0"])


def test_next_block_waits_for_the_result_of_the_one_before() -> None:
    mcu = Mcu()
    mcu.start()
    while not any("WRITE" in line for line in mcu.lines):
        for line in mcu.bench.wait(0.5):
            mcu.lines.append(line)
            if "WRITE" not in line:
                mcu.answer(line)
    assert mcu.bench.wait(9) == []  # longer than other answers may take
    mcu.answer(mcu.lines[-1])
    (block,) = mcu.bench.wait(1)
    assert block.startswith("+MIPLWRITE:")


def test_host_that_has_the_version_already_gets_no_package() -> None:
    mcu = Mcu(version="test000")
    mcu.start()
    mcu.serve(10)
    assert (mcu.took, mcu.ended) == (b"", [""])
    assert mcu.lines[-1].endswith(",5,0,0,2,0,,0")


def test_package_that_does_not_fit_is_not_sent() -> None:
    mcu = Mcu(free="1")
    mcu.start()
    mcu.serve(10)
    assert mcu.ended == ["the host has 1 KB, the package has 1280 bytes"]


def test_another_version_after_the_restart_is_a_failure() -> None:
    mcu = Mcu()
    mcu.start()
    mcu.serve(15)
    mcu.bench.well("AT+MIPLUPDATE=0,0,0")
    mcu.serve(5)
    assert mcu.ended == ["the host has another version after its restart"]


def test_host_that_cannot_write_ends_it() -> None:
    mcu = Mcu()
    mcu.start()
    while not mcu.ended:
        for line in mcu.bench.wait(0.5):
            if "WRITE" in line:
                mcu.bench.well("AT+MIPLSOTA=0")
            else:
                mcu.answer(line)
    assert mcu.ended == ["/5/0/0: BAD_REQUEST"]


def test_login_without_a_version_cannot_be_updated() -> None:
    bench = SuiteBench("m5310a")
    bench.log_in()
    ended: list[str] = []
    bench.platform.updates.start(bench.device, "2", PACKAGE, ended.append)
    assert bench.wait(2) == []
    assert ended == ["/5/0/26550: NOT_FOUND"]


def test_host_that_logs_out_ends_it() -> None:
    mcu = Mcu()
    mcu.start()
    mcu.bench.wait(1)
    mcu.bench.well("AT+MIPLDELETE=0")
    mcu.bench.wait(5)
    assert mcu.ended == ["/5/0/26550: OFFLINE"]


def test_commands_of_an_update_out_of_place() -> None:
    bench = SuiteBench("m5310a")
    bench.create()
    assert bench.ask("AT+MIPLSOTA=1") == ["+CIS ERROR:602"]
    assert bench.ask("AT+MIPLSOTAVER=") == ["+CIS ERROR:601"]
    bench.well("AT+MIPLOPEN=0,600,60")
    bench.wait(20)
    bench.well("AT+MIPLSOTA=1", 'AT+MIPLSOTAVER="1"')
    assert len(bench.module.doubts.notes) == 2


def test_deletion_takes_the_objects_back() -> None:
    mcu = Mcu()
    mcu.bench.well("AT+MIPLDELETE=0")
    mcu.bench.log_in()
    assert mcu.bench.execute("5/0/26550") == []
    assert mcu.bench.result == "NOT_FOUND"
