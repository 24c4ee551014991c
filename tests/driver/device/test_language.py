"""Which module answers, and which language it speaks: found out, or named by the program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from m5310.device.device import Device
from m5310.device.events import (
    Identified,
    UpkeepEvent,
)
from m5310.device.provisioning import LOGIN
from m5310.dialects.profiles import PROFILES, Profile, read_profile
from m5310.errors import (
    Code,
    LanguageRefused,
    NotInDialect,
    ParameterError,
)
from tests.support.clock import elapse
from tests.support.devices import CONF, ENDPOINT, module
from tests.support.scripted import Reply
from tests.support.suite_module import Rules, suite


async def test_module_that_refuses_the_classic_configuration_is_asked_what_it_is() -> None:
    events: list[UpkeepEvent] = []
    async with module(suite(CLOSE="ERROR")) as m:
        device = Device(m.modem, ENDPOINT, on_event=events.append)
        await device.create()
        assert m.sent == [
            *("AT+CMEE?", CONF, "AT+MIPLCLOSE=0", "AT+MIPLDEL=0"),
            *("ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+MIPLVER?"),
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


@pytest.mark.parametrize("damaged", ["ERROR", ["M53g0-A", "OK"]], ids=str)
async def test_lost_name_is_asked_for_again(damaged: Reply) -> None:
    rules = suite(CLOSE="ERROR")
    lost = [damaged]
    rules["AT+CGMM"] = lambda _: lost.pop() if lost else ["M5310-A", "OK"]
    for each in ("AT+CGMI", "AT+CGMR", "ATI"):
        rules[each] = "ERROR"
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert device.profile is not None
        assert device.profile.name == "m5310a"


async def test_damaged_name_of_an_m5310_is_not_believed() -> None:
    """The line has damaged the configuration, too: it is sent again."""
    damaged: dict[str, Reply] = {"AT+MIPLCONF=": "ERROR", "AT+CGMM": ["M53g0", "OK"]}

    def once(start: str, well: Reply) -> Callable[[str], Reply]:
        return lambda _: damaged.pop(start, well)

    rules = M5310 | {"AT+MIPLCONF=": once("AT+MIPLCONF=", "OK")}
    rules["AT+CGMM"] = once("AT+CGMM", ["M5310", "OK"])
    async with module({"AT+MIPLCONF=": rules.pop("AT+MIPLCONF="), **rules}) as m:
        await Device(m.modem, ENDPOINT).create()
        assert m.sent.count(CONF) == 2


async def test_wanted_suite_is_asked_for_its_module_only() -> None:
    async with module(suite()) as m, Device(m.modem, ENDPOINT, dialect="suite") as device:
        assert device.profile is not None
        assert device.profile.name == "bc28"
        assert m.sent[1:5] == ["ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR"]
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


WH_NB73: Rules = {
    "AT+MIPLVER?": ["+MIPLVER:2.2.0", "OK"],
    "AT+MIPLCREATE": ["+MIPLCREATE:0", "OK"],
    "AT+MIPL": "+CIS ERROR:601",
    "AT+CGMI": ["USR", "OK"],
    "AT+CGMM": ["WH-NB73", "OK"],
    "AT+CGMR": "ERROR",
    "ATI": "ERROR",
}
M5310: Rules = {
    "AT+MIPL": "ERROR",
    "AT+CGMI": ["CMCC", "OK"],
    "AT+CGMM": ["M5310", "OK"],
    "AT+CGMR": "ERROR",
    "ATI": "ERROR",
}


@pytest.mark.parametrize("refusal", ["ERROR", "+CIS ERROR:601", "+CME ERROR: 50"])
async def test_both_modules_are_named_at_once(refusal: str) -> None:
    async with module(WH_NB73 | {"AT+MIPL": refusal}) as m:
        begun = asyncio.get_running_loop().time()
        both = r"names Quectel BC28 \(bc28\), but the module says.*which is USR WH-NB73 \(nb73\)"
        with pytest.raises(LanguageRefused, match=both):
            await Device(m.modem, ENDPOINT, module="bc28").create()
        assert asyncio.get_running_loop().time() - begun < 3


async def test_both_modules_are_named_if_it_was_no_login_under_way() -> None:
    """A refusal because of a state may come from one: it is waited for."""
    async with module(WH_NB73 | {"AT+MIPL": "+CIS ERROR:602"}) as m:
        with pytest.raises(LanguageRefused, match=r"Quectel BC28.*USR WH-NB73"):
            await Device(m.modem, ENDPOINT, module="bc28").create()
        assert asyncio.get_running_loop().time() >= LOGIN


@pytest.mark.parametrize(
    "given",
    [
        PROFILES["m5310a-2018"],
        read_profile('name = "mine"\nlike = "m5311"\ncreate = "ex"'),
        PROFILES["generic"],
    ],
    ids=str,
)
async def test_module_that_is_named_on_purpose_is_waited_for(given: Profile) -> None:
    """It says something else, and a login of a previous program may be under way."""
    busy = M5310 | {"AT+CGMM": ["M5310-A", "OK"], "AT+MIPLVER?": ["+MIPLVER:2.2.0", "OK"]}
    async with module({"AT+MIPLVER?": busy.pop("AT+MIPLVER?"), **busy}) as m:
        creating = asyncio.create_task(Device(m.modem, ENDPOINT, module=given).create())
        await elapse(10)
        m.rules = suite()
        m.send("+MIPLEVENT:0,7")
        await creating
        assert any(line.startswith("AT+MIPLCREATE") for line in m.sent)


@pytest.mark.parametrize(
    ("given", "name"), [({"module": "bc28"}, "BC28"), ({"dialect": "suite"}, "the suite")]
)
async def test_program_for_the_suite_on_an_m5310(given: dict[str, str], name: str) -> None:
    async with module(M5310) as m:
        words = rf"names.*{name}.*says 'CMCC M5310', which is China Mobile M5310 \(m5310\)"
        with pytest.raises(LanguageRefused, match=words):
            await Device(m.modem, ENDPOINT, **given).create()  # type: ignore[arg-type]
        assert asyncio.get_running_loop().time() < 3


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


@pytest.mark.parametrize("boot", [None, "Lierda"])
async def test_module_that_is_found_out_to_have_no_words_is_named(boot: str | None) -> None:
    rules = suite(CLOSE="ERROR")
    rules["AT+CGMM"] = ["A9500" if boot is None else boot, "OK"]
    for each in ("AT+CGMI", "AT+CGMR", "ATI"):
        rules[each] = "OK"
    booting = [boot] if boot else []
    rules["AT+CMEE?"] = lambda _: [*[booting.pop() for _ in booting[:1]], "+CMEE:1", "OK"]
    uri = "coap://10.0.0.1:5683" if boot is None else "coaps://10.0.0.1:5684"
    async with module(rules) as m:
        psk = None if boot is None else "abcdefge"
        with pytest.raises(NotInDialect, match=r"10\.0\.0\.1"):
            await Device(m.modem, ENDPOINT, uri=uri, psk=psk).create()


# --- what only the suite has words for -------------------------------------------------------

SECRETS: dict[str, dict[str, str]] = {
    "a key": {"psk": "abcdefge", "uri": "coaps://183.230.40.40:5684"},
    "an authorization code": {"auth_code": "code1"},
}


@pytest.mark.parametrize(("what", "secret"), SECRETS.items())
async def test_m5310_has_no_words_for_secrets(what: str, secret: dict[str, str]) -> None:
    """It is not configured without them."""
    with pytest.raises(NotInDialect, match=rf"\(m5310\).*{what}"):
        Device("COM1", ENDPOINT, module="m5310", **secret)  # type: ignore[arg-type]
    async with module(M5310 | {"AT+MIPLCONF=": "OK"}) as m:
        with pytest.raises(NotInDialect, match=rf"\(m5310\).*{what}"):
            await Device(m.modem, ENDPOINT, **secret).create()  # type: ignore[arg-type]
        assert not any(line.startswith("AT+MIPLCONF=") for line in m.sent)


async def test_secrets_reach_a_module_that_is_found_out() -> None:
    async with module(suite()) as m:
        async with Device(m.modem, ENDPOINT, auth_code="code1") as device:
            assert device.profile is PROFILES["bc28"]
        assert "AT+MIPLCONFIG=4,1,code1" in m.sent
