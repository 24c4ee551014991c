"""What may still come of the past, and until when."""

from __future__ import annotations

import re

from m5310.at.codec import Command, Response
from m5310.at.resync import SETTLE, SETTLE_OWED, Past

LOST = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+")),), timeout=5)


def test_of_a_fresh_line_nothing_is_known() -> None:
    past = Past(SETTLE)
    assert past.lost is None
    assert past.late("+CSQ:1,99") is None
    assert not past.echoed("AT+CSQ")
    assert past.remaining == SETTLE
    past.result()  # of whoever spoke before
    assert past.remaining == SETTLE


def test_the_lines_of_a_command_that_timed_out_are_known_until_its_result() -> None:
    past = Past(SETTLE)
    past.lose(LOST)
    assert past.echoed("AT+CSQ")
    assert past.late("+CSQ:1,99") is LOST
    assert past.late("+CSQ:1,99,7") is None
    past.result_of_lost()  # another one is owed
    assert past.lost is LOST
    past.result()
    past.result_of_lost()
    assert past.lost is None


def test_as_many_results_are_awaited_as_lines_were_written() -> None:
    past = Past(SETTLE)
    past.lose(LOST)
    past.probe()
    past.result()
    assert past.remaining == past.longest == SETTLE_OWED
    past.result()
    assert past.remaining == SETTLE
    past.lose(LOST)
    past.probe()
    past.settled()
    assert past.lost is None
    assert past.remaining == SETTLE


def test_a_long_time_to_settle_is_kept_in_any_case() -> None:
    past = Past(10.0)
    past.probe()
    assert past.remaining == past.longest == 10.0


def test_after_a_restart_one_result_more_is_awaited_and_it_is_no_stray() -> None:
    past = Past(SETTLE)
    past.lose(LOST)
    past.begin_anew()
    assert past.lost is None
    assert past.remaining == SETTLE_OWED
    past.result()
    assert past.ends_start()
    assert not past.ends_start()
    past.begin_anew()
    past.settled()  # where no OK ends the text
    assert not past.ends_start()


def test_one_who_was_in_step_has_little_past_until_something_is_lost() -> None:
    past = Past(SETTLE)
    past.shorten(SETTLE / 4)
    assert past.remaining == SETTLE / 4
    past.shorten(SETTLE * 4)
    assert past.remaining == SETTLE
    past.shorten(SETTLE / 4)
    past.lose(LOST)
    past.result()
    assert past.remaining == SETTLE
