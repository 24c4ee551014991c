"""The catalogues of the `m5310` command: brings the .po files up to date, and compiles them."""

from __future__ import annotations

import argparse
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "m5310" / "cli" / "locale"

_KEYWORDS = {"Text": None, "_": None, "gettext": None, "ngettext": (1, 2)}


def catalogues() -> list[Path]:
    return sorted(LOCALE.rglob("*.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain=path.stem)


def texts(catalogue: Catalog) -> Catalog:
    """All texts in the code. Of argparse and of the system's errors: those of the catalogue."""
    found = Catalog(project="m5310", charset="utf-8")
    for name, _, text, *_ in extract_from_dir(ROOT / "m5310", keywords=_KEYWORDS):
        found.add(text, locations=[(f"m5310/{name}", 0)])
    others = dict.fromkeys(map(os.strerror, errno.errorcode), "errno")
    others |= dict.fromkeys(_texts_of_argparse(), "argparse")
    for message in catalogue:
        text = message.id if isinstance(message.id, str) else message.id[0]
        if text in others and message.id not in found:
            found.add(message.id, locations=[(others[text], 0)])
    return found


def _texts_of_argparse() -> Iterator[str]:
    for _, text, *_ in extract_from_file("python", argparse.__file__, keywords=_KEYWORDS):
        yield text if isinstance(text, str) else text[0]


def update(path: Path) -> None:
    catalogue = read(path)
    catalogue.update(texts(catalogue), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, include_lineno=False, sort_by_file=True, width=100)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    missing = [message.id for message in catalogue if message.id and not message.string]
    print(f"{path.relative_to(ROOT)}: {len(catalogue)} texts, {len(missing)} not translated")


if __name__ == "__main__":
    for each in catalogues():
        update(each)
