"""OneNET platform: a product with its devices and data points, over an LwM2M server. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from secrets import choice
from string import ascii_letters, digits
from typing import Protocol, TypeVar

from emulator.clock.deadlines import earliest
from emulator.lwm2m.model import ContentError, Item
from emulator.onenet.api_faults import ApiFaults
from emulator.onenet.commands.command import Command
from emulator.onenet.commands.commands import Commands
from emulator.onenet.devices import Description, Device, Devices
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.keys import Keys
from emulator.onenet.lwm2m.operations import Operation
from emulator.onenet.lwm2m.registrations import Registration
from emulator.onenet.lwm2m.requests import NotKept, OnDone, Request
from emulator.onenet.lwm2m.server import ACCESS_URI, Server, Sign
from emulator.onenet.posting import Post, Reply, Send
from emulator.onenet.push.messages import CommandResult
from emulator.onenet.push.push import Push
from emulator.onenet.reports import Point, Reports
from emulator.onenet.software_updates import SoftwareUpdates
from emulator.onenet.store.database import Database, StoreError
from emulator.onenet.store.points import Points
from emulator.onenet.store.registrations import StoredRegistrations
from emulator.onenet.store.retention import Retention
from emulator.onenet.store.streams import stream_id
from emulator.onenet.triggers.triggers import Triggers
from emulator.onenet.years import DEFAULT_YEAR, YEARS, Year

# OneNET FAQ of 2019.
_KEY_LENGTH, _KEY_CHARACTERS = 16, ascii_letters + digits
# Seconds from a failure of the database to the next trial of what failed.
_RETRY_TIME = 1.0
# guess: the limit of the real platform for one device is not published.
MAX_OPEN_REQUESTS = 20

T = TypeVar("T")


class Act(Protocol):
    """Calls `call(now)` on the platform and serves its effects: `Scheduler.input`."""

    def __call__(self, call: Callable[[float], T]) -> T: ...


class Platform:
    """The application's side of OneNET, as it was in `year`; `server` is the devices' side.

    `access_uri`: of the access machine, which devices get by bootstrap. `seed`: of its tokens
    and message ids. `database`: None: one in memory. `retention`: of the data points; None: in
    memory those that the API can return, in a file all. `send`: sends requests to applications;
    until it is set, they have no reply. `on_online(device_id, online)` is called when a device
    comes online or goes offline.

    Stepped: see `emulator.simulation.simulation.Part`.
    """

    def __init__(
        self,
        year: Year = YEARS[DEFAULT_YEAR],
        *,
        database: Database | None = None,
        access_uri: str = ACCESS_URI,
        seed: int = 0,
        retention: Retention | None = None,
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._closing = False
        self.send: Send | None = None
        self.on_online: Callable[[str, bool], None] = lambda _device_id, _online: None
        self.year = year
        self.api_faults = ApiFaults(year)
        self.database = Database() if database is None else database
        self.points = Points(self.database, retention)
        self.server = Server(self, year, access_uri, seed)
        self.server.bootstrap.new_key = self._new_key
        self.devices, self.keys = Devices(self.database), Keys(self.database)
        random = Random(seed)  # noqa: S311 - emulated messages must repeat themselves
        self.push = Push(self.database, random, self._post)
        self.push.on_change = self._changed
        self.triggers = Triggers(
            self.database, self._post, lambda number: self.devices.get(number) is not None
        )
        self.triggers.on_change = self._changed
        self.commands = Commands(self.database, self._send_command, self._push_result)
        self.commands.on_change = self._changed
        self.updates = SoftwareUpdates(self.request)
        self.updates.on_change = self._changed
        self.reports = Reports(self.database, self._effort, self._take)
        self._registrations = StoredRegistrations(self.database)
        self._restore()

    def _restore(self) -> None:
        """Take up the registrations in the database; those of deleted devices are dropped."""
        found = self._registrations.all()
        for registration in found:
            if not self.knows(registration.endpoint):
                self._registrations.drop(registration.endpoint)
        self.server.restore(one for one in found if self.knows(one.endpoint))

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None if nothing is planned."""
        due: list[float | None] = []
        for part in (
            self.reports,
            self.commands,
            self.updates,
            self.points,
            self.triggers,
            self.push,
        ):
            try:
                part.step(now)
            except StoreError:
                due.append(now + _RETRY_TIME)
            else:
                due.append(part.due)
        return earliest(*due)

    def close(self, now: float, *, online: bool = False) -> None:
        """End all requests, and close the file of the database.

        `online`: in the file the devices stay online, for a next start.
        """
        self._closing = online
        self.server.close(now)
        with suppress(StoreError):
            self.commands.step(now)  # those that were sent have ended
            self.push.close()
        if self.database.path is not None:
            self.database.close()

    def _changed(self) -> None:
        self.on_change()

    def _post(self, post: Post, on_reply: Callable[[Reply, float], None]) -> None:
        if self.send is not None:
            self.send(post, on_reply)

    # For the application -----------------------------------------------------------------

    def create_device(self, description: Description, now: float) -> Device:
        """Raises ApiError if the IMEI belongs to another device, or there are too many devices."""
        return self.devices.create(description, now)

    def update_device(self, device: Device, description: Description) -> None:
        """Raises ApiError if the IMEI belongs to another device.

        A module that is registered under an earlier name stays so until its next update.
        """
        endpoint = device.endpoint
        self.devices.update(device, description)
        if device.endpoint != endpoint:
            self.server.registrations.forget(endpoint)
            with suppress(StoreError):  # the next start drops it
                self._registrations.drop(endpoint)

    def delete_device(self, device: Device) -> None:
        """Delete `device`; its module stays registered until its next update or lifetime end.

        Does nothing if it was deleted before.
        """
        if self.devices.get(device.id) is device:
            with self.database.transaction():
                self.points.forget(int(device.id))
                self.devices.delete(device)
                self._registrations.drop(device.endpoint)
                self.commands.forget(int(device.id))
            self.commands.drop(int(device.id))
            self.updates.forget(device.id)
            self.on_change()
            self.server.registrations.forget(device.endpoint)

    def device(self, device_id: str) -> Device | None:
        return self.devices.get(device_id)

    def device_by_imei(self, imei: str) -> Device | None:
        return self.devices.by_imei(imei)

    def registration(self, device: Device) -> Registration | None:
        """The newest registration of `device`, online or ended; None if it never registered."""
        return self.server.registrations.get(device.endpoint)

    def subscribed(self, device: Device) -> bool:
        """Whether resources of `device` are observed at present."""
        registration = self.registration(device)
        return registration is not None and registration.online and bool(registration.observations)

    def online(self, device: Device) -> bool:
        registration = self.registration(device)
        return registration is not None and registration.online

    def request(
        self,
        device: Device,
        operation: Operation,
        on_done: OnDone,
        now: float,
        timeout: float | None = None,
    ) -> Request:
        """Send `operation` to the device, under a message id of the platform.

        `on_done` is called once with the outcome, unless `cancel` comes first, after `timeout`
        seconds at the latest (None: those of the year). Raises ApiError if
        the device is not online, has MAX_OPEN_REQUESTS open, or a resource cannot have its value.
        """
        if not self.online(device):
            raise ApiError(Reason.NOT_ONLINE, device.id)
        if self.server.requests.count(device.endpoint) >= MAX_OPEN_REQUESTS:
            raise ApiError(Reason.LIMIT, f"{MAX_OPEN_REQUESTS} requests wait for this device")
        try:
            return self.server.request(device.endpoint, operation, on_done, now, timeout)
        except ContentError as error:
            raise ApiError(Reason.INVALID_PARAMETER, str(error)) from None

    def cancel(self, request: Request) -> None:
        """Drop `request` without an outcome; does nothing if it has ended."""
        self.server.requests.cancel(request)

    def key_of(self, identity: str) -> bytes | None:
        """The key for DTLS of the device with this endpoint name; None: there is none."""
        key = self.devices.key(identity)
        return None if key is None else key.encode()

    def _new_key(self, endpoint: str) -> bytes | None:
        """A fresh key for a device that has one: each bootstrap hands one out (OneNET FAQ)."""
        device = self.devices.by_endpoint(endpoint)
        if device is None or device.psk is None:
            return None
        key = "".join(choice(_KEY_CHARACTERS) for _ in range(_KEY_LENGTH))
        self.devices.set_key(device, key)
        return key.encode()

    # For the server ----------------------------------------------------------------------

    def knows(self, endpoint: str) -> bool:
        """Whether it is the endpoint name of a device."""
        return self.devices.by_endpoint(endpoint) is not None

    def admits(self, endpoint: str, auth: str | None) -> bool:
        """Whether a device of that name exists, with that authentication code or without one."""
        device = self.devices.by_endpoint(endpoint)
        return device is not None and device.description.auth in (None, auth)

    def observes(self, endpoint: str) -> bool:
        device = self.devices.by_endpoint(endpoint)
        return device is not None and device.description.observed

    def registered(self, registration: Registration, now: float) -> None:
        """Keep a registration that is new or updated."""
        device = self.devices.by_endpoint(registration.endpoint)
        if device is not None:
            with _kept(), self.database.transaction():
                self._keep(registration)
                self.devices.activate(device, now)
                if not registration.continued:
                    self._push_state(device, online=True, now=now)
            if not registration.continued:
                self.on_online(device.id, True)

    def changed(self, registration: Registration) -> None:
        """Keep what it has now. No call waits for that, so a failure has no effect."""
        if self.knows(registration.endpoint):
            with suppress(StoreError):
                self._keep(registration)

    def ended(self, registration: Registration, now: float) -> None:
        """Keep its last state. If that fails, it ends again after the next start."""
        device = self.devices.by_endpoint(registration.endpoint)
        if self._closing or device is None:
            return
        self.on_online(device.id, False)
        with suppress(StoreError), self.database.transaction():
            self._keep(registration)
            self._push_state(device, online=False, now=now)

    def _keep(self, registration: Registration) -> None:
        """Memory does not outlive the process, and one that was replaced is of no use."""
        newest = self.server.registrations.get(registration.endpoint) is registration
        if newest and self.database.path is not None:
            self._registrations.keep(registration)

    def _push_state(self, device: Device, *, online: bool, now: float) -> None:
        if self.push.enabled:
            imei = device.description.imei
            self.push.online(int(device.id), imei, online=online, now=now)

    def reachable(self, endpoint: str, sign: Sign) -> None:
        """Send the offline commands that wait for the device, after the response to its sign.

        guess: after a login they do not wait for the end of the subscriptions.
        """
        device = self.devices.by_endpoint(endpoint)
        if device is not None:
            self.commands.reachable(int(device.id), sign)
            self.updates.reachable(device.id, sign)

    def _send_command(
        self, device_id: int, operation: Operation, on_done: OnDone, now: float
    ) -> None:
        device = self.devices.get(str(device_id))
        assert device is not None, "its commands end with a device"
        self.request(device, operation, on_done, now)

    def _push_result(self, command: Command, now: float) -> None:
        device = self.devices.get(str(command.device))
        if device is None or not self.push.enabled:
            return
        assert command.status is not None, "it has ended"
        result = CommandResult(
            command.uuid,
            command.operation.path.object,
            int(command.state),
            command.sent,
            command.confirmed,
            command.status,
            command.result,
        )
        self.push.command_result(command.device, device.description.imei, result, now)

    def report(self, endpoint: str, items: tuple[Item, ...], now: float) -> None:
        """Store `items` as data points; those of a deleted device are dropped."""
        device = self.devices.by_endpoint(endpoint)
        if device is None:
            return
        # guess: ids of streams have three parts, so the values of a resource with several instances
        # are points of one stream.
        at_ms = round(now * 1000)
        with _kept():
            self.record(device, [(stream_id(item.path), item.value, at_ms) for item in items], now)

    def pieces(self, device: Device, points: Iterable[Point]) -> Iterator[list[Point]]:
        """The points, as many at a time as `record` takes in less than 5 ms."""
        return self.reports.pieces(int(device.id), points)

    def record(self, device: Device, points: Sequence[Point], now: float) -> None:
        """Store data points of `device`: stream, value, milliseconds; and push them.

        If that takes long, they are kept now, and stored within the next steps.
        """
        self.reports.add(int(device.id), points, now)
        if self.reports.waiting:
            self.on_change()

    def _effort(self, device: int, stream: str) -> int:
        return 1 + self.triggers.watching(str(device), stream)

    def _take(self, number: int, points: Sequence[Point], now: float) -> None:
        device = self.devices.get(str(number))
        if device is None:  # it was deleted while they waited
            return
        rows = [(number, *point) for point in points]
        with self.database.transaction():
            self.triggers.on_points(rows, now)
            self.points.add_many(rows, now)
            if self.push.enabled:
                self.push.points(number, device.description.imei, points, now)


@contextmanager
def _kept() -> Iterator[None]:
    """Raises NotKept, for the server, if the database cannot keep something."""
    try:
        yield
    except StoreError as error:
        raise NotKept from error
