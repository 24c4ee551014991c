"""The language of the command: GNU gettext, with the catalogues in `locale/`.

A `Text` is translated where it is written (`terminal.output`), so errors and events stay English
for programs, logs and --json. What argparse writes comes from the same catalogue, with its own
English texts as keys. `tools/translate` brings the catalogue up to date.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from m5310.errors import Text

DOMAIN: Final = "m5310"
FOLDER: Final = Path(__file__).with_name("locale")

_SAMPLE: Final = "中文"


def use_language(*streams: TextIO) -> None:
    """Translate from now on into the language of the user: the first of the environment variables
    LANGUAGE, LC_ALL, LC_MESSAGES and LANG that is set.

    English, if there is no catalogue of it or one of the streams cannot write it.
    """
    try:
        for stream in streams:
            _SAMPLE.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)


def catalogue(language: str) -> Callable[[str], str]:
    """Translates templates into `language`, such as `zh_CN`, whatever the language of the user.

    English, if there is no catalogue of it.
    """
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True).gettext


def translated(text: str, translate: Callable[[str], str] | None = None) -> str:
    """The text in the language of the user, or in that of `translate`; anything but a `Text` is not
    changed.
    """
    if not isinstance(text, Text) or not text:  # the key '' is the header of a catalogue
        return text
    template = (translate or gettext.gettext)(text.template)
    values = {
        name: translated(value, translate) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return template.format(**values) if values else template
