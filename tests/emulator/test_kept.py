"""`Emulator(db=FILE)`: a second start goes on with what the first one had."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from emulator import Emulator, VirtualClock
from emulator.module.general.identity import Identity
from emulator.onenet.platform import Platform
from emulator.onenet.store.database import Database
from emulator.onenet.store.streams import joined
from emulator.simulation.kept import kept_key, take_up

IMEI, IMSI = "865820030013978", "460040000000001"


def made(path: Path, **parameters: object) -> Emulator:
    return Emulator(
        baud=None,
        db=path,
        imei=IMEI,
        imsi=IMSI,
        clock=VirtualClock(),
        **parameters,  # type: ignore[arg-type]
    )


async def test_second_start_takes_up_the_device_and_its_points(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with made(path) as first:
        assert first.device_id is not None
        first.platform.points.add(int(first.device_id), "3303_0_5700", 21.5, 5000, 5)
    async with made(path) as second:
        assert second.device_id == first.device_id
        (stream,) = joined(second.platform.points.newest(int(second.device_id)))
        assert (stream.id, stream.points[0].value) == ("3303_0_5700", 21.5)
        assert not second.platform.online(second.platform.device_by_imei(IMEI))  # type: ignore[arg-type]


async def test_known_imei_with_another_imsi_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with made(path):
        pass
    with pytest.raises(
        ValueError, match=f"imsi 5: .*store.db has the device 500000001 with.*{IMSI}"
    ):
        Emulator(db=path, imei=IMEI, imsi="5")
    async with made(path):  # the file is free
        pass


async def test_file_of_a_running_emulator_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with made(path):
        with pytest.raises(OSError, match="another process has it open"):
            made(path)


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        ("DROP TABLE triggers", "no such table: triggers"),
        ("UPDATE devices SET description = '{'", "Expecting property name"),
        ("UPDATE devices SET description = '{}'", "tags"),
        ("UPDATE devices SET description = '[1]'", ""),
    ],
)
async def test_damaged_file_is_refused_by_name_and_is_free(
    tmp_path: Path, damage: str, wrong: str
) -> None:
    path = tmp_path / "store.db"
    async with made(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as program:
        program.execute(damage)
    with pytest.raises(OSError, match=f"{wrong}.*, expected a database of the platform") as caught:
        made(path)
    assert caught.value.filename == str(path)
    Database(path).close()


async def test_newest_points_are_kept(tmp_path: Path) -> None:
    async with made(tmp_path / "store.db", keep_points=3, keep_days=1) as it:
        assert it.device_id is not None
        for number in range(9):
            it.platform.points.add(int(it.device_id), "3303_0_5700", number, number, 5)
        (stream,) = joined(it.platform.points.newest(int(it.device_id), 9))
        assert [point.value for point in stream.points] == [6, 7, 8]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"keep_days": 1}, "keep_days 1: expected together with db"),
        ({"keep_points": 0, "db": "file"}, "keep_points 0: expected a number above 0"),
        ({"keep_days": -1.0, "db": "file"}, "keep_days -1.0: expected a number above 0"),
        (
            {"server": "coap://127.0.0.1", "air": "coap", "db": "file"},
            "db: expected without server",
        ),
    ],
)
def test_invalid_parameter_is_refused(
    parameters: dict[str, object],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        Emulator(**parameters)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_devices_keep_their_keys_for_dtls_unless_one_is_given(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "store.db")) as database:
        platform = Platform(database=database)
        one, other = Identity(imei="1", imsi="1"), Identity(imei="2", imsi="2")
        assert kept_key(platform, [one], None, "random00") == "random00"
        assert [device.psk for device in take_up(platform, [one], "random00", 0)] == ["random00"]
        assert kept_key(platform, [one, other], None, "random11") == "random00"
        assert kept_key(platform, [one], None, None) is None
        both = take_up(platform, [one, other], "random00", 0)
        assert [device.psk for device in both] == ["random00"] * 2
        assert kept_key(platform, [one, other], "given000", "given000") == "given000"
        both = take_up(platform, [one, other], "given000", 0)
        assert [device.psk for device in both] == ["given000"] * 2


@pytest.mark.realtime
async def test_keys_and_triggers_are_found_again(tmp_path: Path) -> None:
    path, made_there = tmp_path / "store.db", []
    trigger = {"title": "t", "url": "http://127.0.0.1:1/", "ds_id": "a", "type": "change"}
    for start in range(2):
        async with (
            Emulator(baud=None, db=path, api_key="secret") as it,
            aiohttp.ClientSession(it.http_url, headers={"api-key": "secret"}) as client,
        ):
            if not start:
                permission = {"resources": [{"dev_id": it.device_id}], "access_methods": ["get"]}
                for place, body in (
                    ("/keys", {"title": "k", "permissions": [permission]}),
                    ("/triggers", trigger),
                ):
                    async with client.post(place, json=body) as response:
                        assert (await response.json())["errno"] == 0
            for place in ("/keys", "/triggers"):
                async with client.get(place) as response:
                    made_there.append((await response.json())["data"])
    keys, triggers, *again = made_there
    assert again == [keys, triggers]
    assert (keys["total_count"], triggers["total_count"]) == (1, 1)
