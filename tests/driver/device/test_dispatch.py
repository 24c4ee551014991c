"""Which room hears what, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from m5310.device.dispatch import Dispatch
from m5310.errors import ModemReset, PortError, StateError
from m5310.states import DeviceEvent, DeviceState
from tests.support.dialects import CLASSIC

S, E = DeviceState, DeviceEvent
GONE = PortError("gone")


class Room:
    """Notes what it is told in what all rooms share; what it is asked is an attribute."""

    def __init__(self, heard: list[tuple[object, ...]], name: str, **asked: object) -> None:
        self._heard = heard
        self._name = name
        vars(self).update(asked)

    def __getattr__(self, told: str) -> Callable[..., None]:
        def note(*args: object, **kwargs: object) -> None:
            self._heard.append((f"{self._name}.{told}", *args, *kwargs.values()))

        return note


class Bench:
    def __init__(
        self,
        state: DeviceState = S.REGISTERED,
        *,
        mends: bool = True,
        coming_back: bool = False,
    ) -> None:
        self.heard: list[tuple[object, ...]] = []
        reporting = state.registered and state is not S.DEREG_PENDING
        modem = Room(self.heard, "modem")
        self.it = Dispatch(
            Room(self.heard, "connection", modem=modem),  # type: ignore[arg-type]
            Room(self.heard, "registration", state=state, reporting=reporting),  # type: ignore[arg-type]
            Room(self.heard, "declarations"),  # type: ignore[arg-type]
            Room(self.heard, "continuity", mends=mends, coming_back=coming_back),  # type: ignore[arg-type]
            Room(self.heard, "outbox"),  # type: ignore[arg-type]
            Room(self.heard, "requests"),  # type: ignore[arg-type]
            CLASSIC,
        )

    @property
    def told(self) -> list[object]:
        return [name for name, *_ in self.heard]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("+MIPLREAD:0,10000,3303,0,5700", ["requests.arrived"]),
        ("+MIPLWRITE:0,10000,3303,0,5700,7", ["requests.arrived"]),
        ("+MIPLEXECUTE:0,10000,3303,0,5700", ["requests.arrived"]),
        ("+MIPLNOTIFY:0,2", ["outbox.acknowledged"]),
        ("+MIPLOPEN:0,1", ["registration.heard"]),
        ("+MIPLUPDATE:0,1", ["registration.heard"]),
        ("+MIPLCLOSE:0,1", ["continuity.logged_out", "registration.heard"]),
        ("+MIPLOBSERVE:0,10000,1,3303,0,-1", ["outbox.observed"]),
        ("+MIPLDISCOVER:0,10000,3303", []),
        ("+CSCON:1", []),
        ("M5310", []),
    ],
)
def test_each_line_is_told_to_whom_it_concerns(line: str, told: list[str]) -> None:
    bench = Bench()
    bench.it.said(line)
    assert bench.told == told


def test_a_logout_that_was_asked_for_is_none_to_be_undone() -> None:
    bench = Bench(S.DEREG_PENDING)
    bench.it.said("+MIPLCLOSE:0,1")
    assert bench.told == ["registration.heard"]


def test_a_line_that_lies_about_its_shape_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.it.said("+MIPLREAD:0,what")
    assert bench.told == []
    assert "+MIPLREAD:0,what" in caplog.text


def test_the_platform_observes_and_no_more() -> None:
    bench = Bench()
    bench.it.said("+MIPLOBSERVE:0,10000,1,3303,0,-1")
    bench.it.said("+MIPLOBSERVE:0,10000,0,3303,0,-1")
    assert bench.heard == [
        ("outbox.observed", (3303, 0, -1), True),
        ("outbox.observed", (3303, 0, -1), False),
    ]


@pytest.mark.parametrize("mends", [True, False])
@pytest.mark.parametrize("line", ["REBOOTING", "REBOOT_CAUSE_UNKNOWN"])
def test_a_restart_releases_the_wire_first_and_is_mended_last(line: str, mends: bool) -> None:
    bench = Bench(mends=mends)
    bench.it.said(line)
    assert bench.told == [
        "modem.abandon",
        "outbox.hold" if mends else "outbox.fail",
        "requests.forget",
        "declarations.forget",
        "continuity.restarted",
    ]
    error = bench.heard[-1][-1]
    assert isinstance(error, ModemReset)
    assert line in str(error)


@pytest.mark.parametrize("mends", [True, False])
def test_a_lost_port(mends: bool) -> None:
    bench = Bench(mends=mends)
    bench.it.lost(GONE)
    assert bench.told == [
        "outbox.hold" if mends else "outbox.fail",
        "requests.forget",
        "declarations.forget",
        "continuity.lost",
    ]


@pytest.mark.parametrize(
    ("state", "coming_back", "told"),
    [
        (S.REGISTERED, False, "outbox.release"),
        (S.REG_UPDATE_PENDING, True, "outbox.release"),
        (S.REG_UPDATE_NEEDED, False, "outbox.release"),
        (S.REG_UPDATE_NEEDED, True, None),
        (S.REG_FAILED, True, "outbox.hold"),
        (S.RESTORING, False, "outbox.hold"),
        (S.DEREG_PENDING, False, "outbox.stop"),
        (S.DEREGISTERED, False, "outbox.stop"),
    ],
)
def test_reports_go_out_are_kept_or_fail(
    state: DeviceState, coming_back: bool, told: str | None
) -> None:
    bench = Bench(state, coming_back=coming_back)
    bench.it.moved(E.ACCEPTED)
    assert bench.told == ["continuity.moved", *([told] if told else [])]
    if told == "outbox.stop":
        error = bench.heard[-1][-1]
        assert isinstance(error, StateError)
        assert state.name in str(error)
