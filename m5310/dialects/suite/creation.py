"""How the module of a profile creates its instance: the server, secrets, buffered operations."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

from m5310.at.codec import Command
from m5310.dialects.dialect import Commands, Options
from m5310.dialects.profiles import Create, Fetch, Profile
from m5310.dialects.suite import commands
from m5310.dialects.suite.blob import Blob
from m5310.errors import ParameterError, Text

BUILT_IN: Final = "coap://183.230.40.40:5683", "coap://183.230.40.39:5683"
"""The servers of OneNET, without and with bootstrap: one of them is built into every module."""
DTLS_PORT: Final = "5684"
"""The port that AT+MIPLCREATEEX takes for a server with DTLS."""


class Config(Protocol):
    """The configuration of a device. `uri` is `coap://<host>:<port>`, `bootstrap`: of a bootstrap
    server; `lifetime` in seconds."""

    @property
    def endpoint(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def lifetime(self) -> int: ...
    @property
    def bootstrap(self) -> bool | None: ...


class Creation(NamedTuple):
    """The lines that create the instance, in this order.

    `server` and `settings` come before it; only those of the server are refused because there is an
    instance. The last one of `create` returns the number of the instance.
    """

    server: Commands
    settings: Commands
    create: tuple[Command[Any], ...]


def creation(profile: Profile, config: Config, options: Options) -> Creation:
    """Raises NotInDialect for what the module has no command for, and ParameterError for a key
    without DTLS, or DTLS without a key."""
    scheme, _, server = config.uri.partition("://")
    host, _, port = server.rpartition(":")
    secure = scheme == "coaps"
    if secure != (options.psk is not None):
        raise ParameterError(
            Text("the server {uri} needs a key: give psk=", uri=config.uri)
            if secure
            else Text("a key (psk) is for a server with DTLS, and {uri} is none", uri=config.uri)
        )
    if profile.buffered and profile.fetch is Fetch.NONE:
        raise profile.lacks(Text("buffered operations"))
    bootstrap = bool(config.bootstrap)
    match _how(profile, config.uri, options, port):
        case Create.EX:
            secrets = {"auth_code": options.auth_code, "psk": options.psk}
            return Creation((), (), (commands.create_ex(server, bootstrap=bootstrap, **secrets),))
        case Create.EXT:
            return Creation((), (), (commands.create_ext(host),))
        case Create.CONFIG:
            configure = commands.configure_server(host, int(port), bootstrap=bootstrap)
            return Creation((configure,), _settings(profile, options), (commands.create(),))
        case Create.BLOB | Create.BOOTSTRAP as how:
            blob = Blob(server, bootstrap, userdata=_userdata(options)).encode()
            switch = (commands.switch_bootstrap(bootstrap),) if how is Create.BOOTSTRAP else ()
            secret = options.auth_code is not None
            create = commands.create_with(blob, profile.fragment, secret=secret)
            return Creation(switch, (), create)
        case _:
            return Creation((), (), (commands.create(),))


def _how(profile: Profile, uri: str, options: Options, port: str) -> Create:
    how = profile.create
    secret = options.psk is not None or options.auth_code is not None
    if secret and profile.creates_ex:
        how = Create.EX
    if options.psk is not None and not (
        how is Create.CONFIG or (how is Create.EX and port == DTLS_PORT)
    ):
        raise profile.lacks(Text("a server with DTLS ({uri})", uri=uri))
    if options.psk is None and how is Create.EX and port == DTLS_PORT:
        raise profile.lacks(
            Text("a server without DTLS at port {port} ({uri})", port=port, uri=uri)
        )
    if how is Create.BARE and uri not in BUILT_IN:
        raise profile.lacks(Text("a server other than its own ({uri})", uri=uri))
    if how is Create.EXT and port != "5683":
        raise profile.lacks(Text("a server with another port than 5683 ({uri})", uri=uri))
    if secret and how in (Create.BARE, Create.EXT):
        raise profile.lacks(options.wanted)
    return how


def _settings(profile: Profile, options: Options) -> Commands:
    found = []
    if options.auth_code is not None:
        found.append(commands.configure_auth_code(options.auth_code))
    if options.psk is not None:
        found.append(commands.configure_key(options.psk))
    if profile.buffered and profile.fetch is Fetch.RD:
        found.append(commands.configure_buffer(profile.buffered))
    return tuple(found)


def _userdata(options: Options) -> str:
    """That of the configuration as hosts write it (seen)."""
    return "1" if options.auth_code is None else f"AuthCode:{options.auth_code};"


def created(profile: Profile, options: Options, ref: int) -> Commands:
    """What follows the creation of the instance, before the login."""
    found = []
    if profile.buffered and profile.fetch is Fetch.MGR:
        found.append(commands.buffer_operations(ref, profile.buffered))
    if options.version is not None:
        found.append(commands.host_version(options.version()))
    return tuple(found)
