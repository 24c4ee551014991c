"""The module in style `standard` answers a strict server as a standard client did in a capture.

The requests are the captured bytes. The answers agree in all but the form of a value (ours is text
for a resource, 4 bytes for a float), and that ours is of LwM2M 1.0.
"""

from __future__ import annotations

from aiocoap import Message
from aiocoap.numbers import Code, Type

from tests.support import captures
from tests.support.strict_bench import OF_SERVERS, StrictBench, strict_bench
from tests.support.strict_formats import content, links

STRING, FLOAT = 1, 4
VALUES = {
    "/3/0/0": (STRING, "judge"),
    "/3/0/1": (STRING, "leshan"),
    "/3/0/2": (STRING, "1"),
    "/3/0/14": (STRING, "Z"),
    "/3/0/15": (STRING, "Etc/UTC"),
    "/3303/0/5700": (FLOAT, "0"),
    "/3303/0/5701": (STRING, "Cel"),
}
PAIRS = [(1, 7), (2, 8)]  # conversation, requests of the server in it


def pairs(conversation: int) -> list[tuple[bytes, Message]]:
    """Each request of the server, and the answer to it."""
    requests: dict[int, bytes] = {}
    found = []
    for end, datagram, _ in captures.captured("strict_server", conversation):
        message = Message.decode(datagram)
        if end == "server" and message.code.is_request():
            requests[message.mid] = datagram
        elif end == "device" and message.mtype is Type.ACK and message.mid in requests:
            found.append((requests[message.mid], message))
    return found


async def asked(bench: StrictBench, request: bytes) -> Message:
    """What the module answers."""
    answers: list[bytes] = []
    bench.air.on_datagram = lambda source, _to, datagram, _now: (
        answers.append(datagram) if source == bench.address else None
    )
    bench.air.send(OF_SERVERS.format(1), bench.address, request, bench.now)
    await bench.wait(1)
    (answer,) = answers
    return Message.decode(answer)


def values(request: Message, answer: Message) -> object:
    if not answer.code.is_successful() or not answer.payload:
        return None
    if answer.opt.content_format == 40:
        return links(answer.payload)
    path = "/" + "/".join(request.opt.uri_path)
    return content(path, answer.opt.content_format, answer.payload)


async def test_answers_are_as_captured() -> None:
    for conversation, count in PAIRS:
        found = pairs(conversation)
        assert len(found) == count
        async with strict_bench("memory") as bench:
            bench.values = VALUES.copy()
            await bench.log_in()
            for request, theirs in found:
                asks = Message.decode(request)
                path = "/" + "/".join(asks.opt.uri_path)
                expected = values(asks, theirs)
                if isinstance(expected, dict):  # the value that theirs had then
                    for each in expected.keys() & bench.values.keys():
                        kind, _ = bench.values[each]
                        if asks.code is Code.GET and asks.opt.accept != 40:
                            bench.values[each] = kind, str(expected[each])
                ours = await asked(bench, request)
                assert (ours.code, ours.mtype) == (theirs.code, theirs.mtype), path
                assert (ours.mid, ours.token) == (theirs.mid, theirs.token)
                assert (ours.opt.observe is None) == (theirs.opt.observe is None)
                got = values(asks, ours)
                if isinstance(expected, dict):
                    assert isinstance(got, dict)
                    both = got.keys() & expected.keys()
                    assert path in both or any(each.startswith(path) for each in both)
                    if asks.opt.accept != 40:
                        assert {each: got[each] for each in both} == {
                            each: expected[each] for each in both
                        }
                else:
                    assert got == expected
            assert bench.executed == ([] if conversation == 1 else [("/3303/0/5605", "0='x'")])
            assert [value for _, value in bench.written] == (
                [] if conversation == 1 else ["+02:00", "+03:00", "+04:00", "+05:00"]
            )
            bench.server.faults.clear()  # it knows none of these requests
