"""Faults of the platform towards applications: calls of its API fail with a chosen number. Pure.

An application has to expect every number of OneNET's error tables, also those that nothing here
causes: a limit of calls, an overload, a server that is down.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.onenet.years import Year


@dataclass(frozen=True, slots=True)
class ApiFault:
    """The next `calls` of the API fail with `errno`; None: all, until another fault is set.

    `errno` 0: none fails. Raises ValueError for less than one call.
    """

    errno: int = 0
    calls: int | None = None

    def __post_init__(self) -> None:
        if self.calls is not None and self.calls < 1:
            raise ValueError(f"calls {self.calls}: expected a count, 1 or more, or None")


class ApiFaults:
    """Applies `fault`, which may change at any time.

    A call is refused before it has done anything. Those whose table has no such number are served:
    in 2019 the calls of `/nbiot` have a table of their own (`years`).
    """

    def __init__(self, year: Year) -> None:
        self._year = year
        self._fault = ApiFault()
        self._left: int | None = None  # calls that will fail; None: all

    @property
    def fault(self) -> ApiFault:
        """Raises TypeError when set to anything else, ValueError for an errno of no table."""
        return self._fault

    @fault.setter
    def fault(self, fault: ApiFault) -> None:
        if not isinstance(fault, ApiFault):
            raise TypeError(f"fault {fault!r}: expected such as ApiFault(errno=15, calls=3)")
        errnos = self._year.errnos
        if fault.errno and fault.errno not in errnos:
            known = ", ".join(map(str, errnos))
            raise ValueError(f"errno {fault.errno}: expected one of this year: 0, {known}")
        self._fault, self._left = fault, fault.calls

    def meet(self, path: str) -> None:
        """Raises ApiError if a call of `path` has to fail; each one counts."""
        if not self._fault.errno or self._left == 0:
            return
        error = self._year.error(path, self._fault.errno)
        if error is not None:
            if self._left is not None:
                self._left -= 1
            raise error
