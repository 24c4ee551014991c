"""What is flagged is reported once, by one thread, in reports that fit."""

from __future__ import annotations

import threading

import pytest

from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import PAYLOAD_LIMIT, Value, ValueType
from m5310.nbiot.values import Flags, NbiotValue

UPDATED = Access.READABLE | Access.UPDATED


def values(**named: Value) -> dict[Resource, NbiotValue]:
    """Texts by path, `o3303_0_1` for 3303/0/1; all flagged."""
    return {
        Resource(path[1:].replace("_", "/"), ValueType.STRING, "", Access.READABLE): NbiotValue(
            ValueType.STRING, value, UPDATED
        )
        for path, value in named.items()
    }


def told(flags: Flags, of: dict[Resource, NbiotValue]) -> list[list[tuple[str, Value]]]:
    return [
        [(str(resource.path), value) for resource, _, value in portion]
        for portion in flags.claimed(of)
    ]


def test_what_is_flagged_is_claimed_once() -> None:
    flags, of = Flags(), values(o3303_0_1="a", o3303_0_2="b")
    next(iter(of.values())).flag &= ~Access.UPDATED
    assert told(flags, of) == [[("3303/0/2", "b")]]
    assert told(flags, of) == []
    assert all(holder.flag is Access.READABLE for holder in of.values())


def test_each_object_instance_is_reported_by_itself() -> None:
    of = values(o3303_0_1="a", o3303_1_1="b", o3303_0_2="c")
    assert told(Flags(), of) == [
        [("3303/0/1", "a"), ("3303/0/2", "c")],
        [("3303/1/1", "b")],
    ]


def test_what_does_not_fit_into_one_report_goes_into_the_next() -> None:
    of = values(o1_0_1="x" * 600, o1_0_2="y" * 400, o1_0_3="z")
    assert PAYLOAD_LIMIT == 600 + 400
    assert [[path for path, _ in portion] for portion in told(Flags(), of)] == [
        ["1/0/1", "1/0/2"],
        ["1/0/3"],
    ]


@pytest.mark.parametrize("bad", ['"', 5, "x" * 2000])
def test_what_no_report_can_carry_holds_up_no_other(bad: Value) -> None:
    of = values(o1_0_1="a", o1_0_2=bad, o1_0_3="b", o2_0_1=bad)
    assert told(Flags(), of) == [
        [("1/0/2", bad)],
        [("1/0/1", "a"), ("1/0/3", "b")],
        [("2/0/1", bad)],
    ]


def test_what_was_not_reported_is_claimed_again_with_its_present_value() -> None:
    flags, of = Flags(), values(o1_0_1="a")
    (portion,) = flags.claimed(of)
    ((_, holder, value),) = portion
    holder.value = "b"
    assert value == "a"
    flags.put_back(portion)
    assert told(flags, of) == [[("1/0/1", "b")]]


@pytest.mark.realtime
def test_of_several_threads_each_value_has_one() -> None:
    flags, of = Flags(), values(**{f"o1_0_{number}": "a" for number in range(200)})
    claimed: list[str] = []

    def claim() -> None:
        claimed.extend(path for portion in told(flags, of) for path, _ in portion)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(str(resource.path) for resource in of)
