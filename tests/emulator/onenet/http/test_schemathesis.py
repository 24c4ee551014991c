"""Requests made from `/openapi.json` by schemathesis, valid and invalid ones."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.described import check_described
from tests.support.effort import either
from tests.support.served_api import served_api


@pytest.mark.realtime
@pytest.mark.timeout(400)
@pytest.mark.parametrize("year", [2018, 2019])
async def test_described_requests_get_the_described_answers(
    year: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each answer is JSON of its schema, and no request makes a call fail inside (errno 1)."""
    async with served_api(year) as api:
        api.log_in()
        await asyncio.to_thread(check_described, api.url, "secret", either(6, 60))
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
