"""Payloads of LwM2M in every content format: what can be read can be written and read again."""

from __future__ import annotations

import json
from collections.abc import Iterator

from emulator.lwm2m import content, links, registry
from emulator.lwm2m.model import ContentError, Format, Path
from emulator.lwm2m.values import Type
from tests.support.transcript import WIRE
from tools.fuzzing.module_run import ContractBroken

_FORMATS = (None, *Format)
_SEEN = json.loads((WIRE / "lwm2m/payloads.json").read_text(encoding="utf-8"))
_PATHS = tuple(sorted({str(each["path"]) for each in _SEEN}))
_WORDS = ('{"bn":"', '","e":[', '{"n":"', '","v":', '","sv":"', '","ov":"66:1"', '"vd":"', '"t":')
WORDS = (*_WORDS, "/3303/0/", "5700", "</>;", 'rt="oma.lwm2m"', ";ct=", "</3303/0>,", "1e39")


def seeds() -> Iterator[bytes]:
    """Format, path, then the payload."""
    for each in _SEEN:
        text = each.get("text")
        payload = bytes.fromhex(each["hex"]) if text is None else text.encode()
        yield bytes((_FORMATS.index(each["format"]), _PATHS.index(each["path"]))) + payload
    yield (
        bytes((_FORMATS.index(Format.LINKS), 0))
        + b'</>;rt="oma.lwm2m";ct=110,</3303/0>,</1>;ver=1.1'
    )


def play(data: bytes) -> None:
    """Read a payload and write it again, with the types of the registry and without types."""
    if len(data) < 2:
        return
    content_format = _FORMATS[data[0] % len(_FORMATS)]
    path = Path.parse(_PATHS[data[1] % len(_PATHS)])
    if content_format is Format.LINKS:
        _links(data[2:])
    else:
        _content(content_format, data[2:], path)


def _links(payload: bytes) -> None:
    try:
        read = links.parse(payload)
    except ContentError:
        return
    links.announced(read)
    if links.parse(links.render(read)) != read:
        raise ContractBroken(f"{payload!r}: links differ when they are written and read again")


def _content(content_format: Format | None, payload: bytes, path: Path) -> None:
    for type_of in (registry.type_of, _untyped):
        try:
            read = content.decode(content_format, payload, path, type_of)
        except ContentError:
            continue
        for written_format in (Format.TLV, Format.JSON):
            written = content.encode(written_format, read, path, type_of)
            again = content.decode(written_format, written, path, type_of)
            if len(again) != len(read):
                raise ContractBroken(f"{payload!r}: {read} became {again} as {written_format.name}")


def _untyped(_path: Path) -> Type | None:
    return None
