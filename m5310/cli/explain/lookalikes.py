"""Characters that an input method or a text processor writes in place of ASCII ones."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from m5310.errors import Text

_MARKS: Final = {
    **dict.fromkeys("“”„‟″〝〞", '"'),
    **dict.fromkeys("‐‑‒–—−", "-"),
    **dict.fromkeys("、，", ","),
}
_QUOTED: Final = re.compile(r'"[^"]*"')
_COMMAND: Final = re.compile(r"\s*AT(?:[+&=?]|[A-Z][0-9]*\s*$|\s*$)", re.IGNORECASE)
_ONENET: Final = re.compile(r"\s*AT\+MIPL", re.IGNORECASE)


def describe_lookalike(line: str) -> str | None:
    """Name the first character of a command line that the module does not know as its look-alike.

    None for any other line. What stands between double quotes is data.
    """
    meant = "".join(map(_meant, line))
    if not _COMMAND.match(meant):
        return None
    # a quote that no other one closes hides a look-alike of the other one
    data = _QUOTED.sub(lambda found: " " * len(found[0]), line)
    for place, character in enumerate(data):
        expected = _meant(character)
        if expected == ";" and _ONENET.match(meant):
            expected = "," if data[place + 1 :].strip() else Text("nothing")
        if expected != character or not character.isascii():
            if not expected.isascii():
                expected = "ASCII"
            return Text(
                "the module does not understand {character} ({name}, U+{number:04X}) at character "
                "{place}; expected {expected}",
                character=character,
                name=unicodedata.name(character, "no letter"),
                number=ord(character),
                place=place,
                expected=expected,
            )
    return None


def _meant(character: str) -> str:
    if character.isascii():
        return character
    return _MARKS.get(character) or unicodedata.normalize("NFKC", character)
