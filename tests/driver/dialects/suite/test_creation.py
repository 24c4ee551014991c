"""Creating the instance with secrets and buffered operations, on each kind of module."""

from __future__ import annotations

import dataclasses

import pytest

from m5310.at.codec import Command
from m5310.dialects.classic.config import Config
from m5310.dialects.dialect import Options
from m5310.dialects.profiles import PROFILES, read_profile
from m5310.dialects.suite.blob import Blob
from m5310.dialects.suite.creation import created, creation
from m5310.dialects.suite.dialect import Suite
from m5310.errors import CommandError, NotInDialect, ParameterError
from m5310.lwm2m.resources import ObjectTree

PLAIN, SECURE = "coap://183.230.40.40:5683", "coaps://183.230.40.40:5684"
AUTH, KEY = Options(auth_code="code1"), Options(psk="abcdefge")
BOTH = Options(auth_code="code1", psk="abcdefge")


def lines(module: str, uri: str = PLAIN, options: Options = Options()) -> list[str]:  # noqa: B008
    found = creation(PROFILES[module], Config("1;2", uri, 300), options)
    return [each.line for each in (*found.server, *found.settings, *found.create)]


@pytest.mark.parametrize(
    ("module", "uri", "options", "expected"),
    [
        ("mn316", PLAIN, AUTH, ['AT+MIPLCREATEEX="183.230.40.40:5683",0,"code1"']),
        ("mn316", SECURE, KEY, ['AT+MIPLCREATEEX="183.230.40.40:5684",0,,"abcdefge"']),
        ("m5310a", PLAIN, AUTH, ['AT+MIPLCREATEEX="183.230.40.40:5683",0,"code1"']),
        ("m5311", SECURE, BOTH, ['AT+MIPLCREATEEX="183.230.40.40:5684",0,"code1","abcdefge"']),
        (
            "bc28",
            SECURE,
            BOTH,
            [
                "AT+MIPLCONFIG=0,183.230.40.40,5684",
                "AT+MIPLCONFIG=4,1,code1",
                "AT+MIPLCONFIG=5,1,abcdefge",
                "AT+MIPLCREATE",
            ],
        ),
    ],
)
def test_secrets(module: str, uri: str, options: Options, expected: list[str]) -> None:
    assert lines(module, uri, options) == expected


@pytest.mark.parametrize("module", ["nb86", "me3616", "m5310a-2018", "sim7000c"])
def test_authorization_code_in_the_configuration(module: str) -> None:
    """Its user data, as hosts write it."""
    line = lines(module, PLAIN, AUTH)[-1]
    blob = Blob.decode(bytes.fromhex(line.split(",")[1]))
    assert blob.userdata == "AuthCode:code1;"


@pytest.mark.parametrize(
    ("module", "uri", "options", "what"),
    [
        ("nb73", PLAIN, AUTH, "an authorization code"),
        ("sim7020", PLAIN, AUTH, "an authorization code"),
        ("nb86", SECURE, KEY, "a server with DTLS"),
        ("generic", SECURE, KEY, "a server with DTLS"),
        ("mn316", "coaps://183.230.40.40:5683", KEY, "a server with DTLS"),
        ("mn316", "coap://183.230.40.40:5684", Options(), "a server without DTLS at port 5684"),
    ],
)
def test_what_a_module_has_no_command_for(
    module: str, uri: str, options: Options, what: str
) -> None:
    with pytest.raises(NotInDialect, match=rf"\({module}\) has no command for {what}"):
        lines(module, uri, options)


@pytest.mark.parametrize(
    ("uri", "options", "words"),
    [(SECURE, Options(), "needs a key: give psk="), (PLAIN, KEY, "is for a server with DTLS")],
)
def test_key_and_dtls_go_together(uri: str, options: Options, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        lines("mn316", uri, options)


@pytest.mark.parametrize(
    "given",
    [
        *({"auth_code": each} for each in ("", 'a"b', "a,b", "a;b", "a b", "é", "x" * 65, 5)),
        *({"psk": each} for each in ("", "abc-", "x" * 17, "ab\r", 5)),
    ],
    ids=str,
)
def test_secrets_that_no_line_can_carry(given: dict[str, str]) -> None:
    (name,) = given
    with pytest.raises(ParameterError, match=f"{name}: expected 1 to") as refused:
        Options(**given)
    assert str(given[name])[:5] not in str(refused.value) or not given[name]


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("mn316", [], ["AT+MIPLNMI=3,1,0"]),
        ("m5310a", [], ["AT+MIPLNMI=3,1,0"]),
        ("bc28", ["AT+MIPLCONFIG=7,1,1"], []),
    ],
)
def test_buffered_operations(module: str, before: list[str], after: list[str]) -> None:
    profile = read_profile(f'name = "mine"\nlike = "{module}"\nbuffered = 1')
    found = creation(profile, Config("1;2", PLAIN, 300), Options())
    assert [each.line for each in found.settings] == before
    assert [each.line for each in created(profile, Options(), 3)] == after


def test_module_without_a_buffer() -> None:
    profile = dataclasses.replace(PROFILES["nb73"], buffered=1)
    with pytest.raises(NotInDialect, match=r"\(nb73\).*buffered operations"):
        creation(profile, Config("1;2", PLAIN, 300), Options())


def test_length_of_a_configuration_line_is_the_modules() -> None:
    profile = read_profile('name = "mine"\nlike = "nb86"\nfragment = 30')
    found = creation(profile, Config("1;2", PLAIN, 300), Options()).create
    assert [each.line.rsplit(",", 3)[1:] for each in found] == [["1", "30", "1"], ["0", "19", "0"]]


@pytest.mark.parametrize("refusals", [2, 3])
async def test_setting_that_the_firmware_does_not_have_is_named(refusals: int) -> None:
    """The line may have damaged it, so it is tried again."""
    left = ["AT+MIPLNMI=0,1,0"] * refusals
    sent: list[str] = []

    async def execute(command: Command) -> object:
        sent.append(command.line)
        if left and command.line == left[-1]:
            left.pop()
            raise CommandError(command.line, "ERROR", None)
        return 0

    profile = dataclasses.replace(PROFILES["mn316"], buffered=1)
    suite = Suite(profile, Config("1;2", PLAIN, 300), ObjectTree())
    if refusals < 3:
        await suite.configure(execute)  # type: ignore[arg-type]
    else:
        with pytest.raises(NotInDialect, match=r"\(mn316\).*AT\+MIPLNMI=0,1,0 was refused"):
            await suite.configure(execute)  # type: ignore[arg-type]
    assert sent[1:] == ["AT+MIPLNMI=0,1,0"] * 3
