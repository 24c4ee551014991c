"""CoAP messages as bytes and as words (RFC 7252 section 3). Pure.

The message type and the registry of options are aiocoap's. Bytes are read here: aiocoap keeps each
unknown option number and content format for ever, so that hostile datagrams would fill the memory,
and it does not check lengths.
"""

from __future__ import annotations

from aiocoap import Message
from aiocoap.numbers import Code, OptionNumber, Type
from aiocoap.optiontypes import BlockOption, OpaqueOption, StringOption, UintOption

MAX_DATAGRAM = 1280
"""Bytes of a datagram at most, in both directions: the smallest MTU of IPv6."""

AUTHENTICATION = 63
"""A private critical option: an authentication code as text. OneNET's devices send it."""

RECOGNIZED_OPTIONS = frozenset({1, 3, 5, 7, 11, 15, 17, 23, 27})
"""Critical options that every endpoint here understands."""

PROXY_OPTIONS = frozenset({OptionNumber.PROXY_URI, OptionNumber.PROXY_SCHEME})

MAX_OPTION_NUMBER = 0xFFFF
MAX_TOKEN = 8
PAYLOAD_MARKER = 0xFF

# Bytes of a value, at least and at most (RFC 7252 section 5.10, RFC 7641, RFC 7959, RFC 7967).
LENGTHS = {
    1: (0, 8), 3: (1, 255), 4: (1, 8), 5: (0, 0), 6: (0, 3), 7: (0, 2), 8: (0, 255), 11: (0, 255),
    12: (0, 2), 14: (0, 4), 15: (0, 255), 17: (0, 2), 20: (0, 255), 23: (0, 3), 27: (0, 3),
    28: (0, 4), 35: (1, 1034), 39: (1, 255), 60: (0, 4), 63: (0, 255), 258: (0, 1),
}  # fmt: skip
REPEATABLE = frozenset({1, 4, 8, 11, 15, 20})
STRINGS = frozenset({3, 8, 11, 15, 20, 35, 39, AUTHENTICATION})
UINTS = frozenset({6, 7, 12, 14, 17, 28, 60, 258})
BLOCKS = frozenset({23, 27})
# The registry's numbers as members: an option of a number in it is found by the views of `opt`.
MEMBERS = {int(member): member for member in OptionNumber}
CODES = [Code(number) for number in range(256)]
TYPES = list(Type)


class MalformedMessage(ValueError):
    """A datagram that is no CoAP message.

    `type`, `mid`, `code` and `token` are set as far as they could be read, so that a confirmable
    message can be rejected. `token` is empty if it could not be read.
    """

    def __init__(
        self,
        text: str,
        *,
        type: Type | None = None,  # noqa: A002  (the name in CoAP)
        mid: int | None = None,
        code: Code | None = None,
        token: bytes = b"",
    ) -> None:
        super().__init__(text)
        self.type, self.mid, self.code, self.token = type, mid, code, token


class BadOption(MalformedMessage):
    """A critical option that is not recognized or has a bad value (RFC 7252 section 5.4)."""

    number = 0


def decode(datagram: bytes, known: frozenset[int] = RECOGNIZED_OPTIONS) -> Message:
    """The message in a datagram; its content format and accept are plain numbers.

    An elective option with a bad value is left out, as one that is not recognized.

    Args:
        datagram: as received.
        known: numbers of the critical options that are accepted.

    Raises:
        MalformedMessage: the datagram breaks the format.
        BadOption: a critical option is not in `known`, or its value is bad.
    """
    size = len(datagram)
    if size < 4 or datagram[0] >> 6 != 1:
        raise MalformedMessage("no CoAP message: expected 4 bytes or more, and version 1")
    first = datagram[0]
    kind = TYPES[first >> 4 & 3]
    code = CODES[datagram[1]]
    mid = datagram[2] << 8 | datagram[3]
    end = 4 + (first & 15)
    token = datagram[4:end]
    message = Message(code=code)
    message.mtype, message.mid, message.token = kind, mid, token
    problem = None
    if size > MAX_DATAGRAM:
        problem = f"{size} bytes: expected {MAX_DATAGRAM} at most"
    elif first & 15 > MAX_TOKEN or end > size:
        problem, token = "bad token length: expected 0 to 8, and the token after it", b""
    elif code == 0 and size > 4:
        problem = "an empty message with more than a header"
    if problem is not None:
        raise MalformedMessage(problem, type=kind, mid=mid, code=code, token=token)
    try:
        bad = _decode_options(datagram, end, message, known)
    except (IndexError, ValueError) as error:
        text = f"bad options: {error}"
        raise MalformedMessage(text, type=kind, mid=mid, code=code, token=token) from None
    if bad is not None:
        refused = BadOption(f"option {bad}", type=kind, mid=mid, code=code, token=token)
        refused.number = bad
        raise refused
    return message


def _decode_options(
    datagram: bytes, at: int, message: Message, known: frozenset[int]
) -> int | None:
    """Add options and payload to `message`; returns the number of a bad critical option."""
    size = len(datagram)
    number = 0
    bad = None
    last = -1
    add = message.opt.add_option
    while at < size:
        first = datagram[at]
        at += 1
        if first == PAYLOAD_MARKER:
            if at == size:
                raise ValueError("no payload after its marker")
            message.payload = datagram[at:]
            break
        delta, length = first >> 4, first & 15
        if delta >= 13:
            delta, at = _extended(delta, datagram, at)
        if length >= 13:
            length, at = _extended(length, datagram, at)
        number += delta
        value = datagram[at : at + length]
        at += length
        if at > size or number > MAX_OPTION_NUMBER:
            raise ValueError(f"option {number} goes beyond the end")
        critical = number & 1
        if critical and number not in known:
            bad = bad or number
            continue
        if number == last and number in LENGTHS and number not in REPEATABLE:
            option = None
        else:
            option = _option(number, value)
        last = number
        if option is not None:
            add(option)
        elif critical:
            bad = bad or number
    return bad


def _extended(nibble: int, datagram: bytes, at: int) -> tuple[int, int]:
    if nibble == 13:
        return datagram[at] + 13, at + 1
    if nibble == 14:
        return (datagram[at] << 8 | datagram[at + 1]) + 269, at + 2
    raise ValueError("a length or delta of 15")


def _option(
    number: int, value: bytes
) -> StringOption | UintOption | BlockOption | OpaqueOption | None:
    """None: the value is bad."""
    bounds = LENGTHS.get(number)
    if bounds is not None and not bounds[0] <= len(value) <= bounds[1]:
        return None
    member = MEMBERS.get(number, number)
    if number in STRINGS:
        try:
            return StringOption(member, value.decode())
        except UnicodeDecodeError:
            return None
    if number in UINTS:
        return UintOption(member, int.from_bytes(value, "big"))
    if number in BLOCKS:
        if value and value[-1] & 7 == 7:  # RFC 7959 section 2.2: reserved
            return None
        block = BlockOption(member)
        block.decode(value)
        return block
    return OpaqueOption(member, value)


def encode(message: Message) -> bytes:
    """The bytes of a message whose type, code, MID and token are set.

    Raises:
        ValueError: it is longer than `MAX_DATAGRAM`.
    """
    header = bytes(
        (
            0x40 | message.mtype << 4 | len(message.token),
            message.code,
            message.mid >> 8,
            message.mid & 0xFF,
        )
    )
    options = message.opt.encode()
    payload = message.payload
    datagram: bytes = header + message.token + options
    if payload:
        datagram += b"\xff" + payload
    if len(datagram) > MAX_DATAGRAM:
        raise ValueError(
            f"{len(datagram)} bytes do not fit into a datagram: expected {MAX_DATAGRAM} at most;"
            " use fewer or shorter options"
        )
    return datagram


def empty(kind: Type, mid: int) -> bytes:
    """An empty message: acknowledgement, reset or ping (RFC 7252 section 4.1)."""
    return bytes((0x40 | kind << 4, 0, mid >> 8, mid & 0xFF))


def text_option(message: Message, number: int) -> str | None:
    """The value of an option that is text and has no view in `message.opt`; None: not there."""
    for option in message.opt.get_option(number):
        return str(option.value)
    return None


def set_text_option(message: Message, number: int, text: str) -> None:
    message.opt.delete_option(number)
    message.opt.add_option(StringOption(number, text))


def set_zero_byte(message: Message, number: int) -> None:
    """Set an option of type uint to 0 in one byte, as China Mobile's suite sends it.

    RFC 7252 section 3.2 wants no byte at all, which is what the views of `message.opt` set.
    """
    message.opt.delete_option(number)
    message.opt.add_option(OpaqueOption(MEMBERS.get(number, number), b"\0"))


def exponent_of(size: int) -> int:
    """The exponent that stands for a block size on the wire (0 for 16 ... 6 for 1024)."""
    return size.bit_length() - 5


def without_options(message: Message, *numbers: int) -> Message:
    """A new message with the same code and options but some, and without payload."""
    new = Message(code=message.code)
    for option in message.opt.option_list():
        if option.number not in numbers:
            new.opt.add_option(option)
    return new
