"""JSON answers of the HTTP API, as in OneNET's guide and the suite's test specification. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from secrets import token_hex

from orjson import Fragment, dumps

from emulator.lwm2m.model import Path
from emulator.onenet.errors import ApiError
from emulator.onenet.years import Year

# Lists may be iterators, whose entries are made one after the other by `encoded`.
Answer = dict[str, object]

# What is encoded at once, in less than 1 ms: bytes of texts, and for each entry of an iterator.
_AT_ONCE, _ENTRY = 8000, 200
# Stands in the text for what is put in afterwards. It is secret, so no value can have it.
_MARK = token_hex(16)
_MARK_TEXT = f'"{_MARK}"'.encode()


class Json:
    """A text that is JSON already: one value or, as an entry of a list, several with commas."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _Encoding:
    """What one value needs while it is encoded with the first entries of its iterators.

    `later`: what belongs in the place of each mark, in order.
    """

    __slots__ = ("_room", "later")

    def __init__(self) -> None:
        self.later: list[Iterator[object]] = []
        self._room = _AT_ONCE

    def default(self, value: object) -> object:
        if type(value) is Json:
            self._room -= len(value.text)
            return Fragment(value.text)
        if not isinstance(value, Iterator):
            raise TypeError
        taken: list[object] = []
        while self._room > 0:
            try:
                taken.append(next(value))
            except StopIteration:
                return taken
            self._room -= _ENTRY + (len(taken[-1].text) if type(taken[-1]) is Json else 0)
        self.later.append(chain(taken, value))
        return _MARK


def encoded(value: object) -> Iterator[bytes]:
    """`value` as JSON, in pieces: entries of an iterator are made when they are reached.

    Raises TypeError for a value without a JSON form. A number that is not finite becomes null.
    """
    encoding = _Encoding()
    text = dumps(value, encoding.default)
    if not encoding.later:
        yield text
        return
    text, *rest = text.split(_MARK_TEXT)
    for later, after in zip(encoding.later, rest, strict=True):
        separator = text + b"["
        for entry in later:
            yield separator
            yield from encoded(entry)
            separator = b","
        text = (separator + b"]" if separator != b"," else b"]") + after
    yield text


def success(data: object = None) -> Answer:
    """The answer to a call that succeeded; `data` None: it has none."""
    return {"errno": 0, **({} if data is None else {"data": data}), "error": "succ"}


def failure(error: ApiError, path: str, year: Year) -> Answer:
    """The answer to a call of `path` that failed, with the number and text of `year`."""
    refusal = year.refusal(path, error)
    # What the client sent need not be UTF-8.
    text = refusal.error(error).encode("utf-8", "backslashreplace").decode()
    answer: Answer = {"errno": refusal.errno, "error": text}
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
