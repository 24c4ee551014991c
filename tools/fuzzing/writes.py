"""Writes and executes of a platform, as firmware of each form shows them, to the driver.

What the program gets is what the platform wrote, or the request is refused; it is always answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from m5310.at.lines import LineReader
from m5310.device.answers import Handlers
from m5310.dialects.classic import typed
from m5310.dialects.classic.form import Reading
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value, ValueType
from tests.support.clock import run
from tests.support.request_setup import answering
from tools.fuzzing.module_run import ContractBroken

_MSGID: Final = 10_001
_READABLE, _HIDDEN, _EXECUTABLE = "3303,0,5701", "3303,0,5702", "3303,0,5605"


def _bare(text: bytes) -> bytes:
    return text


def _characters(text: bytes) -> bytes:
    return b"1,%d,%b,0,0" % (len(text.decode("utf-8", "surrogateescape")), text)


def _bytes(text: bytes) -> bytes:
    return b"1,%d,%b,0,0" % (len(text), text)


def _quoted(text: bytes) -> bytes:
    return b'1,%d,"%b",0,0' % (len(text.decode("utf-8", "surrogateescape")), text)


def _opaque(text: bytes) -> bytes:
    return b"2,%d,%b,0,0" % (len(text), text.hex().upper().encode())


def _spaced(text: bytes) -> bytes:
    return b" 1, %d, %b, 0, 0" % (len(text.decode("utf-8", "surrogateescape")), text)


def _short(text: bytes) -> bytes:
    """Without an index, as China Mobile's modules of the suite do."""
    return b"1,%d,%b,0" % (len(text.decode("utf-8", "surrogateescape")), text)


def _digits(text: bytes) -> bytes:
    """The length counts hex digits, as there."""
    return b"2,%d,%b,0" % (2 * len(text), text.hex().upper().encode())


def _arguments(text: bytes) -> bytes:
    return b'%d,"%b"' % (len(text), text)


FORMS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    *(_bare, _characters, _bytes, _quoted, _opaque, _spaced, _arguments),
)
SUITE_FORMS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    *(_characters, _bytes, _quoted, _opaque, _spaced, _arguments, _short, _digits),
)
_BARE_LESSON: Final = b"+MIPLWRITE:0,10000,3306,0,5851,7\r\n"
_TYPED_LESSON: Final = b"+MIPLWRITE:0,10000,3306,0,5851,3,4,7,0,0\r\n"


def seeds() -> Iterator[bytes]:
    texts = (
        "hello",
        "你好,0",
        "1,2,on,0,0",
        '{"a": 1}',
        "\tx",
        "4,100,20",
        '5,"reset"',
        "1,2,on,1",
    )
    for place, shown in enumerate((*map(str.encode, texts), b"\xc4\xe3\xba\xc3")):
        for form in range(len(FORMS)):
            yield bytes([form, (place + form) % 3, (place + form // 3) % 3]) + shown
            yield bytes([form, 2 if FORMS[form] is _arguments else place % 2, 0]) + shown
        for form in range(len(SUITE_FORMS)):
            yield bytes([form, 2 if SUITE_FORMS[form] is _arguments else place % 2, 3]) + shown


def play(data: bytes) -> None:
    """Three bytes select form, resource and what the driver knows of the form, or that it is one of
    the suite; then the text."""
    if len(data) < 3:
        return
    suite = data[2] % 4 == 3
    forms = SUITE_FORMS if suite else FORMS
    form = forms[data[0] % len(forms)]
    path = (_READABLE, _HIDDEN, _EXECUTABLE)[data[1] % 3]
    known = data[2] % 4  # 0: nothing, 1: by a line before, 2: by the program
    execute = path is _EXECUTABLE
    if form is not _bare and execute != (form is _arguments):
        return  # no firmware writes that
    text = data[3:].replace(b"\0", b"")  # NUL is fill on a serial line (ITU-T T.50)
    if form is _bare:  # nothing announces where it ends
        text = text.translate(bytes.maketrans(b"\r\n", b"  "))
    elif b"\r" in text or b"\n" in text:  # behind a line end, control bytes are noise
        text = bytes(byte for byte in text if byte in b"\t\r\n" or (byte > 0x1F and byte != 0x7F))
    line = b"+MIPL%b:0,%d,%b,%b\r\n" % (
        b"EXECUTE" if execute else b"WRITE",
        _MSGID,
        path.encode(),
        form(text),
    )
    reading = (Reading.BARE if form is _bare else Reading.TYPED) if known == 2 else Reading.EITHER
    lesson = (_BARE_LESSON if form is _bare else _TYPED_LESSON) if known == 1 else b""
    got = run(_got(lesson, line, reading, "generic" if suite else "m5310"))
    if got is None or got == text:
        return
    shown = text.decode("utf-8", "surrogateescape")
    fits = typed.arguments(shown) if execute else typed.value(shown)
    if known == 0 and form is _bare and fits is not None:
        return  # it has both forms and nothing was known: read as typed, with a warning
    raise ContractBroken(f"{line!r} came to the program as {got!r}")


async def _got(lesson: bytes, line: bytes, reading: Reading, module: str) -> bytes | None:
    """What the program gets of the last line; None if that is refused."""
    got: list[bytes] = []

    async def on_write(_: Resource, value: Value) -> None:
        got.append(str(value).encode())

    async def on_execute(_: Resource, arguments: bytes) -> None:
        got.append(arguments)

    handlers = Handlers(on_write=on_write, on_execute=on_execute)
    async with answering(handlers, reading, module) as setup:
        setup.tree.add(Resource("3303/0/5702", ValueType.STRING, "", Access.WRITABLE))
        reader = LineReader(joins=True)
        for one in reader.feed(lesson + line) + reader.release():
            if isinstance(one, str) and one.startswith("+MIPL"):
                await setup.answers_to(one)
        *before, answer = setup.answers or [""]
    name = line[1 : line.index(b":")].decode()
    suffix, well = ("", "1") if module == "m5310" else ("RSP", "2")
    results = rf"AT\+{name}{suffix}=0,{_MSGID},({'[01]' if not suffix else '2|1[1-4]'})"
    if len(before) != bool(lesson) or not (result := re.fullmatch(results, answer)):
        raise ContractBroken(f"{line!r} was answered with {[*before, answer]}")
    return got[-1] if result[1] == well else None
