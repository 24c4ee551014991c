"""Bodies in blocks (RFC 7959), as the client sends and collects them. Pure."""

from __future__ import annotations

from enum import Enum

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.messages import exponent_of

MAX_RESTARTS = 3  # guess: no source gives a number
"""How often a body is read from its start again because it changed on the way."""


class Upload:
    """The body of a request, sent by Block1."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body = body
        self._exponent = exponent_of(size)
        self._offset = 0

    def write(self, part: Message) -> None:
        """Make `part` carry the next block."""
        size = 16 << self._exponent
        payload = self._body[self._offset : self._offset + size]
        more = self._offset + size < len(self._body)
        part.payload = payload
        part.opt.block1 = (self._offset >> self._exponent + 4, more, self._exponent)
        if self._offset == 0:
            part.opt.size1 = len(self._body)

    def is_old(self, response: Message) -> bool:
        """Whether it answers an earlier block."""
        block = response.opt.block1
        number = self._offset >> self._exponent + 4
        return bool(
            response.code == Code.CONTINUE and block is not None and block.block_number != number
        )

    def goes_on(self, response: Message) -> bool:
        """Whether another block must be sent; else `response` is the answer to the request."""
        block = response.opt.block1
        if block is None:
            return False
        smaller = block.size_exponent < self._exponent
        if response.code == Code.REQUEST_ENTITY_TOO_LARGE:
            if self._offset == 0 and smaller:  # section 2.9.3: again, with smaller blocks
                self._exponent = block.size_exponent
                return True
            return False
        size = 16 << self._exponent
        if response.code != Code.CONTINUE or self._offset + size >= len(self._body):
            return False
        self._offset += size
        if smaller:
            self._exponent = block.size_exponent
        return True


class Progress(Enum):
    """What a block of a body leads to."""

    MORE = "the next block is asked for"
    WHOLE = "the body is whole"
    BROKEN = "the body cannot be had"


class Download:
    """The body of a response, collected by Block2. `message` has it when it is whole."""

    def __init__(self, max_body: int, size: int) -> None:
        self.message: Message | None = None
        self._max_body = max_body
        self._exponent = exponent_of(size)
        self._body = bytearray()
        self._restarts = 0

    def add(self, response: Message) -> Progress:
        block = response.opt.block2
        if block is None or not response.code.is_successful():
            self.message = response
            return Progress.WHOLE
        first = self.message
        if first is None or block.start == 0:
            if block.start:
                return Progress.BROKEN
            self.message = first = response
            self._body.clear()
        elif response.opt.etag != first.opt.etag or response.code != first.code:
            self._restarts += 1
            self.message = None
            self._body.clear()
            return Progress.MORE if self._restarts <= MAX_RESTARTS else Progress.BROKEN
        if block.start != len(self._body) or (block.more and len(response.payload) != block.size):
            return Progress.BROKEN
        self._body += response.payload
        self._exponent = min(self._exponent, block.size_exponent)
        if len(self._body) > self._max_body:
            return Progress.BROKEN
        if block.more:
            return Progress.MORE
        first.payload = bytes(self._body)
        first.opt.block2 = None
        return Progress.WHOLE

    def write(self, part: Message) -> None:
        """Make `part` ask for the next block."""
        number = len(self._body) >> self._exponent + 4
        part.opt.block2 = (number, False, self._exponent)
