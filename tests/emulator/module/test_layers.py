"""Import rules inside the module: the LwM2M client knows no AT, the dialects no LwM2M message."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

MODULE = Path(__file__).resolve().parents[3] / "emulator" / "module"


def imported_by(folder: str) -> set[str]:
    """Names of the modules that the files below `folder` import."""
    names: set[str] = set()
    for file in (MODULE / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("lwm2m", ("emulator.module.at", "emulator.module.dialects")),
        ("dialects", ("emulator.module.general")),
        ("at", ("emulator.module.lwm2m", "emulator.module.dialects", "emulator.module.general")),
        ("general", ("emulator.module.lwm2m", "emulator.module.dialects")),
        ("radio", ("emulator.module.lwm2m", "emulator.module.dialects", "emulator.module.general")),
    ],
)
def test_folder_does_not_import(folder: str, forbidden: tuple[str, ...]) -> None:
    assert [name for name in imported_by(folder) if name.startswith(forbidden)] == []
