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

    def write(self, path: Path, query: Iterable[str], *, number: bool = True) -> None:
        """`number`: `path` is a resource with a number; only it may have gt, lt and st (LwM2M
        1.0.2, 5.1.2). Raises ContentError for what cannot be, or too many paths.
        """
        new = self._written.get(path, Attributes()).changed(query)
        if new.numeric and not number:
            raise ContentError(f"{path}: expected a resource with a number for gt, lt and st")
        if path not in self._written and len(self._written) >= ATTRIBUTES_LIMIT:
            raise ContentError(f"attributes of {path}: expected {ATTRIBUTES_LIMIT} paths at most")
        self._written[path] = new

    def shown(self, target: Path, paths: Iterable[Path]) -> dict[Path, Attributes]:
        """For the answer to a discover of `target`: of each path what is written at it, and of
        `target` what counts (LwM2M 1.0.2, 5.4.2).
        """
        return {path: self._written[path] for path in paths if path in self._written} | {
            target: self.of(target)
        }

    def of(self, path: Path) -> Attributes:
        """What counts for `path`."""
        found = Attributes()
        for level in dict.fromkeys((Path(path.object), path.instance_path, path)):
            found = self._written.get(level, Attributes()).over(found)
        return found

    def clear(self) -> None:
        self._written.clear()
