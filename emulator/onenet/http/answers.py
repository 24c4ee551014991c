"""JSON answers of the HTTP API, as in OneNET's guide and the suite's test specification. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from emulator.lwm2m.model import Path
from emulator.onenet.errors import ApiError
from emulator.onenet.years import Year

# Lists may be iterators, which `encoded` encodes entry by entry.
Answer = dict[str, object]


_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Json(str):
    """A text that is JSON already: one value or, as an entry of a list, several with commas."""

    __slots__ = ()


def encoded(value: object) -> Iterator[str]:
    """`value` as JSON, in pieces: each entry of an iterator is made when it is reached.

    Raises ValueError for a number without a JSON form.
    """
    if type(value) is Json:
        yield value
    elif _is_iterator(value):
        separator = "["
        for entry in value:
            yield separator
            yield from encoded(entry)
            separator = ","
        yield "[]" if separator == "[" else "]"
    elif type(value) is dict:
        separator, plain = "{", {}
        for key, part in value.items():
            if type(part) not in (dict, Json) and not _is_iterator(part):
                plain[key] = part
                continue
            if plain:
                yield f"{separator}{_text(plain)[1:-1]}"
                separator, plain = ",", {}
            yield f"{separator}{_text(key)}:"
            yield from encoded(part)
            separator = ","
        yield f"{separator}{_text(plain)[1:-1]}}}" if plain or separator == "{" else "}"
    else:
        yield _text(value)


def _is_iterator(value: object) -> TypeGuard[Iterator[object]]:
    return hasattr(value, "__next__")


def success(data: object = None) -> Answer:
    """The answer to a call that succeeded; `data` None: it has none."""
    return {"errno": 0, **({} if data is None else {"data": data}), "error": "succ"}


def failure(error: ApiError, path: str, year: Year) -> Answer:
    """The answer to a call of `path` that failed, with the number and text of `year`."""
    refusal = year.refusal(path, error)
    answer: Answer = {"errno": refusal.errno, "error": refusal.error(error)}
    return {**answer, "data": None} if refusal.null_data else answer


def resources(objects: Iterable[Path], discovered: Iterable[Path]) -> Answer:
    """Guide 4.2.7: the instances of `objects`, each with the resources that discovery found."""
    found: dict[tuple[int, int | None], list[int]] = {}
    for path in discovered:
        if path.resource is not None:
            found.setdefault((path.object, path.instance), []).append(path.resource)
    tree: dict[int, list[dict[str, object]]] = {}
    for path in sorted(objects, key=_order):
        instances = tree.setdefault(path.object, [])
        if path.instance is not None:
            listed = sorted(found.get((path.object, path.instance), []))
            instances.append({"inst_id": path.instance, "resources": listed})
    shown = [{"obj_id": object_id, "instances": tree[object_id]} for object_id in tree]
    return {"total_count": len(shown), "item": shown}


def discovered(paths: Iterable[Path]) -> list[dict[str, object]]:
    """The resources of each instance, as `GET /nbiot/discover` has them (documents of 2019)."""
    found: dict[int, list[int]] = {}
    for path in paths:
        if path.instance is not None:
            listed = found.setdefault(path.instance, [])
            if path.resource is not None and path.resource not in listed:
                listed.append(path.resource)
    return [{"obj_inst_id": instance, "res_id": listed} for instance, listed in found.items()]


def _order(path: Path) -> tuple[int, int]:
    return path.object, -1 if path.instance is None else path.instance
