"""A device on modules that speak the suite: found out, logged in, subscribed, recovered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.device.attributes import Attributes
from m5310.device.device import Device
from m5310.device.events import (
    AttributesSet,
    Identified,
    LoggedOut,
    ModuleEvent,
    Restored,
    UpkeepEvent,
)
from m5310.device.observations import OBSERVE_WITHIN
from m5310.device.outbox import BUSY_WAIT
from m5310.device.reports import ReportState
from m5310.dialects.profiles import read_profile
from m5310.errors import (
    Code,
    CommandError,
    LanguageRefused,
    M5310Error,
    NotInDialect,
    ParameterError,
    RegistrationError,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value, ValueType
from m5310.states import DeviceState
from tests.support.clock import elapse, run
from tests.support.devices import CONF, ENDPOINT, module
from tests.support.effort import scaled
from tests.support.scripted import Reply, Scripted
from tests.support.suite_module import OBSERVE, Rules, suite

ADD = 'AT+MIPLADDOBJ=0,3303,1,"1",1,0'


@asynccontextmanager
async def created(
    rules: Rules | None = None,
    on_event: Callable[[UpkeepEvent], object] | None = None,
    **given: object,
) -> AsyncIterator[tuple[Scripted, Device]]:
    given.setdefault("module", "bc28")
    async with (
        module(suite() if rules is None else rules) as m,
        Device(m.modem, ENDPOINT, on_event=on_event, **given) as device,  # type: ignore[arg-type]
    ):
        m.sent.clear()
        yield m, device


async def sensor(device: Device, path: str = "3303/0/5700") -> Resource:
    return await device.add_resource(path, ValueType.FLOAT, 20.5, Access(7))


# --- which module is it? ---------------------------------------------------------------------


async def test_module_that_refuses_the_classic_configuration_is_asked_what_it_is() -> None:
    events: list[UpkeepEvent] = []
    async with module(suite(CLOSE="ERROR")) as m:
        device = Device(m.modem, ENDPOINT, on_event=events.append)
        await device.create()
        assert m.sent == [
            *("AT+CMEE?", CONF, "AT+MIPLCLOSE=0", "AT+MIPLDEL=0"),
            *("AT+CGMM", "AT+MIPLVER?", "AT+CGMI", "AT+CGMR", "ATI"),
            *("AT+CMEE?", "AT+MIPLCONFIG=0,183.230.40.40,5683", "AT+MIPLCREATE"),
        ]
        assert events[0] == Identified("Quectel BC28 (bc28)")
        assert device.profile is not None
        assert device.profile.name == "bc28"
        # it is remembered
        m.sent.clear()
        m.send("REBOOT_CAUSE_UNKNOWN")
        await m.until("AT+MIPLCREATE")
        assert CONF not in m.sent
        assert "AT+CGMM" not in m.sent
        await device.destroy()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("M5310-A", "m5310a"),
        ("BC95HB-02-STD_850", "bc95"),
        ("BC35GJB-02-STD", "bc35g"),
        ("SIMCOM_SIM7020C", "sim7020"),
        ("N700-CN", "n700-cn"),
        ("A9500", "generic"),
        ("", "generic"),
    ],
)
async def test_profile_of_what_a_module_says(model: str, name: str) -> None:
    rules = suite(CLOSE="ERROR")
    rules |= {"AT+CGMI": "OK", "AT+CGMR": "OK", "ATI": "ERROR"}
    rules["AT+CGMM"] = [model, "OK"] if model else "OK"
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert device.profile is not None
        assert device.profile.name == name


async def test_m5310_with_later_firmware_speaks_the_suite() -> None:
    rules = suite(CLOSE="ERROR")
    for each in ("AT+CGMI", "AT+CGMR", "ATI"):
        rules[each] = "OK"
    rules["AT+CGMM"] = ["M5310", "OK"]
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert asyncio.get_running_loop().time() < 3
        assert device.profile is not None
        assert device.profile.name == "generic"


@pytest.mark.parametrize(
    ("boot", "name"), [("*MATREADY: 1", "me3616"), ("*ATREADY: 1", "m5311"), ("Lierda", "nb86")]
)
async def test_boot_text_names_the_module(boot: str, name: str) -> None:
    rules = suite()
    booting = [boot]
    rules["AT+CMEE?"] = lambda _: [booting.pop()] if booting else ["+CMEE:1", "OK"]
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert device.profile is not None
        assert device.profile.name == name
        assert not any(line.startswith("AT+MIPLCONF=") for line in m.sent)


async def test_lost_name_is_asked_for_again() -> None:
    rules = suite(CLOSE="ERROR")
    lost: list[Reply] = ["ERROR"]
    rules["AT+CGMM"] = lambda _: lost.pop() if lost else ["M5310-A", "OK"]
    for each in ("AT+CGMI", "AT+CGMR", "ATI"):
        rules[each] = "ERROR"
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert device.profile is not None
        assert device.profile.name == "m5310a"


async def test_wanted_suite_is_asked_for_its_module_only() -> None:
    async with module(suite()) as m, Device(m.modem, ENDPOINT, dialect="suite") as device:
        assert device.profile is not None
        assert device.profile.name == "bc28"
        assert m.sent[1:5] == ["AT+CGMI", "AT+CGMM", "AT+CGMR", "ATI"]
        assert CONF not in m.sent


async def test_given_module_is_asked_nothing() -> None:
    async with module(suite()) as m, Device(m.modem, ENDPOINT, module="nb73"):
        assert m.sent == ["AT+CMEE?", "AT+MIPLCREATE"]
    mine = read_profile('name = "mine"\nlike = "nb73"\necho = true')
    async with module(suite()) as m, Device(m.modem, ENDPOINT, module=mine):
        assert m.sent == ["AT+CMEE?", "ATE0", "AT+MIPLCREATE"]


async def test_firmware_without_onenet_is_named() -> None:
    rules = {"AT+MIPL": "ERROR", **{k: v for k, v in suite().items() if "MIPL" not in k}}
    for options in ({}, {"module": "bc28"}):
        async with module(rules) as m:
            with pytest.raises(LanguageRefused, match=r"BC28JB.*_ONT") as refused:
                await Device(m.modem, ENDPOINT, **options).create()  # type: ignore[arg-type]
            assert refused.value.code is Code.NOT_SUPPORT


@pytest.mark.parametrize(
    "given", [{"module": "sim7020"}, {"module": "m5310"}, {"dialect": "classic"}], ids=str
)
async def test_wrongly_named_module_is_named_at_once(given: dict[str, str]) -> None:
    rules = suite("+CME ERROR: 4", CLOSE="ERROR", DELETE="ERROR", CREATEEXT="+CME ERROR: 4")
    async with module({"ATE0": "OK", **rules}) as m:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(LanguageRefused, match=r"which is Quectel BC28.*leave out") as refused:
            await Device(m.modem, ENDPOINT, **given).create()  # type: ignore[arg-type]
        assert asyncio.get_running_loop().time() - begun < 3
        assert str(refused.value).count("names") == 1


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"dialect": "both"}, "expected 'classic', 'suite' or None"),
        ({"module": "bc99"}, "'bc99' is no module known here; expected one of m5310"),
        ({"module": "bc28", "dialect": "classic"}, "speaks the suite dialect"),
        ({"module": 5}, "5 is no module"),
    ],
)
def test_wrong_choices(given: dict[str, object], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        Device("COM1", ENDPOINT, **given)  # type: ignore[arg-type]


def test_what_the_module_has_no_words_for_names_it() -> None:
    with pytest.raises(NotInDialect, match=r"USR WH-NB73 \(nb73\)"):
        Device("COM1", ENDPOINT, uri="coap://10.0.0.1:5683", module="nb73")


@pytest.mark.parametrize("boot", [None, "M5310-A"])
async def test_module_that_is_found_out_to_have_no_words_is_named(boot: str | None) -> None:
    rules = suite(CLOSE="ERROR")
    rules["AT+CGMM"] = ["A9500" if boot is None else boot, "OK"]
    for each in ("AT+CGMI", "AT+CGMR", "ATI"):
        rules[each] = "OK"
    booting = [boot] if boot else []
    rules["AT+CMEE?"] = lambda _: [*[booting.pop() for _ in booting[:1]], "+CMEE:1", "OK"]
    uri = "coap://10.0.0.1:5683" if boot is None else "coaps://10.0.0.1:5684"
    async with module(rules) as m:
        with pytest.raises(NotInDialect, match=r"10\.0\.0\.1"):
            await Device(m.modem, ENDPOINT, uri=uri).create()


# --- a session -------------------------------------------------------------------------------


async def test_session() -> None:
    written: list[Value] = []
    executed: list[bytes] = []

    async def on_write(_: Resource, value: Value) -> None:
        written.append(value)

    async def on_execute(_: Resource, arguments: bytes) -> None:
        executed.append(arguments)

    async with created(on_write=on_write, on_execute=on_execute) as (m, device):
        temperature = await sensor(device)
        assert m.sent == []
        await device.connect(60)
        assert m.sent[:2] == [ADD, "AT+MIPLOPEN=0,86400,60"]
        await elapse(0.1)
        assert m.sent[-1] == "AT+MIPLOBSERVERSP=0,70247,1"
        m.send("+MIPLDISCOVER: 0,4712,3303")
        await m.until('AT+MIPLDISCOVERRSP=0,4712,1,4,"5700"')
        m.rules["AT+MIPLNOTIFY"] = ["OK", "+MIPLEVENT: 0,26,2"]
        report = await device.notify(temperature, 21.5, acknowledge=True)
        assert report.state is ReportState.ACKNOWLEDGED
        assert m.sent[-1] == "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,8,21.5,0,0,2"
        m.send("+MIPLREAD: 0,4713,3303,0,5700")
        await m.until("AT+MIPLREADRSP=0,4713,1,3303,0,5700,4,8,21.5,0,0")
        m.send("+MIPLWRITE: 0,4714,3303,0,5700,2,4,41C80000,0,0")  # 25.0
        await m.until("AT+MIPLWRITERSP=0,4714,2")
        m.send('+MIPLEXECUTE: 0,4715,3303,0,5700,2,"on"')
        await m.until("AT+MIPLEXECUTERSP=0,4715,2")
        m.send("+MIPLREAD: 0,4716,9,0,5700", "+MIPLREAD:0,4717,3,0,-1,0")
        await m.until("AT+MIPLREADRSP=0,4716,13")
        assert (written, executed) == ([25.0], [b"on"])
        await device.update()
        await device.close()
        assert m.sent[-2:] == ["AT+MIPLUPDATE=0,86400,0", "AT+MIPLCLOSE=0"]
        assert not any(",4717" in line for line in m.sent)  # the module's own object
    assert m.sent[-1] == "AT+MIPLDELETE=0"


async def test_module_that_answers_by_itself_is_declared_to() -> None:
    async with created(module="m5310a") as (m, device):
        await sensor(device)
        for _ in range(2):
            m.sent.clear()
            await device.connect(60)
            declared = 'AT+MIPLDISCOVERRSP=0,3303,1,4,"5700"'
            assert [line for line in m.sent if "ADDOBJ" not in line][:2] == [
                declared,
                "AT+MIPLOPEN=0,86400,60",
            ]
            await device.close()


async def test_refused_answer_to_an_observe_is_harmless() -> None:
    """With Quectel's automatic answer the module has answered already."""
    async with created(suite(OBSERVERSP="+CME ERROR: 50")) as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        assert (await device.notify(temperature, 1.0)).state is ReportState.ACCEPTED
        assert m.sent.count("AT+MIPLOBSERVERSP=0,70247,1") == 1


async def test_report_waits_for_the_observe_and_no_longer() -> None:
    async with created(suite(OPEN=["OK", "+MIPLEVENT: 0,6"])) as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        loop = asyncio.get_running_loop()
        loop.call_later(4, m.send, OBSERVE)
        begun = loop.time()
        await device.notify(temperature, 1.0)
        assert loop.time() - begun == pytest.approx(4, abs=0.1)
        assert m.sent[-1].startswith("AT+MIPLNOTIFY=0,70247,")
        await device.close()
        await device.connect(60)
        begun = loop.time()
        await device.notify(temperature, 1.0)
        assert loop.time() - begun == pytest.approx(OBSERVE_WITHIN, abs=0.1)
        assert m.sent[-1].startswith("AT+MIPLNOTIFY=0,0,")


async def test_late_callback_is_answered_for() -> None:
    async def never(_: Resource) -> None:
        await asyncio.sleep(1000)

    async with created(on_read=never, answer_within=25) as (m, device):
        await sensor(device)
        await device.connect(60)
        begun = asyncio.get_running_loop().time()
        m.send("+MIPLREAD: 0,4713,3303,0,5700")
        await m.until("AT+MIPLREADRSP=0,4713,14")
        assert asyncio.get_running_loop().time() - begun == pytest.approx(10, abs=0.1)


async def test_attributes_are_an_event() -> None:
    events: list[UpkeepEvent] = []
    async with created(on_event=events.append) as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send('+MIPLPARAMETER: 0,4713,3303,0,5700,41,"pmin=15;pmax=60;gt=50.0;lt=0.0;st=2.0"')
        await m.until("AT+MIPLPARAMETERRSP=0,4713,2")
        assert AttributesSet(Path(3303, 0, 5700), Attributes(15, 60, 50, 0, 2)) in events
        m.send('+MIPLPARAMETER: 0,4714,3303,0,5700,6,"pmin=x"')
        await m.until("AT+MIPLPARAMETERRSP=0,4714,11")
        m.send("+MIPLEVENT: 0,33")
        await elapse(1)
        assert events[-1] == ModuleEvent(33, None, "a packet of more than 1500 bytes was dropped")


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "result", "words"),
    [
        ("nb73", "+CIS ERROR:602", r"\+CIS ERROR:602 \(nb73: state\)"),
        ("mn316", "+CIS ERROR: 653", r"653 \(mn316: resource: the instance exists already"),
        ("bc28", "+CME ERROR: 159", r"159 \(bc28: uplink busy\)"),
        ("bc28", "ERROR", r"ERROR \(bc28: refused\)"),
    ],
)
async def test_refusal_has_number_and_profile(name: str, result: str, words: str) -> None:
    network: Rules = {
        "AT+CEREG?": ["+CEREG:0,1", "OK"],
        "AT+CFUN?": ["+CFUN:1", "OK"],
        "AT+CSQ": ["+CSQ:20,99", "OK"],
    }
    rules = suite(OPEN=result) | network
    async with created(rules, module=name) as (_, device):
        with pytest.raises(CommandError, match=words):
            await device.connect(60)


async def test_report_waits_while_the_uplink_is_busy() -> None:
    refusals = ["+CME ERROR: 159"] * 35
    async with created() as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        m.rules["AT+MIPLNOTIFY"] = lambda _: refusals.pop() if refusals else "OK"
        begun = asyncio.get_running_loop().time()
        report = await device.notify(temperature, 1.0)
        assert report.state is ReportState.ACCEPTED
        assert asyncio.get_running_loop().time() - begun == pytest.approx(35 * BUSY_WAIT, abs=1)
        assert not any("UPDATE" in line for line in m.sent)


async def test_lost_report_is_sent_again() -> None:
    lost = ["+MIPLEVENT: 0,25,2"]
    async with created() as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        m.rules["AT+MIPLNOTIFY"] = lambda line: [
            "OK",
            lost.pop() if lost else f"+MIPLEVENT: 0,26,{line.rsplit(',')[-1]}",
        ]
        report = await device.report({temperature: 1.0}, acknowledge=True)
        await report.acknowledgement(20)
        assert report.ackids == (3,)


@pytest.mark.parametrize("event", [3, 5, 7])
async def test_refused_login(event: int) -> None:
    async with created(suite(OPEN=["OK", f"+MIPLEVENT: 0,{event}"])) as (_, device):
        await sensor(device)
        with pytest.raises(RegistrationError, match="refused") as refused:
            await device.connect(60)
        assert not refused.value.timed_out


async def test_login_without_an_answer_ends_with_the_modules_event() -> None:
    async with created(suite(OPEN=["OK", "+MIPLEVENT: 0,8"])) as (m, device):
        await sensor(device)
        with pytest.raises(RegistrationError, match="no answer to the registration") as late:
            await device.connect(60)
        assert late.value.timed_out
        m.rules |= suite()
        m.sent.clear()
        await device.connect(60)
        assert m.sent[:2] == ["AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,86400,60"]


# --- recovery --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["602", "651", "653"])
async def test_instance_left_over_is_cleared(number: str) -> None:
    refusals = [f"+CIS ERROR:{number}"]
    rules = suite(CREATE=lambda _: refusals.pop() if refusals else ["+MIPLCREATE:0", "OK"])
    async with module(rules) as m, Device(m.modem, ENDPOINT, module="nb73"):
        assert m.sent[1:] == ["AT+MIPLCREATE", "AT+MIPLCLOSE=0", "AT+MIPLDELETE=0", "AT+MIPLCREATE"]


async def test_login_left_over_is_ended_although_the_module_is_not_known_yet() -> None:
    """A module may take the logout and the deletion of the classic dialect (M5311 documents the
    latter), and only refuse its configuration."""
    rules = suite(CLOSE=["OK", "+MIPLEVENT: 0,15"])
    rules["AT+MIPLDEL="] = "OK"
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert asyncio.get_running_loop().time() < 3
        assert device.profile is not None
        assert device.profile.name == "bc28"
        assert [line.partition("=")[0] for line in m.sent[1:]] == [
            *("AT+MIPLCONF", "AT+MIPLCLOSE", "AT+MIPLDEL", *["AT+MIPLCONF"] * 3),
            *("AT+CGMM", "AT+MIPLVER?", "AT+CGMI", "AT+CGMR", "ATI"),
            *("AT+CMEE?", "AT+MIPLCONFIG", "AT+MIPLCREATE"),
        ]


@pytest.mark.parametrize("event", [8, 9, 13, 31])
async def test_login_that_ends_is_made_again_after_a_logout(event: int) -> None:
    events: list[UpkeepEvent] = []
    async with created(on_event=events.append) as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        await device.notify(temperature, 1.0)
        m.sent.clear()
        m.send(f"+MIPLEVENT: 0,{event}")
        report = await device.notify(temperature, 2.0)
        await report.accepted(60)
        assert m.sent[:2] == ["AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,86400,60"]
        assert m.sent[-1].startswith("AT+MIPLNOTIFY=0,70247,")
        assert [type(each) for each in events if isinstance(each, LoggedOut | Restored)] == [
            LoggedOut,
            Restored,
        ]


async def test_restarted_module_gets_all_again() -> None:
    async with created(module="m5310a") as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        m.sent.clear()
        m.send("REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET", "M5310-A")
        report = await device.notify(temperature, 2.0)
        await report.accepted(60)
        names = [line.removeprefix("AT+MIPL").partition("=")[0] for line in m.sent]
        assert names == [
            *("AT+CMEE?", "CREATE", "ADDOBJ", "DISCOVERRSP", "OPEN", "OBSERVERSP", "NOTIFY"),
        ]


async def test_update_that_the_module_asks_for() -> None:
    async with created() as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send("+MIPLEVENT: 0,14,30")
        await m.until("AT+MIPLUPDATE=0,86400,0")
        await elapse(1)
        assert device.state is DeviceState.REGISTERED


async def test_removed_resource() -> None:
    async with created() as (m, device):
        first = await sensor(device)
        await sensor(device, "3303/1/5700")
        await device.connect(60)
        await device.remove_resource(first)
        assert m.sent[-3:] == [
            "AT+MIPLDELOBJ=0,3303",
            'AT+MIPLADDOBJ=0,3303,2,"01",1,0',
            "AT+MIPLUPDATE=0,86400,1",
        ]


# --- any lines -------------------------------------------------------------------------------

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
        *("REBOOT_CAUSE_UNKNOWN", "REBOOTING", "+CME ERROR: 159", "OK", "ERROR"),
    ]
)
WAITS = st.sampled_from([0.0, 0.05, 1.0, 12.0, 120.0])


@settings(max_examples=scaled(400))
@given(st.sampled_from(["bc28", "m5310a"]), st.lists(st.tuples(LINES, WAITS), max_size=12))
def test_no_order_of_lines_stops_a_device(name: str, lines: list[tuple[str, float]]) -> None:
    """Each report ends, and the module holds nothing in the end."""

    async def go() -> None:
        loop = asyncio.get_running_loop()
        reports = []
        async with created(module=name) as (m, device):
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
    st.sampled_from(["bc28", "m5310a", "me3616"]),
    st.lists(REPLIES, max_size=20),
    st.lists(st.tuples(LINES, WAITS), max_size=6),
)
def test_no_answer_of_the_module_stops_a_device(
    name: str, replies: list[str | None], lines: list[tuple[str, float]]
) -> None:
    """Every call ends, in time, and a module that obeys again holds nothing in the end."""

    async def go() -> None:
        loop = asyncio.get_running_loop()
        left = list(replies)
        async with created(module=name) as (m, device):
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
