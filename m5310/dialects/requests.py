"""Parts of a request's line that are alike in every dialect."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from m5310.dialects.urcs import ExecuteRequest, ReadRequest, Request, WriteRequest
from m5310.errors import shortened
from m5310.lwm2m.path import ANY, ID_LIMIT, Path

MSGID_LIMIT: Final = 2**32 - 1
"""Without a bound the answer to a request might not fit into its line."""
# guess: firmware counts in at most 32 bits. Five digits were seen in the classic dialect; test
# answers of one firmware with the suite allow 28 bits.


def whole(text: str) -> int:
    """A whole number. Raises ValueError, also for what int() takes and no module writes: `1_0`,
    digits that are not ASCII. The line has damaged those."""
    if not text.isascii() or "_" in text:
        raise ValueError(f"{shortened(text, 20)!r} is no whole number")
    return int(text)


def msgid_of(text: str) -> int:
    """Raises ValueError for what is no message id."""
    if not 0 <= (msgid := whole(text)) <= MSGID_LIMIT:
        raise ValueError(f"msgid out of range 0..{MSGID_LIMIT}")
    return msgid


@lru_cache(maxsize=256)
def path_of(object_: str, instance: str, resource: str) -> Path:
    """Raises ValueError or ParameterError for what is no path."""
    # Cached: requests name the same few resources, and a new Path, with its checks, takes as long
    # as all the rest of a line.
    return Path(whole(object_), whole(instance), whole(resource))


def resource_of(object_: str, instance: str, resource: str) -> Path:
    """Raises ValueError or ParameterError for what is no path of a resource."""
    path = path_of(object_, instance, resource)
    if not path.whole:
        raise ValueError(f"{path} does not name a resource")
    return path


def answerable(name: str, text: str) -> Request | None:
    """What can be read of a malformed request, if that is enough to refuse it."""
    if name not in ("+MIPLREAD", "+MIPLWRITE", "+MIPLEXECUTE"):
        return None
    values = text.split(",")
    try:
        ref, msgid = whole(values[0]), msgid_of(values[1])
    except (ValueError, IndexError):
        return None
    object_, instance, resource = (*map(_id, values[2:5]), ANY, ANY, ANY)[:3]
    path = Path(max(object_, 0), instance, ANY if instance == ANY else resource)
    match name:
        case "+MIPLREAD":
            return ReadRequest(ref, msgid, path)
        case "+MIPLWRITE":
            return WriteRequest(ref, msgid, path, None, "")
        case _:
            return ExecuteRequest(ref, msgid, path, b"")


def _id(text: str) -> int:
    """An id, or ANY for what is none."""
    try:
        number = whole(text)
    except ValueError:
        return ANY
    return number if 0 <= number <= ID_LIMIT else ANY
