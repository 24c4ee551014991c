"""A device on modules that speak the suite, whatever lines come and whatever is refused."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.device.firmware import Firmware
from m5310.device.reports import ReportState
from m5310.dialects.profiles import PROFILES, Profile
from m5310.errors import (
    M5310Error,
)
from tests.support.clock import elapse, run
from tests.support.effort import scaled
from tests.support.scripted import Reply
from tests.support.suite_module import OBSERVE, created, sensor

MODULES = st.sampled_from(
    [
        *(PROFILES[name] for name in ("bc28", "m5310a", "me3616")),
        *(dataclasses.replace(PROFILES[name], buffered=1) for name in ("bc28", "m5310a")),
    ]
)


async def store(_: int, data: bytes) -> None:
    """A memory that is worn out in some places."""
    if len(data) > 1:
        raise OSError("worn out")


LINES = st.sampled_from(
    [
        *(
            f"+MIPLEVENT: 0,{number}"
            for number in (1, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 31, 33)
        ),
        *("+MIPLEVENT: 0,25,2", "+MIPLEVENT: 0,26,2", "+MIPLEVENT: 0,26,3", "+MIPLEVENT: 0,x"),
        *(OBSERVE, "+MIPLOBSERVE: 0,4711,0,3303,0,-1", "+MIPLOBSERVE: 0,4712,1,9,0,-1"),
        *("+MIPLDISCOVER: 0,4713,3303", "+MIPLDISCOVER: 0,4714,3", "+MIPLREAD: 0,4715,3,0,-1,0"),
        "+MIPLREAD: 0,4716,3303,0,5700",
        "+MIPLWRITE: 0,4717,3303,0,5700,2,4,41C80000,0,0",
        "+MIPLWRITE: 0,4718,3303,0,5700,2,4,41C80000,1,1",
        "+MIPLWRITE: 0,4719,3303,0,5700,9,4,41C80000,1,1",
        '+MIPLEXECUTE: 0,4720,3303,0,5700,2,"on"',
        '+MIPLPARAMETER: 0,4721,3303,0,5700,15,"pmin=15;pmax=60"',
        '+MIPLPARAMETER: 0,4722,3303,0,5700,5,"pmin="',
        *("+MIPLNMI:0", "+MIPLNMI:x", "+MIPLNSMI: 0,0,5", "+MIPLRD: 4,0", "+MIPLEVENT: 0,50"),
        *('+MIPLEXECUTE:0,4723,5,0,26550,0,""', "+MIPLREAD:0,4724,3,0,26261"),
        *("+MIPLWRITE:0,4725,5,0,0,2,4,0001,1", "+MIPLWRITE:0,4726,5,0,0,2,0,,0"),
        *("REBOOT_CAUSE_UNKNOWN", "REBOOTING", "+CME ERROR: 159", "OK", "ERROR"),
    ]
)
WAITS = st.sampled_from([0.0, 0.05, 1.0, 12.0, 120.0])


@settings(max_examples=scaled(400))
@given(MODULES, st.lists(st.tuples(LINES, WAITS), max_size=12))
def test_no_order_of_lines_stops_a_device(name: Profile, lines: list[tuple[str, float]]) -> None:
    """Each report ends, and the module holds nothing in the end."""

    async def go() -> None:
        loop = asyncio.get_running_loop()
        reports = []
        async with created(module=name, firmware=Firmware("1.0", store)) as (m, device):
            temperature = await sensor(device)
            await device.connect(60)
            for line, wait in lines:
                with contextlib.suppress(M5310Error):
                    reports.append(await device.report({temperature: 1.0}, acknowledge=True))
                m.send(line)
                await elapse(wait)
            ending = loop.time()
        assert loop.time() - ending < 200
        assert m.sent[-1] == "AT+MIPLDELETE=0"
        for report in reports:
            assert report.state in (
                ReportState.ACCEPTED,
                ReportState.ACKNOWLEDGED,
                ReportState.FAILED,
            )

    run(go())


REPLIES = st.sampled_from(
    [*["OK"] * 3, "ERROR", "+CIS ERROR: 602", "+CME ERROR: 159", "+CME ERROR: 30", None]
)


@settings(max_examples=scaled(400))
@given(
    MODULES,
    st.lists(REPLIES, max_size=20),
    st.lists(st.tuples(LINES, WAITS), max_size=6),
)
def test_no_answer_of_the_module_stops_a_device(
    name: Profile, replies: list[str | None], lines: list[tuple[str, float]]
) -> None:
    """Every call ends, in time, and a module that obeys again holds nothing in the end."""

    async def go() -> None:
        loop = asyncio.get_running_loop()
        left = list(replies)
        async with created(module=name, firmware=Firmware("1.0", store)) as (m, device):
            good = dict(m.rules)

            def answer(line: str) -> Reply:
                if left and (reply := left.pop(0)) != "OK":
                    return reply
                rule = next((good[start] for start in good if line.startswith(start)), "OK")
                return rule(line) if callable(rule) else rule

            m.rules = {"AT+MIPL": answer, **{k: v for k, v in good.items() if "MIPL" not in k}}
            with contextlib.suppress(M5310Error):
                temperature = await sensor(device)
                await device.connect(60)
                for line, wait in lines:
                    await device.report({temperature: 1.0}, acknowledge=True)
                    m.send(line)
                    await elapse(wait)
                await device.update(timeout=20)
            left.clear()
            ending = loop.time()
        assert loop.time() - ending < 300
        assert m.sent[-1] == "AT+MIPLDELETE=0"

    run(go())
