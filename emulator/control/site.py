"""What the HTTP API serves for the page: its files, and the calls that it makes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from emulator.control import static
from emulator.control.calls import (
    clock,
    explain,
    faults,
    modules,
    objects,
    scenario,
    state,
    traffic,
)
from emulator.control.control import Control
from emulator.control.traffic import Kind
from emulator.onenet.http.route import Route, Site

_SUBJECTS: tuple[Callable[[Control], tuple[Route, ...]], ...] = (
    state.routes,
    clock.routes,
    modules.routes,
    faults.routes,
    scenario.routes,
    traffic.routes,
    explain.routes,
    objects.routes,
)


def site(control: Control) -> Site:
    """All calls for the page, and its files."""
    routes = tuple(route for of_subject in _SUBJECTS for route in of_subject(control))
    return Site(routes, static.files(), partial(_called, control))


def _called(control: Control, method: str, target: str, of_page: bool, outcome: str) -> None:
    """An application has called OneNET's API."""
    # What the page asks for all the time, to show it, would hide the calls of applications.
    if of_page and method == "GET" and not target.startswith("/nbiot?"):
        return
    control.traffic.http(Kind.CALL, f"{method} {target}  {outcome}", control.bench.now())


def page_address(http_url: str, key: str) -> str:
    """What a person opens. The key is in the fragment, which a browser sends to no server."""
    # An API that listens at all addresses is called at one of them.
    here = http_url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return f"{here}/#key={quote(key, safe='')}"
