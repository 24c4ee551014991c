"""One trigger. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.clock.deadlines import Deadlines
from emulator.onenet.triggers.conditions import Rule
from emulator.onenet.triggers.content import Content

# Device and id of a stream; device None: of each device.
Watch = tuple[str | None, str]


@dataclass(slots=True, eq=False)
class Trigger:
    """`watches`: in the order of `$val[n]`. `created` in POSIX seconds; `since` when its condition
    was set. Only `Triggers` changes it.

    Of type `frozen`: `silences` has the streams that it waits for, and when each has been silent
    for long enough; those that have fired are out of it until their next point. What ended up to
    `fired`, as it was when the trigger was taken up, has fired. `searched`: the streams that had
    points before are in it, too.
    """

    id: int
    content: Content
    rule: Rule
    watches: tuple[Watch, ...]
    created: float
    since: float
    fired: float
    silences: Deadlines[tuple[str, str]] = field(default_factory=Deadlines)
    searched: bool = False
