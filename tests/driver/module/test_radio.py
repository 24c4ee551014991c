"""Restarting an idle radio: only one that has stopped its network search."""

from __future__ import annotations

import pytest

from m5310.commands.network import Registration
from m5310.module.module import Module
from m5310.module.radio import restart_idle_radio
from tests.support.scripted import Reply, Scripted

OFF_AND_ON = ["AT+CFUN=0", "AT+CFUN=1"]


@pytest.mark.parametrize(
    ("rules", "stat", "switched"),
    [
        ({"CEREG?": ["+CEREG:0,0", "OK"]}, Registration.NOT_REGISTERED, OFF_AND_ON),
        ({"CEREG?": ["+CEREG:0,3", "OK"]}, Registration.DENIED, OFF_AND_ON),
        ({"CEREG?": ["+CEREG:0,2", "OK"]}, None, []),
        ({"CEREG?": ["+CEREG:0,4", "OK"]}, None, []),
        ({"CEREG?": "ERROR"}, None, []),
        ({"CEREG?": ["+CEREG:0,3", "OK"], "CFUN=0": "+CME ERROR:3"}, None, OFF_AND_ON[:1]),
        # no SIM, perhaps: it is tried again with the next login
        ({"CEREG?": ["+CEREG:0,3", "OK"], "CFUN=1": "+CME ERROR:10"}, 3, OFF_AND_ON),
    ],
)
async def test_radio_is_restarted_only_if_idle(
    rules: dict[str, Reply], stat: Registration | None, switched: list[str]
) -> None:
    port = Scripted({f"AT+{name}": reply for name, reply in rules.items()})
    async with Module(port.modem) as module:
        assert await restart_idle_radio(module) == stat
    assert port.sent == ["AT+CEREG?", *switched]
    await port.modem.close()
