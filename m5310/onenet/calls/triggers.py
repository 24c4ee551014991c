"""Triggers: OneNET POSTs to an address when a value meets a condition. Guide 4.2.10."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from m5310.onenet.calls.call import Call, call, given, nothing, segment
from m5310.onenet.calls.reading import Fields

Condition = Literal[
    ">", ">=", "<", "<=", "==", "inout", "in", "out", "exp", "change", "frozen", "live"
]
"""When a trigger fires, and its threshold (guide 4.2.10.1):

`>` `>=` `<` `<=` `==`: a number. `inout`: the value enters or leaves {"lolmt": 40, "uplmt": 52},
both included; `in`, `out`: it is within, or not (guess: the guide does not explain them). `exp`: a
text such as `$val[0]['t'] > 30 && $val[1] < 5`. `change`: none. `frozen`: seconds without a point.
`live`: a number over 0; a point after frozen.
From 2019 on OneNET refuses `==`, `in`, `out` and `exp`.
"""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger. `invalid`: the device or stream it watches was deleted, so it never fires."""

    id: int
    title: str
    url: str
    type: str
    threshold: object
    stream: str | None
    device_ids: tuple[str, ...]
    invalid: bool
    created: datetime | None


@dataclass(frozen=True, slots=True)
class TriggerPage:
    """One page of the triggers. `total` is the number on all pages."""

    total: int
    page: int
    per_page: int
    triggers: tuple[Trigger, ...]


def create_trigger(
    url: str,
    type: Condition,  # noqa: A002 - OneNET's name
    threshold: object = None,
    *,
    stream: str | None = None,
    device_ids: Iterable[str | int] = (),
    stream_uuids: Iterable[str] = (),
    title: str | None = None,
) -> Call[int]:
    """Make a trigger; its id (guide 4.2.10.1). Needs the master key.

    `stream`, such as `3300_0_5700`, is watched at every device of the product, or at `device_ids`
    only. `stream_uuids` (later than the guide) names streams of single devices.
    """
    body = given(
        title=title,
        ds_id=stream,
        ds_uuids=list(stream_uuids) or None,
        dev_ids=[str(each) for each in device_ids] or None,
        url=url,
        type=type,
        threshold=threshold,
    )
    return call("POST", "/triggers", lambda data: Fields(data, "data").integer("trigger_id"), body)


def update_trigger(
    trigger_id: int,
    *,
    title: str | None = None,
    url: str | None = None,
    type: Condition | None = None,  # noqa: A002 - OneNET's name
    threshold: object = None,
) -> Call[None]:
    """Change a trigger (guide 4.2.10.2). OneNET wants type and threshold together."""
    body = given(title=title, url=url, type=type, threshold=threshold)
    return call("PUT", f"/triggers/{segment(trigger_id, 'trigger_id')}", nothing, body)


def trigger(trigger_id: int) -> Call[Trigger]:
    """One trigger (guide 4.2.10.3)."""
    path = f"/triggers/{segment(trigger_id, 'trigger_id')}"
    return call("GET", path, lambda data: _trigger(Fields(data, "data")))


def triggers(
    title: str | None = None, *, page: int | None = None, per_page: int | None = None
) -> Call[TriggerPage]:
    """The triggers, or those of a title; `per_page` is at most 100, 10 if not given (4.2.10.3)."""

    def read(data: object) -> TriggerPage:
        fields = Fields(data, "data")
        return TriggerPage(
            fields.integer("total_count"),
            fields.integer("page"),
            fields.integer("per_page"),
            tuple(_trigger(each) for each in fields.objects("triggers")),
        )

    return call("GET", "/triggers", read, title=title, page=page, per_page=per_page)


def delete_trigger(trigger_id: int) -> Call[None]:
    """Delete a trigger (guide 4.2.10.4)."""
    return call("DELETE", f"/triggers/{segment(trigger_id, 'trigger_id')}", nothing)


def _trigger(fields: Fields) -> Trigger:
    return Trigger(
        fields.integer("id"),
        fields.text_or_none("title") or "",
        fields.text("url"),
        fields.text("type"),
        fields.get("threshold"),
        fields.text_or_none("ds_id"),
        fields.texts("dev_ids"),
        fields.flag_or_none("invalid") or False,
        fields.time_or_none("create_time"),
    )
