"""Settings that are changed for a while: each has its former value at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from m5310.at.codec import Command
from m5310.errors import CommandError, CommandTimeout, ModemReset
from m5310.module.link import Session
from m5310.module.module import Module
from m5310.module.settings import Settings
from tests.support.scripted import Reply, Scripted

Rules = dict[str, Reply | Callable[[str], Reply]]
OFF: Rules = {
    "AT+CMEE?": ["+CMEE:0", "OK"],
    "AT+CEREG?": ["+CEREG:1,1", "OK"],
    "AT+CSCON?": ["+CSCON:0,1", "OK"],
}


async def change_all(settings: Settings) -> None:
    await settings.error_numbers()
    await settings.report_registration(3)
    await settings.report_connection(on=True)


async def test_former_values_are_put_back_once() -> None:
    module = Scripted(dict(OFF))
    settings = Settings(module.modem.execute, Session())
    for _ in range(2):  # the second time, the values of before are known already
        await change_all(settings)
    await settings.put_back()
    await settings.put_back()
    changes = [line for line in module.sent if "?" not in line]
    assert changes == [
        *["AT+CMEE=1", "AT+CEREG=3", "AT+CSCON=1"] * 2,
        *("AT+CMEE=0", "AT+CEREG=1", "AT+CSCON=0"),
    ]
    assert len(module.sent) == len(changes) + 3
    await module.modem.close()


async def test_setting_that_is_so_already_is_not_written() -> None:
    module = Scripted({"AT+CEREG?": ["+CEREG:3,1,1A2B,00C3D4E5,9", "OK"]})
    settings = Settings(module.modem.execute, Session())
    await settings.error_numbers()
    await settings.report_registration(3)
    await settings.put_back()
    assert module.sent == ["AT+CMEE?", "AT+CEREG?"]
    await module.modem.close()


@pytest.mark.parametrize("answer", ["ERROR", "OK", ["+CMEE:x", "OK"]])
async def test_unknown_former_value_is_not_put_back(answer: Reply) -> None:
    module = Scripted({"AT+CMEE?": answer})
    settings = Settings(module.modem.execute, Session())
    await settings.error_numbers()
    await settings.put_back()
    assert module.sent[-1] == "AT+CMEE=1"
    await module.modem.close()


async def test_restarted_module_has_its_own_settings() -> None:
    module, session = Scripted(dict(OFF)), Session()
    settings = Settings(module.modem.execute, session)
    await change_all(settings)
    session.end(ModemReset("restarted"))
    await settings.error_numbers()  # set up again
    await settings.put_back()
    assert module.sent[-3:] == ["AT+CMEE?", "AT+CMEE=1", "AT+CMEE=0"]
    await module.modem.close()


async def test_silent_module_is_asked_once() -> None:
    module = Scripted(dict(OFF))
    settings = Settings(module.modem.execute, Session())
    await change_all(settings)
    module.rules = {"AT": None}
    await settings.put_back()
    assert module.sent[-1] == "AT+CMEE=0"
    with pytest.raises(CommandTimeout):
        await settings.error_numbers()
    await module.modem.close()


async def test_refusal_does_not_keep_the_others() -> None:
    module = Scripted(dict(OFF))
    settings = Settings(module.modem.execute, Session())
    await change_all(settings)
    module.rules = {"AT+CMEE": "ERROR"}
    await settings.put_back()
    assert module.sent[-3:] == ["AT+CMEE=0", "AT+CEREG=1", "AT+CSCON=0"]
    module.rules = {"AT+CEREG?": ["+CEREG:0,1", "OK"], "AT+CEREG=": "ERROR"}
    with pytest.raises(CommandError):
        await settings.report_registration(2)
    await module.modem.close()


async def test_module_that_closes_is_as_it_was() -> None:
    rules = OFF | {"AT+CFUN?": ["+CFUN:1", "OK"], "AT+CSQ": ["+CSQ:20,99", "OK"]}
    scripted = Scripted(rules)
    async with Module(scripted.modem) as module:
        await module.attach()
        await module.report_connection(on=True)  # the program's own
        await module.execute(Command("AT+X"))
        middle = len(scripted.sent)
    assert scripted.sent[middle:] == ["AT+CMEE=0", "AT+CEREG=1"]
    await scripted.modem.close()
