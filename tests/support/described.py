"""Requests made from an API's own description by schemathesis, valid and invalid ones."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.support.patience import PATIENCE

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    "response_schema_conformance",
)


def check_described(url: str, key: str, seconds: int, *options: str) -> None:
    """Each answer is of its schema. Blocks for `seconds`; skips the test without schemathesis.

    A machine that is too busy for one answer in this time gets more.
    """
    if find_spec("schemathesis") is None:
        pytest.skip("schemathesis is not installed: it is in the extra dev")
    while not _asked(url, key, seconds, *options):
        seconds *= 4
        assert seconds < PATIENCE, "no answer came"


def _asked(url: str, key: str, seconds: int, *options: str) -> bool:
    """Whether any answer came; each that came was of its schema."""
    ended = subprocess.run(
        (
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
            *("--header", f"api-key: {key}", "--checks", ",".join(CHECKS), "--no-color"),
            *("--max-time", str(seconds), "--request-timeout", "60", "--seed", "1"),
            *("--generation-database", "none", "--warnings", "off"),
            *options,
        ),
        capture_output=True,
        encoding="utf-8",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return " passed" in ended.stdout
