"""Who waits for the module's word, and gets it."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.verdicts import Verdicts, within
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import PortError
from tests.support.clock import elapse


async def test_all_who_wait_for_a_kind_get_the_next_of_it() -> None:
    verdicts = Verdicts()
    verdicts.came(Opened(0, True))  # nobody waits
    first, second = verdicts.expect(Opened), verdicts.expect(Opened)
    closed = verdicts.expect(Closed)
    verdicts.came(Opened(0, False))
    assert await first is await second is False
    assert not closed.done()
    assert not verdicts.expect(Opened).done()  # the one after that
    verdicts.came(Closed(0, True))
    assert await within(1, closed) is True


async def test_one_that_does_not_come_in_time_may_come_later() -> None:
    verdicts = Verdicts()
    opened = verdicts.expect(Opened)
    assert await within(5, opened) is None
    assert asyncio.get_running_loop().time() == pytest.approx(5)
    verdicts.came(Opened(0, True))
    assert await within(0, opened) is True


async def test_when_none_will_come_everybody_hears_why() -> None:
    verdicts = Verdicts()
    opened, closed = verdicts.expect(Opened), verdicts.expect(Closed)
    asyncio.get_running_loop().call_later(2, verdicts.fail, PortError("gone"))
    for each in (opened, closed):
        with pytest.raises(PortError, match="gone"):
            await within(10, each)
    verdicts.came(Opened(0, True))  # late, and nobody's
    await elapse(1)
