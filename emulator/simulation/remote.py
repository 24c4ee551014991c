"""An emulator from another thread: each access is made in the emulator's own, and waited for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, TypeVar, cast

from emulator.simulation.loop_thread import LoopThread

P = TypeVar("P")
R = TypeVar("R")

_PACKAGE = __name__.partition(".")[0]


class _Remote:
    """Stands for `part`: has its attributes and methods, whose use blocks until it is done.

    Parts of the part are remote as well; values (numbers, texts, enums, frozen dataclasses) are
    themselves. `turn` is called before and after, so that what is due or was caused happens.
    """

    __slots__ = ("_part", "_thread", "_turn")
    _part: object
    _thread: LoopThread
    _turn: Callable[[], None]

    def __init__(self, part: object, thread: LoopThread, turn: Callable[[], None]) -> None:
        for name, value in (("_part", part), ("_thread", thread), ("_turn", turn)):
            object.__setattr__(self, name, value)

    def __call__(self, action: Callable[[Any], object]) -> Any:
        """`action` with the part itself, in its thread; a coroutine that it returns is awaited."""

        async def act() -> object:
            self._turn()
            try:
                result = action(self._part)
                return await result if inspect.isawaitable(result) else result
            finally:
                self._turn()

        return self._thread.run(act())

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(f"{name!r} is not for other threads: only public names are")
        if inspect.isroutine(getattr(type(self._part), name, None)):
            return lambda *args, **options: self._remote(
                self(lambda part: getattr(part, name)(*args, **options))
            )
        return self._remote(self(lambda part: getattr(part, name)))

    def __setattr__(self, name: str, value: object) -> None:
        self(lambda part: setattr(part, name, value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Remote) and other._part is self._part

    def __hash__(self) -> int:
        return hash(id(self._part))

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._part) if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<remote {self._part!r}>"

    def _remote(self, value: object) -> object:
        if isinstance(value, list):
            return [self._remote(entry) for entry in value]
        ours = type(value).__module__.partition(".")[0] == _PACKAGE
        if not ours or isinstance(value, Enum) or is_dataclass(value):
            return value
        return _Remote(value, self._thread, self._turn)


def remote(part: P, thread: LoopThread, turn: Callable[[], None]) -> P:
    """`part` for the use of any thread but its own; see `_Remote`."""
    return cast(P, _Remote(part, thread, turn))


def within(part: P, action: Callable[[P], R]) -> R:
    """`action` with the part itself, at one go in its own thread; what it returns or raises.

    A part that is not remote is given to it as it is.
    """
    return cast(R, part(action)) if isinstance(part, _Remote) else action(part)
