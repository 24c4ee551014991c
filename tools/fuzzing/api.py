"""Requests to the HTTP API of an emulator, made from its `/openapi.json` by schemathesis."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME, NOTE = "api", "calls of the HTTP API, made from its description by schemathesis"
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
_FAILED = " failed\n"  # the log line of a call that failed inside: `GET /devices failed`


def search(seconds: int, seed: int) -> str:
    """Returns what failed; an empty string if nothing did."""
    emulator = [sys.executable, "-m", "emulator", "platform", "--json", "--api-key", "fuzz"]
    with subprocess.Popen(
        emulator, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        assert it.stdout is not None, "it is a pipe"
        url = json.loads(it.stdout.readline())["http"]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
                *("--header", "api-key: fuzz", "--checks", _CHECKS, "--no-color"),
                *("--max-time", str(seconds), "--request-timeout", "10", "--seed", str(seed)),
                *("--generation-database", "none", "--warnings", "off"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        it.terminate()
        _, logged = it.communicate()
    if done.returncode == 0 and _FAILED not in logged:
        print(f"{NAME}: no failure in {seconds} s")
        return ""
    return f"{done.stdout}\n{logged}"
