"""The form in which a module writes values and arguments: bare or typed."""

from __future__ import annotations

import logging
from enum import Enum

from m5310.dialects.classic import typed
from m5310.errors import AnswerError, shortened
from m5310.lwm2m.values import ValueType, decode

_log = logging.getLogger("m5310.device")


class Reading(Enum):
    """The form of the value in +MIPLWRITE and +MIPLEXECUTE.

    No capture of a classic module shows one. Host programs read the value bare, to the end of the
    line; every later firmware writes type and length before it. EITHER reads a text as typed only
    if it has exactly that form and the type of its resource; after a line that has only one form,
    a line that has both is read in that form.
    """

    EITHER = "either"
    BARE = "bare"
    TYPED = "typed"


Value = tuple[ValueType | None, str, int, str | None]
"""Type (None: bare), text, flag, and the bare text of a value that may be bare as well."""


class Form:
    """The form of one module's values: the selected one, or what its lines have shown.

    A line with a single form is a lesson. One that is typed is never a damaged bare one, so that
    lesson is final; the reverse may happen.
    """

    def __init__(self, selected: Reading = Reading.EITHER) -> None:
        self._selected = selected
        self._learned = selected
        self._warned = False

    @property
    def reading(self) -> Reading:
        """The form of the next line, EITHER while that is not known."""
        return self._learned

    def value(self, text: str, declared: ValueType | None) -> Value:
        """The value of a write to a resource of the type `declared`; None: there is none.

        Raises AnswerError if it fits no form.
        """
        if self._selected is Reading.BARE:
            return None, text, 0, None
        if self._learned is Reading.TYPED:
            return self._only_typed(text)
        found = typed.value(text, declared)
        bare = declared is None or self._fits_bare(declared, text, typed_too=found is not None)
        if found is None and not bare:
            name = "any type" if declared is None else declared.name
            raise AnswerError(
                f"{shortened(text, 60)!r} is neither a bare value of type {name} nor a typed one"
            )
        if found is None:
            if declared is not None and not typed.looks_typed(text):
                self._learned = Reading.BARE
            return None, text, 0, None
        if not bare:
            self._learned = Reading.TYPED
            return *found, None
        if self._learned is Reading.BARE:
            return None, text, 0, None
        if declared is not None:
            self._warn(text)
        return *found, text

    def arguments(self, text: str) -> str:
        """The arguments of an execute. Raises AnswerError if they do not fit a selected form."""
        found = None if self._learned is Reading.BARE else typed.arguments(text)
        if found is not None:
            return found
        if self._selected is Reading.TYPED and text:
            raise AnswerError('expected <len>,"<arguments>" after the resource id')
        return text

    def _fits_bare(self, declared: ValueType, text: str, *, typed_too: bool) -> bool:
        if "\r" in text or "\n" in text:
            return False  # its announced length alone kept its line ends in one line
        if declared is ValueType.STRING:
            # a typed one whose length does not fit is damaged, and never served as if whole
            return typed_too or not typed.damaged(text) or self._learned is Reading.BARE
        if declared is ValueType.OPAQUE and typed.looks_typed(text):
            return False  # else bytes that are not UTF-8 would do
        try:
            decode(declared, text)
        except AnswerError:
            return False
        return True

    def _only_typed(self, text: str) -> Value:
        found = typed.value(text)
        if found is None:
            raise AnswerError("expected <valuetype>,<len>,<value> after the resource id")
        return *found, None

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "%r may be a typed value or a bare text; it is read as typed. If this module "
                "writes bare values, use Device(..., reading=Reading.BARE)",
                shortened(text, 60),
            )
