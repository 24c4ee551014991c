"""The file of a recording on a full disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from emulator.recording.file import RecordingFile


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    notes: list[str] = []
    path = tmp_path / "day.jsonl"
    with RecordingFile(path, notes.append) as file:
        for count in range(1, 4):
            file.write("line\n")
            assert path.read_text() == "line\n" * count
        file.keep()
    file.write("after the end\n")
    assert path.read_text() == "line\n" * 3
    assert notes == []


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        RecordingFile(path, print)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("lines", [0, 1])
def test_nothing_is_left_of_a_recording_whose_program_did_not_start(
    lines: int, tmp_path: Path
) -> None:
    path = tmp_path / "day.jsonl"
    with RecordingFile(path, print) as file:
        for _ in range(lines):
            file.write("line\n")
        assert path.read_text() == "line\n" * lines
    assert not path.exists()


def test_recording_without_lines_is_kept_if_the_program_started(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    with RecordingFile(path, print) as file:
        file.keep()
    assert path.read_bytes() == b""


def test_a_full_disk_is_noted_once(tmp_path: Path) -> None:
    notes: list[str] = []
    path = tmp_path / "day.jsonl"
    with RecordingFile(path, notes.append) as file:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, file._file.fileno())
        os.close(full)
        for _ in range(3):
            file.write("line\n")
    assert len(notes) == 1
    assert notes[0].startswith(f"{path}: No space left on device: the recording ends here")


def test_a_path_that_is_no_text_is_written_as_json(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    with RecordingFile(path, print) as file:
        file.keep()
        file.write(json.dumps({"port": "/tmp/\udcff"}, ensure_ascii=False) + "\n")
    assert json.loads(path.read_text()) == {"port": "/tmp/\udcff"}
