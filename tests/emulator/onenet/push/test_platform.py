"""What of the platform's life is pushed: data points, devices online and offline."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from aiocoap.numbers import Code

from emulator.onenet.commands.command import Kind
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.server import Sign
from emulator.onenet.posting import Post, Reply
from emulator.onenet.push.settings import Settings
from tests.support.fake_device import (
    IMEI,
    TEMPERATURE,
    Answer,
    CloudWithDevice,
    refusing,
    success,
)
from tests.support.push_application import TOKEN, URL, good

# Where the times of the tests begin, so that they have all digits.
START = 1_700_000_000.0


class PushedCloud(CloudWithDevice):
    """`pushed`: messages that an application took."""

    def __init__(self) -> None:
        super().__init__(now=START)
        self.pushed: list[dict[str, object]] = []
        self.answer: Callable[[Post], Reply] = good
        self._open: list[tuple[Post, Callable[[Reply, float], None]]] = []
        self.platform.send = lambda post, on_reply: self._open.append((post, on_reply))
        self.platform.push.begin(Settings(URL, TOKEN))

    def step(self, seconds: float = 0) -> None:
        super().step(seconds)
        while self._open:
            post, on_reply = self._open.pop(0)
            reply = self.answer(post)
            if post.method == "POST" and reply.delivered:
                self.pushed.append(json.loads(post.body)["msg"])
            on_reply(reply, self.now)
            super().step()

    def states(self) -> list[object]:
        return [each["status"] for each in self.pushed if each["type"] == 2]


@pytest.fixture
def cloud() -> PushedCloud:
    return PushedCloud()


def test_a_report_is_pushed(cloud: PushedCloud) -> None:
    cloud.log_in()
    cloud.pushed.clear()
    cloud.module.notify(TEMPERATURE, 21.5)
    cloud.step(1.5)
    assert cloud.pushed == [
        {
            "at": round((START + 1.5) * 1000),
            "imei": IMEI,
            "type": 1,
            "ds_id": "3303_0_5700",
            "value": 21.5,
            "dev_id": int(cloud.device.id),
        }
    ]


def test_a_login_and_a_logout_are_pushed(cloud: PushedCloud) -> None:
    cloud.log_in()
    online = next(each for each in cloud.pushed if each["type"] == 2)
    assert online == {
        "at": round(START * 1000),
        "login_type": 10,
        "imei": IMEI,
        "type": 2,
        "dev_id": int(cloud.device.id),
        "status": 1,
    }
    cloud.module.deregister()
    cloud.step(1)
    assert cloud.states() == [1, 0]


def test_an_update_and_a_login_again_change_nothing(cloud: PushedCloud) -> None:
    cloud.log_in()
    cloud.module.update()
    cloud.step(1)
    cloud.log_in()
    cloud.module.update()
    cloud.step(1)
    assert cloud.states() == [1]


def test_the_end_of_the_lifetime_is_pushed_and_so_is_the_next_login(cloud: PushedCloud) -> None:
    cloud.log_in()
    cloud.step(299)
    assert cloud.states() == [1]
    cloud.step(2)
    assert cloud.states() == [1, 0]
    cloud.log_in()
    assert cloud.states() == [1, 0, 1]


@pytest.mark.parametrize(
    ("answer", "states", "found"),
    [
        (success, (5, 0), [{"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0}]),
        (refusing(Code.METHOD_NOT_ALLOWED), (6, 1), []),
    ],
    ids=["success", "failure"],
)
def test_result_of_an_offline_command_is_pushed(
    cloud: PushedCloud, answer: Answer, states: tuple[int, int], found: list[object]
) -> None:
    cloud.log_in()
    uuid = cloud.platform.commands.create(
        *(int(cloud.device.id), Kind.READ, {}, None, Read(TEMPERATURE)),
        valid=START,
        expires=START + 60,
        retry=0,
        signs=Sign(7),
        now=START,
    )
    cloud.module.answer = answer
    cloud.module.update()
    cloud.step(1)
    (result,) = [each for each in cloud.pushed if each["type"] == 7]
    at = round((START + 1) * 1000)
    assert result == {
        "send_time": at,
        "imei": IMEI,
        "send_status": states[0],
        "confirm_body": {"obj_id": 3303, "obj_inst": found},
        "type": 7,
        "cmd_id": uuid,
        "cmd_type": 2,
        "confirm_time": at,
        "confirm_status": states[1],
        "dev_id": int(cloud.device.id),
    }


def test_without_an_application_nothing_is_queued() -> None:
    cloud = CloudWithDevice(now=START)
    cloud.log_in()
    cloud.module.notify(TEMPERATURE, 21.5)
    cloud.step(1)
    assert cloud.platform.push.waiting == 0
    assert cloud.platform.database.execute("SELECT count(*) FROM messages").fetchone() == (0,)


def test_an_application_that_is_gone_for_an_hour_gets_everything_in_order(
    cloud: PushedCloud,
) -> None:
    cloud.log_in()
    cloud.pushed.clear()
    cloud.answer = lambda _post: Reply(None, error="connection refused")
    for minute in range(60):
        cloud.module.notify(TEMPERATURE, minute)
        cloud.module.update()
        cloud.step(60)
    assert cloud.pushed == []
    cloud.answer = good
    cloud.step(60)
    assert [each["value"] for each in cloud.pushed] == list(range(60))


def test_a_push_is_sent_after_its_point_was_kept(cloud: PushedCloud) -> None:
    cloud.log_in()

    def kept(post: Post) -> Reply:
        assert json.loads(post.body)["msg"]["value"] == cloud.values()[-1]
        return good(post)

    cloud.answer = kept
    cloud.module.notify(TEMPERATURE, 21.5)
    cloud.step(1)
    assert len(cloud.pushed) == 2
