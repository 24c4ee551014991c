"""pyserial's terminal program, with a person at it."""

from __future__ import annotations

import pytest

from emulator import Emulator
from tests.support.foreign import PYTHON, Screen, running
from tests.support.programs import configuration

ENTER, CTRL_RIGHT_BRACKET = "\r", "\x1d"


@pytest.mark.realtime
@pytest.mark.parametrize("port", ["pty", "socket://127.0.0.1:0", "rfc2217://127.0.0.1:0"])
async def test_miniterm_session_logs_in(port: str) -> None:
    async with Emulator(baud=None, http=None, port=port, latency=0.001) as it:
        with Screen() as screen:
            command = (PYTHON, "-m", "serial.tools.miniterm", it.port, "9600")
            async with running(*command, stdin=screen.terminal, stdout=screen.terminal) as miniterm:
                await screen.reads("--- Quit: Ctrl+]")
                for line, answer in (
                    ("AT+CGSN=1", f"+CGSN:{it.imei}"),
                    ("at+csq", "+CSQ:28,99"),
                    (configuration(it), "OK"),
                    ("AT+MIPLADDOBJ=0,3303,0", "OK"),
                    ('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1', "OK"),
                    ("AT+MIPLOPEN=0,30", "+MIPLOPEN:0,1"),
                ):
                    screen.types(line + ENTER)
                    await screen.reads(answer)
                screen.types(CTRL_RIGHT_BRACKET)
                assert await miniterm.wait() == 0
        device = it.platform.device_by_imei(it.imei)
        assert device is not None
        assert it.platform.online(device)
