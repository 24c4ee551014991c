"""What viewers get over the network: the stream of events, and files that are made while sent.

No viewer holds the event loop or memory: texts are made for less than 1 ms at a time, and a viewer
whose socket is full is waited for while the ring of the traffic goes on without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from emulator.control import shown
from emulator.control.control import Control
from emulator.control.viewer import Viewer
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http.answers import Answer, encoded

logger = logging.getLogger("emulator.control")

MAX_VIEWERS = 20
# Entries of one event, and characters of their texts.
MAX_ENTRIES, MAX_TEXT = 2000, 256 * 1024
# Seconds between two looks at the traffic; between two states at least, and at most. So a
# connection is never silent for long.
_TICK, _STATE, _OLD_STATE = 0.1, 0.25, 1.0
# Seconds for a viewer to take something, and for a client to take a part of a file.
_STALLED, _SEND_TIMEOUT = 60.0, 10.0
# Seconds after which the making of texts lets other events run; a line that comes meanwhile waits.
_TURN = 0.0004
# Bytes of one part of a file.
_PART = 64 * 1024

_HEAD = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
EVENTS = "text/event-stream"


class Turns:
    """Shares the event loop between the lines and all viewers: those get half of it at most."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def take(self, work: Callable[[], bool]) -> None:
        """Call `work` until it returns False, in turn with everything else."""
        loop, more = asyncio.get_running_loop(), True
        while more:
            async with self._one:
                begin = loop.time()
                while more and loop.time() - begin < _TURN:
                    more = work()
                if more:
                    await asyncio.sleep(loop.time() - begin)


async def watch(
    control: Control,
    turns: Turns,
    viewer: Viewer | None,
    module: int | None,
    request: web.BaseRequest,
) -> web.StreamResponse:
    """Send events until the client goes away; without a `viewer` none of the traffic.

    Raises ApiError if MAX_VIEWERS watch already.
    """
    if control.viewers >= MAX_VIEWERS:
        raise ApiError(Reason.LIMIT, f"{MAX_VIEWERS} viewers watch already")
    response = web.StreamResponse(headers={"Content-Type": EVENTS, **_HEAD})
    events = _Events(control, viewer, module)
    control.changes.append(events.online)
    try:
        async with _begun(response, request) as writer:
            while True:
                control.traffic.settle(control.bench.now())
                await turns.take(events.read)
                data = events.take(asyncio.get_running_loop().time())
                if data:
                    async with asyncio.timeout(_STALLED):
                        await response.write(data)
                        await writer.drain()
                if viewer is None or not viewer.behind:
                    await asyncio.sleep(_TICK)
    finally:
        control.changes[:] = [one for one in control.changes if one is not events.online]
    return response


class _Events:
    """What one viewer has not been sent yet. `online`: devices that logged in or out meanwhile."""

    def __init__(self, control: Control, viewer: Viewer | None, module: int | None) -> None:
        self.online: dict[str, bool] = {}
        self._control, self._viewer, self._module = control, viewer, module
        self._entries: list[Answer] = []
        self._room = MAX_TEXT  # characters
        self._state: Answer = {}
        self._state_sent = float("-inf")

    def read(self) -> bool:
        """Read some of the traffic; whether there is more for this event."""
        if self._viewer is None:
            return False
        found = self._viewer.read(1)
        self._entries += found
        self._room -= sum([len(str(entry["text"])) for entry in found])
        full = len(self._entries) >= MAX_ENTRIES or self._room <= 0
        return self._viewer.behind and not full

    def take(self, now: float) -> bytes:
        """All events that are due at `now`, seconds of the event loop."""
        viewer, data = self._viewer, b""
        if viewer is not None and (self._entries or viewer.lost):
            found = {"entries": self._entries, "lost": viewer.lost, "last": viewer.last}
            data += _event("traffic", found)
            self._entries, self._room, viewer.lost = [], MAX_TEXT, 0
        if now - self._state_sent >= _STATE and self._changed(old=now - self._state_sent):
            self._state_sent = now
            data += _event("state", self._state)
        if self.online:
            data += _event("devices", {"online": list(self.online.items())})
            self.online.clear()
        return data

    def _changed(self, *, old: float) -> bool:
        control = self._control
        clock = shown.clock(control)
        module = None if self._module is None else shown.module(control, self._module)
        before, self._state = self._state, {"clock": clock, "module": module}
        return old >= _OLD_STATE or _but_time(before) != _but_time(self._state)


def _but_time(state: Answer) -> object:
    clock = state.get("clock")
    return {**state, "clock": {**clock, "now": 0}} if isinstance(clock, dict) else None


def _event(name: str, data: Answer) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), b"".join(encoded(data)))


async def send(
    parts: Iterable[bytes], media: str, name: str, turns: Turns, request: web.BaseRequest
) -> web.StreamResponse:
    """Send `parts` as the file `name`, while they are made."""
    head = {"Content-Type": media, "Content-Disposition": f'attachment; filename="{name}"'}
    response = web.StreamResponse(headers={**head, **_HEAD})
    made, part = iter(parts), bytearray()

    def fill() -> bool:
        more = next(made, None)
        part.extend(more or b"")
        return more is not None and len(part) < _PART

    async with _begun(response, request):
        while True:
            await turns.take(fill)
            if not part:
                break
            async with asyncio.timeout(_SEND_TIMEOUT):
                await response.write(bytes(part))
            part.clear()
    return response


@asynccontextmanager
async def _begun(
    response: web.StreamResponse, request: web.BaseRequest
) -> AsyncIterator[AbstractStreamWriter]:
    """Send the head of `response`. Whatever fails after that ends the connection: no other answer
    may follow.
    """
    writer = await response.prepare(request)
    assert writer is not None, "it was not prepared before"
    try:
        yield writer
    except Exception as error:
        if not isinstance(error, TimeoutError | ConnectionError):
            logger.exception("%s failed", request.path)
        if request.transport is not None:
            request.transport.abort()
