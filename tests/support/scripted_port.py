"""The C kit's functions on the port of a scripted module."""

from __future__ import annotations

from collections.abc import Callable

from m5310 import NbiotDevice, PortError, nbiot_device_create, nbiot_device_step
from m5310.at.modem import Modem
from m5310.module.link import Link
from tests.support.scripted import Scripted, platform

ENDPOINT, URI = "123456789012345;460001234567890", "coap://183.230.40.40:5683"


class ScriptedPort:
    """The port of a scripted module; opened again, it has another one."""

    def __init__(self) -> None:
        self.rules = platform()
        self.ports: list[Scripted] = []
        self.devices: list[NbiotDevice] = []
        self.unplugged = False

    async def open(self, _: Link) -> Modem:
        if self.unplugged:
            raise PortError("not plugged in")
        self.ports.append(Scripted(self.rules))
        return self.ports[-1].modem

    @property
    def sent(self) -> list[str]:
        return self.ports[-1].sent

    def send(self, *lines: str) -> None:
        modem = self.ports[-1]
        modem._loop.call_soon_threadsafe(modem.send, *lines)

    def vanish(self) -> None:
        modem = self.ports[-1]
        modem._loop.call_soon_threadsafe(modem.vanish)

    def device(self, *callbacks: object, **options: object) -> NbiotDevice:
        three = (*callbacks, None, None, None)[: max(3, len(callbacks))]
        made = nbiot_device_create("/dev/ttyUSB0", ENDPOINT, URI, 300, *three, **options)  # type: ignore[arg-type]
        self.devices.append(made)
        return made


def stepped_until(device: NbiotDevice, done: Callable[[], object]) -> None:
    """Step as the main loop of a program does, until `done()`."""
    for _ in range(1000):
        nbiot_device_step(device, 0.005)
        if done():
            return
    raise AssertionError("condition not met within 1000 steps")
