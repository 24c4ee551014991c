"""The emulated OneNET without its HTTP: logins, subscriptions, reports, and requests to devices.

Pure and stepped. After `receive`, a request or `step`, take what is to be sent with
`take_downlink`, and call `step` again at the deadline that it returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.air.messages import (
    Ack,
    Code,
    Deregister,
    Downlink,
    Item,
    Notification,
    Register,
    Reset,
    Response,
    Update,
    Uplink,
)
from emulator.onenet.devices import Description, Device, Devices
from emulator.onenet.errors import ApiError, Errno
from emulator.onenet.lwm2m.observer import Subscriptions
from emulator.onenet.lwm2m.registrations import EXCHANGE_LIFETIME, Registration, Registrations
from emulator.onenet.lwm2m.requests import SEED_RETRY, OnDone, Question, Request, Requests, Retry

# A guess: what the real platform lets wait for one device is not published.
MAX_OPEN_REQUESTS = 20


class Platform:
    """`touched` is called when the application has asked for something, before which a `step` ahead
    of its deadline does nothing.

    `subscribed_read`: a read of /3/0 ends the subscriptions of a login (OneNET FAQ of 2019).
    """

    def __init__(self, *, retry: Retry = SEED_RETRY, subscribed_read: bool = True) -> None:
        self.touched: Callable[[], None] = lambda: None
        self._devices = Devices()
        self._registrations = Registrations()
        self._requests = Requests(self._send, retry)
        self._subscriptions = Subscriptions(
            self._registrations, self._requests, self._record, final_read=subscribed_read
        )
        self._downlink: list[tuple[str, Downlink]] = []

    # The application's side --------------------------------------------------------------

    def create_device(self, description: Description, now: float) -> Device:
        """Raises ApiError: the IMEI belongs to another device, or there are too many."""
        return self._devices.create(description, now)

    def delete_device(self, device: Device) -> None:
        """Forget it; its module stays logged in until its next update or its lifetime's end."""
        self._devices.delete(device)
        registration = self._registrations.get(device.endpoint)
        if registration is not None and not registration.online:
            self._registrations.forget(registration)

    def device(self, device_id: str) -> Device | None:
        return self._devices.get(device_id)

    def device_by_imei(self, imei: str) -> Device | None:
        return self._devices.by_imei(imei)

    def registration(self, device: Device) -> Registration | None:
        """The newest login of the device, online or over; None: it never logged in."""
        return self._registrations.get(device.endpoint)

    def online(self, device: Device) -> bool:
        registration = self.registration(device)
        return registration is not None and registration.online

    def request(self, device: Device, question: Question, on_done: OnDone, now: float) -> Request:
        """Ask the device; `on_done` is called once with the outcome, unless `cancel` comes first.

        The message id of `question` is replaced. Raises ApiError: not online, or too many open.
        """
        if not self.online(device):
            raise ApiError(Errno.NOT_ONLINE)
        if self._requests.count(device.endpoint) >= MAX_OPEN_REQUESTS:
            raise ApiError(Errno.LIMIT, f"{MAX_OPEN_REQUESTS} requests wait for this device")
        self.touched()
        return self._requests.ask(device.endpoint, question, on_done, now)

    def cancel(self, request: Request) -> None:
        """Nobody waits for the outcome any more; a request that has ended is left as it is."""
        self._requests.cancel(request)

    # The device's side -------------------------------------------------------------------

    def receive(self, address: str, message: Uplink, now: float) -> None:
        """A message from the air, sent by whoever is at `address`."""
        match message:
            case Register() | Update() | Deregister():
                self._reply(address, message, now)
            case Notification():
                self._notified(address, message, now)
            case Response():
                registration = self._registrations.at_address(address)
                if registration is not None:
                    self._requests.answer(registration.endpoint, message, now)
            case _:
                assert_never(message)

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None when nothing is planned."""
        for registration in self._registrations.expired(now):
            self._log_out(registration, now)
        repeat = self._requests.step(now)
        return min(
            (d for d in (repeat, self._registrations.deadline) if d is not None), default=None
        )

    def take_downlink(self) -> list[tuple[str, Downlink]]:
        """What is to be sent, each message with the address it goes to, since last asked."""
        taken, self._downlink = self._downlink, []
        return taken

    # Registration ------------------------------------------------------------------------

    def _reply(self, address: str, message: Register | Update | Deregister, now: float) -> None:
        known = self._registrations.at_address(address)
        if known and known.answered:
            request, response, at = known.answered
            if request == message and now - at < EXCHANGE_LIFETIME:
                self._downlink.append((address, response))
                return
        match message:
            case Register():
                self._register(address, message, now)
            case Update():
                self._update(address, message, now)
            case Deregister():
                self._deregister(address, message, now)
            case _:
                assert_never(message)

    def _register(self, address: str, message: Register, now: float) -> None:
        if message.lifetime <= 0:
            self._downlink.append((address, Response(message.mid, Code.BAD_REQUEST)))
            return
        device = self._devices.by_endpoint(message.endpoint)
        if device is None:
            self._downlink.append((address, Response(message.mid, Code.FORBIDDEN)))
            return
        self._subscriptions.stop(message.endpoint)
        new = self._registrations.register(
            message.endpoint, address, message.lifetime, message.objects, now
        )
        response = Response(message.mid, Code.CREATED, location=new.location)
        new.answered = message, response, now
        self._downlink.append((address, response))
        if device.description.observed:
            self._subscriptions.start(new, now)

    def _update(self, address: str, message: Update, now: float) -> None:
        registration = self._registrations.at_location(message.location)
        if registration is None:
            self._downlink.append((address, Response(message.mid, Code.NOT_FOUND)))
            return
        device = self._devices.by_endpoint(registration.endpoint)
        if device is None:  # deleted: this is where its module notices
            self._log_out(registration, now)
            self._downlink.append((address, Response(message.mid, Code.NOT_FOUND)))
            return
        if message.lifetime is not None and message.lifetime <= 0:
            self._downlink.append((address, Response(message.mid, Code.BAD_REQUEST)))
            return
        registration.address = address
        registration.lifetime = message.lifetime or registration.lifetime
        self._registrations.renew(registration, now)
        response = Response(message.mid, Code.CHANGED)
        registration.answered = message, response, now
        self._downlink.append((address, response))
        if message.objects is not None:
            self._subscriptions.change(
                registration, message.objects, observe=device.description.observed, now=now
            )

    def _deregister(self, address: str, message: Deregister, now: float) -> None:
        registration = self._registrations.at_location(message.location)
        code = Code.NOT_FOUND if registration is None else Code.DELETED
        self._downlink.append((address, Response(message.mid, code)))
        if registration is not None:
            self._log_out(registration, now)

    def _log_out(self, registration: Registration, now: float) -> None:
        self._subscriptions.stop(registration.endpoint)
        self._registrations.end(registration)
        self._requests.abandon(registration.endpoint, now)
        if self._devices.by_endpoint(registration.endpoint) is None:
            self._registrations.forget(registration)

    # Reports -------------------------------------------------------------------------------

    def _notified(self, address: str, message: Notification, now: float) -> None:
        observed = self._registrations.observed(message.token)
        if observed is None:
            self._downlink.append((address, Reset(message.mid)))
            return
        registration, observation = observed
        if message.confirmable:
            self._downlink.append((address, Ack(message.mid)))
        self._subscriptions.reported(registration, observation.path, now)
        if not observation.repeated(message.mid, now):
            self._record(registration, message.items, now)

    def _record(self, registration: Registration, items: tuple[Item, ...], now: float) -> None:
        device = self._devices.by_endpoint(registration.endpoint)
        if device is not None:  # a deleted device's module may still report
            for item in items:
                device.points.record(item.path, item.value, now)

    def _send(self, endpoint: str, message: Downlink) -> None:
        registration = self._registrations.get(endpoint)
        assert registration is not None, "a device was asked that never logged in"
        self._downlink.append((registration.address, message))
