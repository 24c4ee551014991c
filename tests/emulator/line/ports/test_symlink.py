"""Symbolic link to the port: atomic replacement, removal, errors that name the path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emulator.line.ports.symlink import Symlink


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_link_is_created_and_removed(tmp_path: Path) -> None:
    link = Symlink(tmp_path / "m5310", "/dev/pts/700007")
    assert os.readlink(tmp_path / "m5310") == "/dev/pts/700007"
    assert names(tmp_path) == ["m5310"]
    link.remove()
    assert names(tmp_path) == []
    link.remove()


@pytest.mark.parametrize("target", ["/dev/pts/700006", "/dev/pts/700007"])
def test_link_to_a_pty_that_is_gone_is_replaced(tmp_path: Path, target: str) -> None:
    path = tmp_path / "m5310"
    path.symlink_to(target)
    link = Symlink(path, "/dev/pts/700007")
    assert os.readlink(path) == "/dev/pts/700007"
    link.remove()
    assert names(tmp_path) == []


def test_link_that_another_emulator_holds_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "m5310"
    master, slave = os.openpty()
    held = os.ttyname(slave)
    path.symlink_to(held)
    with pytest.raises(FileExistsError, match=rf"m5310 leads to {held}, expected no link, or one"):
        Symlink(path, "/dev/pts/700007")
    assert os.readlink(path) == held
    os.close(slave)
    os.close(master)
    Symlink(path, "/dev/pts/700007")
    assert os.readlink(path) == "/dev/pts/700007"


@pytest.mark.parametrize("target", ["mine.txt", "/dev/null", "/dev/ttyUSB700", "gone.txt"])
def test_link_of_the_user_is_kept(tmp_path: Path, target: str) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    path = tmp_path / "m5310"
    path.symlink_to(target)
    with pytest.raises(FileExistsError, match=f"m5310 leads to {target}, expected no link"):
        Symlink(path, "/dev/pts/700007")
    assert os.readlink(path) == target
    assert (tmp_path / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_existing_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m5310"
    if kind == "file":
        path.write_text("precious")
    else:
        path.mkdir()
    with pytest.raises(FileExistsError, match=r"m5310 exists and is no symbolic link: choose"):
        Symlink(path, "/dev/pts/700007")
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
        Symlink(tmp_path / name, "/dev/pts/700007")
    assert caught.value.filename == str(tmp_path / name)
    assert names(tmp_path) == ["file"]


def test_failed_replacement_leaves_no_temporary_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(passing: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(passing))

    (tmp_path / "m5310").symlink_to("/dev/pts/700006")
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError, match="cannot be created: Permission denied") as caught:
        Symlink(tmp_path / "m5310", "/dev/pts/700007")
    assert caught.value.filename == str(tmp_path / "m5310")
    assert names(tmp_path) == ["m5310"]
    assert os.readlink(tmp_path / "m5310") == "/dev/pts/700006"


def test_replaced_link_is_not_removed(tmp_path: Path) -> None:
    first = Symlink(tmp_path / "m5310", "/dev/pts/700007")
    second = Symlink(tmp_path / "m5310", "/dev/pts/700008")
    first.remove()
    assert os.readlink(tmp_path / "m5310") == "/dev/pts/700008"
    second.remove()
    assert names(tmp_path) == []


def test_path_that_became_a_file_is_not_removed(tmp_path: Path) -> None:
    link = Symlink(tmp_path / "m5310", "/dev/pts/700007")
    link.path.unlink()
    link.path.write_text("precious")
    link.remove()
    assert link.path.read_text() == "precious"
