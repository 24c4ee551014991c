"""Keys of the API: what each may do, and what a restart finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet import keys
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.keys import DeviceKey, Keys, Master, Permission, parsed, shown
from emulator.onenet.store.database import Database

# The example of "Add apikey" in OneNET's documents, where the methods stand in the permission.
EXAMPLE = {
    "title": "newapikey",
    "permissions": [
        {
            "access_methods": ["get", "put", "post", "delete"],
            "resources": [{"dev_id": "39593230", "ds_id": "gps"}, {"dev_id": "39456825"}],
        }
    ],
}
# The same in the documents of the platform's Chinese edition, where they stand beside it.
BESIDE = {
    "title": "newapikey",
    "permissions": [{"resources": [{"dev_id": "39593230", "ds_id": "gps"}, {"dev_id": 39456825}]}],
    "access_methods": ["get", "PUT", "post", "delete"],
}


def created(body: dict[str, object]) -> DeviceKey:
    return Keys(Database()).create(*parsed(body), now=0)


@pytest.mark.parametrize("body", [EXAMPLE, BESIDE])
def test_key_may_do_what_the_documents_example_says(body: dict[str, object]) -> None:
    key = created(body)
    for method in ("get", "put", "post", "delete"):
        assert key.scope(method, "39593230") == {"gps"}
        assert key.scope(method, "39456825") is None
        assert key.scope(method, "1") == frozenset()
    assert (key.names("39593230"), key.names("39456825"), key.names("1")) == (True, True, False)
    assert (key.title, shown(key.permissions)) == ("newapikey", EXAMPLE["permissions"])


def test_key_without_methods_may_do_nothing() -> None:
    key = created({"title": "t", "permissions": [{"resources": [{"dev_id": "1"}]}]})
    assert key.scope("get", "1") == frozenset()
    assert key.names("1")


def test_permissions_of_a_key_are_added_up() -> None:
    one = {"resources": [{"dev_id": "1", "ds_id": "a"}], "access_methods": ["get"]}
    two = {"resources": [{"dev_id": "1", "ds_id": "b"}], "access_methods": ["get", "post"]}
    key = created({"title": "t", "permissions": [one, two]})
    assert key.scope("get", "1") == {"a", "b"}
    assert key.scope("post", "1") == {"b"}
    assert key.scope("delete", "1") == frozenset()


def test_created_key_is_found_also_after_a_restart() -> None:
    database = Database()
    first = Keys(database)
    first.add_master("master")
    one, two = (first.create(*parsed({**EXAMPLE, "title": t}), now=5) for t in ("1", "2"))
    again = Keys(database)
    again.add_master("master")
    for there in (first, again):
        assert isinstance(there.resolve("master"), Master)
        assert there.resolve(one.key) == one
        assert list(there.all()) == [one, two]
        for unknown in ("", "maste", "masterx", one.key[:-1], one.key + "=", "\udcff"):
            assert there.resolve(unknown) is None
    assert again.delete(one.key)
    assert not again.delete(one.key)
    assert not again.delete("master")
    assert again.resolve(one.key) is None
    assert list(Keys(database).all()) == [two]


def test_keys_look_like_those_of_onenet() -> None:
    key = created(EXAMPLE).key
    assert (len(key), key[-1], key[:-1].isalnum()) == (28, "=", True)


def test_key_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 1)
    there = Keys(Database())
    there.create("t", (), 0)
    with pytest.raises(ApiError, match="1 keys exist") as refused:
        there.create("t", (), 0)
    assert refused.value.reason is Reason.LIMIT


RESOURCE = {"dev_id": "1"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "parameter required: title"),
        ({"title": "", "permissions": [{"resources": [RESOURCE]}]}, "title, expected"),
        ({"title": 5, "permissions": [{"resources": [RESOURCE]}]}, "title, expected"),
        ({"title": "t"}, "parameter required: permissions"),
        ({"title": "t", "permissions": []}, "permissions, expected"),
        ({"title": "t", "permissions": {}}, "permissions, expected"),
        ({"title": "t", "permissions": [5]}, "permissions, expected"),
        ({"title": "t", "permissions": [{}]}, "parameter required: resources"),
        ({"title": "t", "permissions": [{"resources": {}}]}, "resources, expected"),
        ({"title": "t", "permissions": [{"resources": [5]}]}, "resources, expected"),
        ({"title": "t", "permissions": [{"resources": [{}]}]}, "parameter required: dev_id"),
        ({"title": "t", "permissions": [{"resources": [{"dev_id": True}]}]}, "dev_id, expected"),
        ({"title": "t", "permissions": [{"resources": [{"dev_id": "x"}]}]}, "dev_id, expected"),
        (
            {"title": "t", "permissions": [{"resources": [{**RESOURCE, "ds_id": 5}]}]},
            "ds_id, expected a text",
        ),
        (
            {"title": "t", "permissions": [{"resources": [RESOURCE]}], "access_methods": "get"},
            "access_methods, expected",
        ),
        (
            {"title": "t", "permissions": [{"resources": [RESOURCE], "access_methods": ["see"]}]},
            "access_methods, expected",
        ),
    ],
)
def test_wrong_body_is_refused_by_name(body: dict[str, object], wrong: str) -> None:
    with pytest.raises(ApiError, match=wrong):
        parsed(body)


PERMISSIONS = st.lists(
    st.builds(
        Permission,
        st.lists(
            st.tuples(st.sampled_from(["1", "2"]), st.none() | st.text("ab", max_size=2)),
            min_size=1,
            max_size=4,
        ).map(tuple),
        st.frozensets(st.sampled_from(keys.METHODS)),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@given(PERMISSIONS)
def test_shown_permissions_mean_the_same(permissions: tuple[Permission, ...]) -> None:
    assert parsed({"title": "t", "permissions": shown(permissions)}) == ("t", permissions)


@given(PERMISSIONS, st.sampled_from(keys.METHODS), st.sampled_from(["1", "2"]))
def test_scope_is_what_the_permissions_name(
    permissions: tuple[Permission, ...], method: str, device: str
) -> None:
    named = [
        stream
        for permission in permissions
        if method in permission.methods
        for number, stream in permission.resources
        if number == device
    ]
    scope = DeviceKey("k", "t", permissions, 0).scope(method, device)
    assert scope == (None if None in named else frozenset(named))
