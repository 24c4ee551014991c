"""Payloads of the module's messages: links, and values as text, opaque or TLV, in its style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiocoap import CONTENT, Message
from aiocoap.numbers import OptionNumber
from aiocoap.optiontypes import OpaqueOption, UintOption

from emulator.lwm2m.content import encode
from emulator.lwm2m.model import Format, Item, Path
from emulator.module.lwm2m.style import Style


def links(paths: Iterable[Path]) -> bytes:
    """The answer to a discover (RFC 6690)."""
    return ",".join(f"<{path}>" for path in paths).encode()


def registered_links(instances: Iterable[Path], style: Style) -> bytes:
    """The payload of a register or update request: the instances behind the root."""
    root = '</>;rt="oma.lwm2m"' if style.version is None else f'</>;rt="oma.lwm2m";ct={style.tlv}'
    return ",".join([root, *(f"<{path}>" for path in dict.fromkeys(instances))]).encode()


def discovered(paths: Sequence[Path]) -> Message:
    """The answer to a discover; without a Content-Format where nothing is known (observed)."""
    message = Message(code=CONTENT, payload=links(paths))
    if paths:
        message.opt.content_format = Format.LINKS
    return message


def content(base: Path, items: tuple[Item, ...], style: Style, *, group: bool) -> Message:
    """2.05 with values at and below `base`: one resource as text or opaque, all else as TLV.

    `group`: the object has more than one resource, see `Style.wrapped`.
    """
    if base.resource is None or len(items) != 1:
        form = style.tlv
    else:
        form = Format.OPAQUE if isinstance(items[0].value, bytes) else Format.TEXT
    wrapped = style.wrapped and group
    message = Message(code=CONTENT)
    set_number(message, OptionNumber.CONTENT_FORMAT, form, style)
    message.payload = encode(
        form, items, base, lambda _: None, wrapped=wrapped, digits=style.float_digits
    )
    return message


def set_number(message: Message, option: OptionNumber, number: int, style: Style) -> None:
    """Set an option that is a number."""
    short = number or not style.long_zero
    message.opt.delete_option(option)
    message.opt.add_option(UintOption(option, number) if short else OpaqueOption(option, b"\x00"))
