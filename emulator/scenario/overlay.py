"""Values that events set for a time: each over its base value, the newest on top. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """The attribute `name` of `part`; with `inner`, that field of the dataclass in it."""

    part: object
    name: str
    inner: str = ""

    def get(self) -> object:
        value = getattr(self.part, self.name)
        return getattr(value, self.inner) if self.inner else value

    def set(self, value: object) -> None:
        if self.inner:
            value = replace(getattr(self.part, self.name), **{self.inner: value})
        setattr(self.part, self.name, value)


@dataclass(slots=True, eq=False)
class _Period:
    value: object


@dataclass(slots=True)
class _Layers:
    base: object
    running: list[_Period] = field(default_factory=list)  # oldest first

    @property
    def top(self) -> object:
        return self.running[-1].value if self.running else self.base


class Overlay:
    """Settings with values for ever or for a period. The newest value that still holds applies.

    What is over leaves no trace. A value for ever ends what began before it.
    """

    def __init__(self) -> None:
        self._layers: dict[Setting, _Layers] = {}

    def set(self, setting: Setting, value: object) -> None:
        """Set `value` for ever. Raises what the part raises; then nothing has changed here."""
        setting.set(value)
        layers = self._layers.pop(setting, None)
        if layers is not None:
            layers.running.clear()

    def begin(self, setting: Setting, value: object) -> Undo:
        """Set `value` until the result is called. Raises what the part raises, as `set` does."""
        base = setting.get()
        setting.set(value)
        layers = self._layers.setdefault(setting, _Layers(base))
        period = _Period(value)
        layers.running.append(period)

        def end() -> None:
            if period not in layers.running:  # ended by a value for ever
                return
            before = layers.top
            layers.running.remove(period)
            if not layers.running:
                del self._layers[setting]
            if layers.top != before:
                setting.set(layers.top)

        return end
