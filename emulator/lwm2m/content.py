"""Payloads of reads, writes and notifications, in any content format, as items and back.

Every client has its own shape of TLV (captures of China Mobile's suite SDK 2.3.0 and of the two
branches of OneNET's C kit); all of these mean the same items:

    path         payload
    /3303/0      5700, 5701                        resources
    /3303/0      instance 0 (5700, 5701)           the instance around them
    /3303        instance 0 (...), instance 1 (...)
    /3303/0/5700 5700                              a resource
    /3303/0/5700 resource instance 0               the same resource
    /3/0/6       6 (resource instances 0, 1)       two items, /3/0/6/0 and /3/0/6/1
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from emulator.lwm2m import records, tlv
from emulator.lwm2m.model import ContentError, Format, Item, Path, UnsupportedFormat, Value
from emulator.lwm2m.tlv import Entry, Kind
from emulator.lwm2m.values import Type, from_bytes, from_text, to_bytes, to_text

TypeOf = Callable[[Path], Type | None]
MAX_ITEMS = 1024  # guess: more than a message of OneNET's 2 KB can hold; bounds memory


def decode(
    content_format: int | None, payload: bytes, base: Path, type_of: TypeOf
) -> tuple[Item, ...]:
    """The items of a payload that came for `base`, each at or below it.

    `type_of` gets the path of a resource. Its type wins over what the payload says; a resource
    without type is bytes (in JSON: what its field says). Of two values for one resource the last
    counts, in JSON the newest. Without a content format, a payload is text for a resource and TLV
    for all else; an empty one holds nothing.

    Raises:
        UnsupportedFormat: a content format that is not of LwM2M, or links.
        ContentError: the payload is not of its format, or not for `base`, or too long.
    """
    if content_format is None:
        if not payload:
            return ()
        content_format = Format.TLV if base.resource is None else Format.TEXT
    items: dict[Path, Item] = {}
    for item in _read(content_format, payload, base, type_of):
        if not base.covers(item.path) or item.path.resource is None:
            raise ContentError(f"{item.path} came for {base}: expected resources at or below it")
        items[item.path] = item
        if len(items) > MAX_ITEMS:
            raise ContentError(f"payload for {base}: expected at most {MAX_ITEMS} values")
    for path in items:
        if path.resource_instance is not None and path.resource_path in items:
            raise ContentError(f"{path}: expected one value or instances of it, not both")
    return tuple(items.values())


def _read(content_format: int, payload: bytes, base: Path, type_of: TypeOf) -> Iterable[Item]:
    match content_format:
        case Format.TLV | Format.OLD_TLV:
            return _placed(tlv.decode(payload), base, type_of)
        case Format.JSON | Format.OLD_JSON | Format.SENML_JSON:
            senml = content_format == Format.SENML_JSON
            return records.decode(payload, base, type_of, senml=senml)
        case Format.TEXT | Format.OPAQUE if base.resource is None:
            raise ContentError(f"content format {content_format} for {base}: expected a resource")
        case Format.TEXT:
            return (Item(base, _plain(type_of(base.resource_path), payload)),)
        case Format.OPAQUE:
            return (Item(base, from_bytes(type_of(base.resource_path), payload)),)
        case _:
            raise UnsupportedFormat(
                f"content format {content_format}: expected one of"
                f" {', '.join(str(int(each)) for each in Format if each is not Format.LINKS)}"
            )


def _plain(kind: Type | None, payload: bytes) -> Value:
    if kind is None:
        return payload
    try:
        return from_text(kind, payload.decode())
    except UnicodeDecodeError:
        raise ContentError(f"text: expected UTF-8, got {payload[:20]!r}") from None


def _placed(entries: Sequence[Entry], base: Path, type_of: TypeOf) -> Iterator[Item]:
    """The items of the outermost entries of a payload for `base`."""
    for entry in entries:
        match entry.kind, entry.value:
            case Kind.INSTANCE, tuple(inner):
                instance = Path(base.object, entry.id)
                for each in inner:
                    yield from _of_resource(each, instance, type_of)
            case Kind.RESOURCE_INSTANCE, bytes(data):
                if base.resource is None:
                    raise ContentError(f"TLV for {base}: a resource instance, expected resources")
                alone = entry.id == 0 and len(entries) == 1 and base.resource_instance is None
                path = base.resource_path if alone else _below(base, entry.id)
                yield Item(path, from_bytes(type_of(base.resource_path), data))
            case _:
                # guess: the resources of an object without its instance are those of instance 0
                instance = Path(base.object, base.instance or 0)
                yield from _of_resource(entry, instance, type_of)


def _of_resource(entry: Entry, instance: Path, type_of: TypeOf) -> Iterator[Item]:
    path = Path(instance.object, instance.instance, entry.id)
    kind = type_of(path)
    if isinstance(entry.value, bytes):
        yield Item(path, from_bytes(kind, entry.value))
        return
    for each in entry.value:
        assert isinstance(each.value, bytes)
        yield Item(_below(path, each.id), from_bytes(kind, each.value))


def _below(resource: Path, number: int) -> Path:
    return Path(resource.object, resource.instance, resource.resource, number)


def encode(
    content_format: int,
    items: Sequence[Item],
    base: Path,
    type_of: TypeOf,
    *,
    wrapped: bool = False,
    digits: int | None = None,
) -> bytes:
    """The payload of `items` for `base`, where all of them are.

    `type_of` gets the path of a resource; None: the natural type of the value. `wrapped`: the TLV
    of an object instance has the instance around its resources, as China Mobile's suite writes it;
    an object always has. `digits` of a float as text, None for as few as it needs.

    Raises:
        UnsupportedFormat: a content format that is not written here.
        ContentError: items elsewhere, a value that is not of its type, not one item for a text.
    """
    for item in items:
        if not base.covers(item.path) or item.path.resource is None:
            raise ContentError(f"{item.path} for {base}: expected resources at or below it")
    match content_format:
        case Format.TLV | Format.OLD_TLV:
            return tlv.encode(_entries(items, base, type_of, wrapped=wrapped))
        case Format.JSON | Format.OLD_JSON:
            return records.encode(items, base, type_of)
        case Format.TEXT | Format.OPAQUE:
            if len(items) != 1:
                raise ContentError(f"{len(items)} values for {base}: this format holds one")
            value, kind = items[0].value, type_of(items[0].path.resource_path)
            if content_format == Format.OPAQUE or (kind is None and isinstance(value, bytes)):
                return to_bytes(kind, value)
            return to_text(kind, value, digits=digits).encode()
        case _:
            raise UnsupportedFormat(f"content format {content_format}: cannot be written here")


def _entries(items: Sequence[Item], base: Path, type_of: TypeOf, *, wrapped: bool) -> list[Entry]:
    # By instance, then by resource: the content, or the entries of the resource's instances.
    instances: dict[int, dict[int, bytes | list[Entry]]] = {}
    for item in items:
        path = item.path
        assert path.instance is not None
        assert path.resource is not None
        resources = instances.setdefault(path.instance, {})
        data = to_bytes(type_of(path.resource_path), item.value)
        number = path.resource_instance
        held = resources.setdefault(path.resource, data if number is None else [])
        match held, number:
            case bytes(), None:
                resources[path.resource] = data
            case list(), int():
                held.append(Entry(Kind.RESOURCE_INSTANCE, number, data))
            case _:
                raise ContentError(f"{path}: expected one value or instances of it, not both")
    entries: list[Entry] = []
    for instance, resources in instances.items():
        inner = tuple(
            Entry(Kind.RESOURCE, each, content)
            if isinstance(content, bytes)
            else Entry(Kind.MULTIPLE_RESOURCE, each, tuple(content))
            for each, content in resources.items()
        )
        if base.instance is None or (wrapped and base.resource is None):
            inner = (Entry(Kind.INSTANCE, instance, inner),)
        entries += inner
    if base.resource_instance is not None:
        return [each for entry in entries if isinstance(entry.value, tuple) for each in entry.value]
    return entries
