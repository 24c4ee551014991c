"""Reports of several lines, of many objects and of instances that came after the login."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Path
from emulator.module.lwm2m.requests import PENDING_LIMIT
from emulator.module.module import Identity, Module
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import MAX_OPEN_REQUESTS, Platform
from emulator.simulation.simulation import Simulation
from tests.support.stored import streams
from tests.support.uart import DIRECT, START, lines

READ = Read(Path(3303, 0, 5700))
LABEL = 'AT+MIPLNOTIFY=0,3303,0,5601,4,"21",0'
WARM = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"{}",{}'


@dataclass
class Site:
    """A host at an emulated module, and the platform behind it."""

    now: float = START
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.module = Module(Identity(imei="1234", imsi="test"), now=self.now)
        self.platform = Platform()
        self.simulation = Simulation(self.platform, MemoryAir())
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("a host", "1234", "test"), self.now)

    def ask(self, line: str) -> str:
        """The final result; what follows it is dropped."""
        self.simulation.step(self.now)
        self.module.take_output()
        self.module.receive(line.encode() + b"\r", self.now)
        self.simulation.step(self.now)
        return lines(self.module.take_output())[0]

    def well(self, *commands: str) -> None:
        assert [self.ask(one) for one in commands] == ["OK"] * len(commands)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.simulation.step(self.now)

    def log_in(self, *objects: int) -> None:
        self.well(DIRECT)
        for number in objects:
            self.well(
                f"AT+MIPLADDOBJ=0,{number},0",
                f'AT+MIPLNOTIFY=0,{number},0,5700,4,"1",1',
                f'AT+MIPLNOTIFY=0,{number},0,5601,4,"1",1',
            )
        self.well("AT+MIPLOPEN=0,30")

    def values(self, name: str) -> list[object]:
        return [
            point.value
            for stream in streams(self.platform, self.device, ids=[name])
            for point in stream.points
        ]


def test_a_report_of_each_of_many_objects_right_after_the_login_arrives() -> None:
    site = Site()
    objects = range(3315, 3327)  # each has 5700 as a float
    site.log_in(*objects)
    site.wait(0.2)  # accepted, and nothing observed yet
    for number in objects:
        site.well(f'AT+MIPLNOTIFY=0,{number},0,5700,4,"{number}",1')
    site.wait(10)
    assert [site.values(f"{number}_0_5700") for number in objects] == [[n] for n in objects]


@pytest.mark.parametrize(
    "last",
    [
        WARM.format("warm", 1),
        WARM.format('a"b', 1),  # refused before its command is found
        'AT+MIPLNOTIFY=0,3399,0,5700,4,"22",1',
    ],
)
def test_refused_last_line_ends_its_group(last: str) -> None:
    site = Site()
    site.log_in(3303)
    site.wait(10)
    site.well(LABEL)
    assert site.ask(last) == "ERROR"
    site.well(WARM.format("23", 1))
    site.wait(1)
    assert site.values("3303_0_5700") == [23]
    assert site.values("3303_0_5601") == []


@pytest.mark.parametrize("last", ['4,"warm",1', '4,"a"b",1'])
def test_refused_last_line_of_a_read_drops_what_was_answered(last: str) -> None:
    site = Site()
    site.log_in(3303)
    site.wait(10)
    instance = Read(Path(3303, 0))
    read = site.platform.request(site.device, instance, site.outcomes.append, site.now)
    site.wait(0.5)
    site.well(f'AT+MIPLREAD=0,{read.mid},3303,0,5601,4,"21",0')
    assert site.ask(f"AT+MIPLREAD=0,{read.mid},3303,0,5700,{last}") == "ERROR"
    site.well(f'AT+MIPLREAD=0,{read.mid},3303,0,5700,4,"23",1')
    site.wait(0.5)
    (outcome,) = site.outcomes
    assert [(item.path.resource, item.value) for item in outcome.items] == [(5700, 23)]


def test_refused_line_inside_a_group_leaves_the_others() -> None:
    site = Site()
    site.log_in(3303)
    site.wait(10)
    site.well(LABEL)
    assert site.ask(WARM.format("warm", 0)) == "ERROR"
    site.well(WARM.format("23", 1))
    site.wait(1)
    assert site.values("3303_0_5700") == [23]
    assert site.values("3303_0_5601") == [21]


@pytest.mark.parametrize("declared_first", [True, False])
def test_instance_added_after_the_login_is_reported(declared_first: bool) -> None:
    site = Site()
    site.log_in(3303)
    site.wait(10)
    declare = 'AT+MIPLNOTIFY=0,3306,0,5850,5,"0",1'
    site.well("AT+MIPLADDOBJ=0,3306,0")
    if declared_first:
        site.well(declare)
    site.well("AT+MIPLUPDATE=0,300,1")
    site.wait(5)
    site.well('AT+MIPLNOTIFY=0,3306,0,5850,5,"1",1')
    site.wait(1)
    assert site.values("3306_0_5850") == [True]
    # an undeclared resource of the login's own instance is not reported (OneNET guide 5.1.2)
    assert site.ask('AT+MIPLNOTIFY=0,3303,0,5702,1,"Cel",1') == "ERROR"


def test_module_holds_all_requests_that_the_platform_sends() -> None:
    assert PENDING_LIMIT >= MAX_OPEN_REQUESTS
    site = Site()
    site.log_in(3303)
    site.wait(10)
    requests = [
        site.platform.request(site.device, READ, site.outcomes.append, site.now)
        for _ in range(MAX_OPEN_REQUESTS)
    ]
    site.wait(0.5)
    for request in requests:
        site.well(f'AT+MIPLREAD=0,{request.mid},3303,0,5700,4,"20",1')
    site.wait(0.5)
    assert [outcome.failure for outcome in site.outcomes] == [None] * MAX_OPEN_REQUESTS
