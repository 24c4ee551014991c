"""Updates of the host's firmware: the dialogue of the operator's page for M531x."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from m5310.device.device import Device
from m5310.device.events import FirmwareUpdate, UpdateStep, UpkeepEvent
from m5310.device.firmware import Firmware
from m5310.errors import NotInDialect, ParameterError
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from tests.support.clock import elapse
from tests.support.devices import ENDPOINT, module
from tests.support.scripted import Scripted
from tests.support.suite_module import created, suite

BEGIN = '+MIPLEXECUTE:0,{},5,0,26550,0,""'
ERASE = '+MIPLEXECUTE:0,{},5,0,26501,0,""'
INSTALL = '+MIPLEXECUTE:0,{},5,0,2,0,""'
END = "+MIPLWRITE:0,{},5,0,0,2,0,,0"


def block(msgid: int, data: bytes, flag: int) -> str:
    """The length counts digits."""
    return f"+MIPLWRITE:0,{msgid},5,0,0,2,{2 * len(data)},{data.hex().upper()},{flag}"


class Flash:
    """A memory that stores what comes in its order."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.broken = False

    async def store(self, offset: int, data: bytes) -> None:
        if self.broken:
            raise OSError("the memory is worn out")
        self.data[offset:] = data


@asynccontextmanager
async def updated(
    flash: Flash | None = None, **given: object
) -> AsyncIterator[tuple[Scripted, Device, Firmware, list[UpkeepEvent]]]:
    events: list[UpkeepEvent] = []
    firmware = Firmware("1.0", (flash or Flash()).store, free=256, battery=80)
    given.setdefault("module", "m5310a")
    async with created(on_event=events.append, firmware=firmware, **given) as (m, device):
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 20.5, Access(7))
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        events.clear()
        yield m, device, firmware, events


async def answers(m: Scripted, *lines: str) -> list[str]:
    """What the driver writes to these lines."""
    m.sent.clear()
    for line in lines:
        m.send(line)
        await elapse(1)
    return m.sent.copy()


async def test_dialogue() -> None:
    flash = Flash()
    async with updated(flash) as (m, device, firmware, events):
        assert await answers(m, BEGIN.format(54077)) == ["AT+MIPLEXECUTERSP=0,54077,2"]
        assert await answers(m, "+MIPLREAD:0,54078,3,0,26261", "+MIPLREAD:0,54079,3,0,19") == [
            "AT+MIPLREADRSP=0,54078,1,3,0,26261,3,4,256,0,0",
            'AT+MIPLREADRSP=0,54079,1,3,0,19,1,3,"1.0",0,0',
        ]
        assert await answers(m, "+MIPLREAD:0,54080,5,0,-1,0", "+MIPLREAD:0,54081,3,0,9") == [
            "AT+MIPLREADRSP=0,54080,1,5,0,3,3,4,0,2,0",
            "AT+MIPLREADRSP=0,54080,1,5,0,5,3,4,0,1,0",
            "AT+MIPLREADRSP=0,54080,1,5,0,26500,3,4,0,0,0",
            "AT+MIPLREADRSP=0,54081,1,3,0,9,3,4,80,0,0",
        ]
        assert await answers(m, ERASE.format(27495)) == ["AT+MIPLSOTA=3"]
        blocks = [block(27496, b"a" * 512, 1), block(27497, b"b" * 512, 2), block(27498, b"c", 0)]
        assert await answers(m, blocks[0], *blocks, "+MIPLREAD:0,27499,5,0,-1") == [
            *["AT+MIPLSOTA=1"] * 4,  # the first one was repeated, and is stored once
            "AT+MIPLREADRSP=0,27499,1,5,0,3,3,4,2,2,0",
            "AT+MIPLREADRSP=0,27499,1,5,0,5,3,4,0,1,0",
            "AT+MIPLREADRSP=0,27499,1,5,0,26500,3,4,1025,0,0",
        ]
        assert flash.data == b"a" * 512 + b"b" * 512 + b"c"
        assert await answers(m, INSTALL.format(27511)) == ["AT+MIPLEXECUTERSP=0,27511,2"]
        firmware.version, firmware.free = "2.0", 128
        await device.update()
        again = (BEGIN.format(17501), "+MIPLREAD:0,17502,3,0,26261", "+MIPLREAD:0,17503,3,0,19")
        assert await answers(m, *again, END.format(17507)) == [
            "AT+MIPLEXECUTERSP=0,17501,2",
            "AT+MIPLREADRSP=0,17502,1,3,0,26261,3,4,128,0,0",
            'AT+MIPLREADRSP=0,17503,1,3,0,19,1,3,"2.0",0,0',
            "AT+MIPLWRITERSP=0,17507,2",
        ]
        assert [each for each in events if isinstance(each, FirmwareUpdate)] == [
            FirmwareUpdate(UpdateStep.BEGUN, 0),
            FirmwareUpdate(UpdateStep.ERASED, 0),
            FirmwareUpdate(UpdateStep.COMPLETE, 1025),
            FirmwareUpdate(UpdateStep.INSTALL, 1025),
            FirmwareUpdate(UpdateStep.BEGUN, 1025),
            FirmwareUpdate(UpdateStep.OVER, 1025),
        ]


async def test_version_is_named_before_the_login() -> None:
    async with module(suite(CREATE=["+MIPLCREATE:0", "OK"])) as m:
        firmware = Firmware("1.0", Flash().store)
        async with Device(m.modem, ENDPOINT, module="m5310a", firmware=firmware) as device:
            await device.connect(60)
            assert [line.partition("=")[0] for line in m.sent[1:4]] == [
                *("AT+MIPLCREATE", "AT+MIPLSOTAVER", "AT+MIPLOPEN"),
            ]


@pytest.mark.realtime
async def test_plain_function_stores_blocks_in_a_thread() -> None:
    stored: list[tuple[int, bytes]] = []

    def store(offset: int, data: bytes) -> None:
        stored.append((offset, data))

    async with created(module="m5310a", firmware=Firmware("1.0", store)) as (m, device):
        await device.connect(60)
        for request, answer in (
            (BEGIN.format(1), "AT+MIPLEXECUTERSP=0,1,2"),
            (ERASE.format(2), "AT+MIPLSOTA=3"),
            (block(3, b"ab", 1), "AT+MIPLSOTA=1"),
            (block(4, b"c", 0), "AT+MIPLSOTA=1"),
        ):
            m.send(request)
            await m.until(answer)
        assert stored == [(0, b"ab"), (2, b"c")]


async def test_block_that_cannot_be_stored_is_refused() -> None:
    flash = Flash()
    async with updated(flash) as (m, _, _, events):
        await answers(m, BEGIN.format(1), ERASE.format(2), block(3, b"ab", 1))
        flash.broken = True
        assert await answers(m, block(4, b"cd", 0)) == ["AT+MIPLWRITERSP=0,4,14"]
        flash.broken = False
        await answers(m, block(5, b"ef", 0))
        assert flash.data == b"abef"
        assert events[-1] == FirmwareUpdate(UpdateStep.COMPLETE, 4)


async def test_reads_that_are_the_modules_are_left_to_it() -> None:
    """Before an update, and without firmware of the host at all."""
    async with updated() as (m, _, _, _):
        assert await answers(m, "+MIPLREAD:0,7,3,0,-1,0", "+MIPLREAD:0,8,3,0,9") == []
        await answers(m, BEGIN.format(9))
        assert await answers(m, "+MIPLREAD:0,10,3,0,-1,0") == []
        assert await answers(m, END.format(11)) == ["AT+MIPLWRITERSP=0,11,2"]
        assert await answers(m, "+MIPLREAD:0,12,3,0,9") == []
    async with created(module="m5310a") as (m, device):
        await device.connect(60)
        assert await answers(m, BEGIN.format(9), "+MIPLREAD:0,12,3,0,9") == []


@pytest.mark.parametrize("options", [{"module": "m5310"}, {"dialect": "classic"}])
def test_module_of_the_classic_language_has_none(options: dict[str, str]) -> None:
    with pytest.raises(NotInDialect, match=r"\(m5310\).*updates of the host's firmware"):
        Device("COM1", ENDPOINT, firmware=Firmware("1", print), **options)  # type: ignore[arg-type]


async def test_module_that_refuses_the_version_is_named() -> None:
    async with module(suite(SOTAVER="ERROR")) as m:
        firmware = Firmware("1", print)
        with pytest.raises(NotInDialect, match=r"\(bc28\).*version of the host's firmware"):
            await Device(m.modem, ENDPOINT, module="bc28", firmware=firmware).create()


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"version": 'a"b'}, "3/0/19"),
        ({"version": 1}, "3/0/19"),
        ({"free": "much"}, "3/0/26261"),
        ({"battery": 0.5}, "3/0/9"),
        ({"on_block": 5}, "on_block 5: expected a function"),
    ],
)
def test_wrong_firmware(given: dict[str, object], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        Firmware(**{"version": "1", "on_block": print, **given})  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="expected a Firmware"):
        Device("COM1", ENDPOINT, firmware="1.0")  # type: ignore[arg-type]
