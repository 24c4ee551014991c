"""HTTP API of the platform: an aiohttp server (OneNET guide 4.2).

Every answer is JSON with `errno` and `error`, and the HTTP status is 200 for errors too, as the
real API does it. Only what is no valid HTTP request gets a bare 400 or 417 of the HTTP server.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from aiohttp import web

from emulator.onenet.devices import Device
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http import answers, parameters
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.connections import Listener, in_turns, logger, respond
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform

# Far above the largest write, whose values are at most 1000 bytes together.
_MAX_BODY = 64 * 1024
# Seconds for a body to arrive, so that a client which never sends it does not hold a call.
_BODY_TIMEOUT = 10.0

# Parameters of a call. What is sent beyond them has no effect, which is logged once.
_IMEI = ("imei", "ep_name")
_PATH = (*_IMEI, "obj_id", "obj_inst_id", "res_id")
_POINTS = ("limit", "datastream_id", "start", "end", "cursor")
_MAX_REPORTED = 100

T = TypeVar("T")


class Input(Protocol):
    """Calls `call(now)` on the platform and serves its effects: `Scheduler.input`."""

    def __call__(self, call: Callable[[float], T]) -> T: ...


class HttpApi:
    """The API of one `platform`, for clients that send `key` as their `api-key` header.

    `act` acts on the platform at the present time. The platform's year decides the error numbers.
    """

    def __init__(self, platform: Platform, *, key: str, act: Input) -> None:
        self._platform = platform
        self._key = key.encode()
        self._act = act
        self._listener: Listener | None = None
        self._reported: set[tuple[str, str]] = set()

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the API's URL; `port` 0 takes a free one.

        Raises OSError if the address cannot be used.
        """
        self._listener = Listener(self._application())
        return await self._listener.start(host, port)

    async def close(self) -> None:
        """Stop listening and drop all calls; a second call does nothing."""
        if self._listener is not None:
            await self._listener.close()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MAX_BODY, middlewares=[self._guard])
        # guess: ids are numbers. So a word, such as /devices/status, is a call that is not served.
        device = r"/devices/{id:[0-9]+}"
        served: list[tuple[str, str, Callable[[web.Request], Awaitable[Answer]], tuple[str, ...]]]
        served = [
            ("POST", "/devices", self._create_device, ()),
            ("GET", device, self._show_device, ()),
            ("DELETE", device, self._delete_device, ()),
            ("GET", f"{device}/datapoints", self._datapoints, _POINTS),
            ("GET", "/nbiot", self._read, _PATH),
            ("POST", "/nbiot", self._write, (*_PATH, "mode")),
            ("POST", "/nbiot/execute", self._execute, _PATH),
            ("GET", "/nbiot/resources", self._resources, (*_IMEI, "obj_id")),
        ]
        for method, path, serve, names in served:
            application.router.add_route(method, path, self._handler(serve, names))
        return application

    # Around every call ---------------------------------------------------------------------

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Check the key; answer every error with a body of the error table."""
        assert self._listener is not None, "it listens"
        self._listener.header_came(request)
        try:
            key = request.headers.get("api-key", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(key, self._key):
                raise ApiError(Reason.AUTH_FAILED if key else Reason.KEY_REQUIRED)
            return await handler(request)
        except ApiError as error:
            return await self._refuse(request, error)
        except web.HTTPRequestEntityTooLarge:
            large = ApiError(Reason.BODY_TOO_LARGE, f"the body has more than {_MAX_BODY} bytes")
            return await self._refuse(request, large)
        except web.HTTPException as refusal:  # of the router: unknown path or method
            return await self._refuse(request, _not_served(request, refusal))
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            return await self._refuse(request, ApiError(Reason.INTERNAL))

    async def _refuse(self, request: web.Request, error: ApiError) -> web.StreamResponse:
        failure = answers.failure(error, request.path, self._platform.year)
        return await respond(request, failure)

    def _handler(
        self, serve: Callable[[web.Request], Awaitable[Answer]], names: tuple[str, ...]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            for name in request.query.keys() - set(names):
                self._report_unused(request, name, names)
            return await respond(request, await serve(request))

        return handle

    def _report_unused(self, request: web.Request, name: str, names: tuple[str, ...]) -> None:
        call = f"{request.method} {request.path}"
        if (call, name) not in self._reported and len(self._reported) < _MAX_REPORTED:
            self._reported.add((call, name))
            expected = ", ".join(names) or "none"
            logger.warning("%s: the parameter %r has no effect, expected: %s", call, name, expected)

    async def _body(self, request: web.Request, *, optional: bool = False) -> dict[str, object]:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT):
                body = await request.read()
        except TimeoutError:
            raise parameters.invalid(f"the body has not come within {_BODY_TIMEOUT} s") from None
        except web.RequestPayloadError as error:
            wrong = "the body is not encoded as its headers say"
            logger.warning("%s %s: %s", request.method, request.path, wrong)
            raise parameters.invalid(wrong) from error
        return parameters.json_body(body, optional=optional)

    def _device_by_id(self, request: web.Request) -> Device:
        return _existing(self._platform.device(request.match_info["id"]))

    def _device_by_imei(self, request: web.Request) -> Device:
        return _existing(self._platform.device_by_imei(parameters.imei(request.query)))

    async def _request(self, device: Device, operation: Operation) -> Outcome:
        """Send `operation` to the device and wait. Raises ApiError if it fails or is offline."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def on_done(outcome: Outcome) -> None:
            if not done.done():  # the client may have disconnected at the same time
                done.set_result(outcome)

        request = self._act(partial(self._platform.request, device, operation, on_done))
        try:
            outcome = await done
        except asyncio.CancelledError:
            self._platform.cancel(request)
            raise
        if outcome.failure is not None:
            raise ApiError(Reason.UNSUCCESS, outcome.failure)
        return outcome

    # Devices ---------------------------------------------------------------------------------

    async def _create_device(self, request: web.Request) -> Answer:
        description = parameters.description(await self._body(request))
        device = self._act(partial(self._platform.create_device, description))
        return success(answers.created(device))

    async def _show_device(self, request: web.Request) -> Answer:
        device = self._device_by_id(request)
        streams = self._platform.points.newest(int(device.id))
        return success(answers.device(device, streams, online=self._platform.online(device)))

    async def _delete_device(self, request: web.Request) -> Answer:
        self._platform.delete_device(self._device_by_id(request))
        return success()

    async def _datapoints(self, request: web.Request) -> Answer:
        device = self._device_by_id(request)
        parameters.newest_only(request.query)
        limit, ids = parameters.limit(request.query), parameters.streams(request.query)
        found = self._platform.points.newest(int(device.id), limit, ids)
        return success(answers.datapoints([piece async for piece in in_turns(found)]))

    # Requests to the device --------------------------------------------------------------------

    async def _read(self, request: web.Request) -> Answer:
        path = parameters.path(request.query, depth=1)
        outcome = await self._request(self._device_by_imei(request), Read(path))
        return success(answers.values(outcome.items))

    async def _write(self, request: web.Request) -> Answer:
        path = parameters.path(request.query, depth=2)
        instance = path.instance_path
        replace = parameters.replaces(request.query)
        items = parameters.items(await self._body(request), instance)
        device = self._device_by_imei(request)
        await self._request(device, Write(instance, items, replace))
        return success()

    async def _execute(self, request: web.Request) -> Answer:
        path = parameters.path(request.query, depth=3)
        arguments = parameters.arguments(await self._body(request, optional=True))
        await self._request(self._device_by_imei(request), Execute(path, arguments))
        return success()

    async def _resources(self, request: web.Request) -> Answer:
        wanted = parameters.optional_object(request.query)
        registration = self._platform.registration(self._device_by_imei(request))
        if registration is None:
            return success(answers.resources((), ()))
        objects = [p for p in registration.objects if wanted in (None, p.object)]
        discovered = [path for paths in registration.resources.values() for path in paths]
        return success(answers.resources(objects, discovered))


def _existing(device: Device | None) -> Device:
    if device is None:  # as if it belonged to another key
        raise ApiError(Reason.AUTH_FAILED)
    return device


def _not_served(request: web.Request, refusal: web.HTTPException) -> ApiError:
    wrong = f"{request.method} {request.path} is not served"
    if isinstance(refusal, web.HTTPMethodNotAllowed):
        wrong = f"{wrong}, expected {' or '.join(sorted(refusal.allowed_methods))}"
    return ApiError(Reason.NOT_FOUND, wrong)
