"""The attributes of notifications that the platform has written, by path. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.lwm2m.attributes import Attributes
from emulator.lwm2m.model import ContentError, Path

ATTRIBUTES_LIMIT = 64  # guess: bounds the memory; paths with attributes


class AttributeTable:
    """The most specific path counts."""

    def __init__(self) -> None:
        self._written: dict[Path, Attributes] = {}

    def write(self, path: Path, query: Iterable[str]) -> None:
        """Raises ContentError for what cannot be, or too many paths."""
        new = self._written.get(path, Attributes()).changed(query)
        if path not in self._written and len(self._written) >= ATTRIBUTES_LIMIT:
            raise ContentError(f"attributes of {path}: expected {ATTRIBUTES_LIMIT} paths at most")
        self._written[path] = new

    def of(self, path: Path) -> Attributes:
        """What counts for `path`."""
        found = Attributes()
        for level in dict.fromkeys((Path(path.object), path.instance_path, path)):
            found = self._written.get(level, Attributes()).over(found)
        return found

    def clear(self) -> None:
        self._written.clear()
