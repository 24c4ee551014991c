"""UpdatedFlags: batches of flagged values, each claimed once."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import PAYLOAD_LIMIT, Value, ValueType
from m5310.nbiot.values import Batch, NbiotValue, UpdatedFlags

UPDATED = Access.READABLE | Access.UPDATED


def values(**named: Value) -> dict[Resource, NbiotValue]:
    """Texts by path, `o3303_0_1` for 3303/0/1; all flagged."""
    return {
        Resource(path[1:].replace("_", "/"), ValueType.STRING, "", Access.READABLE): NbiotValue(
            ValueType.STRING, value, UPDATED
        )
        for path, value in named.items()
    }


def claimed(flags: UpdatedFlags, of: dict[Resource, NbiotValue]) -> list[list[tuple[str, Value]]]:
    batches: deque[Batch] = deque()
    flags.claim(of, batches)
    return [[(str(resource.path), value) for resource, _, value in batch] for batch in batches]


def test_flagged_value_is_claimed_once() -> None:
    flags, of = UpdatedFlags(), values(o3303_0_1="a", o3303_0_2="b")
    next(iter(of.values())).flag &= ~Access.UPDATED
    assert claimed(flags, of) == [[("3303/0/2", "b")]]
    assert claimed(flags, of) == []
    assert all(holder.flag is Access.READABLE for holder in of.values())


def test_value_of_two_resources_is_claimed_for_both() -> None:
    of = values(o3303_0_1="a", o3303_1_1="b")
    first, second = of
    of[second] = of[first]
    flags = UpdatedFlags()
    assert claimed(flags, of) == [[("3303/0/1", "a")], [("3303/1/1", "a")]]
    assert claimed(flags, of) == []


def test_one_batch_for_each_object_instance() -> None:
    of = values(o3303_0_1="a", o3303_1_1="b", o3303_0_2="c")
    assert claimed(UpdatedFlags(), of) == [
        [("3303/0/1", "a"), ("3303/0/2", "c")],
        [("3303/1/1", "b")],
    ]


def test_batch_holds_at_most_one_payload() -> None:
    of = values(o1_0_1="x" * 600, o1_0_2="y" * 400, o1_0_3="z")
    assert PAYLOAD_LIMIT == 600 + 400
    assert [[path for path, _ in batch] for batch in claimed(UpdatedFlags(), of)] == [
        ["1/0/1", "1/0/2"],
        ["1/0/3"],
    ]


@pytest.mark.parametrize("bad", ['"', 5, "x" * 2000])
def test_value_that_cannot_be_sent_is_alone_in_its_batch(bad: Value) -> None:
    of = values(o1_0_1="a", o1_0_2=bad, o1_0_3="b", o2_0_1=bad)
    assert claimed(UpdatedFlags(), of) == [
        [("1/0/2", bad)],
        [("1/0/1", "a"), ("1/0/3", "b")],
        [("2/0/1", bad)],
    ]


def test_put_back_value_is_claimed_again_with_new_value() -> None:
    flags, of = UpdatedFlags(), values(o1_0_1="a")
    unsent: deque[Batch] = deque()
    flags.claim(of, unsent)
    (((_, holder, value),),) = unsent
    holder.value = "b"
    assert value == "a"
    flags.put_back(*unsent)
    assert claimed(flags, of) == [[("1/0/1", "b")]]


@pytest.mark.realtime
def test_each_value_is_claimed_by_one_thread() -> None:
    flags, of = UpdatedFlags(), values(**{f"o1_0_{number}": "a" for number in range(200)})
    paths: list[str] = []

    def claim() -> None:
        paths.extend(path for batch in claimed(flags, of) for path, _ in batch)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(paths) == sorted(str(resource.path) for resource in of)
