"""The objects that the module serves itself, unless the host has added them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiocoap import BAD_REQUEST, Message

from emulator.lwm2m.model import Item, Path, Value
from emulator.module.lwm2m.operations import Refused
from emulator.module.lwm2m.style import Style

LIFETIME = Path(1, 0, 1)
BINDING = Path(1, 0, 7)
UPDATE_TRIGGER = Path(1, 0, 8)
PACKAGE = Path(5, 0, 0)
_PACKAGE_URI = ("5", "0", "0")
# What the host serves while the platform updates its program (OneNET's page on the M531x): the
# object Firmware Update; free space, version and battery.
_LENT = (PACKAGE.instance_path, Path(3, 0, 26261), Path(3, 0, 19), Path(3, 0, 9))


class OwnObjects:
    """`on_lifetime(seconds, now)` is called when the server has written another lifetime. `lent`:
    whether the host serves what belongs to an update of its program.
    """

    def __init__(self, style: Style) -> None:
        self.on_lifetime: Callable[[int, float], None] = lambda _lifetime, _now: None
        self.lent = False
        self._style = style
        self._values: dict[Path, Value] = {item.path: item.value for item in style.own}

    @property
    def lifetime(self) -> int:
        """Of the account, in seconds."""
        return int(self._values.get(LIFETIME, 0))

    @lifetime.setter
    def lifetime(self, seconds: int) -> None:
        if LIFETIME.instance_path in self._style.own_instances:
            self._values[LIFETIME] = seconds

    def lends(self, path: Path) -> bool:
        """Whether the host serves `path`."""
        return self.lent and any(one.covers(path) for one in _LENT)

    def takes_by_blocks(self, request: Message) -> bool:
        """Whether the host takes what this request writes block by block."""
        return self.lent and request.opt.uri_path == _PACKAGE_URI

    def items(self, path: Path) -> tuple[Item, ...]:
        """The values at and below `path`."""
        found = [Item(own, value) for own, value in self._values.items() if path.covers(own)]
        return tuple(sorted(found, key=lambda item: item.path))

    def write(self, items: Iterable[Item], now: float) -> None:
        """Take values of the server. Raises Refused, and changes nothing, if one cannot be."""
        new = {item.path: item.value for item in items}
        lifetime = new.get(LIFETIME, self.lifetime)
        if new.keys() - self._values.keys() or int(lifetime) < 1 or new.get(BINDING, "U") != "U":
            raise Refused(BAD_REQUEST)
        before = self.lifetime
        self._values.update(new)
        if lifetime != before:
            self.on_lifetime(self.lifetime, now)

    def links(self, path: Path) -> tuple[Path, ...]:
        """What exists at `path` and below it; the suite lists nothing of its own (observed)."""
        if self._style.lists_late:
            return ()
        instances = (one for one in self._style.own_instances if path.covers(one))
        resources = list(dict.fromkeys(item.path.resource_path for item in self.items(path)))
        if path.covers(UPDATE_TRIGGER):
            resources.append(UPDATE_TRIGGER)
        return tuple(([path] if path.instance is None else []) + [*instances, *resources])

    def knows(self, path: Path) -> bool:
        """Whether `path` is one of these objects, or in one."""
        own = (*self._style.own_instances, *self._values)
        return any(path.covers(one) or one.covers(path) for one in own)
