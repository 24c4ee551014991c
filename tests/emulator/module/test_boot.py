"""Boots: causes, silence, boot text, ROM noise."""

from __future__ import annotations

import pytest

from emulator.module.boot import ROM_TIME, Boot, Cause
from tests.support.uart import Host


def test_each_cause_has_its_text_and_silence() -> None:
    assert len({cause.silence for cause in Cause}) == len(Cause)
    assert len({cause.text for cause in Cause}) == len(Cause) - 1
    assert Cause.BROWN_OUT.text == Cause.POWER_ON.text, "the chip does not distinguish them"


def test_boot_is_silent_then_writes_its_cause() -> None:
    boot = Boot("M5310", rom_noise=False, seed=0)
    boot.start(Cause.WATCHDOG, 100.0)
    up = 100.0 + Cause.WATCHDOG.silence
    assert boot.due == up
    assert boot.step(up - 0.01) == b""
    assert boot.step(up) == b"\r\nREBOOT_CAUSE_APPLICATION_WATCHDOG\r\nM5310\r\nOK\r\n"
    assert boot.due is None
    assert boot.step(up + 1) == b""


def test_rom_noise_precedes_the_boot_text() -> None:
    boot = Boot("M5310", rom_noise=True, seed=0)
    boot.start(Cause.COMMAND, 100.0)
    assert boot.due == 100.0 + ROM_TIME
    assert 8 <= len(boot.step(100.0 + ROM_TIME)) <= 40
    assert boot.due == 100.0 + Cause.COMMAND.silence


def test_boot_restarts_during_a_boot() -> None:
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


def test_rom_noise_follows_the_seed_and_differs_between_boots() -> None:
    host, again, other = (Host(boot_noise=True, seed=seed) for seed in (1, 1, 2))
    first, second = noise_of(host), noise_of(host)
    assert 8 <= len(first) <= 40
    assert first == noise_of(again)
    assert len({first, second, noise_of(other)}) == 3


@pytest.mark.parametrize("cause", Cause)
def test_no_rom_noise_without_the_option(cause: Cause) -> None:
    assert noise_of(Host(), cause) == b""
