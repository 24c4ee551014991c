"""Why a module starts and what it says while it does."""

from __future__ import annotations

import pytest

from emulator.module.boot import ROM_TIME, Boot, Cause
from tests.support.uart import Host


def test_each_cause_has_a_text_and_a_time_of_its_own() -> None:
    assert len({cause.silence for cause in Cause}) == len(Cause)
    assert len({cause.text for cause in Cause}) == len(Cause) - 1
    assert Cause.BROWN_OUT.text == Cause.POWER_ON.text, "the chip does not distinguish them"


def test_a_boot_is_silent_and_then_names_its_cause() -> None:
    boot = Boot("M5310", rom_noise=False, seed=0)
    boot.start(Cause.WATCHDOG, 100.0)
    up = 100.0 + Cause.WATCHDOG.silence
    assert boot.due == up
    assert boot.step(up - 0.01) == b""
    assert boot.step(up) == b"\r\nREBOOT_CAUSE_APPLICATION_WATCHDOG\r\nM5310\r\nOK\r\n"
    assert boot.due is None
    assert boot.step(up + 1) == b""


def test_noise_comes_before_it() -> None:
    boot = Boot("M5310", rom_noise=True, seed=0)
    boot.start(Cause.COMMAND, 100.0)
    assert boot.due == 100.0 + ROM_TIME
    assert 8 <= len(boot.step(100.0 + ROM_TIME)) <= 40
    assert boot.due == 100.0 + Cause.COMMAND.silence


def test_a_module_is_up_until_it_is_started_again() -> None:
    boot = Boot("M5310", rom_noise=False, seed=0)
    assert (boot.due, boot.count, boot.step(1.0)) == (None, 0, b"")
    boot.start(Cause.RESET_PIN, 100.0)
    assert boot.step(100.0) == b""
    boot.start(Cause.COMMAND, 101.0)  # in the middle of the other
    assert boot.count == 2
    assert boot.step(110.0) == b"\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
    assert boot.due is None


def noise_of(host: Host, cause: Cause = Cause.POWER_ON) -> bytes:
    host.module.power_cycle(cause, host.now)
    noise, text, rest = host.wait_raw(60).partition(f"\r\n{cause.text}".encode())
    assert text
    assert rest == b"\r\nM5310\r\nOK\r\n"
    return noise


def test_the_noise_follows_the_seed_and_is_another_at_each_start() -> None:
    host, again, other = (Host(boot_noise=True, seed=seed) for seed in (1, 1, 2))
    first, second = noise_of(host), noise_of(host)
    assert 8 <= len(first) <= 40
    assert first == noise_of(again)
    assert len({first, second, noise_of(other)}) == 3


@pytest.mark.parametrize("cause", Cause)
def test_without_the_option_there_is_none(cause: Cause) -> None:
    assert noise_of(Host(), cause) == b""
