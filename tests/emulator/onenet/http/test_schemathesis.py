"""Requests made from `/openapi.json` by schemathesis, valid and invalid ones."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from importlib.util import find_spec

import pytest

from tests.support.effort import either
from tests.support.served_api import served_api

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    "response_schema_conformance",
)


@pytest.mark.realtime
@pytest.mark.timeout(400)
@pytest.mark.parametrize("year", [2018, 2019])
async def test_described_requests_get_the_described_answers(
    year: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each answer is JSON of its schema, and no request makes a call fail inside (errno 1)."""
    if find_spec("schemathesis") is None:
        pytest.skip("schemathesis is not installed: it is in the extra dev")
    async with served_api(year) as api:
        api.log_in()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{api.url}/openapi.json"),
            *("--header", "api-key: secret", "--checks", ",".join(CHECKS), "--no-color"),
            *("--max-time", either("6", "60"), "--request-timeout", "5", "--seed", "1"),
            *("--generation-database", "none", "--warnings", "off"),
            stdout=PIPE,
            stderr=STDOUT,
        )
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    assert b" passed" in printed
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
