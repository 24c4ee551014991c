"""`Emulator(db=FILE)`: a second start goes on with what the first one had."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Emulator, VirtualClock
from emulator.onenet.store.streams import joined

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
