"""What a trigger watches and whom it calls: the body of the API's calls (guide 4.2.10). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.posting import checked_url
from emulator.onenet.triggers.conditions import Rule, rule_of

# guess: devices or streams that one trigger names, the limit of 4.2.11.
MAX_NAMED = 1000
_NAMES = ("title", "ds_id", "dev_ids", "ds_uuids", "url", "type", "threshold")


@dataclass(frozen=True, slots=True)
class Content:
    """Three ways to say what is watched: `ds_id`, a stream of each device; `ds_id` and `dev_ids`,
    that stream of these devices; `ds_uuids`, these streams. `kind`: its type. `threshold`: as
    given; None: it has none.
    """

    title: str | None
    url: str
    kind: str
    threshold: object
    ds_id: str | None
    dev_ids: tuple[str, ...] | None
    ds_uuids: tuple[str, ...] | None

    @property
    def names(self) -> tuple[object, ...]:
        """What it says about what is watched."""
        return self.ds_id, self.dev_ids, self.ds_uuids

    def text(self) -> str:
        """For the database."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def rule(self) -> Rule:
        return rule_of(self.kind, self.threshold)


def loaded(text: str) -> Content:
    """What `Content.text` gave."""
    given = json.loads(text)
    for name in ("dev_ids", "ds_uuids"):
        given[name] = given[name] and tuple(given[name])
    return Content(**given)


def created(body: Mapping[str, object], types: tuple[str, ...]) -> Content:
    """The content of a new trigger; `types` are served. Raises ApiError."""
    _only(body)
    url, kind = _text(body, "url"), _text(body, "type")
    if url is None:
        raise required("url")
    if kind is None:
        raise required("type")
    empty = Content(_text(body, "title"), _url(url), "", None, None, None, None)
    return _watching(_conditioned(empty, kind, body.get("threshold"), types), body)


def updated(content: Content, body: Mapping[str, object], types: tuple[str, ...]) -> Content:
    """`content` with what `body` changes. Raises ApiError."""
    _only(body)
    if (title := _text(body, "title")) is not None:
        content = replace(content, title=title)
    if (url := _text(body, "url")) is not None:
        content = replace(content, url=_url(url))
    kind = _text(body, "type")
    if kind is not None:
        content = _conditioned(content, kind, body.get("threshold"), types)
    elif body.get("threshold") is not None:  # guide 4.2.10.2: both are set together
        raise required("type, with threshold")
    if any(body.get(name) is not None for name in ("ds_id", "dev_ids", "ds_uuids")):
        # Not in the guide; OneNET's own SDKs send it.
        return _watching(content, body)
    return _fitting(content)


def _conditioned(content: Content, kind: str, threshold: object, types: tuple[str, ...]) -> Content:
    if kind not in types:
        raise invalid(f"type {shown(kind)}, expected {' '.join(types)}")
    if threshold is None and kind != "change":
        raise required("threshold")
    try:
        rule = rule_of(kind, threshold)
    except ValueError as error:
        raise invalid(f"threshold {shown(threshold)} of type {kind}, {error}") from None
    return replace(content, kind=kind, threshold=rule.threshold)


def _watching(content: Content, body: Mapping[str, object]) -> Content:
    stream, devices = _text(body, "ds_id"), _texts(body, "dev_ids")
    uuids = _texts(body, "ds_uuids")
    if stream is None and uuids is None:
        raise required("ds_id or ds_uuids")
    if uuids is not None and (stream is not None or devices is not None):
        raise invalid("ds_uuids with ds_id or dev_ids, expected ds_uuids alone")
    return _fitting(replace(content, ds_id=stream, dev_ids=devices, ds_uuids=uuids))


def _fitting(content: Content) -> Content:
    """Refuse an expression of more streams than the trigger has."""
    streams = 1 if content.ds_uuids is None else len(content.ds_uuids)
    if content.rule().streams > streams:
        # guess: with ds_id, each device is judged by itself, so there is one stream.
        expected = "$val[0]" if streams == 1 else f"$val[0] to $val[{streams - 1}]"
        raise invalid(f"threshold {shown(content.threshold)}, expected {expected} only")
    return content


def _only(body: Mapping[str, object]) -> None:
    for name in body:
        if name not in _NAMES:
            raise invalid(f"{shown(name)} is not served, expected {', '.join(_NAMES)}")


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise invalid(f"{name} {shown(value)}, expected a text that is not empty")
    return value


def _texts(body: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """An empty list counts as no list, as SDKs send it."""
    value = body.get(name) or None
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid(f"{name} {shown(value)}, expected a list of texts")
    if len(value) > MAX_NAMED:
        raise ApiError(Reason.LIMIT, f"{name} of {len(value)} entries, expected up to {MAX_NAMED}")
    return tuple(dict.fromkeys(value))


def _url(text: str) -> str:
    try:
        return checked_url(text)
    except ValueError as error:
        raise invalid(str(error)) from None
