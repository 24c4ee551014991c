"""Keys and authorization codes stand on the wire, and nowhere that a person reads later."""

from __future__ import annotations

import logging

import pytest

from m5310.at.modem import MASKED_LIMIT
from m5310.device.device import Device
from m5310.dialects.dialect import Options
from m5310.dialects.suite.commands import configure_key, create_ex
from m5310.errors import M5310Error
from tests.support.clock import elapse
from tests.support.devices import ENDPOINT, module
from tests.support.scripted import Reply
from tests.support.suite_module import suite

CODE, KEY = "secretcode1", "secretkey2"
SECURE = {"uri": "coaps://183.230.40.40:5684", "psk": KEY}

REPLIES = {
    "refused": "+CME ERROR: 50",
    "silent": None,
    "without the number": "OK",
    "too many lines": [*["1"] * 1001, "OK"],
}


@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("name", "lines", "options"),
    [
        ("mn316", ["CREATEEX"], SECURE),
        ("m5310a", ["CREATEEX"], {}),
        ("bc28", ["CONFIG=4", "CONFIG=5"], SECURE),
        ("nb86", ["CREATE"], {}),
    ],
)
async def test_secret_is_in_no_error_and_in_no_log(
    name: str,
    lines: list[str],
    options: dict[str, str],
    reply: str,
    echo: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    hidden = CODE, KEY, CODE.encode().hex().upper()

    def answer(line: str) -> Reply:
        found = REPLIES[reply]
        rest = [] if found is None else [found] if isinstance(found, str) else found
        return [*([line] if echo else []), *rest]

    async with module(suite(**dict.fromkeys(lines[-1:], answer))) as m:
        error = None
        try:
            await Device(m.modem, ENDPOINT, module=name, auth_code=CODE, **options).create()  # type: ignore[arg-type]
        except M5310Error as failed:
            error = failed
        await elapse(100)
        assert any(text in line for line in m.sent for text in hidden)
    if reply in ("refused", "silent"):
        assert error is not None
        assert f"AT+MIPL{lines[-1]}" in str(error)
    shown = f"{error!r} {error} {vars(error) if error else ''} {caplog.text}"
    for text in hidden:
        assert text not in shown
    assert "***" in caplog.text


def test_objects_hide_their_secrets() -> None:
    assert "secret" not in repr(Options(auth_code=CODE, psk=KEY))
    command = create_ex("host:5684", bootstrap=False, auth_code=CODE, psk=KEY)
    assert repr(command) == (
        """Command('AT+MIPLCREATEEX="host:5684",0,***,***', timeout=5, repeatable=False)"""
    )


async def test_many_secrets_are_masked_and_not_remembered_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with module({"AT+MIPLCONFIG": lambda line: [line, "OK"]}) as m:
        for number in range(3 * MASKED_LIMIT):
            await m.modem.execute(configure_key(f"secret{number}"))
        assert len(m.modem._masked) == MASKED_LIMIT
    assert "secret" not in caplog.text
    assert caplog.text.count("AT+MIPLCONFIG=5,1,***") == 6 * MASKED_LIMIT
