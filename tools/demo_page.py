"""Demo of the page: an emulated M5310, and a program that reports each second until Ctrl-C.

The page opens in the browser, where there is one. It shows the AT lines and the CoAP messages as
they come, the reported temperature as a plot, and switches the program's lamp.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import threading
import webbrowser
from itertools import count
from typing import Any

from m5310 import Access, Device, M5310Error, Resource, ValueType

MEAN, SWING, TURN = 21.5, 2.0, 60  # degrees, degrees, reports


def show(text: str) -> None:
    print(text, flush=True)


def open_page(address: str) -> None:
    """In the user's browser. Without a screen there may be one for terminals, which would be in the
    way.
    """
    screens = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform == "darwin" or any(os.environ.get(name) for name in screens):
        # some browsers return only when they are closed
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


async def report(port: str, endpoint: str) -> None:
    """The program: a thermometer and a lamp."""

    def on_write(resource: Resource, value: object) -> None:
        show(f"program: {resource.path} is written: {value}")

    async with Device(port, endpoint, on_write=on_write) as device:
        temperature = await device.add_resource("3303/0/5700", ValueType.FLOAT, MEAN)
        switched = Access.READABLE | Access.WRITABLE
        await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, switched)
        await device.connect(timeout=60)
        show("program: logged in; it reports its temperature each second")
        for number in count():
            value = MEAN + SWING * math.sin(2 * math.pi * number / TURN)
            await device.notify(temperature, round(value, 2))
            await asyncio.sleep(1)


def main() -> int:
    command = [sys.executable, "-m", "emulator", "--json"]
    # Of a session of its own: Ctrl-C ends the program, which logs out first.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            if not ready:
                return 1  # the emulator has said why
            it: dict[str, Any] = json.loads(ready)
            show(f"The page: {it['page']}\nPress Ctrl-C to end it.")
            open_page(it["page"])
            asyncio.run(report(it["port"], f"{it['imei']};{it['imsi']}"))
        except M5310Error as error:
            show(f"program: {error}")
            return 1
        except KeyboardInterrupt:
            show("program: logged out")
        finally:
            process.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
