"""The table of routes: which key each call needs, and which path leads to which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.http.dispatch import Dispatch
from emulator.onenet.http.route import Key
from emulator.onenet.http.routes import ROUTES


def test_gateway_triggers_keys_and_new_devices_need_the_key_of_the_product() -> None:
    """OneNET's documents: all of `/nbiot`, `/triggers` and `POST /devices` (guide 4.2.1)."""
    for route in ROUTES:
        top = route.path.split("/")[1]
        master = top in ("nbiot", "triggers", "keys", "emulator") or (
            (route.method, route.path) == ("POST", "/devices")
        )
        assert not master or route.key is Key.MASTER, route.path


def test_no_two_routes_have_the_same_method_and_path() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def dispatch() -> Dispatch[str]:
    made = Dispatch[str]()
    for method, path, name in (
        ("GET", "/devices/{id:[0-9]+}", "show"),
        ("DELETE", "/devices/{id:[0-9]+}", "delete"),
        ("GET", "/devices/{id:[0-9]+}/streams/{stream}", "stream"),
        ("GET", "/things/{name}", "thing"),
        ("GET", "/things/all", "things"),
        ("PUT", "/cancel/{uuid:[0-9a-f]{4}}", "cancel"),
        ("GET", "/a.b", "dot"),
    ):
        made.add(method, path, name)
    return made


@pytest.mark.parametrize(
    ("path", "methods", "parts"),
    [
        ("/devices/5", {"GET": "show", "DELETE": "delete"}, {"id": "5"}),
        ("/devices/5/streams/a%2Fb%20c", {"GET": "stream"}, {"id": "5", "stream": "a/b c"}),
        ("/things/one", {"GET": "thing"}, {"name": "one"}),
        ("/things/all", {"GET": "things"}, {}),  # wins, though it was added later
        ("/cancel/00ff", {"PUT": "cancel"}, {"uuid": "00ff"}),
        ("/a.b", {"GET": "dot"}, {}),
        *(
            (path, {}, {})
            for path in (
                *("", "/", "/devices", "/devices/", "/devices/x", "/devices/5/", "//devices/5"),
                *("/devices/5/streams/", "/devices/5/streams/a/b", "/devices/٣", "/devices/5\n"),
                *("/things/", "/cancel/00FF", "/cancel/00fff", "/aXb", "/devices%2F5"),
            )
        ),
    ],
)
def test_path_leads_to_its_methods(
    path: str, methods: dict[str, str], parts: dict[str, str]
) -> None:
    assert dispatch().find(path) == (methods, parts)


@given(st.text(max_size=30).map(lambda text: f"/{text}"))
def test_any_path_leads_somewhere_or_nowhere(path: str) -> None:
    methods, parts = dispatch().find(path)
    assert methods or not parts
