"""The server's part of a bootstrap: what a bootstrap server writes to the module (LwM2M 5.2)."""

from __future__ import annotations

import re

from aiocoap import (
    BAD_REQUEST,
    CHANGED,
    DELETE,
    DELETED,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    POST,
    PUT,
    Code,
    Message,
)

from emulator.lwm2m.content import decode
from emulator.lwm2m.model import ContentError, Path
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.host import ServerAddress
from emulator.module.lwm2m.style import Style

# LwM2M 1.0.2 E.1: Server URI and Bootstrap-Server of the object Security.
_URI, _IS_BOOTSTRAP = 0, 1
_TYPES = {_URI: Type.STRING, _IS_BOOTSTRAP: Type.BOOLEAN}
_ADDRESS = re.compile(r"coap://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_COAP_PORT = 5683  # where a URI has none (RFC 7252 6.1)
_INSTANCE_LIMIT = 8  # guess: bounds the memory


def address_of(uri: str) -> str | None:
    """`host:port` of a CoAP URI; None if it is none."""
    found = _ADDRESS.fullmatch(uri)
    return None if found is None else f"{found[1].lower()}:{int(found[2] or _COAP_PORT)}"


class Bootstrap:
    """One bootstrap. `server`: where to register, once the bootstrap server has written it.
    `finished`: it has ended the bootstrap.
    """

    def __init__(self, style: Style) -> None:
        self.finished = False
        self._style = style
        self._servers: dict[int, str] = {}  # addresses by the instance of the object Security

    @property
    def server(self) -> ServerAddress | None:
        for address in self._servers.values():
            return ServerAddress(address)
        return None

    def answer(self, request: Message) -> Message:
        """Do what the bootstrap server asks for."""
        return Message(code=self._code(request))

    def _code(self, request: Message) -> Code:
        path = request.opt.uri_path
        strict = self._style.deduplicates
        match request.code:
            case c if c == POST and path == ("bs",):
                self.finished = True
                return CHANGED
            case c if c == DELETE:
                if not strict:
                    return NOT_IMPLEMENTED  # observed in the suite
                self._servers.clear()
                return DELETED
            case c if c == PUT and len(path) == 2 and path[0] == "0" and path[1].isdecimal():
                return self._write(Path(0, int(path[1])), request)
            case c if c == PUT and strict:
                return CHANGED  # other objects change nothing here
            case _:
                return NOT_FOUND

    def _write(self, instance: Path, request: Message) -> Code:
        try:
            items = decode(request.opt.content_format, request.payload, instance, _type_of)
        except ContentError:
            return BAD_REQUEST
        values = {item.path.resource: item.value for item in items}
        address = address_of(str(values.get(_URI, "")))
        if values.get(_IS_BOOTSTRAP):
            return CHANGED  # the bootstrap server's own account
        if address is None or len(self._servers) >= _INSTANCE_LIMIT:
            return BAD_REQUEST
        self._servers[instance.instance or 0] = address
        return CHANGED


def _type_of(path: Path) -> Type | None:
    return _TYPES.get(-1 if path.resource is None else path.resource)
