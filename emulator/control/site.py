"""What the HTTP API serves for the page: its files, and the calls that it makes."""

from __future__ import annotations

from collections.abc import Callable
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
    return Site(tuple(route for routes in _SUBJECTS for route in routes(control)), static.files())


def page_address(http_url: str, key: str) -> str:
    """What a person opens. The key is in the fragment, which a browser sends to no server."""
    # An API that listens at all addresses is called at one of them.
    here = http_url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return f"{here}/#key={quote(key, safe='')}"
