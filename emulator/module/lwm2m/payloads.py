"""Payloads of the module's messages: links, and values as text, opaque or TLV, in its style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aiocoap import CONTENT, NOT_ACCEPTABLE, Message
from aiocoap.numbers import OptionNumber
from aiocoap.optiontypes import UintOption

from emulator.coap.messages import set_zero_byte
from emulator.lwm2m import registry
from emulator.lwm2m.attributes import Attributes
from emulator.lwm2m.content import encode
from emulator.lwm2m.model import ContentError, Format, Item, Path
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.operations import Refused
from emulator.module.lwm2m.style import Style


def registered_links(instances: Iterable[Path], style: Style) -> bytes:
    """The payload of a register or update request: the instances behind the root."""
    root = '</>;rt="oma.lwm2m"' if style.version is None else f'</>;rt="oma.lwm2m";ct={style.tlv}'
    return ",".join([root, *(f"<{path}>" for path in dict.fromkeys(instances))]).encode()


def discovered(paths: Sequence[Path], attributes: Mapping[Path, Attributes]) -> Message:
    """The answer to a discover (RFC 6690); without a Content-Format where nothing is known
    (observed).
    """
    none = Attributes()
    links = (";".join((f"<{path}>", *attributes.get(path, none).query())) for path in paths)
    message = Message(code=CONTENT, payload=",".join(links).encode())
    if paths:
        message.opt.content_format = Format.LINKS
    return message


_READABLE = {Format.TEXT, Format.OPAQUE, Format.TLV, Format.OLD_TLV, Format.JSON, Format.OLD_JSON}
_OF_ONE_RESOURCE = {Format.TEXT, Format.OPAQUE}


def check_accept(accept: int | None, path: Path) -> None:
    """Raises Refused(NOT_ACCEPTABLE) for a format in which `path` cannot be read."""
    if accept is not None and (
        accept not in _READABLE or (accept in _OF_ONE_RESOURCE and path.resource is None)
    ):
        raise Refused(NOT_ACCEPTABLE)


def content(
    base: Path, items: tuple[Item, ...], style: Style, *, group: bool, accept: int | None = None
) -> Message:
    """2.05 with values at and below `base`: a plain resource as text or opaque, all else as TLV.

    `group`: the object has more than one resource, see `Style.wrapped`. `accept`: the format that
    the server wants, None for any; in the suite's style it does not count. Raises
    Refused(NOT_ACCEPTABLE) where the values do not go with it.
    """
    if style.strict:
        items = tuple(map(_placed, items))
    if accept is not None and style.strict:
        form: int = accept
        if form == Format.OPAQUE and not all(isinstance(item.value, bytes) for item in items):
            raise Refused(NOT_ACCEPTABLE)
    elif base.resource is None or len(items) != 1 or items[0].path.resource_instance is not None:
        form = style.tlv
    else:
        form = Format.OPAQUE if isinstance(items[0].value, bytes) else Format.TEXT
    wrapped = style.wrapped and group
    # Opaque as text is base64 (LwM2M 1.0.2, 6.4.1).
    base64 = form == Format.TEXT and len(items) == 1 and isinstance(items[0].value, bytes)
    kind = Type.OPAQUE if base64 else None
    message = Message(code=CONTENT)
    set_number(message, OptionNumber.CONTENT_FORMAT, form, style)
    try:
        message.payload = encode(
            form, items, base, lambda _: kind, wrapped=wrapped, digits=style.float_digits
        )
    except ContentError:
        raise Refused(NOT_ACCEPTABLE) from None
    return message


def _placed(item: Item) -> Item:
    """The host has one value for each resource; of a multiple one that is instance 0."""
    definition = registry.resource(item.path)
    if item.path.resource_instance is not None or definition is None or not definition.multiple:
        return item
    return replace(item, path=replace(item.path, resource_instance=0))


def set_number(message: Message, option: OptionNumber, number: int, style: Style) -> None:
    """Set an option that is a number."""
    if number == 0 and style.long_zero:
        set_zero_byte(message, option)
    else:
        message.opt.add_option(UintOption(option, number))
