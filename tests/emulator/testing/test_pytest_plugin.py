"""The pytest plugin, used by separate pytest runs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from emulator import Emulator

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = "m5310.cli.pytest_plugin"

HOST = """
import pytest
import serial

@pytest.fixture
def host(m5310):
    with serial.Serial(m5310.port, 9600, timeout=10) as port:
        yield port

def ask(host, line):
    host.write(line + b"\\r")
    return host.read_until(b"OK\\r\\n")
"""


@pytest.fixture
def outside(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Pytest runs outside of this test suite, with no other plugin than the one of this tree."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    return pytester


def run(pytester: pytest.Pytester, tests: str, *options: str, **outcomes: int) -> pytest.RunResult:
    """In this process, which is faster than a new one; xdist makes its own processes."""
    pytester.makepyfile(HOST + tests)
    result = pytester.runpytest_inprocess("-p", PLUGIN, *options)
    result.assert_outcomes(**outcomes)
    return result


def test_plugin_is_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"m5310": PLUGIN}


def test_plugin_loads_neither_driver_nor_emulator() -> None:
    """pytest loads it in every project of the environment."""
    program = (
        f"import sys, {PLUGIN}; "
        "print(*(m for m in sys.modules if m.split('.')[0] in ('m5310', 'emulator', 'serial')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["m5310", "m5310.cli", PLUGIN]


def test_all_fixtures(outside: pytest.Pytester) -> None:
    result = run(
        outside,
        """
def test_module(m5310, host):
    assert m5310.imei.encode() in ask(host, b"AT+CGSN=1")

def test_cloud(m5310, m5310_cloud):
    assert not m5310_cloud.online
    assert m5310.http_url.startswith("http://127.0.0.1:")

def test_faults(m5310, host, m5310_faults, m5310_trace):
    m5310_faults.to_module.lose(2)
    host.write(b"AT\\r")
    m5310_trace.until("to the module: faults on")
    ask(host, b"AT")
    assert m5310_faults.to_module.met.total() == 2

def test_trace(host, m5310_trace):
    ask(host, b"AT+CSQ")
    assert m5310_trace.until("+CSQ:").text == "+CSQ:28,99"
    assert m5310_trace.commands == ["AT+CSQ"]
    for _ in range(50):
        ask(host, b"AT+CSQ")
        assert m5310_trace.answers[-1] == "OK"
        assert len(m5310_trace.answers) == 2 * len(m5310_trace.commands)
""",
        passed=4,
    )
    assert "AT trace" not in result.stdout.str()


def test_eager_clock(outside: pytest.Pytester) -> None:
    run(
        outside,
        """
import time
from emulator import EagerClock

def log_in(host, m5310):
    config = bytes(4) + (300).to_bytes(4, "little")
    for text in (b"coap://183.230.40.40:5683", f"{m5310.imei};{m5310.imsi}".encode()):
        config += len(text).to_bytes(2, "little") + text
    ask(host, b"AT+MIPLCONF=%d,%s,1,1" % (len(config), config.hex().upper().encode()))
    ask(host, b"AT+MIPLADDOBJ=0,3303,0")
    ask(host, b'AT+MIPLNOTIFY=0,3303,0,5700,4,"1",1')
    ask(host, b"AT+MIPLOPEN=0,30")
    assert host.read_until(b"+MIPLOPEN:0,1")

@pytest.mark.m5310(clock=EagerClock(), baud=9600, latency=5.0)
def test_slow_commands(host, m5310, m5310_clock, m5310_cloud, m5310_trace):
    began = time.monotonic()
    ask(host, b"AT+NRB")  # 3.5 s
    while b",1" not in ask(host, b"AT+CEREG?"):  # 2 s
        pass
    log_in(host, m5310)  # 10 s
    assert time.monotonic() - began < 12
    assert m5310_cloud.online
    assert ask(host, b"AT+CSQ") and m5310_cloud.online  # the lifetime of 300 s does not pass
    m5310_cloud.until(lambda: m5310.air.deadline is None)  # the subscriptions, which take 30 s
    reading = m5310_cloud.start_read("3303/0/5700")  # 10 s
    while b",3303," not in (line := host.read_until(b"\\r\\n")) or b"+MIPLREAD" not in line:
        pass  # the observe, the discover, and the read of object 3
    msgid = line.split(b",")[1]
    ask(host, b'AT+MIPLREAD=0,%s,3303,0,5700,4,"2.5",1' % msgid)
    assert reading.result(timeout=60) == 2.5
    m5310_clock.advance(301)
    assert not m5310_cloud.online
""",
        passed=1,
    )


def test_clock_fixture_stops_the_time(outside: pytest.Pytester) -> None:
    run(
        outside,
        """
def test_clock(host, m5310, m5310_clock):
    before = ask(host, b"AT+CCLK?")
    assert ask(host, b"AT+CCLK?") == before
    m5310_clock.advance(86400)
    assert ask(host, b"AT+CCLK?") != before
    assert m5310_clock == m5310.clock

@pytest.fixture
def tomorrow(m5310_clock):
    m5310_clock.advance(86400)

def test_through_another_fixture(m5310, tomorrow):
    pass

def test_clock_requested_too_late(m5310, request):
    request.getfixturevalue("m5310_clock")
""",
        passed=2,
        failed=1,
    ).stdout.fnmatch_lines("*m5310_clock: the emulator already has another clock*")


def test_marker_sets_parameters(outside: pytest.Pytester) -> None:
    run(
        outside,
        """
@pytest.mark.m5310(imei="123", modules=2, http=None)
class TestOfTwo:
    def test_both(self, m5310):
        assert [board.module.identity.imei for board in m5310.boards] == ["123", "124"]
        assert m5310.http_url is None

    @pytest.mark.m5310(imei="777", modules=1)
    def test_nearest_marker_wins(self, m5310, host):
        assert b"777" in ask(host, b"AT+CGSN=1")

@pytest.mark.m5310(speed=9600)
def test_unknown_parameter(m5310):
    pass
""",
        passed=2,
        errors=1,
    ).stdout.fnmatch_lines("E *UsageError: marker m5310: speed: no such option, expected one of:*")


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("foo=1, bar=2", "marker m5310: foo, bar: no such option, expected one of: port, baud, "),
        ("trace=print", "marker m5310: trace: no such option, expected one of: port, baud, "),
        ("baud=-1", "fixture m5310(baud=-1): baud -1: expected a speed above 0"),
        ("modules='2'", "fixture m5310(modules='2'): modules '2': expected int"),
        ("firmware='SP9'", "fixture m5310(firmware='SP9'): "),
    ],
)
def test_wrong_option_is_named_in_one_line(
    outside: pytest.Pytester, marker: str, message: str
) -> None:
    test = f"@pytest.mark.m5310({marker})\ndef test_wrong(m5310):\n    pass\n"
    shown = run(outside, test, errors=1).stdout.str()
    (line,) = [line for line in shown.splitlines() if line.startswith("E ")]
    assert line.startswith(f"E   pytest.UsageError: {message}")
    assert "AT trace" not in shown


def test_options_in_the_help_of_the_marker_are_parameters(outside: pytest.Pytester) -> None:
    result = outside.runpytest_inprocess("-p", PLUGIN, "--markers")
    (text,) = [line for line in result.outlines if line.startswith("@pytest.mark.m5310(")]
    named = text.partition("fixture m5310: ")[2].partition(" (help")[0].split(", ")
    parameters = inspect.signature(Emulator).parameters
    assert len(named) > 10
    assert set(named) < set(parameters)


@pytest.mark.parametrize("own", ["emulator.py", "emulator/__init__.py"])
def test_own_module_of_the_name_emulator(outside: pytest.Pytester, own: str) -> None:
    path = outside.path / own
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise AssertionError('it was imported')", encoding="utf-8")
    outside.makepyfile("def test_own():\n    pass\ndef test_module(m5310):\n    pass\n")
    result = outside.runpytest_subprocess("-p", PLUGIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [f"E *UsageError: *`import emulator` finds {path}: expected {ROOT}/emulator/__init__.py.*"]
    )


def test_emulator_that_is_not_to_be_found(outside: pytest.Pytester) -> None:
    outside.makeconftest("import sys\nsys.modules['emulator'] = type(sys)('emulator')")
    result = run(outside, "def test_module(m5310):\n    pass\n", errors=1)
    result.stdout.fnmatch_lines(["E *UsageError: *`import emulator` finds nothing: expected *"])


@pytest.mark.parametrize("package", ["aiohttp", "aiocoap"])
def test_missing_extra_says_what_to_install(outside: pytest.Pytester, package: str) -> None:
    outside.makeconftest(f"import sys\nsys.modules['{package}'] = None\n")
    outside.makepyfile("def test_module(m5310):\n    pass\n")
    result = outside.runpytest_subprocess("-p", PLUGIN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"E *{package} is not installed, which the fixtures of m5310 need: pip install *"]
    )
    assert "AT trace" not in result.stdout.str()


@pytest.mark.parametrize("option", ["", "--full-trace"])
def test_report_shows_the_line_of_the_test_only(outside: pytest.Pytester, option: str) -> None:
    options = [option] if option else []
    result = run(
        outside,
        """
def test_place(m5310):
    m5310.module.radio.coverage = "IN"

def test_read(m5310_cloud):
    m5310_cloud.read("3303/0/5700")
""",
        *options,
        failed=2,
    )
    result.stdout.fnmatch_lines(
        [
            "m5310 = <Emulator: port *, imei 865820030013978, not online>",
            ">*m5310.module.radio.coverage = *",
            "E *ValueError: 'IN': expected a member of Coverage or its name: ECL0, *",
            ">*m5310_cloud.read*",
            "E *ApiError: device not online: 500000001",
        ]
    )
    assert ("remote.py" in result.stdout.str()) is bool(option)


def test_failed_test_shows_the_trace(outside: pytest.Pytester) -> None:
    result = run(
        outside,
        """
def test_wrong(host):
    assert ask(host, b"AT+CSQ") == b"17"

def test_silent(m5310):
    assert False

@pytest.fixture
def log_in(host):
    ask(host, b"AT+CIMI")
    raise RuntimeError("in the fixture")

def test_in_setup(log_in):
    pass

def test_without_a_module():
    assert False
""",
        failed=3,
        errors=1,
    )
    result.stdout.fnmatch_lines(
        [
            "*in the fixture*",
            "*- AT trace -*",
            "* --> AT+CIMI",
            "* <-- 460040000000001",
            "* <-- OK",
            "*_ test_wrong _*",
            "*- AT trace -*",
            "* --> AT+CSQ",
            "* <-- +CSQ:28,99",
            "* <-- OK",
            "*_ test_silent _*",
            "*- AT trace -*",
            "no complete line: does the host end its lines with CR?",
            "*_ test_without_a_module _*",
        ]
    )
    assert result.stdout.str().count("- AT trace -") == 3


def test_trace_is_in_every_report_format(outside: pytest.Pytester) -> None:
    result = run(
        outside,
        """
def test_wrong(host):
    assert ask(host, b"AT+CSQ") == b"something else"

def test_without_a_traceback(m5310, no_such_fixture):
    pass

@pytest.mark.xfail(strict=True)
def test_that_passes(host):
    ask(host, b"AT+CGMM")
""",
        "--show-capture=no",
        "--junitxml=report.xml",
        failed=2,
        errors=1,
    )
    result.stdout.fnmatch_lines(["*- AT trace -*", "* --> AT+CSQ"])
    report = (outside.path / "report.xml").read_text(encoding="utf-8")
    assert "--&gt; AT+CSQ" in report


def test_positional_marker_argument_is_rejected(outside: pytest.Pytester) -> None:
    result = run(
        outside,
        """
@pytest.mark.m5310("SP5")
def test_wrong(m5310):
    pass
""",
        errors=1,
    )
    result.stdout.fnmatch_lines(["*marker m5310('SP5',): expected parameters*by name*"])


def test_xdist_workers_do_not_collide(outside: pytest.Pytester) -> None:
    result = run(
        outside,
        """
@pytest.mark.parametrize("number", range(12))
def test_many(m5310, host, number):
    for _ in range(5):
        assert m5310.imei.encode() in ask(host, b"AT+CGSN=1")
    assert number != 7
""",
        "-p",
        "xdist.plugin",
        "-n2",
        passed=11,
        failed=1,
    )
    result.stdout.fnmatch_lines(["*- AT trace -*", "* --> AT+CGSN=1"])


def test_no_thread_or_descriptor_outlives_a_test(outside: pytest.Pytester) -> None:
    run(
        outside,
        """
import os, threading

def left():
    return len(os.listdir("/proc/self/fd")), threading.active_count()

BEFORE = left()

def test_one(m5310, host, m5310_cloud, m5310_trace):
    assert left() > BEFORE

def test_two():
    assert left() == BEFORE
""",
        passed=2,
    )


def test_emulator_in_coroutines(outside: pytest.Pytester) -> None:
    run(
        outside,
        """
import asyncio

async def session(port):
    loop = asyncio.get_running_loop()
    host = serial.Serial(port, 9600, timeout=10)
    try:
        return await asyncio.to_thread(ask, host, b"AT")
    finally:
        host.close()

def test_beside_a_loop(m5310):
    assert asyncio.run(session(m5310.port)).endswith(b"OK\\r\\n")

def test_on_the_loop_itself():
    from emulator import Emulator

    async def both():
        async with Emulator(baud=None) as it:
            return await session(it.port)

    assert asyncio.run(both()).endswith(b"OK\\r\\n")
""",
        passed=2,
    )
