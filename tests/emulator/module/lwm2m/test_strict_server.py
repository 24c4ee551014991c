"""The module before a server that takes only what LwM2M 1.0 allows: what OMA's tests leave out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from aiocoap.numbers import Code
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import clock
from tests.support.effort import scaled
from tests.support.strict_bench import StrictBench, strict_bench
from tests.support.strict_coap import Exchange
from tests.support.strict_formats import JSON, LINKS, OPAQUE, TEXT, TLV, Value

STRING, BYTES, INTEGER, FLOAT, BOOL = 1, 2, 3, 4, 5
RESOURCES = {
    "/3303/0/5700": (FLOAT, "21.5"),
    "/3303/0/5701": (STRING, "Cel"),
    "/3303/1/5700": (FLOAT, "-3.25"),
    "/3306/0/5850": (BOOL, "1"),
    "/3306/0/5851": (INTEGER, "50"),
    "/3349/0/5910": (BYTES, "0A0B"),
}
WARM = "/3303/0/5700"
AIRS = pytest.mark.parametrize("air", ["memory", pytest.param("udp", marks=pytest.mark.realtime)])


async def result(bench: StrictBench, exchange: Exchange) -> str:
    return (await bench.answered(exchange)).result


async def logged_in(bench: StrictBench) -> None:
    bench.values = RESOURCES.copy()
    await bench.log_in()
    assert bench.urcs == ["+MIPLOPEN:0,1"]


# Reads -------------------------------------------------------------------------------------------


@AIRS
async def test_reads(air: str) -> None:
    async with strict_bench(air) as bench:
        await logged_in(bench)
        server = bench.server
        instance = {WARM: 21.5, "/3303/0/5701": "Cel"}
        for path, accept, values in (
            (WARM, None, {WARM: 21.5}),
            (WARM, TEXT, {WARM: 21.5}),
            (WARM, TLV, {WARM: 21.5}),
            (WARM, JSON, {WARM: 21.5}),
            ("/3303/0", None, instance),
            ("/3303/0", TLV, instance),
            ("/3303/0", JSON, instance),
            ("/3303", None, instance | {"/3303/1/5700": -3.25}),
            ("/3303", TLV, instance | {"/3303/1/5700": -3.25}),
            ("/3306/0", None, {"/3306/0/5850": True, "/3306/0/5851": 50}),
            ("/3349/0/5910", None, {"/3349/0/5910": b"\x0a\x0b"}),
            ("/3349/0/5910", OPAQUE, {"/3349/0/5910": b"\x0a\x0b"}),
            ("/3349/0/5910", TEXT, {"/3349/0/5910": b"\x0a\x0b"}),
            ("/3349/0/5910", TLV, {"/3349/0/5910": b"\x0a\x0b"}),
        ):
            exchange = server.read(path, bench.now, accept)
            assert await result(bench, exchange) == "2.05", (path, accept)
            assert server.values[exchange.token] == values, (path, accept)


@pytest.mark.parametrize(
    ("path", "accept", "code"),
    [
        ("/3303/0", TEXT, "4.06"),
        ("/3303", OPAQUE, "4.06"),
        (WARM, 60, "4.06"),
        ("/3303/0/9999", None, "4.04"),
        ("/3303/7", None, "4.04"),
        ("/3303/0/5605", None, "4.05"),
        ("/9999", None, "4.04"),
        ("/0/0", None, "4.04"),
        ("/3/0/99", None, "4.04"),
        ("/", None, "4.04"),
    ],
)
async def test_refused_reads(path: str, accept: int | None, code: str) -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        assert await result(bench, bench.server.read(path, bench.now, accept)) == code
        assert await result(bench, bench.server.observe(path, bench.now, accept=accept)) == code


@pytest.mark.parametrize("path", ["/3303/0/9999", "/3303/7", "/3/0/99", "/9999", "/0"])
async def test_refused_discovers(path: str) -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        assert await result(bench, bench.server.discover(path, bench.now)) == "4.04"


async def test_host_that_is_slow_gets_the_question_once() -> None:
    """The repetition gets the same answer, from memory (RFC 7252 4.5)."""
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        read = await bench.answered(bench.server.read(WARM, bench.now))
        bench.server.repeat(read, bench.now)
        await bench.wait(1)
        assert len(read.datagrams) == 2
        assert sum(line.startswith("+MIPLREAD:") for line in bench.urcs) == 1


# Writes and executes -----------------------------------------------------------------------------


@AIRS
async def test_writes_reach_the_host(air: str) -> None:
    async with strict_bench(air) as bench:
        await logged_in(bench)
        for path, form, part, payload, written in (
            ("/3306/0/5851", TEXT, False, b"40", [("/3306/0/5851", "40")]),
            ("/3306/0/5851", TLV, False, b"\xe1\x16\xdb\x29", [("/3306/0/5851", "41")]),
            ("/3306/0", TLV, True, b"\xe1\x16\xdb\x2a", [("/3306/0/5851", "42")]),
            (
                *("/3306/0", TLV, False, b"\xe1\x16\xda\x00\xe1\x16\xdb\x2b"),
                [("/3306/0/5850", "0"), ("/3306/0/5851", "43")],
            ),
            (
                *("/3306/0", JSON, True, b'{"bn":"/3306/0/","e":[{"n":"5850","bv":true}]}'),
                [("/3306/0/5850", "1")],
            ),
        ):
            bench.written.clear()
            write = bench.server.write(path, bench.now, payload, form, part=part)
            assert await result(bench, write) == "2.04", (path, form, payload)
            assert bench.written == written


@pytest.mark.parametrize(
    ("path", "form", "payload", "code"),
    [
        ("/3306/0/5851", TEXT, b"forty", "4.00"),
        ("/3306/0/5850", TEXT, b"2", "4.00"),
        ("/3306/0", TLV, b"\xe1\x16", "4.00"),
        ("/3306/0/5851", TLV, b"\xe3\x16\xdb\x00\x00\x01", "4.00"),  # an integer of 3 bytes
        ("/3306/0/5851", 60, b"\x18\x28", "4.15"),
        ("/3303/0/5701", TEXT, b"K", "4.05"),  # the unit is only read
        ("/3303/0", TLV, b"\xe4\x16\x44\x41\xac\x00\x00", "4.05"),
        ("/3303/0/9999", TEXT, b"1", "4.04"),
        ("/3303/7/5700", TEXT, b"1", "4.04"),
        ("/1/0/0", TEXT, b"2", "4.05"),
        ("/1/0/7", TEXT, b"S", "4.00"),
        ("/1/0/1", TEXT, b"0", "4.00"),
        ("/3/0/16", TEXT, b"U", "4.05"),
    ],
)
async def test_refused_writes(path: str, form: int, payload: bytes, code: str) -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        assert await result(bench, bench.server.write(path, bench.now, payload, form)) == code
        assert bench.written == []


async def test_executes() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        server = bench.server
        assert await result(bench, server.execute("/3303/0/5605", bench.now, b"0='x'")) == "2.04"
        assert await result(bench, server.execute("/3303/0/5605", bench.now)) == "2.04"
        assert bench.executed == [("/3303/0/5605", "0='x'"), ("/3303/0/5605", "")]
        for path, code in (
            (WARM, "4.05"),
            ("/3/0/3", "4.05"),
            ("/3303/0/9999", "4.04"),
            ("/3303/7/5605", "4.04"),
        ):
            assert await result(bench, server.execute(path, bench.now)) == code
        assert len(bench.executed) == 2


async def test_instances_are_neither_created_nor_deleted() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        ask, now = bench.server.ask, bench.now
        payload = b"\x08\x05\x07\xe4\x16\x44\x41\xac\x00\x00"
        create = ask("create", "/3303", now, payload, code=Code.POST, content_format=TLV)
        assert await result(bench, create) == "4.05"
        assert await result(bench, ask("delete", "/3303/0", now, code=Code.DELETE)) == "4.05"


# Observations ------------------------------------------------------------------------------------


def sent(bench: StrictBench, observed: Exchange) -> list[tuple[int, list[Value]]]:
    """Seconds since the answer to the observe, and the values, of each notification."""
    one = bench.server.observations[observed.token]
    return [(round(at - one.since), list(values.values())) for at, values in one.notifications]


@AIRS
async def test_notification_has_all_of_the_instance_in_the_format_of_the_answer(air: str) -> None:
    async with strict_bench(air) as bench:
        await logged_in(bench)
        observed = bench.server.observe("/3303/0", bench.now, accept=JSON)
        assert await result(bench, observed) == "2.05"
        bench.report(WARM, "22.5")
        await bench.wait(1)
        assert sent(bench, observed) == [(0, [22.5, "Cel"])]


@AIRS
async def test_report_with_an_ackid_is_confirmed(air: str) -> None:
    async with strict_bench(air) as bench:
        await logged_in(bench)
        observed = bench.server.observe(WARM, bench.now)
        await bench.answered(observed)
        bench.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1,278')
        await bench.until(lambda: bench.urcs[-1] == "+MIPLNOTIFY:0,278")
        bench.report(WARM, "23.5")
        await bench.wait(1)
        assert bench.server.observations[observed.token].confirmable == [True, False]


async def test_report_before_the_observe_comes_after_its_answer() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        bench.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1')
        observed = bench.server.observe(WARM, bench.now)
        await bench.wait(1)
        assert bench.server.values[observed.token] == {WARM: 21.5}
        bench.report(WARM, "23.5")
        await bench.wait(1)
        assert [values for _, values in sent(bench, observed)] == [[20.5], [23.5]]


async def test_report_with_an_ackid_is_sent_though_nothing_changed() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        observed = await bench.answered(bench.server.observe(WARM, bench.now))
        bench.report(WARM, "21.5")
        await bench.wait(1)
        assert sent(bench, observed) == []
        bench.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1,7')
        await bench.until(lambda: bench.urcs[-1] == "+MIPLNOTIFY:0,7")


async def test_notification_in_a_format_that_no_longer_fits_ends_the_observation() -> None:
    async with strict_bench("memory", faults=1) as bench:
        await logged_in(bench)
        observed = bench.server.observe("/3349/0/5910", bench.now, accept=OPAQUE)
        await bench.answered(observed)
        bench.command('AT+MIPLNOTIFY=0,3349,0,5910,1,"a text",1')
        await bench.wait(1)
        assert "code 4.06" in bench.server.faults[0]
        bench.command('AT+MIPLNOTIFY=0,3349,0,5910,1,"another",1')
        await bench.wait(1)
        assert len(bench.server.faults) == 1


async def test_refused_observe_leaves_no_observation() -> None:
    async with strict_bench("memory") as bench:
        bench.values = RESOURCES | {"/3303/0/5605": (STRING, "")}
        await bench.log_in()
        observed = await bench.answered(bench.server.observe("/3303/0/5605", bench.now))
        assert observed.result == "4.05"
        assert bench.module.client.observed == ()


async def test_observe_again_gives_the_observation_a_new_token() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        first = await bench.answered(bench.server.observe(WARM, bench.now))
        second = await bench.answered(bench.server.observe(WARM, bench.now, token=b"\x01"))
        bench.report(WARM, "22.5")
        await bench.wait(1)
        assert sent(bench, first) == []
        assert sent(bench, second) == [(0, [22.5])]


async def test_objects_of_the_module_are_observed_too() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        await bench.answered(bench.server.set_attributes("/1/0", bench.now, "pmax=60"))
        observed = await bench.answered(bench.server.observe("/1/0", bench.now))
        assert observed.result == "2.05"
        await bench.wait(61)
        assert sent(bench, observed) == [(60, [1, 300, False, "U"])]
        assert (await bench.answered(bench.server.cancel(observed, bench.now))).result == "2.05"


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (WARM, "pmin=5&pmax=60&gt=30&lt=10&st=1", "2.04"),
        (WARM, "pmin", "2.04"),
        ("/3303/0", "pmin=5", "2.04"),
        ("/3303", "pmax=5", "2.04"),
        (WARM, "pmin=x", "4.00"),
        (WARM, "step=1", "4.00"),
        (WARM, "st=0", "4.00"),
        (WARM, "lt=5&gt=1", "4.00"),
        (WARM, "lt=1&gt=5&st=2", "4.00"),
        ("/3303/0", "gt=1", "4.00"),
        ("/3303/0/5701", "gt=1", "4.00"),
        ("/3303/7", "pmin=1", "4.04"),
        ("/3303/0/9999", "pmin=1", "4.04"),
    ],
)
async def test_write_attributes(path: str, query: str, code: str) -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        assert await result(bench, bench.server.set_attributes(path, bench.now, query)) == code


async def test_attributes_of_wider_levels_count() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        for path, query in (("/3303", "pmin=3&pmax=8"), ("/3303/0", "pmin=5"), (WARM, "st=2")):
            await bench.answered(bench.server.set_attributes(path, bench.now, query))
        observed = await bench.answered(bench.server.observe(WARM, bench.now))
        bench.report(WARM, "22.5")  # less than st away
        await bench.wait(1)
        bench.report(WARM, "23.5")
        await bench.wait(13)
        assert sent(bench, observed) == [(5, [23.5]), (13, [23.5])]


@given(
    st.sampled_from([None, 2, 5]),
    st.sampled_from([None, 7, 30]),
    st.lists(st.tuples(st.integers(0, 12), st.integers(-20, 40)), max_size=12),
)
def test_times_of_notifications(
    pmin: int | None, pmax: int | None, reports: list[tuple[int, int]]
) -> None:
    """Never sooner than pmin, never later than pmax, and the newest value at the end."""

    async def case() -> None:
        async with strict_bench("memory") as bench:
            await logged_in(bench)
            pairs = (("pmin", pmin), ("pmax", pmax))
            query = "&".join(f"{name}={value}" for name, value in pairs if value is not None)
            if query:
                await bench.answered(bench.server.set_attributes(WARM, bench.now, query))
            observed = await bench.answered(bench.server.observe(WARM, bench.now))
            for seconds, value in reports:
                await bench.wait(seconds)
                bench.report(WARM, str(value))
            await bench.wait(40)
            times = [0, *(at for at, _ in sent(bench, observed))]
            gaps = [after - before for before, after in pairwise(times)]
            assert all(gap >= (pmin or 0) for gap in gaps)
            assert pmax is None or all(gap <= pmax for gap in gaps)
            last = [21.5, *(value for _, (value,) in sent(bench, observed))][-1]
            assert last == (reports[-1][1] if reports else 21.5)

    clock.run(case())


# Registration ------------------------------------------------------------------------------------


@AIRS
async def test_new_instance_is_listed_by_an_update(air: str) -> None:
    async with strict_bench(air) as bench:
        await logged_in(bench)
        bench.command("AT+MIPLADDOBJ=0,3341,0", "AT+MIPLUPDATE=0,300,1")
        await bench.until(lambda: bench.urcs[-1] == "+MIPLUPDATE:0,1")
        (update,) = bench.server.updates
        assert update.query == ()
        assert update.objects is not None
        assert update.objects[:2] == ["/1/0", "/3/0"]
        assert update.objects[-1] == "/3341/0"


async def test_update_with_another_lifetime_says_so_once() -> None:
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        for lifetime in (600, 600, 300):
            bench.urcs.clear()
            bench.command(f"AT+MIPLUPDATE=0,{lifetime},0")
            await bench.until(lambda: bench.urcs == ["+MIPLUPDATE:0,1"])
        assert [update.query for update in bench.server.updates] == [("lt=600",), (), ("lt=300",)]


async def test_update_that_takes_the_place_of_another_has_its_lifetime() -> None:
    """The server may not have received the first one."""
    async with strict_bench("memory") as bench:
        await logged_in(bench)
        bench.air.faults.loss = 1.0
        bench.command("AT+MIPLUPDATE=0,600,0")
        await bench.wait(1)
        bench.air.faults.loss = 0.0
        bench.command("AT+MIPLUPDATE=0,600,0")
        await bench.until(lambda: bench.urcs[-1] == "+MIPLUPDATE:0,1")
        assert [update.query for update in bench.server.updates] == [("lt=600",)]


async def test_server_that_forgot_the_module_gets_it_again() -> None:
    async with strict_bench("memory", faults=1) as bench:
        await logged_in(bench)
        observed = await bench.answered(bench.server.observe(WARM, bench.now))
        bench.server.forget()
        bench.report(WARM, "22.5")  # gets a reset, which ends the observation
        await bench.until(lambda: bench.server.registration is not None)
        assert "no registration" in bench.server.faults[0]
        bench.report(WARM, "23.5")
        await bench.wait(1)
        assert sum(one.opt.observe is not None for one in bench.server.received) == 2
        assert observed.answer is not None
        again = await bench.answered(bench.server.observe(WARM, bench.now))
        assert again.answer is not None
        assert not any(urc.startswith("+MIPLUPDATE:") for urc in bench.urcs)


@pytest.mark.parametrize("answered", [True, False])
async def test_update_that_the_server_does_not_know_registers_again(answered: bool) -> None:
    async with strict_bench("memory", faults=1) as bench:
        await logged_in(bench)
        bench.server.forget()
        bench.command("AT+MIPLUPDATE=0,300,0")
        if not answered:
            await bench.until(lambda: bool(bench.server.faults))
            bench.air.faults.loss = 1.0
        await bench.until(lambda: bench.urcs[-1].startswith("+MIPLUPDATE:"))
        assert bench.urcs[-1] == f"+MIPLUPDATE:0,{answered:d}"
        if answered:
            assert bench.server.registration is not None
            assert bench.server.registration.lifetime == 300


# The suite's style -------------------------------------------------------------------------------


@AIRS
async def test_style_onenet_is_refused(air: str) -> None:
    """As platform servers refuse China Mobile's suite: it sends no version."""
    async with strict_bench(air, "onenet", faults=1) as bench:
        bench.values = RESOURCES.copy()
        await bench.log_in()
        assert bench.urcs == ["+MIPLOPEN:0,0"]
        assert "4.00" in bench.server.faults[0]
        assert "no version" in bench.server.faults[0]


async def test_style_onenet_fails_where_its_version_is_not_asked_for() -> None:
    """Its answer to observe is empty, TLV has the old number, and Accept does not count."""
    async with strict_bench("memory", "onenet", forgiving=True, faults=3) as bench:
        await logged_in(bench)
        server = bench.server
        observed = server.observe(WARM, bench.now)
        await bench.answered(observed)
        bench.report(WARM, "22.5")
        for path, accept in ((WARM, None), (WARM, TLV), ("/3303/0", None)):
            server.read(path, bench.now, accept)
        await bench.wait(1)
        for text in (
            "/3303/0/5700: content without Content-Format",
            "read /3303/0/5700: format TEXT, but Accept 11542",
            "/3303/0: Content-Format 1542",
        ):
            assert any(text in fault for fault in server.faults), (text, server.faults)


# Whatever a server asks --------------------------------------------------------------------------

PATHS = st.sampled_from(
    [
        *RESOURCES,
        *("/3303", "/3303/0", "/3303/1", "/3303/2", "/3303/0/5605", "/3303/1/5701", "/3306/0"),
        *("/0", "/0/0", "/1", "/1/0", "/1/0/0", "/1/0/1", "/1/0/7", "/1/0/8", "/3", "/3/0"),
        *("/3/0/3", "/3/0/4", "/3/0/11", "/3/0/16", "/9999", "/9999/0/1", "/65535", "/x", "/"),
    ]
)
OBJECTS = st.sampled_from(["/3303", "/3306", "/0", "/1", "/3", "/9999", "/x", "/"])
READABLE = st.sampled_from([None, TEXT, OPAQUE, 60, TLV, JSON])
WRITABLE = st.sampled_from([None, TEXT, LINKS, OPAQUE, 60, TLV, JSON, 1542])
PAYLOADS = st.sampled_from(
    [
        *(b"", b"1", b"-5", b"21.5", b"U", b"Cel", b"\xff", b"AAEC"),
        *(
            b"\xe1\x16\xdb\x16",
            b"\xe4\x16\x44\x41\xac\x00\x00",
            b"\xe1\x16\xda\x01\xe1\x16\xdb\x01",
        ),
        *(b"\xc2\x01\x03\xf2", b"\xc1\x06\x01\xc1\x07U", b"\x08\x00\x04\xe1\x16\xdb\x16"),
        b'{"bn":"/1/0/","e":[{"n":"1","v":600}]}',
    ]
)
QUERIES = st.sampled_from(["pmin=1", "pmax=5", "pmin", "gt=30&lt=10", "st=2", "pmin=3&pmax=9", "x"])
STEPS = st.one_of(
    st.tuples(st.just("read"), PATHS, READABLE),
    st.tuples(st.just("observe"), PATHS, READABLE),
    st.tuples(st.just("discover"), PATHS),
    st.tuples(st.just("write"), PATHS, PAYLOADS, WRITABLE, st.booleans()),
    st.tuples(st.just("execute"), PATHS, st.sampled_from([b"", b"1", b"0='x'"])),
    st.tuples(st.just("attributes"), PATHS, QUERIES),
    st.tuples(st.just("create"), OBJECTS, PAYLOADS),
    st.tuples(st.just("delete"), PATHS),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("report"), st.integers(-50, 50), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("update"), st.sampled_from([60, 3600]), st.booleans()),
)


def ask(bench: StrictBench, observed: list[Exchange], step: tuple[Any, ...]) -> Exchange | None:
    """The request of a step, if it is one that can be made now."""
    server, now = bench.server, bench.now
    match step:
        case "read", path, accept:
            return server.read(path, now, accept)
        case "observe", path, accept:
            return server.observe(path, now, accept=accept)
        case "discover", path:
            return server.discover(path, now)
        case "write", path, payload, form, part:
            return server.write(path, now, payload, form, part=part)
        case "execute", path, arguments:
            return server.execute(path, now, arguments)
        case "attributes", path, query:
            return server.set_attributes(path, now, query)
        case "create", path, payload:
            return server.ask("create", path, now, payload, code=Code.POST, content_format=TLV)
        case "delete", path:
            return server.ask("delete", path, now, code=Code.DELETE)
        case "cancel", number if number < len(observed):
            active = server.observations.get(observed[number].token)
            if active is not None and active.active:
                return server.cancel(observed[number], now)
    return None


async def take(bench: StrictBench, observed: list[Exchange], step: tuple[Any, ...]) -> None:
    """One step; every request is answered."""
    exchange = ask(bench, observed, step)
    match step:
        case "observe", *_ if exchange is not None:
            observed.append(exchange)
        case "report", value, both:
            bench.report(WARM, str(value))
            if both:
                bench.report("/3306/0/5851", str(value))
        case "wait", seconds:
            await bench.wait(seconds)
        case "update", lifetime, objects:
            bench.command(f"AT+MIPLUPDATE=0,{lifetime},{int(objects)}")
    if exchange is not None:
        await bench.answered(exchange)


@settings(max_examples=scaled(400))
@given(st.lists(STEPS, min_size=5, max_size=20))
def test_whatever_a_server_asks_it_gets_a_right_answer(steps: list[tuple[Any, ...]]) -> None:
    """Also where the network doubles every second datagram."""

    async def case() -> None:
        async with strict_bench("memory") as bench:
            await logged_in(bench)
            bench.air.faults.duplication = 0.5
            observed: list[Exchange] = []
            for step in steps:
                await take(bench, observed, step)
            await bench.wait(30)

    clock.run(case())
