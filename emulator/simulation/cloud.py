"""The sides of the cloud that applications see: its HTTP API, and its requests to them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from emulator.air.addresses import split
from emulator.onenet.http.api import HttpApi
from emulator.onenet.platform import Act, Platform
from emulator.onenet.posts import Posts
from emulator.onenet.push.settings import Settings
from emulator.simulation.parameters import address_of, checked_hosts, checked_key


@dataclass(frozen=True, slots=True)
class Applications:
    """`http`: where the API listens; None: nowhere. `allow_hosts`: names of this machine
    there. `key`: what its clients must send. `push`: to whom what happens is pushed from the start.
    """

    http: tuple[str, int] | None
    allow_hosts: tuple[str, ...]
    key: str
    push: Settings | None
    allow_network: bool

    @classmethod
    def of(
        cls,
        place: tuple[str | None, Sequence[str]],
        api_key: str | None,
        push: tuple[str | None, str | None, str | None, str | None],
        *,
        allow_network: bool,
    ) -> Self:
        """`place`: `http` and `allow_hosts`. `push`: URL, token, key, and the server in place of
        the cloud.

        Raises ValueError that names the parameter.
        """
        http, allow_hosts = place
        url, token, aes_key, server = push
        settings = None
        if url is not None and token is not None:
            settings = Settings(url, token, aes_key)
        elif (url, token, aes_key) != (None, None, None):
            raise ValueError("push, token: expected together; aes_key: together with them")
        if settings is not None and server is not None:
            raise ValueError("push: expected without server")
        key = secrets.token_urlsafe(21) if api_key is None else checked_key(api_key)
        address = None if http is None else address_of(http, "http", split)
        return cls(address, checked_hosts(allow_hosts), key, settings, allow_network)

    async def open(self, platform: Platform, act: Act, opened: AsyncExitStack) -> str | None:
        """Begin; returns the API's URL. `opened` ends it. Raises OSError."""
        platform.send = posts = Posts(act, allow_network=self.allow_network)
        opened.push_async_callback(posts.close)
        if self.push is not None:
            platform.push.begin(self.push)
        if self.http is None:
            return None
        api = HttpApi(platform, key=self.key, act=act, allow_hosts=self.allow_hosts)
        opened.push_async_callback(api.close)
        return await api.start(*self.http)
