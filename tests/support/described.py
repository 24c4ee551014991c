"""Requests made from an API's own description by schemathesis, valid and invalid ones."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from importlib.util import find_spec

import pytest

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    "response_schema_conformance",
)


async def check_described(url: str, key: str, seconds: str, *options: str) -> None:
    """Each answer is of its schema. Takes `seconds`; skips the test without schemathesis."""
    if find_spec("schemathesis") is None:
        pytest.skip("schemathesis is not installed: it is in the extra dev")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
        *("--header", f"api-key: {key}", "--checks", ",".join(CHECKS), "--no-color"),
        *("--max-time", seconds, "--request-timeout", "5", "--seed", "1"),
        *("--generation-database", "none", "--warnings", "off"),
        *options,
        stdout=PIPE,
        stderr=STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    assert b" passed" in printed
