"""The push against an application that is good, failing, slow, gone or back. Virtual time."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from emulator.onenet.posting import Post, Reply
from emulator.onenet.push import queue
from emulator.onenet.push.push import State
from emulator.onenet.push.settings import Settings
from emulator.onenet.store.database import Database, StoreError
from tests.support import push_receivers
from tests.support.push_application import IMEI, TOKEN, URL, Application, good, refusing

KEY = "whBx2ZwAU5LOHVimPj1MPx56QRe3OsGGWRe4dr17crV"
DAY = 24 * 3600.0


# Order and batches -------------------------------------------------------------------------------


def test_messages_are_sent_one_by_one_in_their_order(application: Application) -> None:
    application.point(1)
    application.push.online(7, IMEI, online=False, now=application.now)
    application.point(2)
    application.step()
    assert len(application.open) == 1
    application.serve()
    assert [(each["type"], each.get("value")) for each in application.messages] == [  # type: ignore[index, attr-defined]
        *((1, 1), (2, None), (1, 2))
    ]


def test_guide_4_1_2_a_batch_is_sent_when_enough_points_wait() -> None:
    application = Application()
    application.set(batch_count=3)
    for value in range(7):
        application.point(value)
    application.step()
    assert [each["value"] for each in json.loads(application.reply().body)["msg"]] == [0, 1, 2]
    application.serve()
    assert application.values == list(range(6))
    assert application.push.due is None, "the last one waits for two more"


def test_guide_4_1_2_a_batch_is_sent_when_the_oldest_point_has_waited() -> None:
    application = Application()
    application.set(batch_seconds=10)
    application.point(1)
    application.run(1009)
    application.point(2)
    assert application.push.due == 1010
    application.run(1009.9)
    assert application.values == []
    application.run(1010)
    assert application.values == [1, 2]


def test_a_message_that_is_no_point_ends_a_batch() -> None:
    application = Application()
    application.set(batch_seconds=10, batch_count=100)
    application.point(1)
    application.point(2)
    application.push.online(7, IMEI, online=False, now=application.now)
    application.point(3)
    application.step()
    assert len(json.loads(application.reply().body)["msg"]) == 2
    application.step()
    assert json.loads(application.reply().body)["msg"]["type"] == 2
    application.step()
    assert application.open == [], "the third point begins another batch"


def test_a_batch_is_bounded_in_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MAX_BATCH", 500)
    application = Application()
    application.set(batch_count=10)
    for value in range(10):
        application.point(value)
    application.step()
    body = application.reply().body
    assert 1 < len(json.loads(body)["msg"]) < 10
    assert len(body) < 700


# Failures ----------------------------------------------------------------------------------------


def test_what_fails_is_repeated_with_growing_waits(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[float] = []

    def failing(post: Post) -> Reply:
        sent.append(application.now)
        return refusing(post)

    application.point(1)
    application.run(1400, failing)
    waits = [later - earlier for earlier, later in pairwise(sent)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    assert [record.message for record in caplog.records] == [
        f"push to {URL} failed, it is repeated: HTTP status 500, expected 200: 'no'"
    ]
    application.point(2)
    application.run(1500)
    assert application.values == [1, 2]


def test_each_other_reason_of_a_failure_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    application = Application()
    application.push.begin(Settings(URL, TOKEN))
    application.run(1100, lambda _: Reply(None, error="no program listens there"))
    application.run(1200, lambda post: Reply(200, post.url.encode()))
    reasons = [record.message.partition("repeated: ")[2] for record in caplog.records]
    assert reasons[0] == "no program listens there"
    assert reasons[1].startswith(f"its answer was '{URL}?msg=")
    assert len(reasons) == 2


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(302), Reply(204), Reply(None, error="no answer within 5 s")]
)
def test_only_status_200_is_a_delivery(application: Application, reply: Reply) -> None:
    application.point(1)
    application.serve(lambda _post: reply)
    assert application.push.waiting == 1
    assert application.push.problem == reply.problem
    application.run(1010)
    assert application.push.waiting == 0
    assert application.push.problem == ""


def test_pushing_stops_when_it_has_failed_for_a_day(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    application.point("old")
    application.run(application.now + DAY - 120, refusing)
    application.point("also old")
    assert application.push.state is State.ON
    application.run(application.now + 200, refusing)
    assert application.push.state is State.STOPPED
    assert not application.push.enabled
    assert application.push.waiting == 0
    assert "stopped after" in caplog.text
    application.point("never pushed")
    assert application.push.waiting == 0


def test_a_stopped_push_checks_the_url_and_begins_with_the_newest(
    application: Application,
) -> None:
    application.point("old")
    application.run(application.now + DAY + 100, refusing)
    checks = application.checks
    application.run(application.now + DAY, refusing)
    per_day = application.checks - checks
    assert DAY / 600 - 2 < per_day < DAY / 600 + 12, "the waits grow up to 10 minutes"
    application.run(application.now + 700)
    assert application.push.state is State.ON
    application.point("new")
    application.serve()
    assert application.values == ["new"]


def test_pushing_stops_after_2000_failures_in_total(application: Application) -> None:
    for number in range(999):
        application.point(number)
        attempts = iter([refusing, refusing, good])
        application.run(application.now + 10, lambda post, left=attempts: next(left)(post))  # type: ignore[misc]
    assert len(application.values) == 999
    assert (application.push.failures, application.push.state) == (1998, State.ON)
    application.point("last")
    application.serve(refusing)
    assert application.push.state is State.ON
    application.run(application.now + 1, refusing)
    assert application.push.state is State.STOPPED


def test_an_hour_of_failures_and_one_success_begin_a_new_day(application: Application) -> None:
    for hour in range(40):
        application.point(hour)
        application.run(application.now + 3600, refusing)
        application.run(application.now + 100)
        if application.push.failures > 1900:
            break
        assert application.push.state is State.ON
    assert application.values[:2] == [0, 1]


# Settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(404), "HTTP status 404, expected 200"),
        (Reply(200, b'"1000000"'), "expected the text of msg, '1000000'"),
        (Reply(200, b"\xff" * 100), "its answer was"),
        (Reply(None, error="connection refused"), "connection refused"),
    ],
)
def test_settings_are_taken_only_if_the_check_succeeds(
    application: Application, reply: Reply, problem: str
) -> None:
    before = application.push.settings
    problems: list[str] = []
    application.push.set(Settings("http://127.0.0.1:1/x", TOKEN), problems.append, 1000.0)
    application.reply(lambda _post: reply)
    assert problem in problems[0]
    assert application.push.settings is before
    application.point(1)
    application.serve()
    assert application.values == [1]


def test_at_the_start_the_check_is_repeated_and_messages_wait() -> None:
    application = Application()
    application.push.begin(Settings(URL, TOKEN))
    application.point(1)
    application.run(1100, refusing)
    assert (application.push.state, application.push.waiting) == (State.CHECKING, 1)
    application.run(1105)
    assert application.push.state is State.ON
    assert application.values == [1]


def test_new_settings_switch_a_stopped_push_on(application: Application) -> None:
    application.point("old")
    application.run(application.now + DAY + 100, refusing)
    assert application.push.state is State.STOPPED
    application.open.clear()
    assert application.set(token="another") == ""
    application.point("new")
    application.serve()
    assert application.values == ["new"]


def test_a_reply_to_earlier_settings_does_not_count_as_their_failure(
    application: Application,
) -> None:
    application.point(1)
    application.step()
    post, on_reply = application.open.pop()
    assert application.set(url="http://127.0.0.1:9/other") == ""
    application.step()
    assert application.open == [], "one request at a time"
    on_reply(Reply(500), application.now)
    assert application.push.failures == 0
    application.step()
    assert application.reply().url == "http://127.0.0.1:9/other"
    assert post.url == URL


def test_deleted_settings_push_nothing(application: Application) -> None:
    application.point(1)
    application.step()
    application.push.clear()
    application.point(2)
    application.serve()
    assert (application.push.state, application.push.waiting) == (State.OFF, 0)
    assert application.push.due is None or application.push.due > application.now
    application.run(1010)
    assert application.push.due is None, "the rows are gone"
    assert application.database.execute("SELECT count(*) FROM messages").fetchone() == (0,)


# Restarts and bounds -----------------------------------------------------------------------------


def test_what_was_not_delivered_is_sent_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    database = Database(path)
    application = Application(database)
    application.set(aes_key=KEY, batch_seconds=5)
    for value in range(3):
        application.point(value)
    application.run(1005)
    application.point("waits")
    application.run(1009)
    application.run(1010, refusing)
    database.close()
    again = Application(Database(path), now=2000.0)
    settings = again.push.settings
    assert settings is not None
    assert (settings.aes_key, settings.batch_seconds) == (KEY, 5)
    again.step()
    text = push_receivers.encrypted(again.open[0][0].body, TOKEN, KEY)
    assert text is not None
    assert [each["value"] for each in json.loads(text)] == ["waits"]
    again.database.close()


def test_a_stop_in_many_messages_does_not_hold_the_loop(application: Application) -> None:
    for value in range(5000):
        application.point(value)
    application.push.clear()
    application.restart()
    assert application.push.waiting == 0
    steps = 0
    while application.push.due is not None:
        application.now = max(application.now, application.push.due)
        application.step()
        steps += 1
    assert steps >= 10
    assert application.database.execute("SELECT count(*) FROM messages").fetchone() == (0,)


def test_too_many_messages_drop_the_oldest(
    application: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(queue, "MAX_QUEUED", 10_000)
    application.point("in flight")
    application.step()
    for value in range(500):
        application.point(value)
    assert 80 < application.push.waiting < 120
    assert application.push.waiting + application.push.dropped == 501
    assert [each.message for each in caplog.records if each.levelno == logging.WARNING] == [
        "push: too many messages wait, the oldest are dropped"
    ]
    waiting = application.push.waiting
    application.reply()
    application.serve()
    assert application.values == ["in flight", *range(500 - waiting, 500)]


def undo(application: Application, *values: object) -> None:
    """Points of these values, in a transaction that fails."""
    with suppress(RuntimeError), application.database.transaction():
        for value in values:
            application.point(value)
        raise RuntimeError


def test_points_of_a_transaction_that_failed_are_not_sent(application: Application) -> None:
    undo(application, 1)
    application.serve()
    assert application.messages == []
    application.point(2)
    application.serve()
    assert application.values == [2]


def test_what_the_database_cannot_forget_now_is_forgotten_later(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application.point(1)
    application.step()

    def full(*_: object) -> None:
        raise StoreError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(application.database, "execute", full)
        application.reply()
        with pytest.raises(StoreError):  # the platform steps it again a second later
            application.step()
        assert application.set(token="another") == "disk is full"
    assert application.push.settings is not None
    assert application.push.settings.token == TOKEN
    application.run(application.now + 1)
    assert application.values == [1]
    assert (application.push.waiting, rows(application)) == (0, 0)


def test_what_the_database_cannot_read_now_is_pushed_later(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in range(50):
        application.point(value)
    application.step()

    def damaged(*_: object) -> None:
        raise StoreError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(application.database, "execute", damaged)
        while application.open:  # until what was read ahead is sent
            application.reply()
        assert application.push.due is not None, "a reply is no place for an error"
    application.run(application.now + 1)
    assert application.values == [*range(50)]


def test_transactions_that_fail_take_no_room_in_the_queue(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a full disk, each report is one, for hours."""
    monkeypatch.setattr(queue, "MAX_QUEUED", 10_000)
    application.point("first")
    application.step()
    application.point("kept")
    for _ in range(20):
        undo(application, *range(10))
    application.point("newest")
    assert application.push.dropped == 0
    assert application.push.waiting == 3
    application.reply()
    application.serve()
    assert application.values == ["first", "kept", "newest"]


def rows(application: Application) -> int:
    (count,) = application.database.execute("SELECT count(*) FROM messages").fetchone()
    return int(count)


def test_messages_that_follow_each_other_are_forgotten_together(application: Application) -> None:
    for value in range(50):
        application.point(value)
    application.step()
    left = []
    while application.open:
        application.reply()
        application.step()
        left.append(rows(application))
    assert left[:40] == [50] * 19 + [30] * 20 + [10], "20 at a time"
    assert left[-1] == 0, "the rest at once when no request is open"


def test_application_that_is_slow_holds_up_no_forgetting(application: Application) -> None:
    application.point(1)
    application.point(2)
    application.step()
    application.reply()
    application.step()
    assert application.push.due == application.now + 0.05
    application.now += 0.05
    application.step()
    assert (len(application.open), rows(application)) == (1, 1)


def test_what_was_delivered_is_not_sent_after_a_close_of_the_platform(
    application: Application,
) -> None:
    for value in range(5):
        application.point(value)
    application.step()
    application.reply()
    application.reply()
    application.push.close()
    application.restart()
    application.serve()
    assert application.values == list(range(5))


def test_points_after_a_transaction_that_failed_and_a_stop_are_sent(
    application: Application,
) -> None:
    """They get the numbers of those that were undone."""
    undo(application, *range(9))
    application.push.clear()
    assert application.set() == ""
    application.point("new")
    application.serve()
    assert application.values == ["new"]


def test_batch_of_a_transaction_that_failed_is_not_sent() -> None:
    application = Application()
    application.set(batch_count=1)
    undo(application, "undone")
    application.point("kept")
    application.serve()
    assert application.values == ["kept"]
