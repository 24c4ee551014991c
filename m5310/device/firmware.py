"""Updates of the host's own firmware by the platform, through the module (China Mobile's SOTA).

The dialogue, as documented: the platform begins with an execute, reads the free memory, the version
and the state, executes "erase", writes the new firmware in blocks, and executes "update". The host
installs it and updates its registration; the platform begins again, reads the new version, and ends
with an empty block. It is begun only for a device whose login named a version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from m5310.device.answers import Handlers, RequestHandler
from m5310.device.callbacks import Callback, Callbacks
from m5310.device.events import FirmwareUpdate, UpdateStep
from m5310.dialects.urcs import ExecuteRequest, Request, WriteRequest
from m5310.errors import ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType

ANSWER_WITHIN: Final = 25.0
"""Seconds to store a block, at most those of the module: the platform gives a request up after 25
to 30."""


class Firmware:
    """The host's firmware, which the platform may update.

    `version` is what the platform compares with that of its update. `on_block(offset, data)` stores
    the bytes `data` of a new firmware, in their order; offset 0 begins a new one. It is a function
    or a coroutine function, and raises an exception to refuse. `free` is the memory for it in KB,
    `battery` the charge in percent. All may be set at any time; after an installation, set
    `version` and call `Device.update`. The program declares no resources of the objects 3 and 5.
    Raises ParameterError.
    """

    def __init__(
        self, version: str, on_block: Callback, *, free: int = 256, battery: int = 100
    ) -> None:
        if not callable(on_block):
            raise ParameterError(f"on_block {on_block!r}: expected a function")
        self.version: str = version
        self.free: int = free
        self.battery: int = battery
        self.on_block: Callback = on_block
        for path, kind in _READ.items():
            Resource(path, kind, self.read(path), Access.READABLE)  # checks the value

    def read(self, path: Path) -> Value:
        """What the platform reads at a path of `_READ`, besides the progress of an update."""
        if path == VERSION:
            return self.version
        return {FREE: self.free, BATTERY: self.battery}.get(path, 0)


# LwM2M objects 3 (device) and 5 (firmware update); ids from 26000 on are OneNET's.
VERSION: Final = Path(3, 0, 19)
FREE: Final = Path(3, 0, 26261)
BATTERY: Final = Path(3, 0, 9)
STATE: Final = Path(5, 0, 3)
RESULT: Final = Path(5, 0, 5)
RECEIVED: Final = Path(5, 0, 26500)
BLOCK: Final = Path(5, 0, 0)
BEGIN: Final = Path(5, 0, 26550)
ERASE: Final = Path(5, 0, 26501)
INSTALL: Final = Path(5, 0, 2)

_READ: Final = {
    VERSION: ValueType.STRING,
    **dict.fromkeys((FREE, BATTERY, STATE, RESULT, RECEIVED), ValueType.INTEGER),
}
_EXECUTED: Final = {BEGIN: UpdateStep.BEGUN, ERASE: UpdateStep.ERASED, INSTALL: UpdateStep.INSTALL}
_STATES: Final = {UpdateStep.ERASED: 1, UpdateStep.COMPLETE: 2, UpdateStep.INSTALL: 3}
"""Of 5/0/3 (OMA LwM2M 1.0, appendix E.6): downloading, downloaded, updating; else 0, idle."""


def version_of(firmware: object) -> Callable[[], str] | None:
    """What returns the version of a Firmware; None if there is none. Raises ParameterError."""
    if firmware is None:
        return None
    if not isinstance(firmware, Firmware):
        raise ParameterError(f"firmware {firmware!r}: expected a Firmware")
    return lambda: firmware.version


class FirmwareObjects:
    """Serves the requests of an update. `handler`, made by `answering`, answers them."""

    def __init__(
        self, firmware: Firmware, answering: Callable[..., RequestHandler], callbacks: Callbacks
    ) -> None:
        self._firmware = firmware
        self._callbacks = callbacks
        self._step = UpdateStep.OVER
        self._received = 0
        self._new: UpdateStep | None = None  # of a request that is not answered yet
        self._last = False  # whether the block that is being stored is the last one
        resources = ObjectTree()
        for path, kind in _READ.items():
            resources.add(Resource(path, kind, firmware.read(path), Access.READABLE))
        resources.add(Resource(BLOCK, ValueType.OPAQUE, b"", Access.WRITABLE))
        for path in _EXECUTED:
            resources.add(Resource(path, ValueType.OPAQUE, b"", Access.EXECUTABLE))
        handlers = Handlers(self._on_read, self._on_write, self._on_execute)
        # erasing a memory takes as long as the module waits
        self.handler: Final = answering(resources, handlers, answer_within=ANSWER_WITHIN)
        self._paths = frozenset(each.path for each in resources)

    def serves(self, request: Request) -> bool:
        """Whether the request belongs to an update: one that begins it, or follows that."""
        if isinstance(request, ExecuteRequest) and request.path == BEGIN:
            return True
        begun = self._step is not UpdateStep.OVER
        return begun and (request.path in self._paths or request.path == Path(5, 0))

    def whole(self, request: Request) -> Request:
        """A block is a request of its own, although its flag counts over all blocks. The platform
        sends the next one after the answer."""
        if not isinstance(request, WriteRequest):
            return request
        self._last = request.last
        return request._replace(flag=0)

    def answered(self) -> FirmwareUpdate | None:
        """The step of the request whose answer was just sent; None: there was none."""
        step, self._new = self._new, None
        return None if step is None else FirmwareUpdate(step, self._received)

    # coroutine functions run on the loop, not in the thread of the program's callbacks
    async def _on_read(self, resource: Resource) -> Value:
        if resource.path == STATE:
            return _STATES.get(self._step, 0)
        if resource.path == RECEIVED:
            return self._received
        return self._firmware.read(resource.path)

    async def _on_write(self, _: Resource, data: bytes) -> None:
        if not data:
            self._enter(UpdateStep.OVER)
            return
        await self._callbacks.start(self._firmware.on_block, self._received, data)
        self._received += len(data)
        if self._last:
            self._enter(UpdateStep.COMPLETE)

    async def _on_execute(self, resource: Resource, _: bytes) -> None:
        step = _EXECUTED[resource.path]
        if step is UpdateStep.ERASED:
            self._received = 0
        self._enter(step)

    def _enter(self, step: UpdateStep) -> None:
        self._step = self._new = step
