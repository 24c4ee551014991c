"""The sides of the cloud that applications see: its HTTP API, and its requests to them."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from emulator.air.addresses import split
from emulator.onenet.http.api import HttpApi
from emulator.onenet.http.route import Site
from emulator.onenet.platform import Act, Platform
from emulator.onenet.posts import Posts
from emulator.onenet.push.settings import Settings
from emulator.simulation.checks import address_of, checked_hosts, checked_key
from emulator.simulation.parameters import Parameters


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
    def of(cls, given: Parameters) -> Self:
        """Raises ValueError that names the parameter."""
        push = None
        if given.push is not None and given.token is not None:
            push = Settings(given.push, given.token, given.aes_key)
        elif (given.push, given.token, given.aes_key) != (None, None, None):
            raise ValueError("push, token: expected together; aes_key: together with them")
        if push is not None and given.server is not None:
            raise ValueError("push: expected without server")
        key = secrets.token_urlsafe(21) if given.api_key is None else checked_key(given.api_key)
        http = None if given.http is None else address_of(given.http, "http", split)
        return cls(http, checked_hosts(given.allow_hosts), key, push, given.allow_network)

    def connect(self, platform: Platform, act: Act, opened: AsyncExitStack) -> None:
        """Give the platform its way to applications; `opened` ends it. Then `open`."""
        platform.send = posts = Posts(act, allow_network=self.allow_network)
        opened.push_async_callback(posts.close)

    async def open(
        self, platform: Platform, act: Act, opened: AsyncExitStack, site: Site
    ) -> str | None:
        """Begin; returns the API's URL. `site`: what it serves besides. `opened` ends it.

        Raises OSError.
        """
        if self.push is not None:
            platform.push.begin(self.push)
        if self.http is None:
            return None
        api = HttpApi(platform, key=self.key, act=act, allow_hosts=self.allow_hosts, site=site)
        opened.push_async_callback(api.close)
        return await api.start(*self.http)
