"""What may still come of the past, and until when."""

from __future__ import annotations

import re

from m5310.at.codec import Command, Response
from m5310.at.resync import SETTLE, SETTLE_OWED, Resync

LOST = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+")),), timeout=5)


def test_of_a_fresh_line_nothing_is_known() -> None:
    resync = Resync(SETTLE)
    assert resync.timed_out is None
    assert resync.owner_of("+CSQ:1,99") is None
    assert not resync.is_echo("AT+CSQ")
    assert resync.wait == SETTLE
    resync.result_received()  # of whoever spoke before
    assert resync.wait == SETTLE


def test_the_lines_of_a_command_that_timed_out_are_known_until_its_result() -> None:
    resync = Resync(SETTLE)
    resync.command_timed_out(LOST)
    assert resync.is_echo("AT+CSQ")
    assert resync.owner_of("+CSQ:1,99") is LOST
    assert resync.owner_of("+CSQ:1,99,7") is None
    resync.drop_timed_out()  # another one is owed
    assert resync.timed_out is LOST
    resync.result_received()
    resync.drop_timed_out()
    assert resync.timed_out is None


def test_as_many_results_are_awaited_as_lines_were_written() -> None:
    resync = Resync(SETTLE)
    resync.command_timed_out(LOST)
    resync.probe_written()
    resync.result_received()
    assert resync.wait == resync.longest_wait == SETTLE_OWED
    resync.result_received()
    assert resync.wait == SETTLE
    resync.command_timed_out(LOST)
    resync.probe_written()
    resync.settled()
    assert resync.timed_out is None
    assert resync.wait == SETTLE


def test_a_long_time_to_settle_is_kept_in_any_case() -> None:
    resync = Resync(10.0)
    resync.probe_written()
    assert resync.wait == resync.longest_wait == 10.0


def test_after_a_restart_one_result_more_is_awaited_and_it_is_no_stray() -> None:
    resync = Resync(SETTLE)
    resync.command_timed_out(LOST)
    resync.module_restarted()
    assert resync.timed_out is None
    assert resync.wait == SETTLE_OWED
    resync.result_received()
    assert resync.take_boot_ok()
    assert not resync.take_boot_ok()
    resync.module_restarted()
    resync.settled()  # where no OK ends the text
    assert not resync.take_boot_ok()


def test_one_who_was_in_step_has_little_past_until_something_is_lost() -> None:
    resync = Resync(SETTLE)
    resync.shorten_wait(SETTLE / 4)
    assert resync.wait == SETTLE / 4
    resync.shorten_wait(SETTLE * 4)
    assert resync.wait == SETTLE
    resync.shorten_wait(SETTLE / 4)
    resync.command_timed_out(LOST)
    resync.result_received()
    assert resync.wait == SETTLE
