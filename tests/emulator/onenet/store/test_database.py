"""The file of the database: what it refuses, its versions, transactions, a full disk."""

from __future__ import annotations

import logging
import os
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

from emulator.onenet.commands.command import State
from emulator.onenet.store import database as module
from emulator.onenet.store.database import Database, StoreError
from emulator.onenet.store.schema import MIGRATIONS
from tests.support.fake_device import CloudWithDevice


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "store.db")
    yield database
    database.close()


def keep(database: Database, name: str, value: str = "1") -> None:
    with database.transaction():
        database.execute("INSERT INTO settings VALUES (?, ?)", (name, value))


def names(database: Database) -> list[str]:
    return [row[0] for row in database.execute("SELECT name FROM settings ORDER BY name")]


# Opening -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"mine, and no database at all", "expected a database of the platform"),
        (b"SQLite format 3\0" + bytes(100), "expected a database of the platform"),
    ],
)
def test_file_that_is_no_database_is_refused_and_stays(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine"
    path.write_bytes(content)
    with pytest.raises(OSError, match=message) as refused:
        Database(path)
    assert refused.value.filename == str(path)
    assert path.read_bytes() == content


def test_database_of_another_program_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title)")
    with pytest.raises(OSError, match="a database of version 0, expected one of this platform"):
        Database(path)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]


@pytest.mark.parametrize("name", ["nowhere/store.db", "."])
def test_file_that_cannot_be_made_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(OSError, match="unable to open database file, expected a file") as refused:
        Database(path)
    assert refused.value.filename == str(path)


def test_file_of_another_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    program = (
        "import sys; from pathlib import Path; from emulator.onenet.store.database import Database;"
        "opened = Database(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(OSError, match="another process has it open"):
            Database(path)
        process.communicate(b"")
    Database(path).close()


# Versions ----------------------------------------------------------------------------------------

VERSION_1 = Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8")


def content(database: Database | sqlite3.Connection) -> dict[str, list[Any]]:
    """The rows of each table; under "" the statements that made tables and indexes."""
    found = database.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL").fetchall()
    made = {name: " ".join(re.sub("--.*", "", sql).split()) for name, sql in found}
    tables = [name for name in made if made[name].startswith("CREATE TABLE")]
    return {"": sorted(made.values())} | {
        name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables
    }


def test_new_file_has_the_newest_version(file: Database) -> None:
    assert file.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def made_of(path: Path, script: str) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as made:
        made.executescript(script)
        return content(made)


def test_first_step_makes_the_tables_of_version_1(tmp_path: Path) -> None:
    """A step that was published is never changed: a change of the tables is a new one."""
    frozen = made_of(tmp_path / "frozen.db", VERSION_1)
    assert made_of(tmp_path / "made.db", MIGRATIONS[0])[""] == frozen[""]
    assert all(frozen.values()), "there is a row in each table"


def test_file_of_version_1_is_taken_up(tmp_path: Path) -> None:
    """It gets the tables of a new file, and keeps its rows."""
    before = made_of(tmp_path / "store.db", VERSION_1)
    with (
        closing(Database(tmp_path / "store.db")) as database,
        closing(Database(tmp_path / "new.db")) as new,
    ):
        assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        after = content(database)
        assert after[""] == content(new)[""]
        for name in before.keys() - {""}:
            kept = [row[: len(old)] for row, old in zip(after[name], before[name], strict=True)]
            assert kept == before[name], "new columns come behind the others"


def test_platform_goes_on_with_a_file_of_version_1(tmp_path: Path) -> None:
    made_of(tmp_path / "store.db", VERSION_1)
    with closing(Database(tmp_path / "store.db")) as database:
        cloud = CloudWithDevice(database=database, now=1_448_960_800.0)
        platform, device = cloud.platform, int(cloud.device.id)
        assert cloud.online
        assert cloud.values() == [21.5]
        assert [key.title for key in platform.keys.all()] == ["a key"]
        assert [one.content.title for one in platform.triggers.page(None, 1, 9)[1]] == ["too warm"]
        _, (command,) = platform.commands.history(device, 0.0, None, cloud.now, per_page=9)
        assert command.state is State.WAIT
        assert (platform.push.waiting, platform.push.enabled) == (1, True)
        cloud.step(300)  # up to its valid time
        cloud.module.update()
        cloud.step(1)
        assert "Read /3303/0/5700" in cloud.module.operations()


def test_each_later_step_is_taken_once_and_a_failed_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    Database(path).close()
    good = "CREATE TABLE one (a);\nINSERT INTO one VALUES ('x;y');"
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, good, "CREATE TABLE one (a);"))
    with pytest.raises(OSError, match="table one already exists"):
        Database(path)
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, good))
    for _ in range(2):
        with closing(Database(path)) as database:
            assert database.execute("SELECT a FROM one").fetchall() == [("x;y",)]


def test_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(Database(path)) as database:
        database.execute("PRAGMA user_version = 999")
    with pytest.raises(OSError, match=r"a database of version 999, expected .* up to version"):
        Database(path)


# Transactions ------------------------------------------------------------------------------------


def test_what_raises_undoes_the_whole_transaction(file: Database) -> None:
    undone = []
    file.on_undone.append(lambda: undone.append(1))
    keep(file, "before")
    with pytest.raises(sqlite3.Error), file.transaction():
        keep(file, "within", object())  # type: ignore[arg-type]
    assert names(file) == ["before"]
    assert undone == [1]
    keep(file, "after")
    assert names(file) == ["after", "before"]


def test_full_disk_is_an_error_that_is_logged_once_and_ends_with_room(
    file: Database, caplog: pytest.LogCaptureFixture
) -> None:
    keep(file, "before")
    (pages,) = file.execute("PRAGMA page_count").fetchone()
    file.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(3):
        with pytest.raises(StoreError, match="database or disk is full"):
            keep(file, f"large {number}", "x" * 100_000)
    assert names(file) == ["before"]
    file.execute("PRAGMA max_page_count = 1000000")
    keep(file, "after", "x" * 100_000)
    assert names(file) == ["after", "before"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "store.db: database or disk is full" in record.getMessage()


def test_disk_that_takes_nothing_is_an_error_of_each_kind_of_statement(file: Database) -> None:
    """As a real disk does it: some changes fail as late as when their rows are fetched."""
    for number in range(9):
        keep(file, str(number), "x" * 3000)
    log = Path(f"{file.path}-wal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        for fetch in (list, next, methodcaller("fetchall"), methodcaller("fetchone")):
            with pytest.raises(StoreError, match=r"store\.db"):
                fetch(file.execute("DELETE FROM settings WHERE name = '1' RETURNING name"))
        with pytest.raises(StoreError, match=r"store\.db"):
            keep(file, "another")
        assert len(names(file)) == 9
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    keep(file, "after")
    assert len(names(file)) == 10


def test_change_that_was_kept_is_no_error_if_the_log_cannot_be_moved_now(
    file: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when thousands of sockets leave no descriptor for the thread that moves it."""
    monkeypatch.setattr(module, "_CHANGES", 0)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = os.open(os.devnull, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (last, before[1]))
    try:
        keep(file, "first")
        keep(file, "second")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        os.close(last)
    assert names(file) == ["first", "second"]
    assert "checkpoint of the database: unable to open database file" in caplog.text
    keep(file, "third")
    file.close()
    with closing(Database(file.path)) as again:
        assert names(again) == ["first", "second", "third"]


def test_damaged_file_is_an_error_of_the_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(Database(path)) as database:
        keep(database, "large", "x" * 200_000)
    whole = path.read_bytes()
    path.write_bytes(whole[:-150_000] + bytes(150_000))
    with closing(Database(path)) as damaged, pytest.raises(StoreError, match=r"store\.db"):
        damaged.execute("SELECT value FROM settings").fetchall()


def test_log_begins_again_while_its_owner_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHANGES", 50)
    path = tmp_path / "store.db"
    log = path.with_name("store.db-wal")
    with closing(Database(path)) as file:
        count, size = 0, -1
        while log.stat().st_size != size:  # it has not grown: its beginning was written again
            size = log.stat().st_size
            keep(file, f"{count:06}", "x" * 500)
            count += 1
        assert len(names(file)) == count
    with closing(Database(path)) as file:
        assert names(file) == [f"{number:06}" for number in range(count)]


# A file that goes away -----------------------------------------------------------------------


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    path.rename(path.with_name("moved.db"))
    path.write_bytes(b"")


@pytest.mark.parametrize("go_away", [delete, replace])
def test_file_that_is_deleted_or_replaced_is_logged_once(
    go_away: Callable[[Path], None], file: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert file.path is not None
    for number in range(300):
        keep(file, f"{number}")
    assert not caplog.records
    go_away(file.path)
    for number in range(300, 600):
        keep(file, f"{number}")
    file.close()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "store.db was deleted or replaced while it is open" in record.getMessage()


def test_file_that_is_deleted_before_the_end_is_logged(
    file: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert file.path is not None
    keep(file, "one")
    file.path.unlink()
    file.close()
    file.close()
    assert len(caplog.records) == 1
