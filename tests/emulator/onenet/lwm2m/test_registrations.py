"""Registrations: look-ups, lifetimes, observations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.air.model import Path
from emulator.onenet.lwm2m.registrations import EXCHANGE_LIFETIME, Observation, Registrations

INSTANCE = Path(3303, 0)


def test_registration_is_found_by_endpoint_location_and_address() -> None:
    table = Registrations()
    new = table.register("123;456", "there", 60, (INSTANCE,), now=10)
    assert (new.location, new.expires, new.online) == ("rd/123", 70, True)
    assert table.get("123;456") is new
    assert table.at_location("rd/123") is new
    assert table.at_address("there") is new
    assert table.expiry.next == 70


def test_unknown_registration_is_not_found() -> None:
    table = Registrations()
    assert table.get("123;456") is table.at_location("rd/123") is table.at_address("x") is None
    assert table.observed(1) is None
    assert table.expiry.next is None
    assert table.expiry.pop_due(1e9) == []


def test_new_registration_replaces_the_old_one_and_its_observations() -> None:
    table = Registrations()
    old = table.register("123;456", "there", 60, (INSTANCE,), now=0)
    token = table.observe(old, INSTANCE).token
    new = table.register("123;456", "elsewhere", 90, (INSTANCE,), now=5)
    assert not old.online
    assert table.get("123;456") is new
    assert table.at_address("there") is None
    assert table.observed(token) is None


def test_at_address_returns_the_newest() -> None:
    table = Registrations()
    first = table.register("1;1", "there", 60, (), now=0)
    second = table.register("2;2", "there", 60, (), now=0)
    assert table.at_address("there") is second
    again = table.register("1;1", "there", 60, (), now=0)
    assert table.at_address("there") is again is not first


def test_at_address_follows_updates() -> None:
    table = Registrations()
    older = table.register("1;1", "here", 60, (), now=0)
    newer = table.register("2;2", "there", 60, (), now=0)
    table.update(older, "there", None, 1)
    assert table.at_address("here") is None
    assert table.at_address("there") is newer
    table.end(newer)
    assert table.at_address("there") is older


def test_at_location_returns_the_older_one_when_the_newer_ends() -> None:
    table = Registrations()
    older = table.register("1;1", "a", 60, (), now=0)
    newer = table.register("1;2", "b", 60, (), now=0)
    assert table.at_location("rd/1") is newer
    table.end(newer)
    assert table.at_location("rd/1") is older


def test_ended_registration_is_kept_but_not_found_by_address() -> None:
    table = Registrations()
    registration = table.register("1;1", "there", 60, (), now=0)
    token = table.observe(registration, INSTANCE).token
    table.end(registration)
    assert table.get("1;1") is registration
    assert table.at_address("there") is table.at_location("rd/1") is None
    assert table.observed(token) is None
    assert table.expiry.next is None


def test_forget_removes_an_ended_registration_only() -> None:
    table = Registrations()
    registration = table.register("1;1", "there", 60, (), now=0)
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
        table.update(known[number], "a", lifetime, now)
        ends[number] = now + lifetime
    expected = {**dict.fromkeys(range(4), 10), **ends}
    assert table.expiry.next == min(expected.values())
    assert len(table.expiry._heap) <= 2 * 4 + 17
    over = table.expiry.pop_due(30)
    assert {r.endpoint for r in over} == {f"{n};1" for n, at in expected.items() if at <= 30}


def test_each_observation_has_its_own_token_of_four_bytes() -> None:
    table = Registrations()
    one = table.register("1;1", "a", 60, (), now=0)
    other = table.register("2;2", "b", 60, (), now=0)
    tokens = [table.observe(r, Path(3303, i)).token for r in (one, other) for i in range(50)]
    assert len(set(tokens)) == 100
    assert all(2**24 <= token < 2**32 for token in tokens)
    assert table.observed(tokens[0]) == (one, one.observations[Path(3303, 0)])


def test_second_observation_of_a_path_replaces_the_first() -> None:
    table = Registrations()
    registration = table.register("1;1", "a", 60, (), now=0)
    old, new = table.observe(registration, INSTANCE), table.observe(registration, INSTANCE)
    assert table.observed(old.token) is None
    assert table.observed(new.token) == (registration, new)
    table.unobserve(registration, INSTANCE)
    table.unobserve(registration, INSTANCE)
    assert registration.observations == {}


def test_notification_is_repeated_within_exchange_lifetime() -> None:
    observation = Observation(1, INSTANCE)
    assert not observation.repeated(7, 0)
    assert observation.repeated(7, EXCHANGE_LIFETIME - 1)
    assert not observation.repeated(7, EXCHANGE_LIFETIME)


def test_old_message_ids_are_dropped() -> None:
    observation = Observation(1, INSTANCE)
    for mid in range(10_000):
        assert not observation.repeated(mid, float(mid))
    assert len(observation._received) <= EXCHANGE_LIFETIME + 1
