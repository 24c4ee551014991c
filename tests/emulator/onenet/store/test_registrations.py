"""A platform that starts again on its file: what devices and applications see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File

import pytest
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from emulator.onenet.store.database import Database
from tests.support.fake_device import TEMPERATURE, CloudWithDevice, operation_of, success

INSTANCE, OTHER = Path(3303, 0), Path(3303, 1)


class Starts:
    """Platforms on one file, one after the other. Each has a device of its own, with one name."""

    def __init__(self, path: File) -> None:
        self._path = path
        self._cloud: CloudWithDevice | None = None

    def start(self, now: float = 0.0) -> CloudWithDevice:
        """The one before ends as by SIGKILL: nothing is done at its end."""
        self.end()
        self._cloud = CloudWithDevice(database=Database(self._path), now=now)
        self._cloud.step()
        return self._cloud

    def end(self) -> None:
        if self._cloud is not None:
            self._cloud.platform.database.close()


@pytest.fixture
def starts(tmp_path: File) -> Iterator[Starts]:
    made = Starts(tmp_path / "store.db")
    yield made
    made.end()


def test_device_stays_online_and_its_reports_are_taken(starts: Starts) -> None:
    first = starts.start()
    first.log_in(INSTANCE, lifetime=300)
    token = first.module.token(INSTANCE)
    first.module.notify(TEMPERATURE, 1.5, confirmable=True)
    first.step(1)
    second = starts.start(now=10)
    assert second.online
    sent = second.module.notify(TEMPERATURE, 2.5, token=token, confirmable=True)
    second.step()
    assert second.module.brief()[-1] == f"ACK 0.00 {sent.mid}"
    assert second.values() == [1.5, 2.5]
    registration = second.platform.registration(second.device)
    assert registration is not None
    assert (registration.objects, registration.lifetime) == ((INSTANCE,), 300)
    assert registration.resources == {3303: (Path(3303), Path(3303, 0, 5700))}
    second.step(289)
    assert second.online
    second.step(1)
    assert not second.online, "the lifetime began before the restart"


def test_report_of_an_observation_that_was_ended_is_reset(starts: Starts) -> None:
    first = starts.start()
    first.log_in(INSTANCE)
    token = first.module.token(INSTANCE)
    first.module.update(OTHER)
    first.step()
    second = starts.start(now=1)
    sent = second.module.notify(TEMPERATURE, 2.5, token=token)
    second.step()
    assert second.module.brief()[-1] == f"RST 0.00 {sent.mid}"


def test_lifetime_that_ended_meanwhile_ends_at_the_start(starts: Starts) -> None:
    starts.start().log_in(INSTANCE, lifetime=300)
    second = starts.start(now=301)
    assert not second.online
    assert not starts.start(now=302).online


def test_device_that_has_logged_out_stays_offline(starts: Starts) -> None:
    first = starts.start()
    first.log_in(INSTANCE)
    first.module.deregister()
    first.step()
    second = starts.start(now=1)
    assert not second.online
    registration = second.platform.registration(second.device)
    assert registration is not None
    assert registration.objects == (INSTANCE,), "the last state is shown"


def test_subscription_that_was_not_complete_is_completed_at_the_next_update(
    starts: Starts,
) -> None:
    first = starts.start()
    first.module.answer = lambda request: (
        None if operation_of(request).startswith("Observe") else success(request)
    )
    first.log_in(INSTANCE)
    second = starts.start(now=1)
    assert second.module.operations() == []
    second.module.update()
    second.step()
    assert second.module.operations() == ["Observe /3303/0"]


def test_registration_of_a_deleted_device_is_gone(starts: Starts) -> None:
    first = starts.start()
    first.log_in(INSTANCE)
    first.platform.delete_device(first.device)
    second = starts.start(now=1)  # which creates a device of the same name
    assert not second.online
    second.module.update()
    second.step()
    assert second.module.response().code == Code.NOT_FOUND


def test_disk_that_takes_nothing_refuses_until_it_does_again(starts: Starts) -> None:
    cloud = starts.start()
    cloud.log_in(INSTANCE)
    database = cloud.platform.database
    database.execute("PRAGMA query_only = 1")
    sent = cloud.module.notify(TEMPERATURE, 1.5, confirmable=True)
    received = len(cloud.module.received)
    cloud.step(1)
    assert len(cloud.module.received) == received, "it is not acknowledged"
    cloud.module.update()
    cloud.step()
    assert cloud.module.response().code == Code.INTERNAL_SERVER_ERROR
    database.execute("PRAGMA query_only = 0")
    cloud.module.send_bytes(sent.encode())
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 0.00 {sent.mid}"
    assert cloud.values() == [1.5]
