"""Any unsolicited lines to a device that speaks the suite: it goes on and answers a later read.

The lines are those of a module, whole, cut, with values of other lines, or repeated.
"""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310 import Access, Device, DeviceState, ValueType
from tests.support.clock import elapse, run
from tests.support.devices import ENDPOINT, module
from tests.support.effort import scaled
from tests.support.suite_module import suite

NUMBERS = st.sampled_from(
    ["0", "1", "-1", "3303", "3", "5700", "70247", "4711", "65536", "4294967296", "9" * 30, "", "x"]
)
TEXTS = st.sampled_from(
    [*("2", "4", "20.5", '"on"', "0A0B", '"pmin=5;pmax=1"', '"gt=x"', "99999", "Ａ", '"', " ")]
)
# Among them those that end a login, which is then made again.
EVENTS = st.builds("+MIPLEVENT: 0,{}".format, st.integers(0, 52))
VALUES = st.lists(NUMBERS | TEXTS | st.text(max_size=4), max_size=11)
NAMES = st.sampled_from(
    [
        "EVENT",
        "OBSERVE",
        "DISCOVER",
        "PARAMETER",
        "READ",
        "WRITE",
        "EXECUTE",
        "VER",
        "SMR",
        "CREATE",
    ]
)
REAL = st.sampled_from(
    [
        "+MIPLOBSERVE: 0,70247,1,3303,0,-1",
        "+MIPLOBSERVE: 0,70248,0,3303,0,-1",
        "+MIPLDISCOVER: 0,4712,3303",
        '+MIPLPARAMETER: 0,4713,3303,0,5700,15,"pmin=1;pmax=60"',
        "+MIPLREAD: 0,4714,3303,0,5700",
        "+MIPLREAD: 0,4715,3303,-1,-1",
        "+MIPLWRITE: 0,4716,3303,0,5700,4,8,22.5,0,0",
        "+MIPLWRITE: 0,4717,3303,0,5700,4,8,22.5,0,3",  # whose rest does not come
        "+MIPLEXECUTE: 0,4718,3303,0,5700,5,abc",
        "+MIPLEVENT: 0,26,7",
        "+MIPLEVENT: 0,25,7",
        "+MIPLEVENT: 0,14,20",
    ]
)
MADE = st.builds(
    lambda name, blank, values: f"+MIPL{name}:{blank}{','.join(values)}",
    NAMES,
    st.sampled_from(["", " "]),
    VALUES,
).filter(lambda line: not set(line) & set("\r\n\0"))
CUT = st.builds(lambda line, at: line[:at], REAL, st.integers(0, 40))
LINES = st.lists(REAL | CUT | EVENTS | MADE, max_size=25)


@pytest.mark.parametrize("name", ["bc28", "m5310a"])
@given(lines=LINES, pause=st.sampled_from([0.0, 0.1, 2.0]))
@settings(max_examples=scaled(200), deadline=None)
def test_device_goes_on_after_any_lines(name: str, lines: list[str], pause: float) -> None:
    run(_goes_on(name, lines, pause))


async def _goes_on(name: str, lines: list[str], pause: float) -> None:
    faults: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)  # warnings are for lines that are ignored
    handler.emit = faults.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        async with module(suite()) as m:
            async with Device(m.modem, ENDPOINT, module=name) as device:
                await device.add_resource("3303/0/5700", ValueType.FLOAT, 20.5, Access(7))
                await device.connect(10)
                for line in lines:
                    m.send(line)
                    await elapse(pause)
                await elapse(400)  # a login that ended is made again, a write is given up
                assert device.state is DeviceState.REGISTERED
                m.sent.clear()
                m.send("+MIPLREAD: 0,9999,3303,0,5700")
                await elapse(5)
                answers = [each for each in m.sent if each.startswith("AT+MIPLREADRSP=0,9999,1")]
                assert len(answers) == 1, m.sent
            assert device.state is DeviceState.DESTROYED
    finally:
        logging.getLogger().removeHandler(handler)
    assert not faults, [each.getMessage() for each in faults]
