"""The table of all calls of the API: paths, checks and `/openapi.json` come from it.

A path without parts wins over one with parts; of two with parts the first one is taken.
"""

from __future__ import annotations

from emulator.onenet.http.calls import (
    devices,
    keys,
    offline,
    points,
    psk,
    push,
    resources,
    subscriptions,
    triggers,
)
from emulator.onenet.http.route import Route

ROUTES: tuple[Route, ...] = (
    *devices.ROUTES,
    *keys.ROUTES,
    *offline.ROUTES,
    *points.ROUTES,
    *psk.ROUTES,
    *push.ROUTES,
    *resources.ROUTES,
    *subscriptions.ROUTES,
    *triggers.ROUTES,
)
