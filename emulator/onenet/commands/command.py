"""One offline command, and its row in the database. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.server import Sign


class State(IntEnum):
    """`send_status` of the API (OneNET guide 4.2.9.4)."""

    WAIT = 1
    CANCELLED = 2
    SENT = 3
    EXPIRED = 4
    SUCCESS = 5
    FAILED = 6
    TIME_OUT = 7
    UNDEFINED = 8


class Kind(StrEnum):
    """`type` of the API. The guide has an example of READ only."""

    READ = "READ"
    WRITE = "WRITE"
    EXECUTE = "EXECUTE"


@dataclass(frozen=True, slots=True)
class Command:
    """Times are POSIX seconds. `number`: in the order of creation.

    `args` and `content`: query parameters and body of the call. `retry`: repetitions that are left.
    `signs`: those at which it is sent. `sent`, `confirmed`: when it was sent last, and when the
    device has answered. `status`: SUCCESS or the last `Failure`, None before the first outcome.
    `result`: what a read has found, as the API shows it (guide 4.2.4).
    """

    number: int
    uuid: str
    device: int
    kind: Kind
    args: Mapping[str, object]
    content: Mapping[str, object] | None
    operation: Operation
    created: float
    valid: float
    expires: float
    retry: int
    signs: Sign
    state: State = State.WAIT
    sent: float | None = None
    confirmed: float | None = None
    status: str | None = None
    result: list[dict[str, object]] | None = None

    @property
    def open(self) -> bool:
        return self.state in (State.WAIT, State.SENT)


# The order of the fields of Command.
COLUMNS = (
    "number, uuid, device, type, args, content, operation, created, valid, expires, retry, signs,"
    " state, sent, confirmed, status, result"
)


def row_of(command: Command) -> tuple[object, ...]:
    """The values of COLUMNS."""
    c = command
    return (
        *(c.number, c.uuid, c.device, str(c.kind), _json(c.args), _json(c.content)),
        *(_json(_parts(c.operation)), c.created, c.valid, c.expires, c.retry, int(c.signs)),
        *(int(c.state), c.sent, c.confirmed, c.status, _json(c.result)),
    )


def command_of(row: Sequence[Any]) -> Command:
    """The command with these values of COLUMNS."""
    number, uuid, device, kind, args, content, operation, created, valid, expires, retry, *rest = (
        row
    )
    signs, state, sent, confirmed, status, result = rest
    return Command(
        *(number, uuid, device, Kind(kind), json.loads(args), _loaded(content)),
        *(_operation(json.loads(operation)), created, valid, expires, retry, Sign(signs)),
        *(State(state), sent, confirmed, status, _loaded(result)),
    )


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _parts(operation: Operation) -> dict[str, object]:
    """As JSON. Bytes are hexadecimal digits."""
    match operation:
        case Read(path):
            return {"read": str(path)}
        case Write(path, items, replace):
            values = [[str(item.path), _value_parts(item.value)] for item in items]
            return {"write": str(path), "items": values, "replace": replace}
        case Execute(path, arguments):
            return {"execute": str(path), "arguments": arguments.hex()}
        case _:
            raise TypeError(f"{operation!r} is no offline command, expected Read, Write or Execute")


def _operation(parts: Mapping[str, Any]) -> Operation:
    match parts:
        case {"read": path}:
            return Read(Path.parse(path))
        case {"write": path, "items": values, "replace": replace}:
            items = tuple(Item(Path.parse(at), _value(value)) for at, value in values)
            return Write(Path.parse(path), items, replace)
        case {"execute": path, "arguments": arguments}:
            return Execute(Path.parse(path), bytes.fromhex(arguments))
        case _:
            raise ValueError(f"operation {parts!r} in the database, expected read, write, execute")


def _value_parts(value: Value) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _value(parts: Any) -> Value:
    return bytes.fromhex(parts["hex"]) if isinstance(parts, dict) else parts
