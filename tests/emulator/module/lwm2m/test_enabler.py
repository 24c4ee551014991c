"""OMA's enabler tests for LwM2M 1.0, with the module in style `standard` as the client.

Identifiers and titles as in OMA-ETS-LightweightM2M-V1_0_1; LightweightM2M-1.0-int-N is `test_int_N`
below. The server is `tests/support/strict_server.py`; a host plays its part over AT.

    0    Client Initiated Bootstrap
    101  Initial Registration
    102  Registration Update
    103  Deregistration
    104  Registration Update Trigger
    201  Querying basic information in Plain Text format
    203  Querying basic information in TLV format
    204  Querying basic information in JSON format
    205  Setting basic information in Plain Text format
    215  Setting basic information in TLV format
    220  Setting basic information in JSON format
    241  Executable Resource: Rebooting the device
    260  Discover Command
    301  Observation and Notification of parameter values
    302  Cancel Observations using Reset Operation
    303  Cancel observations using Observe with Cancel parameter
    551  Access Check to the Resources (of the Server object; the same as 215)
    556  Check of the Update Registration capability (the same as 104)
    651  Check Access to the Resources (of the Device object)
    652  Querying the firmware version from the client
    655  Check of the "Reboot" capability (the same as 241)
    660  Basic Observation and notification of Device Object Resources (the same as 301)
    680  Create Object Instance (of the Device object: refused)
    685  Delete Object Instance (of the Device object: refused)
    701  Querying the readable resources of object Connectivity Monitoring
    710  Basic Observation and notification on Connectivity Monitoring Object Resources
    801  Querying the readable resources of object Location
    810  Basic Observation and notification on Location Object Instance

Where they ask for optional resources of the Server object (2, 3, 5: default periods, disable
timeout), its mandatory ones take their place; 103 is begun by the host, because the module has no
Disable resource (4). In 241 the host reboots the module.

Of the others, 401 is DTLS (tests/emulator/air/dtls); 202, 210, 271, 555, 560, 565, 566, 656, 657,
661, 670 and more have no text there; 270, 290, 1630 and 1635 create and delete instances, which
the M5310 cannot; 750 to 780 and 1000 on are objects that the module does not have; 950 and 951 need
several servers.
"""

from __future__ import annotations

import re

import pytest
from aiocoap.numbers import Code

from tests.support.strict_bench import ENDPOINT, StrictBench, strict_bench
from tests.support.strict_bootstrap import StrictBootstrap
from tests.support.strict_coap import NON, Exchange
from tests.support.strict_formats import JSON, TEXT, TLV, Value

STRING, INTEGER, FLOAT = 1, 3, 4
DEVICE = {
    "/3/0/0": (STRING, "Acme"),
    "/3/0/1": (STRING, "M5310"),
    "/3/0/2": (STRING, "345000123"),
    "/3/0/7": (INTEGER, "3800"),
    "/3/0/8": (INTEGER, "125"),
    "/3/0/14": (STRING, "+02:00"),
    "/3/0/15": (STRING, "Europe/Paris"),
}
UDP = pytest.param("udp", marks=pytest.mark.realtime)
AIRS = pytest.mark.parametrize("air", ["memory", UDP])


async def values(bench: StrictBench, exchange: Exchange) -> dict[str, Value]:
    """Of a read or an observe that succeeds."""
    await bench.answered(exchange)
    assert exchange.result == "2.05", (exchange.path, exchange.result)
    return bench.server.values[exchange.token]


async def succeeds(bench: StrictBench, exchange: Exchange, result: str = "2.04") -> None:
    await bench.answered(exchange)
    assert exchange.result == result, (exchange.path, exchange.result)


async def links(bench: StrictBench, path: str) -> list[str]:
    exchange = await bench.answered(bench.server.discover(path, bench.now))
    assert exchange.result == "2.05"
    assert exchange.answer is not None
    return exchange.answer.payload.decode().split(",")


def test_table_names_every_test() -> None:
    listed = re.findall(r"^    (\d+)  +\S", __doc__ or "", re.MULTILINE)
    assert {f"test_int_{number}" for number in listed} == {
        name for name in globals() if name.startswith("test_int_")
    }


# Bootstrap interface -----------------------------------------------------------------------------


@AIRS
async def test_int_0(air: str) -> None:
    async with strict_bench(air, bootstrap=True) as bench:
        bootstrap = bench.servers[1]
        assert isinstance(bootstrap, StrictBootstrap)
        uri, own = (each.encode() for each in bench.uris)
        # E.1: 0 the URI, 1 whether it is a bootstrap server, 2 no security, 3 to 5 no keys, 10 the
        # Short Server ID. E.2: 0 that id, 1 the lifetime, 6 no storing, 7 the binding.
        rest = bytes.fromhex("c10203 c003 c004 c005")
        account = b"\xc8\x00" + bytes([len(uri)]) + uri + b"\xc1\x01\x00" + rest + b"\xc1\x0a\x01"
        theirs = b"\xc8\x00" + bytes([len(own)]) + own + b"\xc1\x01\x01" + rest
        security = b"\x08\x00" + bytes([len(account)]) + account
        security += b"\x08\x01" + bytes([len(theirs)]) + theirs
        server = bytes.fromhex("08000d c10001 c2010258 c10600 c10755")
        bootstrap.steps = [
            (Code.DELETE, "/", b""),
            (Code.PUT, "/0", security),
            (Code.PUT, "/1", server),
            (Code.GET, "/", b""),
            (Code.POST, "/bs", b""),
        ]
        await bench.log_in(bootstrap=True)
        assert bootstrap.endpoint == ENDPOINT
        assert bootstrap.results == [
            *("DELETE / 2.02", "PUT /0 2.04", "PUT /1 2.04", "GET / 2.05", "POST /bs 2.04")
        ]
        assert bootstrap.faults == []
        assert bootstrap.discovered == b'lwm2m="1.0",</0/0>;ssid=1,</0/1>,</1/0>;ssid=1,</3/0>'
        assert bench.urcs[-1] == "+MIPLOPEN:0,1"
        assert bench.server.registration is not None
        assert bench.server.registration.lifetime == 600
        read = await values(bench, bench.server.read("/1/0", bench.now))
        assert read == {"/1/0/0": 1, "/1/0/1": 600, "/1/0/6": False, "/1/0/7": "U"}


# Registration interface --------------------------------------------------------------------------


@AIRS
async def test_int_101(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = {"/3303/0/5700": (FLOAT, "21.5"), "/3303/1/5700": (FLOAT, "22.5")}
        await bench.log_in(lifetime=300)
        assert bench.urcs == ["+MIPLOPEN:0,1"]
        (registration,) = bench.server.registrations
        assert registration.endpoint == ENDPOINT
        assert (registration.lifetime, registration.binding) == (300, "U")
        assert registration.objects == ["/1/0", "/3/0", "/3303/0", "/3303/1"]
        (register,) = bench.server.received
        assert "lwm2m=1.0" in register.opt.uri_query


@AIRS
async def test_int_102(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in(lifetime=300)
        server = bench.server
        await succeeds(bench, server.write("/1/0/1", bench.now, b"20", TEXT))
        await bench.until(lambda: server.updates)
        assert server.updates[0].query == ("lt=20",)
        assert server.updates[0].objects is None
        await bench.wait(15)
        bench.command("AT+MIPLUPDATE=0,20,0")
        await bench.until(lambda: bench.urcs[-1] == "+MIPLUPDATE:0,1")
        assert (server.updates[1].query, server.updates[1].objects) == ((), None)
        await bench.wait(15)
        assert server.registered(bench.now)
        await bench.wait(10)
        assert not server.registered(bench.now)


@AIRS
async def test_int_103(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in()
        bench.command("AT+MIPLCLOSE=0")
        await bench.until(lambda: bench.urcs[-1] == "+MIPLCLOSE:0,1")
        assert bench.server.deregistered == 1
        assert bench.server.registration is None


@AIRS
async def test_int_104(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in(lifetime=20)
        server = bench.server
        await bench.wait(15)
        await succeeds(bench, server.execute("/1/0/8", bench.now))
        await bench.until(lambda: server.updates)
        assert (server.updates[0].query, server.updates[0].objects) == ((), None)
        await bench.wait(15)
        assert server.registered(bench.now)


test_int_556 = test_int_104


# Device management -------------------------------------------------------------------------------


@AIRS
async def test_int_201(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = DEVICE.copy()
        await bench.log_in()
        for path in ("/3/0/0", "/3/0/1", "/3/0/2"):
            read = await values(bench, bench.server.read(path, bench.now, TEXT))
            assert read == {path: DEVICE[path][1]}


@pytest.mark.parametrize("form", [TLV, JSON])
@AIRS
async def test_int_203(air: str, form: int) -> None:
    async with strict_bench(air) as bench:
        bench.values = DEVICE.copy()
        await bench.log_in()
        read = await values(bench, bench.server.read("/3/0", bench.now, form))
        assert read == {
            "/3/0/0": "Acme",
            "/3/0/1": "M5310",
            "/3/0/2": "345000123",
            "/3/0/3": "1.0",
            "/3/0/7/0": 3800,
            "/3/0/8/0": 125,
            "/3/0/11/0": 0,
            "/3/0/14": "+02:00",
            "/3/0/15": "Europe/Paris",
            "/3/0/16": "U",
        }


test_int_204 = test_int_203


@AIRS
async def test_int_205(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in(lifetime=300)
        for lifetime, storing in ((1010, True), (300, False)):
            now = bench.now
            await succeeds(bench, bench.server.write("/1/0/1", now, b"%d" % lifetime, TEXT))
            await succeeds(bench, bench.server.write("/1/0/6", now, b"%d" % storing, TEXT))
            await succeeds(bench, bench.server.write("/1/0/7", now, b"U", TEXT))
            read = await values(bench, bench.server.read("/1/0", bench.now, TLV))
            assert read == {"/1/0/0": 1, "/1/0/1": lifetime, "/1/0/6": storing, "/1/0/7": "U"}


_SETTINGS = {
    TLV: (b"\xc2\x01\x03\xf2\xc1\x06\x01\xc1\x07U", b"\xc2\x01\x01\x2c\xc1\x06\x00\xc1\x07U"),
    JSON: (
        b'{"bn":"/1/0/","e":[{"n":"1","v":1010},{"n":"6","bv":true},{"n":"7","sv":"U"}]}',
        b'{"bn":"/1/0/","e":[{"n":"1","v":300},{"n":"6","bv":false},{"n":"7","sv":"U"}]}',
    ),
}


@pytest.mark.parametrize("form", [TLV, JSON])
@AIRS
async def test_int_215(air: str, form: int) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in(lifetime=300)
        before = await values(bench, bench.server.read("/1/0", bench.now))
        new, old = _SETTINGS[form]
        await succeeds(bench, bench.server.write("/1/0", bench.now, new, form, part=True))
        read = await values(bench, bench.server.read("/1/0", bench.now))
        assert read == {"/1/0/0": 1, "/1/0/1": 1010, "/1/0/6": True, "/1/0/7": "U"}
        await succeeds(bench, bench.server.write("/1/0", bench.now, old, form))
        assert await values(bench, bench.server.read("/1/0", bench.now)) == before


test_int_220 = test_int_551 = test_int_215


@AIRS
async def test_int_241(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = DEVICE.copy()
        await bench.log_in()
        await succeeds(bench, bench.server.execute("/3/0/4", bench.now))
        assert bench.executed == [("/3/0/4", "")]
        bench.module.receive(b"AT+NRB\r", bench.now)
        await bench.until(lambda: bench.urcs[-1] == "OK")
        await bench.until(lambda: bench.module.link and not bench.module.busy)
        await bench.wait(60)
        await bench.log_in()
        assert bench.urcs == ["+MIPLOPEN:0,1"]
        assert [one.endpoint for one in bench.server.registrations] == [ENDPOINT] * 2


test_int_655 = test_int_241


@AIRS
async def test_int_260(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = {"/3/0/7": (INTEGER, "3800"), "/3/0/9": (INTEGER, "80")}
        await bench.log_in()
        assert await links(bench, "/3") == [
            *("</3>", "</3/0>", "</3/0/3>", "</3/0/7>", "</3/0/9>", "</3/0/11>", "</3/0/16>")
        ]
        now = bench.now
        await succeeds(bench, bench.server.set_attributes("/3/0", now, "pmin=10&pmax=200"))
        assert "</3/0>;pmin=10;pmax=200" in await links(bench, "/3")
        await succeeds(bench, bench.server.set_attributes("/3/0/7", now, "lt=1&gt=6&st=1"))
        listed = await links(bench, "/3")
        assert "</3/0>;pmin=10;pmax=200" in listed
        assert "</3/0/7>;gt=6;lt=1;st=1" in listed
        assert await links(bench, "/3/0/7") == ["</3/0/7>;pmin=10;pmax=200;gt=6;lt=1;st=1"]


@AIRS
async def test_int_651(air: str) -> None:
    """The host gets each value."""
    async with strict_bench(air) as bench:
        bench.values = DEVICE.copy()
        await bench.log_in()
        for part in (True, False):
            payload = b"\xc6\x0e+03:00\xc8\x0f\x0bAsia/Urumqi"
            write = bench.server.write("/3/0", bench.now, payload, part=part)
            await succeeds(bench, write)
            assert bench.written == [("/3/0/14", "+03:00"), ("/3/0/15", "Asia/Urumqi")]
            bench.written.clear()


@AIRS
async def test_int_652(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in()
        read = await values(bench, bench.server.read("/3/0/3", bench.now))
        assert read == {"/3/0/3": "1.0"}


@AIRS
async def test_int_680(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in()
        create = bench.server.ask("create", "/3", bench.now, code=Code.POST)
        await succeeds(bench, create, "4.05")


@AIRS
async def test_int_685(air: str) -> None:
    async with strict_bench(air) as bench:
        await bench.log_in()
        delete = bench.server.ask("delete", "/3/0", bench.now, code=Code.DELETE)
        await succeeds(bench, delete, "4.05")


@AIRS
async def test_int_701(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = {
            "/4/0/0": (INTEGER, "7"),
            "/4/0/1": (INTEGER, "7"),
            "/4/0/2": (INTEGER, "-85"),
            "/4/0/4": (STRING, "10.0.0.1"),
        }
        await bench.log_in()
        read = await values(bench, bench.server.read("/4/0", bench.now))
        assert read == {"/4/0/0": 7, "/4/0/1/0": 7, "/4/0/2": -85, "/4/0/4/0": "10.0.0.1"}


@AIRS
async def test_int_801(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = {"/6/0/0": (FLOAT, "43.61"), "/6/0/1": (FLOAT, "3.87")}
        await bench.log_in()
        read = await values(bench, bench.server.read("/6/0", bench.now))
        assert read == {"/6/0/0": 43.61, "/6/0/1": 3.87}


# Information reporting ---------------------------------------------------------------------------


async def observe_power(bench: StrictBench) -> list[Exchange]:
    bench.values = DEVICE.copy()
    await bench.log_in()
    server = bench.server
    observed = []
    for path, query in (("/3/0/7", "pmin=5&pmax=15"), ("/3/0/8", "pmin=10&pmax=20")):
        await succeeds(bench, server.set_attributes(path, bench.now, query))
        exchange = server.observe(path, bench.now)
        await values(bench, exchange)
        observed.append(exchange)
    return observed


def times(bench: StrictBench, observed: Exchange) -> list[int]:
    """When notifications came, in seconds since the observe was answered."""
    observation = bench.server.observations[observed.token]
    return [round(at - observation.since) for at, _ in observation.notifications]


@AIRS
async def test_int_301(air: str) -> None:
    async with strict_bench(air) as bench:
        voltage, current = await observe_power(bench)
        await bench.wait(2)
        bench.report("/3/0/7", "3700")
        bench.report("/3/0/7", "3600")
        bench.report("/3/0/8", "130")
        await bench.wait(40)
        # Held until pmin, and the newest then; after that at pmax.
        assert times(bench, voltage) == [5, 20, 35]
        assert times(bench, current) == [10, 30]
        sent = bench.server.observations[voltage.token].notifications
        assert [value for _, value in sent] == [{"/3/0/7/0": 3600}] * 3


test_int_660 = test_int_301


@AIRS
async def test_int_302(air: str) -> None:
    async with strict_bench(air) as bench:
        voltage, current = await observe_power(bench)
        await bench.wait(17)
        bench.server.stop(voltage)
        await bench.wait(30)
        bench.server.stop(current)
        await bench.wait(100)
        assert (times(bench, voltage), times(bench, current)) == ([15], [20, 40])
        sent = [one for one in bench.server.received if one.opt.observe and one.mtype is NON]
        assert len(sent) == 5  # two got a reset, and then nothing came


@AIRS
async def test_int_303(air: str) -> None:
    async with strict_bench(air) as bench:
        voltage, current = await observe_power(bench)
        await bench.wait(22)
        for observed in (voltage, current):
            await values(bench, bench.server.cancel(observed, bench.now))
        bench.report("/3/0/7", "3000")
        await bench.wait(100)
        assert (times(bench, voltage), times(bench, current)) == ([15], [20])


@AIRS
async def test_int_710(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = {"/4/0/2": (INTEGER, "-85")}
        await bench.log_in()
        server, now = bench.server, bench.now
        await succeeds(bench, server.set_attributes("/4/0/2", now, "pmin=2&lt=-100&gt=-60"))
        observed = server.observe("/4/0/2", bench.now)
        assert await values(bench, observed) == {"/4/0/2": -85}
        for level in (-90, -101, -99, -70, -59, -61, -62):
            await bench.wait(10)
            bench.report("/4/0/2", str(level))
        await bench.wait(10)
        sent = server.observations[observed.token].notifications
        assert [list(value.values()) for _, value in sent] == [[-101], [-99], [-59], [-61]]


@AIRS
async def test_int_810(air: str) -> None:
    async with strict_bench(air) as bench:
        bench.values = {"/6/0/0": (FLOAT, "43.61"), "/6/0/1": (FLOAT, "3.87")}
        await bench.log_in()
        observed = bench.server.observe("/6/0", bench.now)
        await values(bench, observed)
        bench.report("/6/0/1", "3.88")
        await bench.wait(1)
        ((_, sent),) = bench.server.observations[observed.token].notifications
        assert sent == {"/6/0/0": 43.61, "/6/0/1": 3.88}
