"""The server's part of a bootstrap: what a bootstrap server writes to the module (LwM2M 5.2)."""

from __future__ import annotations

import re

from aiocoap import (
    BAD_REQUEST,
    CHANGED,
    CONTENT,
    DELETE,
    DELETED,
    GET,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    POST,
    PUT,
    Code,
    Message,
)

from emulator.air.addresses import COAPS, of_uri, split
from emulator.lwm2m import registry
from emulator.lwm2m.content import decode
from emulator.lwm2m.model import ContentError, Format, Item, Path
from emulator.module.lwm2m.host import ServerAddress
from emulator.module.lwm2m.operations import Refused, path_of
from emulator.module.lwm2m.own_objects import LIFETIME
from emulator.module.lwm2m.style import Style

# LwM2M 1.0.2 E.1: Server URI, Bootstrap-Server, identity, key and Short Server ID of the object
# Security.
_SECURITY, _URI, _IS_BOOTSTRAP, _IDENTITY, _KEY, _SERVER_ID = 0, 0, 1, 3, 5, 10
_SERVER = LIFETIME.instance_path
_ID_OF_SERVER = Path(1, 0, 0)
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+", re.ASCII)
_INSTANCE_LIMIT = 8  # guess: bounds the memory


def address_of(uri: str) -> str | None:
    """The address of a server with this URI, as in `ServerAddress`; None if it is none."""
    try:
        address = of_uri(uri) if uri.startswith(("coap://", COAPS)) else ""
        host, _port = split(address.removeprefix(COAPS))
    except ValueError:
        return None
    return address if _HOST.fullmatch(host) else None


class Bootstrap:
    """One bootstrap. `server`: where to register, once the bootstrap server has written it;
    `lifetime`: for how many seconds, None if it has not written that. `finished`: it has ended the
    bootstrap.
    """

    def __init__(self, style: Style) -> None:
        self.finished = False
        self.lifetime: int | None = None
        self._style = style
        self._servers: dict[Path, ServerAddress] = {}  # by the instance of the object Security
        self._ids: dict[Path, int | None] = {}  # of each account and of the object Server

    @property
    def server(self) -> ServerAddress | None:
        return next(iter(self._servers.values()), None)

    def answer(self, request: Message) -> Message:
        """Do what the bootstrap server asks for."""
        if self._style.strict and request.code == GET and request.opt.accept == Format.LINKS:
            return self._discovered()
        try:
            return Message(code=self._code(request))
        except Refused as refused:
            return Message(code=refused.code)

    def _discovered(self) -> Message:
        """The objects so far, with their Short Server IDs (5.2.7.2)."""
        paths = sorted({*self._ids, *self._style.own_instances})
        ids = {path: f";ssid={number}" for path, number in self._ids.items() if number is not None}
        links = (f"<{path}>{ids.get(path, '')}" for path in paths)
        text = ",".join((f'lwm2m="{self._style.version}"', *links))
        answer = Message(code=CONTENT, payload=text.encode())
        answer.opt.content_format = Format.LINKS
        return answer

    def _code(self, request: Message) -> Code:
        strict = self._style.strict
        match request.code:
            case c if c == POST and request.opt.uri_path == ("bs",):
                self.finished = True
                return CHANGED
            case c if c == DELETE:
                if not strict:
                    return NOT_IMPLEMENTED  # observed in the suite
                self._servers.clear()
                self._ids.clear()
                return DELETED
            case c if c == PUT:
                path = path_of(request)
                instance = path.object == _SECURITY and path.instance is not None
                if strict or (instance and path.resource is None):
                    return self._write(path, request)
        return NOT_FOUND

    def _write(self, path: Path, request: Message) -> Code:
        try:
            items = decode(request.opt.content_format, request.payload, path, registry.type_of)
        except ContentError:
            return BAD_REQUEST
        for item in items:
            if item.path == LIFETIME and isinstance(item.value, int) and item.value > 0:
                self.lifetime = item.value
            if item.path == _ID_OF_SERVER and isinstance(item.value, int):
                self._ids[_SERVER] = item.value
        if path.object != _SECURITY:
            return CHANGED  # other values change nothing here
        instances = {item.path.instance_path for item in items} or {path.instance_path}
        codes = {self._write_account(each, items) for each in sorted(instances, key=str)}
        return BAD_REQUEST if BAD_REQUEST in codes else CHANGED

    def _write_account(self, instance: Path, items: tuple[Item, ...]) -> Code:
        values = {item.path.resource: item.value for item in items if instance.covers(item.path)}
        address, number = address_of(str(values.get(_URI, ""))), values.get(_SERVER_ID)
        own = bool(values.get(_IS_BOOTSTRAP))  # the bootstrap server's account
        if (address is None and not own) or len(self._ids) >= _INSTANCE_LIMIT:
            return BAD_REQUEST
        self._ids[instance] = number if isinstance(number, int) and not own else None
        if address is not None and not own:
            identity, key = values.get(_IDENTITY), values.get(_KEY)
            shown = identity.decode("utf-8", "replace") if isinstance(identity, bytes) else None
            secret = key if isinstance(key, bytes) else None
            self._servers[instance] = ServerAddress(address, identity=shown, key=secret)
        return CHANGED
