"""The objects that the module serves itself, unless the host has added them."""

from __future__ import annotations

from emulator.lwm2m.model import Item, Path
from emulator.module.lwm2m.style import Style

LIFETIME = Path(1, 0, 1)
UPDATE_TRIGGER = Path(1, 0, 8)


class OwnObjects:
    """`lifetime` of the account, in seconds."""

    def __init__(self, style: Style) -> None:
        self.lifetime = 0
        self._style = style

    def items(self, path: Path) -> tuple[Item, ...]:
        """The values at and below `path`."""
        items = self._style.own
        if LIFETIME.instance_path in self._style.own_instances:
            items = (items[0], Item(LIFETIME, self.lifetime), *items[1:])
        return tuple(item for item in items if path.covers(item.path))

    def links(self, path: Path) -> tuple[Path, ...]:
        """What exists at `path` and below it; of the suite's nothing is told (observed)."""
        if self._style.lists_late:
            return ()
        instances = (one for one in self._style.own_instances if path.covers(one))
        resources = [item.path for item in self.items(path)]
        return tuple(([path] if path.instance is None else []) + [*instances, *resources])

    def knows(self, path: Path) -> bool:
        """Whether `path` is one of these objects, or in one."""
        own = (*self._style.own_instances, *(item.path for item in self._style.own))
        return any(path.covers(one) or one.covers(path) for one in own)
