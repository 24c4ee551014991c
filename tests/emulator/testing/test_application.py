"""OneNET as a test sees it: what it has got, what it asks, and why that may fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from emulator import ApiError, Cloud, Emulator, VirtualClock, within
from emulator.air.messages import Code, Item, Path, Response
from tests.support.programs import Program

pytestmark = pytest.mark.realtime


@pytest.fixture
def it() -> Iterator[Emulator]:
    with Emulator(baud=None, http=None, clock=VirtualClock(), latency=0) as it:
        yield it


@pytest.fixture
def program(it: Emulator) -> Iterator[Program]:
    with Program(it.port) as program:
        program.log_in(it)
        yield program


@pytest.fixture
def cloud(it: Emulator) -> Cloud:
    return Cloud(it)


def test_a_device_is_online_after_its_login_and_until_its_lifetime_ends(
    it: Emulator, cloud: Cloud
) -> None:
    assert not cloud.online
    with Program(it.port) as program:
        program.log_in(it)
    cloud.until(lambda: cloud.online)
    it.clock.advance(301)  # type: ignore[attr-defined]
    assert not cloud.online
    with pytest.raises(TimeoutError, match="not come to that within 0 s"):
        cloud.until(lambda: cloud.online, timeout=0)


def test_reports_are_points(program: Program, cloud: Cloud) -> None:
    assert cloud.points("3303/0/5700") == []
    program.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1')
    program.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1')
    assert cloud.points("/3303/0/5700") == [21.5, 22.0]


def test_a_read_is_answered_by_the_program_in_the_same_thread(
    program: Program, cloud: Cloud
) -> None:
    reading = cloud.start_read("3303/0/5700")
    msgid, *ids = program.request("MIPLREAD")
    assert ids == ["3303", "0", "5700"]
    program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"19.5",1')
    assert reading.result(10) == 19.5


def test_an_instance_is_read_whole(program: Program, cloud: Cloud) -> None:
    reading = cloud.start_read_all("3303/0")
    msgid, *_ = program.request("MIPLREAD")
    program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"19.5",0')
    program.command(f'AT+MIPLREAD=0,{msgid},3303,0,5701,1,"Cel",1')
    assert reading.result(10) == {"3303/0/5700": 19.5, "3303/0/5701": "Cel"}


def test_a_program_in_another_thread_answers_calls_that_block(
    program: Program, cloud: Cloud
) -> None:
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


def test_a_refusal_has_the_words_of_onenet(program: Program, cloud: Cloud) -> None:
    writing = cloud.start_write({"3303/0/5700": 1.5})
    msgid, *_ = program.request("MIPLWRITE")
    program.command(f"AT+MIPLWRITE=0,{msgid},0")
    with pytest.raises(ApiError, match="unsuccess: "):
        writing.result(10)
    with pytest.raises(ApiError, match="unsuccess: NOT_FOUND"):
        cloud.read("3311/0/5850")


def test_an_answer_that_lacks_what_was_asked_is_no_answer(
    it: Emulator, program: Program, cloud: Cloud
) -> None:
    reading = cloud.start_read("3303/0/5700")
    msgid, *_ = program.request("MIPLREAD")

    def answer(own: Emulator) -> None:
        device = own.platform.device_by_imei(own.imei)
        assert device is not None
        registration = own.platform.registration(device)
        assert registration is not None
        other = (Item(Path(3303, 0, 5701), "Cel"),)
        empty = Response(int(msgid), Code.CONTENT, items=other)
        own.platform.server.receive(registration.address, empty, own.now())

    within(it, answer)
    with pytest.raises(ApiError, match="unsuccess: the answer has no /3303/0/5700"):
        reading.result(10)


def test_a_login_is_waited_for(cloud: Cloud, it: Emulator) -> None:
    looked = threading.Event()

    def log_in() -> None:
        looked.wait()
        with Program(it.port) as program:
            program.log_in(it)

    def online() -> bool:
        seen = cloud.online
        looked.set()
        return seen

    beside = threading.Thread(target=log_in)
    beside.start()
    cloud.until(online)
    beside.join()
    assert cloud.online


def test_a_device_that_never_answers_is_given_up_by_the_clock(
    it: Emulator, program: Program, cloud: Cloud
) -> None:
    reading = cloud.start_read("3303/0/5700")
    assert not reading.cancel()
    it.clock.advance(31)  # type: ignore[attr-defined]
    with pytest.raises(ApiError, match="unsuccess: TIME_OUT"):
        reading.result(10)


def test_who_waits_with_a_clock_that_stands_still_is_told_what_to_do(
    program: Program, cloud: Cloud
) -> None:
    with pytest.raises(TimeoutError, match="use start_read and the like"):
        cloud.read("3303/0/5700", timeout=0)


def test_without_a_login_nothing_is_asked(cloud: Cloud) -> None:
    with pytest.raises(ApiError, match="device not online"):
        cloud.read("3303/0/5700")


def test_a_module_that_the_cloud_does_not_know_has_no_device() -> None:
    stranger = Emulator(baud=None, http=None, device=False)
    with stranger as it, pytest.raises(ApiError, match="auth failed"):
        Cloud(it).online  # noqa: B018


def test_each_of_several_modules_has_its_device() -> None:
    with Emulator(baud=None, http=None, modules=2, latency=0) as it:
        second = it.boards[1].module.identity.imei
        first_cloud, second_cloud = Cloud(it), Cloud(it, imei=second)
        with Program(it.port) as program:
            program.log_in(it)
            assert first_cloud.online
            assert not second_cloud.online


@pytest.mark.parametrize("path", ["", "3303/", "3303/0/5700/1", "a/b/c", "65536/0/1", "3303/0"])
def test_a_path_that_names_no_resource_is_refused(cloud: Cloud, path: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*, such as 3303/0/5700"):
        cloud.read(path)


def test_a_write_is_of_one_instance(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="3303/0/5700, 3303/1/5700: expected resources of one"):
        cloud.start_write({"3303/0/5700": 1.0, "3303/1/5700": 1.0})
