"""`pyatcommand`, an AT library from PyPI, as it comes: its echo, its threads, its queues."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulator import Cloud, Emulator
from tests.support.foreign import PYTHON
from tests.support.patience import PATIENCE
from tests.support.programs import configuration

PROGRAM = Path(__file__).parent / "at_client.py"


@pytest.mark.realtime
def test_at_library_logs_in_answers_and_reports() -> None:
    # The air is slow, so that nothing follows an OK more closely than the library can bear.
    with Emulator(latency=0.2) as it:
        cloud = Cloud(it)
        words = [PYTHON, str(PROGRAM), it.port, configuration(it)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None

            def prints(*expected: str) -> None:
                assert program.stdout is not None
                for line in expected:
                    assert program.stdout.readline() == f"{line}\n", program.stdout.read()

            prints(f"imei {it.imei}", "model M5310", "network 0,1", "statistics 11")
            prints("AT+NOTHING: ERROR None", "AT+NOTHING: CME_ERROR 4")
            prints("logged in")
            reading = cloud.start_read("3303/0/5700")
            prints("read")
            assert reading.result(timeout=PATIENCE) == 21.5
            writing = cloud.start_write({"3303/0/5700": 19.5})
            prints("written 19.5")
            writing.result(timeout=PATIENCE)
            executing = cloud.start_execute("3303/0/5700", "again")
            prints("executed again")
            executing.result(timeout=PATIENCE)
            prints("left")
            assert program.wait(timeout=PATIENCE) == 0
        assert cloud.points("3303/0/5700") == [22.5]
        assert not cloud.online
