"""HTTP API of the platform: an aiohttp server (OneNET guide 4.2).

Every answer is JSON with `errno` and `error`, and the HTTP status is 200 for errors too, as the
real API does it; so it is for what is no HTTP request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from aiohttp import web

from emulator.onenet.errors import ApiError, Reason, invalid
from emulator.onenet.http import answers, authorization
from emulator.onenet.http.answers import Answer
from emulator.onenet.http.bodies import json_body
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import Handler, Listener, go_on
from emulator.onenet.http.dispatch import Dispatch
from emulator.onenet.http.gate import Gate
from emulator.onenet.http.openapi import description
from emulator.onenet.http.protocol import logger
from emulator.onenet.http.route import Body, Key, Route, Site
from emulator.onenet.http.routes import ROUTES
from emulator.onenet.keys import DeviceKey, Master
from emulator.onenet.platform import Act, Platform
from emulator.onenet.store.database import StoreError

# Where the description of the API is.
_DESCRIPTION = "/openapi.json"
# The begin of the emulator's own calls.
_OWN = "/emulator/"
# The header by which the emulator's page marks its calls.
_OF_PAGE = "X-Emulator-Page"
# The methods that files are served by.
_READING = ("GET", "HEAD")
# guess: far above the largest write, whose values are at most 1000 bytes together.
_MAX_BODY = 64 * 1024
# Bytes. To parse a longer one takes some milliseconds, so the call begins in the next turn.
_LONG_BODY = 8 * 1024
# Seconds for a body to arrive, so that a client which never sends it does not hold a call.
_BODY_TIMEOUT = 10.0

Serve = Callable[
    [web.BaseRequest, Master | DeviceKey, Mapping[str, str]], Awaitable[Answer | Handler]
]
_NO_SITE = Site()

# What is sent beyond the parameters of a call has no effect, which is logged once.
_MAX_REPORTED = 100
# Characters of a client's text in a line of the log, or in an error.
_MAX_SHOWN = 100


class HttpApi:
    """The API of one `platform`, for clients that send `key` as their `api-key` header, or sign
    their `Authorization` with it.

    `act` acts on the platform at the present time. The platform's year decides the error numbers.
    `allow_hosts`: names of this server, besides its addresses, `localhost` and `*.heclouds.com`.
    `site`: what it serves besides.
    """

    def __init__(
        self,
        platform: Platform,
        *,
        key: str,
        act: Act,
        allow_hosts: Sequence[str] = (),
        site: Site = _NO_SITE,
    ) -> None:
        self._platform = platform
        self._routes, self._files = (*ROUTES, *site.routes), site.files
        self._on_call = site.on_call
        self._allow_hosts = tuple(allow_hosts)
        platform.keys.add_master(key)
        self._key = key
        self._act = act
        self._listener: Listener | None = None
        self._reported: set[tuple[str, str]] = set()

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the API's URL; `port` 0 takes a free one.

        Raises OSError if the address cannot be used.
        """
        gate = Gate((host, *self._allow_hosts))
        self._listener = listener = Listener()
        handler = self._handler(listener, gate)
        url = await listener.start(handler, self._refusal, _MAX_BODY, host, port)
        gate.port = listener.port
        return url

    async def close(self) -> None:
        """Stop listening and drop all calls; a second call does nothing."""
        if self._listener is not None:
            await self._listener.close()

    # Around every call ---------------------------------------------------------------------

    def _handler(self, listener: Listener, gate: Gate) -> Handler:
        """Serves who may call; every error is answered with a body of the error table."""
        found = Dispatch[Serve]()
        for route in self._routes:
            found.add(route.method, route.path, self._serving(route))
        found.add("GET", _DESCRIPTION, self._describe)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            await listener.turn()
            try:
                headers = request.headers
                gate.check(headers.get("Host"), headers.get("Origin"), listener.address(request))
                if request.method in _READING and (file := self._files.get(request.path)):
                    return await file(request)
                key = self._key_of(headers)
                methods, place = found.find(request.rel_url.raw_path)
                serve = methods.get(request.method)
                if serve is None:
                    raise _not_served(request, methods)
                answer = await serve(request, key, place)
                if not isinstance(answer, dict):
                    return await answer(request)
                return await self._answer(listener, request, answer)
            except ApiError as error:
                return await self._refuse(listener, request, error)
            except web.HTTPRequestEntityTooLarge:
                large = ApiError(Reason.BODY_TOO_LARGE, f"the body has more than {_MAX_BODY} bytes")
                return await self._refuse(listener, request, large)
            except StoreError:  # the database has logged it
                return await self._refuse(listener, request, ApiError(Reason.INTERNAL))
            except Exception:
                logger.exception("%s failed", _named(request))
                return await self._refuse(listener, request, ApiError(Reason.INTERNAL))

        return handle

    def _key_of(self, headers: Mapping[str, str]) -> Master | DeviceKey:
        text = headers.get("api-key", "")
        if not text and (signed := headers.get("Authorization")) is not None:
            authorization.check(signed, self._key, self._act(lambda now: now))
            return Master()
        key = self._platform.keys.resolve(text)
        if key is None:
            raise ApiError(Reason.AUTH_FAILED if text else Reason.KEY_REQUIRED)
        return key

    async def _refuse(
        self, listener: Listener, request: web.BaseRequest, error: ApiError
    ) -> web.StreamResponse:
        return await self._answer(listener, request, self._refusal(error, request.path))

    async def _answer(
        self, listener: Listener, request: web.BaseRequest, answer: Answer
    ) -> web.StreamResponse:
        own = request.path.startswith(_OWN) or request.path == _DESCRIPTION
        if self._on_call is not None and not own:
            outcome = f"{answer['errno']} {answer['error']}"
            of_page = _OF_PAGE in request.headers
            self._on_call(request.method, request.rel_url.raw_path_qs, of_page, outcome)
        return await listener.respond(request, answer)

    def _refusal(self, error: ApiError, path: str = "") -> Answer:
        """`path` "": of what is no request that can be read."""
        return answers.failure(error, path, self._platform.year)

    def _serving(self, route: Route) -> Serve:
        defaults = (
            None
            if any(parameter.required for parameter in route.query)
            else {parameter.name: parameter.default for parameter in route.query}
        )
        method, faults = route.method.lower(), self._platform.api_faults
        own = route.path.startswith(_OWN)  # it must be possible to end a fault

        async def serve(
            request: web.BaseRequest, key: Master | DeviceKey, place: Mapping[str, str]
        ) -> Answer | Handler:
            if route.key is Key.MASTER and not isinstance(key, Master):
                raise ApiError(Reason.AUTH_FAILED)
            if not own:
                faults.meet(request.path)
            if request.query_string or defaults is None:
                query = self._query(request, route)
            else:
                query = dict(defaults)
            body = {} if route.body is None else await self._body(request, route.body)
            return await route.call(
                Call(self._platform, self._act, key, method, place, query, body)
            )

        return serve

    def _query(self, request: web.BaseRequest, route: Route) -> dict[str, object]:
        names, given = {parameter.name for parameter in route.query}, request.query
        for name in given:
            if name not in names:
                self._report_unused(request, name, [one.name for one in route.query])
        return {parameter.name: parameter.read(given) for parameter in route.query}

    def _report_unused(self, request: web.BaseRequest, name: str, names: Iterable[str]) -> None:
        call, shown = _named(request), name[:_MAX_SHOWN]
        if (call, shown) not in self._reported and len(self._reported) < _MAX_REPORTED:
            self._reported.add((call, shown))
            expected = ", ".join(names) or "none"
            logger.warning(
                "%s: the parameter %r has no effect, expected: %s", call, shown, expected
            )

    async def _body(self, request: web.BaseRequest, wanted: Body) -> dict[str, object]:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT):
                await go_on(request)
                text = await request.read()
        except TimeoutError:
            raise invalid(f"the body has not come within {_BODY_TIMEOUT} s") from None
        except web.RequestPayloadError as error:
            raise invalid(str(error)) from None
        body = json_body(text, optional=not wanted.required)
        if len(text) > _LONG_BODY:
            await asyncio.sleep(0)
        return body

    async def _describe(
        self, _request: web.BaseRequest, _key: Master | DeviceKey, _place: Mapping[str, str]
    ) -> Answer:
        return description(self._routes)


def _not_served(request: web.BaseRequest, methods: Iterable[str]) -> ApiError:
    wrong = f"{_named(request)} is not served"
    expected = " or ".join(sorted(methods))
    return ApiError(Reason.NOT_FOUND, f"{wrong}, expected {expected}" if expected else wrong)


def _named(request: web.BaseRequest) -> str:
    """The call, in one line: what is encoded in the path stays so."""
    return f"{request.method} {request.rel_url.raw_path[:_MAX_SHOWN]}"
