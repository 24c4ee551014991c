"""Registrations: look-ups and lifetimes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.registrations import Registration, Registrations

INSTANCE = Path(3303, 0)


def register(table: Registrations, endpoint: str, now: float = 0) -> Registration:
    return table.register(endpoint, "there", 60, (INSTANCE,), now)


def test_registration_is_found_by_endpoint_and_location() -> None:
    table = Registrations()
    new = register(table, "123;456", 10)
    assert (new.location, new.expires, new.online) == (("rd", "123"), 70, True)
    assert table.get("123;456") is new
    assert table.at_location(("rd", "123")) is new
    assert table.expiry.next == 70


def test_unknown_registration_is_not_found() -> None:
    table = Registrations()
    assert table.get("123;456") is table.at_location(("rd", "123")) is None
    assert table.expiry.next is None
    assert table.expiry.pop_due(1e9) == []


def test_at_location_returns_the_older_one_when_the_newer_ends() -> None:
    table = Registrations()
    older, newer = register(table, "1;1"), register(table, "1;2")
    assert table.at_location(("rd", "1")) is newer
    table.end(newer)
    assert table.at_location(("rd", "1")) is older


def test_ended_registration_is_kept_but_not_found_by_location() -> None:
    table = Registrations()
    registration = register(table, "1;1")
    table.end(registration)
    table.end(registration)
    assert not registration.online
    assert table.get("1;1") is registration
    assert table.at_location(("rd", "1")) is None
    assert table.expiry.next is None


def test_forget_removes_an_ended_registration_only() -> None:
    table = Registrations()
    registration = register(table, "1;1")
    table.forget("1;1")
    assert table.get("1;1") is registration
    table.end(registration)
    table.forget("1;1")
    table.forget("1;1")
    assert table.get("1;1") is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50)), max_size=120))
def test_each_lifetime_ends_at_its_last_renewal(
    renewals: list[tuple[int, int]],
) -> None:
    table = Registrations()
    ends: dict[int, int] = {}
    known = {number: table.register(f"{number};1", "a", 10, (), now=0) for number in range(4)}
    for now, (number, lifetime) in enumerate(renewals):
        table.update(known[number], lifetime, now)
        ends[number] = now + lifetime
    expected = {**dict.fromkeys(range(4), 10), **ends}
    assert table.expiry.next == min(expected.values())
    assert len(table.expiry._heap) <= 2 * 4 + 17
    over = table.expiry.pop_due(30)
    assert {r.endpoint for r in over} == {f"{n};1" for n, at in expected.items() if at <= 30}
