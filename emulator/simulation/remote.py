"""Access to an emulator from other threads: each access runs in the emulator's thread."""

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
    """Proxy of `part`. Each access blocks until it is done in the emulator's thread; `async`
    methods block until their result is there.

    Attributes that are parts of the emulator are proxies too; values (numbers, texts, enums,
    dataclasses) are not. `settle` is called before and after each access, so that due events and
    the consequences of the access are processed.
    """

    __slots__ = ("_part", "_settle", "_thread")
    _part: object
    _thread: LoopThread
    _settle: Callable[[], None]

    def __init__(self, part: object, thread: LoopThread, settle: Callable[[], None]) -> None:
        for name, value in (("_part", part), ("_thread", thread), ("_settle", settle)):
            object.__setattr__(self, name, value)

    def __call__(self, action: Callable[[Any], object]) -> Any:
        """Run `action` with the part in its thread; await its result if it is awaitable."""

        async def run() -> object:
            self._settle()
            try:
                result = action(self._part)
                return await result if inspect.isawaitable(result) else result
            finally:
                self._settle()

        return self._thread.run(run())

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(
                f"{name!r} is private: only public names are available in other threads"
            )
        if inspect.isroutine(getattr(type(self._part), name, None)):
            return lambda *args, **options: self._remote(
                self(lambda part: getattr(part, name)(*args, **options))
            )
        return self._remote(self(lambda part: getattr(part, name)))

    def __setattr__(self, name: str, value: object) -> None:
        def change(part: object) -> None:
            if name.startswith("_") or not hasattr(part, name):
                raise AttributeError(
                    f"{type(part).__name__} has no attribute {name!r}, expected one of:"
                    f" {', '.join(dir(self))}"
                )
            setattr(part, name, value)

        self(change)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Remote) and other._part is self._part

    def __hash__(self) -> int:
        return hash(id(self._part))

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._part) if not name.startswith("_")]

    def __repr__(self) -> str:
        try:
            return cast(str, self(repr))
        except RuntimeError:  # it is closed, or this is its own thread
            return repr(self._part)

    def _remote(self, value: object) -> object:
        if isinstance(value, list):
            return [self._remote(entry) for entry in value]
        own = type(value).__module__.partition(".")[0] == _PACKAGE
        if not own or isinstance(value, Enum) or is_dataclass(value):
            return value
        return _Remote(value, self._thread, self._settle)


def remote(part: P, thread: LoopThread, settle: Callable[[], None]) -> P:
    """A proxy of `part` for other threads than its own; see `_Remote`."""
    return cast(P, _Remote(part, thread, settle))


def within(part: P, action: Callable[[P], R]) -> R:
    """Run `action(part)` in the part's own thread, without other events in between.

    Returns its result or raises its exception. `part` may also be the part itself instead of a
    proxy; then `action` runs in the calling thread.
    """
    return cast(R, part(action)) if isinstance(part, _Remote) else action(part)
