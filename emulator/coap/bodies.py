"""Bodies in blocks (RFC 7959), as the server collects and hands them out. Pure."""

from __future__ import annotations

from binascii import crc32

from aiocoap import Message
from aiocoap.numbers import Code, OptionNumber

from emulator.coap.messages import exponent_of, without_options
from emulator.coap.recent import Recent
from emulator.coap.tuning import Blocks, Tuning

MAX_COLLECTED = 64  # guess: bodies that peers send at the same time
MAX_HANDED_OUT = 256  # guess: bodies that peers read at the same time
MAX_OBSERVERS = 4096  # guess: observers of one module

TRANSFER_OPTIONS = frozenset(
    {
        OptionNumber.OBSERVE,
        OptionNumber.BLOCK1,
        OptionNumber.BLOCK2,
        OptionNumber.SIZE1,
        OptionNumber.SIZE2,
    }
)

Key = tuple[str, int, tuple[tuple[int, bytes], ...]]
"""Peer, method and options: what the blocks of one body have in common (section 2.4)."""


def key_of(peer: str, request: Message) -> Key:
    options = tuple(
        (int(option.number), option.encode())
        for option in request.opt.option_list()
        if option.number not in TRANSFER_OPTIONS
    )
    return peer, int(request.code), options


class Bodies:
    """All bodies that an endpoint collects or hands out as a server, each for a limited time."""

    def __init__(self, tuning: Tuning, blocks: Blocks) -> None:
        self._blocks = blocks
        self._max_body = tuning.max_body
        self._lifetime = tuning.exchange_lifetime
        self._collected: Recent[Key, bytearray] = Recent(MAX_COLLECTED)
        self._handed_out: Recent[Key, Message] = Recent(MAX_HANDED_OUT)
        self._observers: Recent[tuple[str, bytes], tuple[Key, int]] = Recent(MAX_OBSERVERS)

    def receive(self, peer: str, request: Message, now: float) -> Message | None:
        """The answer to a block. None: the request is whole now, and must be served."""
        if request.opt.block1 is not None:
            answer = self._collect(peer, request, now)
            if answer is not None:
                return answer
        block = request.opt.block2
        if block is not None and block.block_number:
            whole = self._handed_out.get(key_of(peer, request), now)
            if whole is not None:
                exponent = min(exponent_of(self._blocks.answers), block.size_exponent)
                return self._cut(whole, block.start, exponent)
            if request.code not in (Code.GET, Code.FETCH):  # the rest of an answer that is gone
                return Message(code=Code.REQUEST_ENTITY_INCOMPLETE)
        return None

    def _collect(self, peer: str, request: Message, now: float) -> Message | None:
        """RFC 7959 section 2.5: a body counts when all of it is there."""
        block, payload = request.opt.block1, request.payload
        key = key_of(peer, request)
        size = max(request.opt.size1 or 0, block.start + len(payload))
        body = self._collected.pop(key, now) if block.block_number else bytearray()
        if size > self._max_body:
            refused = Message(code=Code.REQUEST_ENTITY_TOO_LARGE)
            refused.opt.size1 = self._max_body
            return refused
        if len(payload) > block.size or (block.more and len(payload) < block.size):
            return Message(code=Code.BAD_REQUEST, payload=b"the payload is no whole block")
        if body is None or block.start != len(body):
            return Message(code=Code.REQUEST_ENTITY_INCOMPLETE)
        body += payload
        if not block.more:
            request.payload = bytes(body)
            return None
        self._collected.put(key, body, now, self._lifetime)
        more = Message(code=Code.CONTINUE)
        exponent = min(exponent_of(self._blocks.requests), block.size_exponent)
        more.opt.block1 = (block.block_number, True, exponent)
        return more

    def answer(self, peer: str, request: Message, response: Message, now: float) -> Message:
        """What to send of the application's response to a request: all of it, or a block."""
        if request.opt.block1 is not None and response.opt.block1 is None:
            number, _, exponent = request.opt.block1
            exponent = min(exponent_of(self._blocks.requests), exponent)
            response.opt.block1 = (number, False, exponent)
        block = request.opt.block2
        start, exponent = 0, exponent_of(self._blocks.answers)
        if block is not None:
            start, exponent = block.start, min(exponent, block.size_exponent)
        if request.opt.observe == 0 and response.opt.observe is not None:
            observer = (peer, request.token)
            self._observers.put(observer, (key_of(peer, request), exponent), now, FOR_EVER)
        if not start and len(response.payload) <= 16 << exponent:
            return response
        return self._hand_out(key_of(peer, request), response, start, exponent, now)

    def notification(self, peer: str, message: Message, now: float) -> Message:
        """What to send of a notification; its observer asks for the rest (section 2.6)."""
        observer = self._observers.get((peer, message.token), now)
        key, exponent = observer or ((peer, 0, ()), exponent_of(self._blocks.answers))
        if len(message.payload) <= 16 << exponent:
            return message
        return self._hand_out(key, message, 0, exponent, now)

    def _hand_out(self, key: Key, whole: Message, start: int, exponent: int, now: float) -> Message:
        if whole.opt.etag is None:
            whole.opt.etag = crc32(whole.payload).to_bytes(4, "big")
        self._handed_out.put(key, whole, now, self._lifetime)
        return self._cut(whole, start, exponent)

    def _cut(self, whole: Message, start: int, exponent: int) -> Message:
        size, total = 16 << exponent, len(whole.payload)
        if start >= total:
            return Message(code=Code.BAD_REQUEST, payload=b"the block is beyond the end")
        if start:
            part = without_options(whole, OptionNumber.OBSERVE)
        else:
            part = without_options(whole)
            part.opt.size2 = total
        part.token = whole.token
        part.mtype = whole.mtype
        part.payload = whole.payload[start : start + size]
        part.opt.block2 = (start // size, start + size < total, exponent)
        return part

    def forget(self, peer: str) -> None:
        self._collected.drop(lambda key: key[0] == peer)
        self._handed_out.drop(lambda key: key[0] == peer)
        self._observers.drop(lambda key: key[0] == peer)


FOR_EVER = float("inf")
