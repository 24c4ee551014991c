"""A server that records each request as it came over the wire and answers what it is given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "xxxx-ffff-zzzzz"  # of the guide's tables


@dataclass(frozen=True)
class Request:
    """`query` in the order of the wire, `body` parsed (None: there was none)."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    headers: dict[str, str] = field(compare=False)


class Recorder:
    """`url` of the server; `requests` so far; `answers` for the next ones, as bodies.

    After the last of `answers`: success without data.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.answers: list[str] = []

    def requested(self) -> tuple[str, str, dict[str, str], Any]:
        """Method, path, query and body of it, with the headers of every table of the guide."""
        request = self.request()
        assert request.headers["api-key"] == KEY
        assert request.headers["content-type"] == "application/json"
        return request.method, request.path, dict(request.query), request.body

    def request(self) -> Request:
        """The only one so far."""
        (request,) = self.requests
        return request


@contextmanager
def recorder() -> Iterator[Recorder]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    records = Recorder(f"http://127.0.0.1:{server.server_port}")
    server.records = records  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield records
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def handle_any(self) -> None:
        records: Recorder = self.server.records  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        records.requests.append(
            Request(
                self.command,
                parts.path,
                tuple(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
                if parts.query
                else (),
                json.loads(body) if body else None,
                {name.lower(): value for name, value in self.headers.items()},
            )
        )
        text = records.answers.pop(0) if records.answers else '{"errno":0,"error":"succ"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
