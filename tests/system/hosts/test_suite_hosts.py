"""Hosts of the suite that know nothing of this driver: two in C, one for each answering model, and
a script that looks every ten seconds.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator import Cloud, EagerClock, Emulator, LoopClock, VirtualClock
from emulator.clock.clocks import Clock
from tests.support.foreign import program
from tests.support.host_words import BLOB
from tests.support.patience import PATIENCE

HERE = Path(__file__).parent

EX = 'AT+MIPLCREATEEX="183.230.40.39:5683",1'
ANSWERING = {
    "m5310a-2018": [BLOB],
    "nb86": [BLOB],
    "nb73": ["AT+MIPLCREATE"],
    "bc28": ["AT+MIPLCONFIG=1,183.230.40.39,5683", "AT+MIPLCONFIG=3,0", "AT+MIPLCREATE"],
    "me3616": [BLOB],
    "sim7000c": ["AT+MIPLBOOTSTRAP=0", BLOB],
    "sim7020": ['AT+MIPLCREATEEXT="183.230.40.39",1'],
    "generic": ["AT+MIPLCREATE"],
}
DECLARING = {"m5310a": [EX], "m5311": [BLOB], "mn316": [EX]}

Prints = Callable[..., list[str]]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    def compile_(name: str) -> str:
        target = tmp_path_factory.mktemp(name) / name
        command = [program("cc", "gcc"), "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1"]
        source = HERE / f"{name}.c"
        subprocess.run([*command, "-o", str(target), str(source)], check=True, timeout=60)
        return str(target)

    return compile_


@contextmanager
def running(*words: str, sleep: Callable[[float, int], int] | None = None) -> Iterator[Prints]:
    """The host as a process. It must print what the test expects, and end well.

    `sleep`: lets the seconds pass for which a host sleeps that has sent so many bytes; returns how
    many bytes the module has sent.
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ready, output = process.stdin, process.stdout

        def prints(*expected: str) -> list[str]:
            lines = []
            for line in expected:
                printed = output.readline().rstrip("\n")
                while sleep is not None and printed.startswith("sleep "):
                    _, seconds, sent = printed.split()
                    print(sleep(float(seconds), int(sent)), file=ready, flush=True)
                    printed = output.readline().rstrip("\n")
                lines.append(printed)
                assert lines[-1].startswith(line), f"{lines[-1]!r}, then {output.read()!r}"
            return lines

        try:
            yield prints
            assert process.wait(timeout=PATIENCE) == 0, output.read()
        finally:
            process.kill()


def clock_for(module: str) -> Clock:
    """Of an emulator that answers at once, and on which no request expires while the host is slow.

    NB73 leaves seconds between two requests, which no host waits for.
    """
    return LoopClock(speed=5) if module == "nb73" else EagerClock()


def serve(cloud: Cloud, prints: Prints, written: str) -> None:
    """A read, a write and an execute that ends the host."""
    reading = cloud.start_read("3303/0/5700")
    prints("read")
    assert reading.result(timeout=PATIENCE) == 22.25
    writing = cloud.start_write({"3306/0/5851": 22})
    prints(written)
    writing.result(timeout=PATIENCE)
    executing = cloud.start_execute("3306/0/5850", "stop")
    prints("execute")
    executing.result(timeout=PATIENCE)


@pytest.mark.realtime
@pytest.mark.parametrize("module", ANSWERING)
def test_host_answers_all(compiled: Callable[[str], str], module: str) -> None:
    host = compiled("suite_answering")
    with Emulator(module=module, clock=clock_for(module)) as it:
        cloud = Cloud(it)
        baud = "115200" if module.startswith("sim") else "9600"
        with running(host, it.port, baud, *ANSWERING[module]) as prints:
            prints("logged in", "observed 3303", "observed 3306", "discovered 3303")
            prints("discovered 3306", "acknowledged 7")
            nine = module == "m5310a-2018"
            serve(cloud, prints, f"written 2 {2 if nine else 1} 16")
        assert cloud.points("3303/0/5700") == [21.5]
        assert not cloud.online


@pytest.mark.realtime
@pytest.mark.parametrize("module", DECLARING)
def test_host_declares_before_login(compiled: Callable[[str], str], module: str) -> None:
    host = compiled("suite_declaring")
    with Emulator(module=module, clock=clock_for(module)) as it:
        cloud = Cloud(it)
        with running(host, it.port, "9600", *DECLARING[module]) as prints:
            prints("logged in", "subscribed", "acknowledged 7")
            serve(cloud, prints, "written 2 2 16")
        assert cloud.points("3303/0/5700") == [21.5]
        assert not cloud.online


@pytest.mark.realtime
@pytest.mark.parametrize("module", ["nb73", "nb86"])
def test_script_that_looks_every_ten_seconds(module: str) -> None:
    def sleep(seconds: float, sent: int) -> int:
        while it.line.received < sent:
            pass
        it.clock.advance(seconds)
        return it.line.sent

    with Emulator(module=module, clock=VirtualClock()) as it:
        cloud = Cloud(it)
        script = (sys.executable, str(HERE / "suite_poller.py"))
        with running(*script, it.port, *ANSWERING[module], sleep=sleep) as prints:
            prints("observe 1,3303,0,-1", "observe 1,3306,0,-1", "discover 3303", "discover 3306")
            prints("acknowledged")
            serve(cloud, prints, "write 3306,0,5851,2,1,16")
            prints("left")
        assert cloud.points("3303/0/5700") == [21.5]
        assert not cloud.online
