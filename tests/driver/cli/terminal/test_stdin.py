"""Lines of standard input."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from m5310.cli.terminal import stdin
from tests.support.patience import PATIENCE


@pytest.mark.realtime
async def test_lines_of_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, "one\r\ntwo\n模".encode()[:-1])
    os.write(writing, "模".encode()[-1:] + b"\n\xff\nlast")
    os.close(writing)
    assert [line async for line in stdin.read_lines(reading)] == [
        "one",
        "two",
        "模",
        "\ufffd",
        "last",
    ]
    os.close(reading)


@pytest.mark.realtime
async def test_lines_of_a_file(tmp_path: Path) -> None:
    for content, expected in ((b"a\nb\n", ["a", "b"]), (b"", [])):
        (tmp_path / "file").write_bytes(content)
        with (tmp_path / "file").open("rb") as file:
            assert [line async for line in stdin.read_lines(file.fileno())] == expected


@pytest.mark.realtime
async def test_unreadable_descriptor_has_no_lines(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert [line async for line in stdin.read_lines(file.fileno())] == []


def test_lines_after_the_loop_has_closed_are_dropped() -> None:
    reading, writing = os.pipe()

    async def first() -> str:
        return await anext(stdin.read_lines(reading))

    os.write(writing, b"one\n")
    assert asyncio.run(first()) == "one"
    os.write(writing, b"two\n")
    os.close(writing)
    for thread in threading.enumerate():
        if thread.name == "m5310-stdin":
            thread.join(PATIENCE)
    os.close(reading)


def test_pipe_is_never_in_the_background() -> None:
    reading, writing = os.pipe()
    assert not stdin.in_background(reading)
    os.close(reading)
    os.close(writing)
