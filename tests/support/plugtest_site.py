"""The resources of the ETSI CoAP plugtests, served by our endpoint.

A foreign plugtest client can be run against it: `python -m tests.support.plugtest_site [PORT]`.
Bodies of the `/large` resources have 2,000 bytes. `/obs...` change by PUT, or by `change`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.coap.endpoint import Endpoint
from emulator.coap.server import Incoming
from emulator.coap.transmission import Delivery
from tests.support.coap_socket import CoapSocket

TEXT, LINKS, XML, JSON = 0, 40, 41, 50
LARGE = b"".join(b"%04d: sixteen\r\n\r\n" % number for number in range(200))[:2000]
TICK = 5.0  # seconds; as the test descriptions want it

CORE_LINKS = {
    "/test": '</test>;rt="Default"',
    "/large": '</large>;rt="Type1 Type2";sz=2000',
    "/obs": "</obs>;obs",
    "/link1": '</link1>;rt="Type1 Type2";if="If1"',
    "/link2": '</link2>;rt="Type2 Type3";if="If1"',
    "/link3": '</link3>;rt="Type1 Type3";if="foo"',
    "/path": "</path>;ct=40",
}


@dataclass
class Watched:
    """An observable resource. `confirmable`: the type of its notifications."""

    payload: bytes
    confirmable: bool = True
    format: int = TEXT
    exists: bool = True
    value: int = 0
    observers: dict[tuple[str, bytes], Incoming] = field(default_factory=dict)


def answer(code: Code, payload: bytes = b"", content_format: int | None = None) -> Message:
    made = Message(code=code, payload=payload)
    if payload:
        made.opt.content_format = TEXT if content_format is None else content_format
    return made


class Site:
    """Answers all requests of an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._bodies = {
            "/large": LARGE,
            "/large-update": LARGE,
            "/path/sub1": b"sub1",
            "/path/sub2": b"sub2",
            "/seg1/seg2/seg3": b"three segments",
            "/test": b"plugtest",
            "/validate": b"old",
            **{f"/link{number}": b"link" for number in (1, 2, 3)},
        }
        self.watched = {
            "/obs": Watched(b"0"),
            "/obs-large": Watched(LARGE),
            "/obs-non": Watched(b"0", confirmable=False),
            "/obs-pumping": Watched(b"0"),
        }
        self._own: dict[str, Callable[[Message, str], Message]] = {
            "/.well-known/core": self._links,
            "/create1": self._create,
            "/large-create": self._create_large,
            "/large-post": lambda request, _: answer(Code.CHANGED, request.payload.upper()),
            "/location-query": self._location_query,
            "/multi-format": self._formats,
            "/path": lambda *_: answer(Code.CONTENT, b"</path/sub1>,</path/sub2>", LINKS),
            "/query": self._query,
            "/validate": self._validate,
        }
        endpoint.serve = self.serve

    def serve(self, incoming: Incoming, now: float) -> None:
        request = incoming.message
        path = "/" + "/".join(request.opt.uri_path)
        if path == "/separate":
            incoming.acknowledge(now)
            incoming.respond(answer(Code.CONTENT, b"separate"), now)
        elif path in self.watched:
            self._serve_watched(incoming, path, now)
        elif path in self._own:
            incoming.respond(self._own[path](request, path), now)
        else:
            incoming.respond(self._usual(request, path), now)

    def change(self, path: str, payload: bytes, now: float, code: Code = Code.CONTENT) -> None:
        """Change an observable resource: its observers are notified; an error ends that."""
        watched = self.watched[path]
        watched.payload = payload
        watched.value += 1
        for (peer, token), request in list(watched.observers.items()):
            notification = answer(code, payload if code == Code.CONTENT else b"", watched.format)
            if code == Code.CONTENT:
                notification.opt.observe = watched.value
            else:
                del watched.observers[peer, token]
            kind = Type.CON if watched.confirmable else Type.NON

            def on_end(delivery: Delivery, _now: float, request: Incoming = request) -> None:
                if delivery is not Delivery.ACKNOWLEDGED:
                    watched.observers.pop((request.peer, request.token), None)

            self._endpoint.notify(peer, token, notification, now, type=kind, on_end=on_end)

    def _serve_watched(self, incoming: Incoming, path: str, now: float) -> None:
        watched, request = self.watched[path], incoming.message
        observer = (incoming.peer, incoming.token)
        if request.code == Code.DELETE:
            incoming.respond(answer(Code.DELETED), now)
            self.change(path, b"", now, Code.NOT_FOUND)
        elif request.code == Code.PUT:
            incoming.respond(answer(Code.CHANGED), now)
            kept = watched.format in (request.opt.content_format, None)
            same = request.opt.content_format is None or kept
            self.change(path, request.payload, now, Code.CONTENT if same else Code.NOT_ACCEPTABLE)
            if not same:
                watched.format = request.opt.content_format
        else:
            response = answer(Code.CONTENT, watched.payload, watched.format)
            if request.opt.observe == 0:
                watched.observers[observer] = incoming
                response.opt.observe = watched.value
                response.opt.max_age = int(TICK)
            elif request.opt.observe == 1:
                watched.observers.pop(observer, None)
            incoming.respond(response, now)

    def _usual(self, request: Message, path: str) -> Message:
        """GET, PUT, POST and DELETE of a body."""
        if request.code == Code.POST and path == "/test":
            created = answer(Code.CREATED)
            created.opt.location_path = ("location1", "location2", "location3")
            return created
        if request.code == Code.DELETE and path in self._bodies:
            return answer(Code.DELETED)
        if path not in self._bodies:
            return answer(Code.NOT_FOUND)
        if request.code == Code.PUT:
            self._bodies[path] = request.payload
            return answer(Code.CHANGED)
        if request.code == Code.GET:
            return answer(Code.CONTENT, self._bodies[path])
        return answer(Code.METHOD_NOT_ALLOWED)

    def _links(self, request: Message, _path: str) -> Message:
        """RFC 6690 section 4.1: one filter, `*` at its end stands for any rest."""
        chosen = dict(CORE_LINKS)
        for query in request.opt.uri_query:
            name, _, wanted = query.partition("=")
            chosen = {
                path: link
                for path, link in chosen.items()
                if self._matches(path, link, name, wanted)
            }
        return answer(Code.CONTENT, ",".join(chosen.values()).encode(), LINKS)

    @staticmethod
    def _matches(path: str, link: str, name: str, wanted: str) -> bool:
        values = [path] if name == "href" else []
        for attribute in link.split(";")[1:]:
            key, _, value = attribute.partition("=")
            if key == name:
                values += value.strip('"').split()
        if wanted.endswith("*"):
            return any(value.startswith(wanted[:-1]) for value in values)
        return wanted in values

    def _create(self, request: Message, path: str) -> Message:
        if path in self._bodies and request.opt.if_none_match:
            return answer(Code.PRECONDITION_FAILED)
        new = path not in self._bodies
        self._bodies[path] = request.payload
        return answer(Code.CREATED if new else Code.CHANGED)

    def _create_large(self, request: Message, path: str) -> Message:
        self._bodies[f"{path}/1"] = request.payload
        created = answer(Code.CREATED)
        created.opt.location_path = (path[1:], "1")
        return created

    def _location_query(self, _request: Message, _path: str) -> Message:
        created = answer(Code.CREATED)
        created.opt.location_query = ("first=1", "second=2")
        return created

    def _formats(self, request: Message, _path: str) -> Message:
        bodies = {TEXT: b"text", XML: b"<text/>"}
        wanted = TEXT if request.opt.accept is None else request.opt.accept
        if wanted not in bodies:
            return answer(Code.NOT_ACCEPTABLE)
        return answer(Code.CONTENT, bodies[wanted], wanted)

    def _query(self, request: Message, _path: str) -> Message:
        return answer(Code.CONTENT, "&".join(request.opt.uri_query).encode() or b"no query")

    def _validate(self, request: Message, path: str) -> Message:
        etag = self._bodies[path][:8]
        if request.code == Code.PUT:
            if request.opt.if_match and etag not in request.opt.if_match:
                return answer(Code.PRECONDITION_FAILED)
            self._bodies[path] = request.payload
            return answer(Code.CHANGED)
        valid = etag in request.opt.etags
        response = answer(Code.VALID) if valid else answer(Code.CONTENT, self._bodies[path])
        response.opt.etag = etag
        return response


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    _, served = await loop.create_datagram_endpoint(CoapSocket, local_addr=("127.0.0.1", port))
    site = Site(served.endpoint)
    print(f"coap://{served.address}", flush=True)
    while True:
        await asyncio.sleep(TICK)
        for path, watched in site.watched.items():
            if path != "/obs-large":
                site.change(path, str(watched.value + 1).encode(), time.time())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 5683))
