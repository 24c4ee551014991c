"""Messages of a hostile server: any operation on anything, with any payload."""

from __future__ import annotations

from random import Random

from aiocoap import Message
from aiocoap.numbers import Code
from aiocoap.optiontypes import OpaqueOption
from hypothesis import strategies as st

IDS = ["0", "1", "3", "5", "3303", "3200", "5700", "5701", "5500", "8", "65535", "65536", "x", ""]
QUERIES = ["pmin=1", "pmax=2", "gt=1", "lt=9", "st=0.5", "st=", "pmin=-1", "x", "gt", "a=%00"]
TLVS = [
    *["e4164441a40000", "e3164543656c", "e4164441a40000e3164543656c"] * 4,  # 5700, 5701, both
    *("", "ff", "e4164441a40000", "08000de4164441f0fbe7e3164543656c", "e8164503ff00ff"),
    *("e3164543000a", "c10001", "080000", "8700410001410105", "c8001141540d0a4f4b0d0a"),
    *("c8001b636f61703a2f2f3139322e302e322e313a35363833c10100", "c80002786e"),
    *("e816450b0d0a4f4b0d0a2b4d49504c", "e4164400", "e41644ffffffff", "00" * 40, "08" * 40),
]
TEXTS = ["0", "1e400", "nan", "\r\nOK\r\n", '"', "x" * 1100, "é", "\0", "-1", "true"]
FORMATS = [None, 0, 40, 42, 110, 1542, 11542, 1543, 11543, 50, 65535]
JSONS = [
    '{"e":[{"n":"5700","v":1}]}',
    '{"e":' + "[" * 200,
    "[]",
    '{"bn":"/","e":[{"n":"","sv":""}]}',
]

REAL_PATHS = ["3303/0", "3303/0", "3303/0/5700", "3303/0/5701", "3303", "3303/1", "3200/0", "3/0"]
BOOTSTRAP_PATHS = ["bs", "0/0", "0/1", "0", "1/0", "1/0/8"]

TOKENS = [b"", b"\1", b"\1\2\3\4", b"12345678"]
METHODS = [Code.GET] * 4 + [Code.POST] * 3 + [Code.PUT] * 3 + [Code.DELETE, Code.FETCH, Code(31)]
ANSWERS = [Code.CREATED, Code.CHANGED, Code.CONTENT, Code.BAD_REQUEST, Code(0xA0), Code(0x5F)]
BLOCKS = [b"", b"\x08", b"\x0d", b"\x16", b"\x10", b"\x07"]


def a_message(chance: Random) -> Message:
    """Any operation on anything, with any payload; its message id and token are set later."""
    pick = chance.choice
    content_format, payload = pick(
        [
            *[(pick([1542, 11542, None]), bytes.fromhex(pick(TLVS)))] * 3,
            (pick([0, None, 42]), pick(TEXTS).encode()),
            (pick([1543, 11543, 110]), pick(JSONS).encode()),
            (pick(FORMATS), chance.randbytes(chance.randrange(1, 60))),
            (None, b""),
        ]
    )
    code = pick(ANSWERS) if chance.random() < 0.1 else pick(METHODS)
    message = Message(code=code, payload=payload)
    path = pick(REAL_PATHS * 4 + BOOTSTRAP_PATHS).split("/")
    if chance.random() < 0.1:
        path = chance.choices(IDS, k=chance.randrange(5))
    message.opt.uri_path = tuple(path)
    message.opt.uri_query = tuple(chance.choices(QUERIES, k=pick([0, 0, 0, 1, 2])))
    observe, accept = pick([None, None, None, 0, 0, 1, 7]), pick([None] * 9 + FORMATS)
    for number, value in ((6, observe), (17, accept), (12, content_format)):
        if value is not None:
            digits = value.to_bytes((value.bit_length() + 7) // 8)
            message.opt.add_option(OpaqueOption(number, digits))
    if chance.random() < 0.1:
        message.opt.add_option(OpaqueOption(pick([23, 27]), pick(BLOCKS)))
    if code == Code.CREATED:
        message.opt.location_path = tuple(chance.choices(["rd", "1", "x" * 255], k=pick([0, 1, 2])))
    message.mid, message.token = chance.randrange(200), pick(TOKENS)
    return message


# Its numbers say little, but the choices are as frequent as they should be.
messages = st.integers(0, 2**32).map(lambda seed: a_message(Random(seed)))
