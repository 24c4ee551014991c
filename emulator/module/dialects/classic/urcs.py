"""Text of the unsolicited lines that forward a request of the platform to the host."""

from __future__ import annotations

from emulator.lwm2m.model import Item, Path
from emulator.module.dialects.values import (
    ValueType,
    announced_length,
    as_declared,
    ids_of,
    size,
    text_of,
)
from emulator.module.firmware import Firmware
from emulator.module.lwm2m.host import (
    PAYLOAD_LIMIT,
    CannotForward,
    ExecuteRequest,
    ReadRequest,
    WriteRequest,
)
from emulator.module.lwm2m.objects import Objects


def addressed(name: str, msgid: int, path: Path) -> str:
    """The beginning of a line about `path`."""
    object_, instance, resource = ids_of(path)
    return f"+{name}:0,{msgid},{object_},{instance},{resource}"


def read_line(request: ReadRequest, firmware: Firmware) -> str:
    return addressed("MIPLREAD", request.msgid, request.path) + firmware.read_suffix


def write_lines(request: WriteRequest, objects: Objects, firmware: Firmware) -> tuple[str, ...]:
    """One line an item. Raises CannotForward."""
    values = [as_declared(item.value, _declared(item, objects)) for item in request.items]
    texts = [text_of(value) for _, value in values]
    if sum(size(kind, text) for (kind, _), text in zip(values, texts, strict=True)) > PAYLOAD_LIMIT:
        raise CannotForward
    lines: list[str] = []
    for position, (item, (kind, _), text) in enumerate(
        zip(request.items, values, texts, strict=True)
    ):
        line = addressed("MIPLWRITE", request.msgid, item.path)
        if firmware.typed_urcs:
            index = len(texts) - 1 - position
            flag = 0 if index == 0 else 1 if position == 0 else 2
            line += f",{kind.value},{announced_length(kind, text)},{text},{flag},{index}"
        else:
            line += f",{text}"
        lines.append(line)
    return tuple(lines)


def _declared(item: Item, objects: Objects) -> ValueType | None:
    value_type = objects.type_of(item.path)
    return None if value_type is None else ValueType(value_type)


def execute_line(request: ExecuteRequest, firmware: Firmware) -> str:
    """Raises CannotForward."""
    try:
        arguments = text_of(request.arguments.decode())
    except UnicodeDecodeError:
        raise CannotForward from None
    line = addressed("MIPLEXECUTE", request.msgid, request.path)
    if arguments and firmware.typed_urcs:
        return f'{line},{len(arguments)},"{arguments}"'
    return f"{line},{arguments}" if arguments else line
