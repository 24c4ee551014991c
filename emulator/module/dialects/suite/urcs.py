"""Text of the suite's unsolicited lines and information lines, as a profile has it."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from emulator.lwm2m.model import Item, Path, Value
from emulator.module.dialects.values import (
    ValueType,
    announced_length,
    as_declared,
    ids_of,
    text_of,
)
from emulator.module.lwm2m.host import (
    PAYLOAD_LIMIT,
    CannotForward,
    ExecuteRequest,
    ParameterRequest,
    ReadRequest,
    WriteRequest,
)
from emulator.module.lwm2m.objects import Objects
from emulator.module.suite import Execute, Suite, Write

_UPDATE = 5  # the object Firmware Update


def urc(suite: Suite, name: str, *values: object) -> str:
    """`+NAME:value,...` with the profile's blanks."""
    return _line(suite.urc_blank, suite.comma_blank, name, values)


def information(suite: Suite, name: str, *values: object) -> str:
    """A line of an answer."""
    return _line(suite.answer_blank, False, name, values)


def _line(colon: bool, comma: bool, name: str, values: Iterable[object]) -> str:
    return f"+{name}:{' ' * colon}{(', ' if comma else ',').join(map(str, values))}"


def read_line(suite: Suite, request: ReadRequest) -> str:
    # guess: how many values it counts is not known; the examples have 0
    count = [0] if suite.read_count and request.path.resource is None else []
    return urc(suite, "MIPLREAD", 0, request.msgid, *ids_of(request.path), *count)


def write_lines(suite: Suite, request: WriteRequest, objects: Objects) -> tuple[str, ...]:
    """One line a resource; the index counts down. Raises CannotForward."""
    values = [_written(suite, item, objects) for item in request.items]
    if sum(len(text) for *_, text in values) > 2 * PAYLOAD_LIMIT:
        raise CannotForward
    lines = []
    for place, (item, (kind, length, text)) in enumerate(zip(request.items, values, strict=True)):
        index = len(values) - 1 - place
        flag = 0 if index == 0 else 1 if place == 0 else 2
        if request.block is not None:
            number, more = request.block
            flag = 0 if not more else 1 if number == 0 else 2
        shown = f'"{text}"' if suite.write_quoted else text
        ending = [flag, index] if suite.write_index else [flag]
        ids = ids_of(item.path)
        lines.append(urc(suite, "MIPLWRITE", 0, request.msgid, *ids, kind, length, shown, *ending))
    return tuple(lines)


def _written(suite: Suite, item: Item, objects: Objects) -> tuple[int, int, str]:
    """Type, length and text of a value."""
    declared = objects.type_of(item.path)
    if suite.write is Write.TEXT and declared is not None:
        kind, value = as_declared(item.value, ValueType(declared))
        text = text_of(value)
        if kind is not ValueType.OPAQUE:
            return kind.value, announced_length(kind, text), text
    data = bytes_of(item.value)
    if declared == ValueType.INTEGER:
        sign = b"\xff" if data[:1] >= b"\x80" else b"\0"
        data = data.rjust(suite.write_width, sign)
    if isinstance(item.value, str):  # a text of the platform arrives as one (observed)
        text = text_of(item.value)
        return ValueType.STRING.value, len(text), text
    digits = data.hex().upper()
    length = len(data) if suite.write is Write.BYTES else len(digits)
    return ValueType.OPAQUE.value, length, digits


def bytes_of(value: Value) -> bytes:
    """A value without a type is bytes already; others are of JSON. Raises CannotForward."""
    match value:
        case bytes():
            return value
        case bool():
            return bytes([value])
        case int():
            size = next(size for size in (1, 2, 4, 8) if _fits(value, size))
            return value.to_bytes(size, "big", signed=True)
        case float():
            return struct.pack(">d", value)
        case str():
            return value.encode("utf-8", "replace")


def _fits(number: int, size: int) -> bool:
    half = 1 << (8 * size - 1)
    if size == 8 and not -half <= number < half:
        raise CannotForward
    return -half <= number < half


def execute_line(suite: Suite, request: ExecuteRequest) -> str:
    """Raises CannotForward."""
    try:
        arguments = text_of(request.arguments.decode())
    except UnicodeDecodeError:
        raise CannotForward from None
    ending: list[object] = []
    if request.path.object == _UPDATE and not arguments:
        ending = [0, '""']  # so on all modules (the suite's specification, OneNET's page)
    elif suite.execute is Execute.BARE:
        ending = [arguments] if arguments else []
    elif arguments or suite.execute_empty:
        flag = [0] if suite.execute is Execute.FLAGGED else []
        ending = [len(arguments), f'"{arguments}"', *flag]
    return urc(suite, "MIPLEXECUTE", 0, request.msgid, *ids_of(request.path), *ending)


def observe_line(suite: Suite, msgid: int, path: Path, *, active: bool) -> str:
    object_id, instance, resource = ids_of(path)
    last = [resource] if suite.observe_resource or path.resource is not None else []
    return urc(suite, "MIPLOBSERVE", 0, msgid, int(active), object_id, instance, *last)


def discover_line(suite: Suite, msgid: int, path: Path) -> str:
    return urc(suite, "MIPLDISCOVER", 0, msgid, path.object)


def parameter_line(suite: Suite, request: ParameterRequest) -> str:
    given = dict(one.partition("=")[::2] for one in request.query)
    given.setdefault("stp", given.get("st", ""))
    given = {name: value for name, value in given.items() if value}
    text = ";".join(f"{name}={given[name]}" for name in suite.parameters if name in given)
    ids = ids_of(request.path)
    return urc(suite, "MIPLPARAMETER", 0, request.msgid, *ids, len(text), f'"{text}"')
