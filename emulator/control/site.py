"""What the HTTP API serves for the page: its files, and the calls that it makes."""

from __future__ import annotations

from collections.abc import Callable

from emulator.control.calls import clock, faults, modules, scenario, state
from emulator.control.control import Control
from emulator.onenet.http.route import Route, Site

_SUBJECTS: tuple[Callable[[Control], tuple[Route, ...]], ...] = (
    state.routes,
    clock.routes,
    modules.routes,
    faults.routes,
    scenario.routes,
)


def site(control: Control) -> Site:
    """All calls for the page, and its files."""
    return Site(tuple(route for routes in _SUBJECTS for route in routes(control)))
