"""An emulator with its page.

Run as a module: `page_process COUNT`. It prints one line of JSON: the ports of that many modules,
the page, the API and its key. For each byte on stdin it prints the bytes of its memory. It ends at
the end of stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from emulator import Emulator
from tools.benchmarks.module_process import memory


async def main(count: int) -> None:
    async with Emulator(modules=count, baud=None, page=True) as it:
        found = {
            "ports": [board.line.port for board in it.boards],
            "page": it.page_url,
            "url": it.http_url,
            "key": it.api_key,
        }
        print(json.dumps(found), flush=True)
        ended = asyncio.Event()

        def on_stdin() -> None:
            if os.read(sys.stdin.fileno(), 1):
                print(memory(), flush=True)
            else:
                ended.set()

        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), on_stdin)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
