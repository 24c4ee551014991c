"""How messages of triggers reach applications that fail, are slow, are away and come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.onenet.posting import Post, Reply
from emulator.onenet.store.database import StoreError
from emulator.onenet.triggers import deliveries
from tests.support.effort import scaled
from tests.support.trigger_bench import DEVICE, GOOD, STREAM, URL, TriggerBench

BAD = Reply(500)
AWAY = Reply(None, error="connection refused")


@pytest.fixture
def bench() -> TriggerBench:
    bench = TriggerBench()
    bench.create(">", 0)
    return bench


def values(bench: TriggerBench) -> list[object]:
    return [message["current_data"][0]["value"] for message in bench.arrived]


def waiting(bench: TriggerBench) -> int:
    (count,) = bench.database.execute("SELECT count(*) FROM messages").fetchone()
    return int(count)


def test_message_is_that_of_the_documents(bench: TriggerBench) -> None:
    """OneNET's documents: body and order of its keys, `at` in UTC with microseconds, compact."""
    bench.now = 1_252_325_762.001
    bench.update(1, type=">", threshold=9.0)
    bench.report((STREAM, 100))
    (post,) = bench.posts
    assert post.body == (
        b'{"trigger":{"id":1,"threshold":9.0,"type":">"},"current_data":[{"dev_id":"500000001",'
        b'"ds_id":"3303_0_5700","ds_uuid":"%s","at":"2009-09-07T12:16:02.001000Z","value":100}]}'
        % bench.uuid(STREAM).encode()
    )
    assert (post.method, post.url) == ("POST", URL)
    assert post.headers == {  # as those of the captured push
        "User-Agent": "OneNET",
        "Content-Type": "application/json; charset=utf-8",
        "Accept-Encoding": "*",
        "Connection": "Keep-Alive",
    }
    assert waiting(bench) == 0


def test_body_is_ascii(bench: TriggerBench) -> None:
    bench.create("change")
    bench.report((STREAM, "温度"))
    bench.report((STREAM, "温/"))
    assert rb'"value":"\u6e29/"' in bench.posts[-1].body


@pytest.mark.parametrize("failure", [BAD, AWAY, Reply(302), Reply(204)])
def test_it_is_repeated_with_growing_waits_until_status_200(
    bench: TriggerBench, failure: Reply
) -> None:
    times: list[float] = []

    def reply(_: Post) -> Reply:
        times.append(bench.now)
        return GOOD if len(times) == 6 else failure

    bench.reply = reply
    bench.report((STREAM, 1))
    bench.run(1000)
    assert [round(then - times[0], 3) for then in times] == [0, 1, 3, 7, 15, 31]
    assert waiting(bench) == 0


def test_order_is_kept_while_the_first_one_fails(bench: TriggerBench) -> None:
    bench.reply = lambda _: BAD
    for value in (1, 2, 3):
        bench.report((STREAM, value))
    assert set(values(bench)) == {1}
    bench.reply = lambda _: GOOD
    bench.run(10)
    assert values(bench)[-3:] == [1, 2, 3]


def test_only_one_request_of_a_trigger_is_open(bench: TriggerBench) -> None:
    bench.reply = lambda _: None
    for value in (1, 2):
        bench.report((STREAM, value))
    bench.run(4)
    assert values(bench) == [1]
    bench.open.pop()(GOOD, bench.now)
    bench.run(0)
    assert values(bench) == [1, 2]


def test_a_dead_application_does_not_hold_up_another_one(bench: TriggerBench) -> None:
    other = "http://127.0.0.1:9000/other"
    bench.create(">", 0, url=other)
    bench.reply = lambda post: GOOD if post.url == other else AWAY
    for value in range(1, 6):
        bench.report((STREAM, value))
    assert [post.url for post in bench.posts].count(other) == 5


def test_after_ten_attempts_the_next_message_has_its_turn(
    bench: TriggerBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.reply = lambda _: BAD
    bench.report((STREAM, 1))
    bench.report((STREAM, 2))
    bench.run(100_000)
    assert [values(bench).count(value) for value in (1, 2)] == [10, 10]
    assert waiting(bench) == 0
    warnings = [record.getMessage() for record in caplog.records]
    assert f"trigger 1: {URL}: HTTP status 500, expected 200; the message is sent again" in warnings
    assert warnings.count("trigger 1: a message failed 10 times, and is dropped") == 2


def test_what_the_database_cannot_read_now_is_sent_later(
    bench: TriggerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        bench.create(">", 0)
    bench.report((STREAM, 1), run=False)

    def damaged(*_: object) -> None:
        raise StoreError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(bench.database, "execute", damaged)
        with pytest.raises(StoreError):  # the platform steps it again a second later
            bench.triggers.step(bench.now)
    bench.run(1)
    assert sorted(message["trigger"]["id"] for message in bench.arrived) == [1, 2, 3, 4]


def test_queue_of_one_trigger_keeps_the_newest(
    bench: TriggerBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries, "MAX_WAITING", 3)
    bench.reply = lambda _: None
    for value in range(1, 9):
        bench.report((STREAM, value))
    assert waiting(bench) == 3
    bench.reply = lambda _: GOOD
    bench.open.pop()(BAD, bench.now)
    bench.run(10)
    assert values(bench) == [1, 1, 7, 8]  # the first one was under way
    assert caplog.text.count("the oldest ones are dropped") == 1


def test_queues_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_WAITING_TOGETHER", 4)
    bench = TriggerBench()
    for _ in range(3):
        bench.create(">", 0)
    bench.reply = lambda _: AWAY
    for value in range(1, 9):
        bench.report((STREAM, value))
        assert waiting(bench) <= 4 + 3
    bench.reply = lambda _: GOOD
    bench.run(200)
    assert waiting(bench) == 0
    assert values(bench)[-1] == 8
    bench.reply = lambda _: AWAY
    for value in range(1, 9):
        bench.report((STREAM, value))
    for number in (1, 2):
        trigger = bench.triggers.get(number)
        assert trigger is not None
        bench.triggers.delete(trigger)
    for value in range(1, 5):
        bench.report((STREAM, value))
    assert waiting(bench) == 4


def test_deleted_trigger_sends_no_more(bench: TriggerBench) -> None:
    bench.reply = lambda _: None
    for value in (1, 2):
        bench.report((STREAM, value))
    trigger = bench.triggers.get(1)
    assert trigger is not None
    bench.triggers.delete(trigger)
    bench.open.pop()(BAD, bench.now)
    bench.run(1000)
    assert values(bench) == [1]
    assert waiting(bench) == 0


def test_new_url_is_tried_at_once(bench: TriggerBench) -> None:
    bench.reply = lambda post: AWAY if post.url == URL else GOOD
    bench.report((STREAM, 1))
    bench.run(100)
    count = len(bench.posts)
    bench.update(1, url="http://127.0.0.1:9000")
    assert [post.url for post in bench.posts[count:]] == ["http://127.0.0.1:9000"]


def test_new_url_has_all_attempts_one_after_the_other(bench: TriggerBench) -> None:
    bench.reply = lambda _: None
    bench.report((STREAM, 1))
    for _ in range(8):
        bench.open.pop()(BAD, bench.now)
        bench.run(60)
    bench.update(1, url="http://127.0.0.1:9000")
    assert len(bench.open) == 1
    for _ in range(9):
        bench.open.pop()(BAD, bench.now)
        bench.run(600)
    assert len(bench.open) == 1


def test_waiting_messages_are_sent_after_a_restart(tmp_path: Path) -> None:
    bench = TriggerBench(tmp_path / "onenet.db")
    bench.create(">", 0)
    bench.reply = lambda _: None
    for value in (1, 2):
        bench.report((STREAM, value))
    bench.take_up()
    bench.reply = lambda _: GOOD
    bench.run(1)
    assert values(bench) == [1, 1, 2]
    bench.database.close()


def test_message_of_a_report_that_was_undone_is_not_sent(
    bench: TriggerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MAX_WAITING", 3)
    bench.reply = lambda _: AWAY
    bench.report((STREAM, 1))
    for _ in range(5):
        with pytest.raises(TypeError):
            bench.report((STREAM, 5), ("other", object()))
    for value in (2, 3):
        bench.report((STREAM, value))
    bench.reply = lambda _: GOOD
    bench.run(100)
    assert values(bench) == [1, 1, 2, 3]


@settings(max_examples=scaled(100))
@given(
    st.lists(st.sampled_from([GOOD, BAD, AWAY, None]), max_size=60),
    st.lists(st.floats(0, 50), min_size=1, max_size=20),
)
def test_every_message_arrives_in_order_whatever_the_application_does(
    replies: list[Reply | None], pauses: list[float]
) -> None:
    """Attempts are not bounded here: an application that replies at last gets all."""
    bench = TriggerBench()
    bench.create(">", 0)
    script, good = iter(replies), []

    def reply(post: Post) -> Reply | None:
        chosen = next(script, GOOD)
        if chosen is GOOD:
            good.append(bench.arrived[-1]["current_data"][0]["value"])
        return chosen

    bench.reply = reply
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "MAX_ATTEMPTS", 1000)
        for value, pause in enumerate(pauses, 1):
            bench.report((STREAM, value), device=DEVICE + value % 3)
            bench.run(pause)
            for on_reply in bench.open:
                on_reply(Reply(None, error="no answer within 5 s"), bench.now)
            bench.open.clear()
        for _ in range(70):
            bench.run(100)
            for on_reply in bench.open:
                on_reply(BAD, bench.now)
            bench.open.clear()
    assert good == list(range(1, len(pauses) + 1))
    assert waiting(bench) == 0
