"""Link format (RFC 6690) of registrations and discover answers (LwM2M 1.0.2 sections 5.3.1, 5.4.2).

</>;rt="oma.lwm2m";ct=11543,</1/0>,</3303/0>,</3303/1>,</10>;ver="1.1"
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.lwm2m.model import ContentError, Path

MAX_LINKS = 1024  # guess: more than any module announces; bounds memory
ROOT_TYPE = "oma.lwm2m"  # the value of `rt` that marks the alternate path

_TARGET = re.compile(r"\s*<([^<>]*)>\s*")
_ATTRIBUTE = re.compile(
    r""";\s*([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"<>]*))\s*)?""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """`path` as it stands between `<` and `>`; an attribute without `=` has the value None."""

    path: str
    attributes: tuple[tuple[str, str | None], ...] = ()

    def attribute(self, name: str) -> str | None:
        """The value of the first attribute of that name, None without one."""
        return next((value for each, value in self.attributes if each == name), None)


@dataclass(frozen=True, slots=True)
class Announced:
    """What a registration says: the alternate path ("" for none), the content formats that the
    client has besides, and the paths of objects and instances, in their order.
    """

    root: str
    formats: tuple[int, ...]
    paths: tuple[Path, ...]


def parse(payload: bytes) -> tuple[Link, ...]:
    """The links of a payload; none for an empty one. Raises ContentError."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise ContentError(f"links: byte {error.start} is not UTF-8") from None
    links: list[Link] = []
    at = 0 if text.strip() else len(text)
    while at < len(text):
        target = _TARGET.match(text, at)
        if not target or len(links) == MAX_LINKS:
            expected = f"at most {MAX_LINKS} links" if target else "a link, as </3303/0>"
            raise ContentError(f"links: {text[at : at + 20]!r}: expected {expected}")
        at = target.end()
        attributes = []
        while found := _ATTRIBUTE.match(text, at):
            name, quoted, bare = found.groups()
            attributes.append((name, bare if quoted is None else _ESCAPE.sub(r"\1", quoted)))
            at = found.end()
        if text[at : at + 1] not in ("", ","):
            raise ContentError(f"links: {text[at : at + 20]!r}: expected ',' or an attribute")
        at += 1
        links.append(Link(target[1], tuple(attributes)))
    return tuple(links)


def render(links: Iterable[Link]) -> bytes:
    """The payload of `links`: numbers stand bare, other values in quotes."""
    return ",".join(
        f"<{link.path}>" + "".join(map(_rendered, link.attributes)) for link in links
    ).encode()


def _rendered(attribute: tuple[str, str | None]) -> str:
    name, value = attribute
    if value is None:
        return f";{name}"
    if _NUMBER.fullmatch(value):
        return f";{name}={value}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f';{name}="{escaped}"'


def announced(links: Iterable[Link]) -> Announced:
    """What `links` announce, below the alternate path if one of them sets it.

    A link that is no path of LwM2M is left out: clients may announce other resources too. So the
    link to the root may be missing. Also reads the answer to a discover.
    """
    links = tuple(links)
    marked = (link for link in links if ROOT_TYPE in (link.attribute("rt") or "").split())
    root_link = next(marked, Link(""))
    root = root_link.path.rstrip("/")
    formats = (root_link.attribute("ct") or "").split()
    paths: dict[Path, None] = {}
    for link in links:
        # Some clients set an alternate path and leave it out in front of their objects.
        below = link.path.startswith(f"{root}/")
        try:
            paths[Path.parse(link.path[len(root) :] if below else link.path)] = None
        except ContentError:
            continue
    return Announced(root, tuple(int(each) for each in formats if each.isdecimal()), tuple(paths))
