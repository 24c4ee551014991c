"""The files of the page, as the browser gets them.

They are read once, at the start: no path of a client reaches the file system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files as resources

from aiohttp import web

from emulator.onenet.http.connections import Handler

_MEDIA = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
# The page uses what it is served here, and nothing else: no inline script or style, no other site,
# and no other page may show it in a frame.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEAD = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_INDEX = "index.html"


def files() -> Mapping[str, Handler]:
    """What is served at each path: the index at `/`, the others at `/page/NAME`."""
    return _table(sorted(_contents().items()))


@cache
def _contents() -> Mapping[str, bytes]:
    folder = resources("emulator.control").joinpath("page")
    return {
        each.name: each.read_bytes()
        for each in folder.iterdir()
        if each.name.rpartition(".")[2] in _MEDIA
    }


def _table(contents: Iterable[tuple[str, bytes]]) -> Mapping[str, Handler]:
    return {
        "/" if name == _INDEX else f"/page/{name}": partial(
            _send, content, _MEDIA[name.rpartition(".")[2]], f'"{sha256(content).hexdigest()[:32]}"'
        )
        for name, content in contents
    }


async def _send(content: bytes, media: str, tag: str, request: web.BaseRequest) -> web.Response:
    given = request.headers.get("If-None-Match", "")
    known = {each.strip().removeprefix("W/") for each in given.split(",")}
    head = {**_HEAD, "ETag": tag}
    if known & {tag, "*"}:
        return web.Response(status=304, headers=head)
    return web.Response(body=content, headers={**head, "Content-Type": media})
