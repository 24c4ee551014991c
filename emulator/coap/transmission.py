"""Sends messages: message ids, repetition, NSTART (RFC 7252 section 4). Pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum
from random import Random

from aiocoap import Message
from aiocoap.numbers import Type

from emulator.clock.deadlines import Deadlines
from emulator.coap.messages import empty, encode
from emulator.coap.recent import Recent
from emulator.coap.tuning import Tuning

MAX_PEERS = 65_536  # guess: far above the devices of one platform
"""Peers whose next message id is remembered."""

MAX_UNCONFIRMED = 16_384  # guess: what 1,000 devices send within 145 s
"""Messages without acknowledgement that a reset is awaited for."""

FIRST_RESPONSE = 0x40
"""The codes below are of requests, and of the empty message."""

Send = Callable[[str, bytes, float], None]


class Delivery(Enum):
    """What became of a message."""

    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    TIMED_OUT = "timed out"


OnEnd = Callable[[Delivery, float], None]


class Outgoing:
    """A confirmable message that is not acknowledged yet."""

    __slots__ = ("datagram", "due", "flying", "mid", "on_end", "open", "peer", "sendings", "waits")

    def __init__(
        self, peer: str, mid: int, datagram: bytes, waits: tuple[float, ...], on_end: OnEnd
    ) -> None:
        self.peer, self.mid, self.datagram, self.waits = peer, mid, datagram, waits
        self.on_end = on_end
        self.sendings = 0
        self.due = 0.0
        self.flying = False
        self.open = True

    @property
    def code(self) -> int:
        return self.datagram[1]


class _Peer:
    """The open messages of a peer; `waiting` are those that NSTART holds back."""

    __slots__ = ("flying", "open", "waiting")

    def __init__(self) -> None:
        self.open: dict[int, Outgoing] = {}
        self.flying = 0
        self.waiting: deque[Outgoing] = deque()


def check_mids(mids: range, first_mid: int | None) -> None:
    """Raises ValueError unless `mids` are message ids, and `first_mid` (None: none) one of them."""
    if not mids or mids[0] < 0 or mids[-1] > 0xFFFF or mids.step != 1:
        raise ValueError(f"message ids {mids}: expected a range within 0 to 65535, step 1")
    if first_mid is not None and first_mid not in mids:
        raise ValueError(f"first message id {first_mid}: expected one of {mids}")


class Transmissions:
    """All messages of an endpoint that go out."""

    def __init__(
        self, send: Send, random: Random, mids: range, first_mid: int | None, tuning: Tuning
    ) -> None:
        self.send = send
        self.deadlines: Deadlines[Outgoing] = Deadlines()
        self._random, self._mids, self._first_mid, self._tuning = random, mids, first_mid, tuning
        self._next_mids: OrderedDict[str, int] = OrderedDict()
        self._peers: dict[str, _Peer] = {}
        self._unconfirmed: Recent[tuple[str, int], OnEnd] = Recent(MAX_UNCONFIRMED)
        self._now = 0.0

    def next_mid(self, peer: str) -> int:
        """A message id that no open message to `peer` has; ids go up by one.

        A peer that is new may be a known one behind a new address, which still remembers what it
        got (RFC 7252 4.4). So it begins above all ids given so far.

        Raises:
            OverflowError: there is none.
        """
        mids = self._mids
        start = self._next_mids.pop(peer, self._first_mid)
        mid = self._random.choice(mids) if start is None else start
        known = self._peers.get(peer)
        if known is not None:
            if len(known.open) >= len(mids):
                raise OverflowError(f"all message ids are in use with {peer}: expected fewer")
            while mid in known.open:
                mid = self._after(mid)
        if len(self._next_mids) >= MAX_PEERS:
            self._next_mids.popitem(last=False)
        self._next_mids[peer] = self._after(mid)
        if self._first_mid is not None:
            self._first_mid = self._after(self._first_mid)
        return mid

    def _after(self, mid: int) -> int:
        return mid + 1 if mid + 1 < self._mids.stop else self._mids.start

    def confirmable(
        self,
        peer: str,
        message: Message,
        on_end: OnEnd,
        now: float,
        schedule: tuple[float, ...] | None = None,
    ) -> Outgoing:
        """Send `message` until it is acknowledged; sets its type and MID.

        Args:
            schedule: seconds to wait after each sending. None: RFC 7252 section 4.2.
        """
        message.mtype, message.mid = Type.CON, self.next_mid(peer)
        return self._open(peer, message.mid, encode(message), on_end, now, schedule)

    def ping(self, peer: str, on_end: OnEnd, now: float) -> Outgoing:
        mid = self.next_mid(peer)
        return self._open(peer, mid, empty(Type.CON, mid), on_end, now, None)

    def _open(
        self,
        peer: str,
        mid: int,
        datagram: bytes,
        on_end: OnEnd,
        now: float,
        schedule: tuple[float, ...] | None,
    ) -> Outgoing:
        self._now = now
        waits = schedule or self._tuning.waits(self._random)
        outgoing = Outgoing(peer, mid, datagram, waits, on_end)
        known = self._peers.setdefault(peer, _Peer())
        known.open[mid] = outgoing
        if self._may_fly(known):
            outgoing.flying = True
            known.flying += 1
            self._transmit(outgoing, now)
        else:
            known.waiting.append(outgoing)
        return outgoing

    def once(self, peer: str, message: Message, on_reset: OnEnd | None, now: float) -> None:
        """Send a message that is not confirmable; its type is set, its MID is set here."""
        message.mid = self.next_mid(peer)
        if on_reset is not None:
            lifetime = self._tuning.non_lifetime
            self._unconfirmed.put((peer, message.mid), on_reset, now, lifetime)
        self.send(peer, encode(message), now)

    def end(
        self, peer: str, mid: int, delivery: Delivery, now: float, *, of_request: bool = True
    ) -> None:
        """An acknowledgement or a reset came. `of_request`: it may be of a request, too."""
        self._now = now
        known = self._peers.get(peer)
        outgoing = known.open.get(mid) if known is not None else None
        if outgoing is not None and not of_request and outgoing.code < FIRST_RESPONSE:
            return
        if outgoing is not None:
            if outgoing.sendings:  # no answer can come to a message that was never sent
                self.stop(outgoing)
                outgoing.on_end(delivery, now)
        elif delivery is Delivery.RESET:
            on_reset = self._unconfirmed.pop((peer, mid), now)
            if on_reset is not None:
                on_reset(delivery, now)

    def stop(self, outgoing: Outgoing) -> None:
        """No more repetitions, and no call."""
        if outgoing.open:
            outgoing.open = False
            self._leave(outgoing)

    def move(self, outgoing: Outgoing, peer: str) -> None:
        """Send the repetitions to another address; not if its MID is in use there."""
        known = self._peers.get(peer)
        if not outgoing.open or (known is not None and outgoing.mid in known.open):
            return
        self._leave(outgoing)
        outgoing.peer = peer
        known = self._peers.setdefault(peer, _Peer())
        known.open[outgoing.mid] = outgoing
        if outgoing.flying:
            known.flying += 1
            self.deadlines.set(outgoing, outgoing.due)
        else:
            known.waiting.append(outgoing)
            self._launch(known)

    def step(self, now: float) -> None:
        self._now = now
        for outgoing in self.deadlines.pop_due(now):
            if not outgoing.open:
                continue
            if outgoing.sendings < len(outgoing.waits):
                self._transmit(outgoing, now)
            else:
                self.stop(outgoing)
                outgoing.on_end(Delivery.TIMED_OUT, now)

    def forget(self, peer: str) -> None:
        known = self._peers.pop(peer, None)
        for outgoing in known.open.values() if known is not None else ():
            outgoing.open = False
            self.deadlines.set(outgoing, None)
        self._unconfirmed.drop(lambda key: key[0] == peer)

    def _leave(self, outgoing: Outgoing) -> None:
        known = self._peers[outgoing.peer]
        del known.open[outgoing.mid]
        if outgoing.flying:
            known.flying -= 1
            self.deadlines.set(outgoing, None)
            self._launch(known)
        else:
            known.waiting.remove(outgoing)
        if not known.open:
            del self._peers[outgoing.peer]

    def _launch(self, known: _Peer) -> None:
        """The next step sends what NSTART allows now."""
        while known.waiting and self._may_fly(known):
            outgoing = known.waiting.popleft()
            outgoing.flying = True
            known.flying += 1
            outgoing.due = self._now
            self.deadlines.set(outgoing, outgoing.due)

    def _may_fly(self, known: _Peer) -> bool:
        nstart = self._tuning.nstart
        return nstart is None or known.flying < nstart

    def _transmit(self, outgoing: Outgoing, now: float) -> None:
        outgoing.due = now + outgoing.waits[outgoing.sendings]
        outgoing.sendings += 1
        self.deadlines.set(outgoing, outgoing.due)
        self.send(outgoing.peer, outgoing.datagram, now)
