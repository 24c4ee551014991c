"""An application in C at the HTTP API: HTTP/1.0, no content type, `strstr` for the success."""

from __future__ import annotations

import asyncio
import subprocess
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.support.fake_device import IMEI
from tests.support.foreign import program
from tests.support.served_api import ServedApi, served_api

SOURCE = Path(__file__).parent / "api_client.c"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiled = tmp_path_factory.mktemp("api_client") / "api_client"
    command = [program("cc", "gcc"), "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run([*command, "-o", str(compiled), str(SOURCE)], check=True, timeout=60)
    return str(compiled)


async def run(client: str, api: ServedApi, *words: str) -> tuple[int | None, str]:
    """Exit status and what was printed."""
    port = api.url.rpartition(":")[2]
    process = await asyncio.create_subprocess_exec(client, port, *words, stdout=PIPE)
    printed, _ = await process.communicate()
    return process.returncode, printed.decode().strip()


@pytest.mark.realtime
async def test_client_in_c_writes_and_sees_success_and_failure(client: str) -> None:
    async with served_api() as api:
        assert await run(client, api, "secret", IMEI, "1.5") == (
            1,
            '{"errno":10,"error":"device not online: 500000001","data":null}',
        )
        api.log_in()
        assert await run(client, api, "secret", IMEI, "1.5") == (0, '{"errno":0,"error":"succ"}')
        assert api.module.operations()[-1] == "Write /3303/0"
        assert api.module.requests[-1].payload == b"\xe4\x16\x44\x3f\xc0\x00\x00"  # 5700 is 1.5
        assert await run(client, api, "wrong", IMEI, "1.5") == (
            1,
            '{"errno":3,"error":"auth failed"}',
        )
