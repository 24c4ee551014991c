"""Symbolic link to the port: atomic replacement, removal, errors that name the path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emulator.line.ports.symlink import Symlink


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_link_is_created_and_removed(tmp_path: Path) -> None:
    link = Symlink(tmp_path / "m5310", "/dev/pts/7")
    assert os.readlink(tmp_path / "m5310") == "/dev/pts/7"
    assert names(tmp_path) == ["m5310"]
    link.remove()
    assert names(tmp_path) == []
    link.remove()


@pytest.mark.parametrize("target", ["/dev/pts/no-such", "/dev/null"])
def test_older_link_is_replaced(tmp_path: Path, target: str) -> None:
    path = tmp_path / "m5310"
    path.symlink_to(target)
    Symlink(path, "/dev/pts/7")
    assert os.readlink(path) == "/dev/pts/7"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_existing_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m5310"
    if kind == "file":
        path.write_text("precious")
    else:
        path.mkdir()
    with pytest.raises(FileExistsError, match=r"m5310 exists and is no symbolic link: choose"):
        Symlink(path, "/dev/pts/7")
    assert not path.is_symlink()
    assert path.exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nowhere/m5310", FileNotFoundError),
        ("file/m5310", NotADirectoryError),
        ("x" * 300, OSError),
    ],
)
def test_error_names_the_path(tmp_path: Path, name: str, kind: type[OSError]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(kind, match="the link cannot be created: ") as caught:
        Symlink(tmp_path / name, "/dev/pts/7")
    assert caught.value.filename == str(tmp_path / name)
    assert names(tmp_path) == ["file"]


def test_failed_replacement_leaves_no_temporary_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(passing: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(passing))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError, match="cannot be created: Permission denied") as caught:
        Symlink(tmp_path / "m5310", "/dev/pts/7")
    assert caught.value.filename == str(tmp_path / "m5310")
    assert names(tmp_path) == []


def test_replaced_link_is_not_removed(tmp_path: Path) -> None:
    first = Symlink(tmp_path / "m5310", "/dev/pts/7")
    second = Symlink(tmp_path / "m5310", "/dev/pts/8")
    first.remove()
    assert os.readlink(tmp_path / "m5310") == "/dev/pts/8"
    second.remove()
    assert names(tmp_path) == []


def test_path_that_became_a_file_is_not_removed(tmp_path: Path) -> None:
    link = Symlink(tmp_path / "m5310", "/dev/pts/7")
    link.path.unlink()
    link.path.write_text("precious")
    link.remove()
    assert link.path.read_text() == "precious"
