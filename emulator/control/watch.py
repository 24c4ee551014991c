"""Leads what happens on the lines and in the air into the traffic that the page shows. Pure."""

from __future__ import annotations

from collections.abc import Callable

from emulator.air.network import Tap, all_of
from emulator.control.traffic import Kind, LineTap, Traffic
from emulator.onenet.posting import Post, Reply, Send
from emulator.simulation.bench import Bench
from emulator.simulation.secure import SecureEnds

# Bytes of a post's body that are shown.
_MAX_BODY = 500


def watch(traffic: Traffic, bench: Bench, secure: SecureEnds) -> None:
    """Call once when all ports are open. Who watches already goes on to see everything."""
    for number, board in enumerate(bench.boards, 1):
        line = LineTap(traffic, number)
        traffic.baud[number] = board.line.baud or 0
        board.listen(line.sent, on_note=line.note, on_speed=line.speed)
    air = bench.air
    air.on_datagram = _with(air.on_datagram, traffic.datagram)
    secure.on_plain = _with(secure.on_plain, traffic.datagram)
    air.on_note = _noted(air.on_note, traffic, bench)
    platform = bench.platform
    if platform.send is not None:
        platform.send = _posted(platform.send, traffic)


def _with(tap: Tap | None, further: Tap) -> Tap:
    return further if tap is None else all_of((tap, further))


def _posted(send: Send, traffic: Traffic) -> Send:
    """Sends as `send`; what went out and what came of it is one piece."""

    def both(post: Post, on_reply: Callable[[Reply, float], None]) -> None:
        def replied(reply: Reply, now: float) -> None:
            outcome = reply.error if reply.status is None else f"status {reply.status}"
            body = post.body[:_MAX_BODY].decode("utf-8", "backslashreplace")
            traffic.http(Kind.POST, f"{post.method} {post.url} {body}  {outcome}", now)
            on_reply(reply, now)

        send(post, replied)

    return both


def _noted(
    note: Callable[[str], object], traffic: Traffic, bench: Bench
) -> Callable[[str], object]:
    def both(text: str) -> None:
        note(text)
        traffic.note_of_air(text, bench.now())

    return both
