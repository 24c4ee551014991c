"""`Cloud`: state of the device, requests, and errors."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from emulator import ApiError, Cloud, Emulator, VirtualClock, within
from tests.support.patience import PATIENCE
from tests.support.programs import Program

pytestmark = pytest.mark.realtime


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(baud=None, http=None, clock=VirtualClock(), latency=0) as emulator:
        yield emulator


@pytest.fixture
def program(emulator: Emulator) -> Iterator[Program]:
    with Program(emulator.port) as program:
        program.log_in(emulator)
        program.request("MIPLREAD")  # of object 3, which the module answers: all is subscribed
        yield program


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    return Cloud(emulator)


def test_online_from_login_until_lifetime_ends(emulator: Emulator, cloud: Cloud) -> None:
    assert not cloud.online
    with Program(emulator.port) as program:
        program.log_in(emulator)
    cloud.until(lambda: cloud.online)
    emulator.clock.advance(301)  # type: ignore[attr-defined]
    assert not cloud.online
    with pytest.raises(TimeoutError, match="condition not met within 0 s"):
        cloud.until(lambda: cloud.online, timeout=0)


def test_points_are_the_reported_values(program: Program, cloud: Cloud) -> None:
    assert cloud.points("3303/0/5700") == []
    program.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1')
    program.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1')
    assert cloud.points("/3303/0/5700") == [21.5, 22.0]


def test_start_read_with_program_in_the_same_thread(program: Program, cloud: Cloud) -> None:
    reading = cloud.start_read("3303/0/5700")
    msgid, *ids = program.request("MIPLREAD")
    assert ids == ["3303", "0", "5700"]
    program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"19.5",1')
    assert reading.result(PATIENCE) == 19.5


def test_read_all_of_an_instance(program: Program, cloud: Cloud) -> None:
    reading = cloud.start_read_all("3303/0")
    msgid, *_ = program.request("MIPLREAD")
    program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"19.5",0')
    program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5701,1,"Cel",1')
    assert reading.result(PATIENCE) == {"3303/0/5700": 19.5, "3303/0/5701": "Cel"}


def test_blocking_calls_with_program_in_another_thread(program: Program, cloud: Cloud) -> None:
    got = []

    def serve() -> None:
        for name, answer in (
            ("MIPLREAD", '{},3303,0,5700,4,"1.5",1'),
            ("MIPLREAD", '{},3303,0,5700,4,"2.5",1'),
            ("MIPLWRITE", "{},1"),
            ("MIPLEXECUTE", "{},1"),
        ):
            msgid, *rest = program.request(name)
            got.append(rest)
            program.command(f"AT+{name}=0,{answer.format(msgid)}")

    serving = threading.Thread(target=serve)
    serving.start()
    assert cloud.read("3303/0/5700") == 1.5
    assert cloud.read_all("3303/0/5700") == {"3303/0/5700": 2.5}
    cloud.write("3303/0/5701", "K")
    cloud.execute("3303/0/5700", "reset")
    serving.join()
    assert got[2:] == [["3303", "0", "5701", "K"], ["3303", "0", "5700", "reset"]]


def test_refusal_raises_api_error_with_onenet_text(program: Program, cloud: Cloud) -> None:
    writing = cloud.start_write({"3303/0/5700": 1.5})
    msgid, *_ = program.request("MIPLWRITE")
    program.command(f"AT+MIPLWRITE=0,{msgid},0")
    with pytest.raises(ApiError, match="unsuccess: "):
        writing.result(PATIENCE)
    with pytest.raises(ApiError, match="unsuccess: NOT_FOUND"):
        cloud.read("3311/0/5850")


def test_answer_without_the_resource_raises(
    emulator: Emulator, program: Program, cloud: Cloud
) -> None:
    requests: list[bytes] = []

    def watch(own: Emulator) -> None:
        own.air.on_datagram = lambda _from, _to, datagram, _now: requests.append(datagram)

    within(emulator, watch)
    reading = cloud.start_read("3303/0/5700")
    program.request("MIPLREAD")

    def answer(own: Emulator) -> None:
        device = own.platform.device_by_imei(own.imei)
        assert device is not None
        registration = own.platform.registration(device)
        assert registration is not None
        request = requests[-1]
        token = request[4 : 4 + (request[0] & 15)]
        empty = bytes((0x60 | len(token), 0x45)) + request[2:4] + token  # 2.05
        own.platform.server.receive(registration.address, empty, own.now())

    within(emulator, answer)
    with pytest.raises(ApiError, match="unsuccess: the answer has no /3303/0/5700"):
        reading.result(PATIENCE)


def test_failed_until_says_what_the_cloud_has(program: Program, cloud: Cloud) -> None:
    cloud.until(lambda: cloud.online)
    with pytest.raises(TimeoutError, match=r"not met within 0 s; .* is online, .* are: none$"):
        cloud.until(lambda: False, timeout=0)
    for value in range(12):
        program.command(f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{value}",1')
    program.command('AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel",1')
    newest = list(range(2, 12))
    message = re.escape(f"3303/0/5700: {newest}, 3303/0/5701: ['Cel']")
    with pytest.raises(TimeoutError, match=message):
        cloud.until(lambda: cloud.points("3303/0/5700") == [5.0], timeout=0)


@pytest.mark.parametrize(
    "value", [None, [1], {}, float("nan"), float("inf"), 2**63, "\ud800", b"x" * 1001, "é" * 501]
)
def test_value_that_no_resource_can_have_is_refused_at_the_call(
    program: Program, cloud: Cloud, value: Any
) -> None:
    with pytest.raises(ValueError, match="3303/0/5700: expected"):
        cloud.write("3303/0/5700", value)
    with pytest.raises(ValueError, match="3303/0/5700: expected"):
        cloud.start_write({"3303/0/5700": value})


@pytest.mark.parametrize("arguments", [None, 5, b"x", "\ud800", "x" * 1001])
def test_arguments_that_no_resource_can_have_are_refused(cloud: Cloud, arguments: Any) -> None:
    with pytest.raises(ValueError, match="3303/0/5700: expected"):
        cloud.start_execute("3303/0/5700", arguments)


def test_bytes_are_written_as_hexadecimal_digits(program: Program, cloud: Cloud) -> None:
    writing = cloud.start_write({"3303/0/5750": b"\x0a\x64\xff"})
    msgid, *rest = program.request("MIPLWRITE")
    assert rest == ["3303", "0", "5750", "0A64FF"]
    program.command(f"AT+MIPLWRITE=0,{msgid},1")
    writing.result(PATIENCE)


def test_call_that_blocks_is_refused_in_a_coroutine(program: Program, cloud: Cloud) -> None:
    calls = {
        "read": lambda: cloud.read("3303/0/5700"),
        "read_all": lambda: cloud.read_all("3303/0"),
        "write": lambda: cloud.write("3303/0/5700", 1.5),
        "execute": lambda: cloud.execute("3303/0/5700"),
        "until": lambda: cloud.until(lambda: True),
    }

    async def session() -> None:
        for name, call in calls.items():
            with pytest.raises(RuntimeError, match=rf"Cloud.{name} blocks.* `await asyncio\."):
                call()
        reading = cloud.start_read("3303/0/5700")
        msgid, *_ = program.request("MIPLREAD")
        program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"19.5",1')
        assert await asyncio.wrap_future(reading) == 19.5
        await asyncio.to_thread(cloud.until, lambda: cloud.online)

    asyncio.run(session())


def test_until_waits_for_the_login(cloud: Cloud, emulator: Emulator) -> None:
    looked = threading.Event()

    def log_in() -> None:
        looked.wait()
        with Program(emulator.port) as program:
            program.log_in(emulator)

    def online() -> bool:
        seen = cloud.online
        looked.set()
        return seen

    beside = threading.Thread(target=log_in)
    beside.start()
    cloud.until(online)
    beside.join()
    assert cloud.online


def test_silent_device_times_out_by_the_emulators_clock(
    emulator: Emulator, program: Program, cloud: Cloud
) -> None:
    reading = cloud.start_read("3303/0/5700")
    assert not reading.cancel()
    emulator.clock.advance(31)  # type: ignore[attr-defined]
    with pytest.raises(ApiError, match="unsuccess: TIME_OUT"):
        reading.result(PATIENCE)


@pytest.mark.parametrize("year", [2018, 2019])
def test_errors_are_told_apart_alike_in_each_year(year: int) -> None:
    def failed(reading: Future[Any]) -> tuple[str, str, str]:
        error = reading.exception(PATIENCE)
        assert isinstance(error, ApiError)
        return error.reason, error.detail, str(error)

    clock = VirtualClock()
    with Emulator(baud=None, http=None, clock=clock, latency=0, year=year) as emulator:
        cloud = Cloud(emulator)
        offline = f"device not online: {emulator.device_id}"
        with pytest.raises(ApiError, match=f"^{offline}$"):
            cloud.read("3303/0/5700")
        with Program(emulator.port) as program:
            program.log_in(emulator)
            program.request("MIPLREAD")  # of object 3, which the module answers: all is subscribed
            not_found = cloud.start_read("3311/0/5850")
            assert failed(not_found) == ("unsuccess", "NOT_FOUND", "unsuccess: NOT_FOUND")
            no_answer = cloud.start_read("3303/0/5700")
            emulator.clock.advance(31)  # type: ignore[attr-defined]
            assert failed(no_answer) == ("unsuccess", "TIME_OUT", "unsuccess: TIME_OUT")
            logged_out = cloud.start_read("3303/0/5700")
            program.command("AT+MIPLCLOSE=0")
            assert failed(logged_out) == ("unsuccess", "OFFLINE", "unsuccess: OFFLINE")


def test_requests_end_when_the_emulator_is_closed() -> None:
    with Emulator(baud=None, http=None, latency=0) as emulator:
        cloud = Cloud(emulator)
        with Program(emulator.port) as program:
            program.log_in(emulator)
            requests = [
                cloud.start_read("3303/0/5700"),
                cloud.start_read_all("3303/0"),
                cloud.start_write({"3303/0/5700": 1.5}),
                cloud.start_execute("3303/0/5700"),
            ]
    for request in requests:
        with pytest.raises(ApiError, match="unsuccess: OFFLINE"):
            request.result(0)
    with pytest.raises(RuntimeError, match="is not running"):
        cloud.start_read("3303/0/5700")


def test_timeout_with_stopped_clock_says_what_to_try(program: Program, cloud: Cloud) -> None:
    with pytest.raises(TimeoutError, match=r"use start_read\(\)"):
        cloud.read("3303/0/5700", timeout=0)


def test_request_before_login_raises(cloud: Cloud) -> None:
    with pytest.raises(ApiError, match="device not online"):
        cloud.read("3303/0/5700")


def test_unknown_module_is_not_online_and_refuses_requests() -> None:
    with Emulator(baud=None, http=None, device=False) as emulator:
        cloud = Cloud(emulator)
        assert not cloud.online
        with pytest.raises(ApiError, match="auth failed"):
            cloud.points("3303/0/5700")
        with pytest.raises(ApiError, match="auth failed"):
            cloud.read("3303/0/5700")
        with pytest.raises(TimeoutError, match="auth failed"):
            cloud.until(lambda: cloud.online, timeout=0)


def test_device_of_each_module() -> None:
    with Emulator(baud=None, http=None, modules=2, latency=0) as emulator:
        second = emulator.boards[1].module.identity.imei
        first_cloud, second_cloud = Cloud(emulator), Cloud(emulator, imei=second)
        with Program(emulator.port) as program:
            program.log_in(emulator)
            assert first_cloud.online
            assert not second_cloud.online


@pytest.mark.parametrize("path", ["", "3303/", "3303/0/5700/1", "a/b/c", "65536/0/1", "3303/0"])
def test_path_without_resource_is_rejected(cloud: Cloud, path: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*, such as 3303/0/5700"):
        cloud.read(path)


def test_write_of_nothing_is_rejected(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="nothing: expected resources of one instance"):
        cloud.start_write({})


def test_write_to_two_instances_is_rejected(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="3303/0/5700, 3303/1/5700: expected resources of one"):
        cloud.start_write({"3303/0/5700": 1.0, "3303/1/5700": 1.0})


def test_update_of_a_program_fails_as_it_ends() -> None:
    with Emulator(baud=None, http=None, clock=VirtualClock(), latency=0) as emulator:
        cloud = Cloud(emulator)
        with pytest.raises(ValueError, match="package of 0 bytes"):
            cloud.start_update("2.0", b"")
        with pytest.raises(ApiError, match="device not online"):
            cloud.start_update("2.0", b"x").result(PATIENCE)
