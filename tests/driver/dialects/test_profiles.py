"""The modules that the driver knows, and those that a user adds."""

from __future__ import annotations

import pytest

from m5310.dialects.profiles import (
    FAMILIES,
    PROFILES,
    Create,
    Profile,
    profile_at_boot,
    profile_for,
    profile_of,
    read_profile,
)
from m5310.errors import CommandError, ParameterError
from m5310.module.banner import Said, describe, is_ours

NAMES = (
    "m5310 m5310a m5310a-2018 m5311 bc95 bc28 bc35g nb86 nb73 me3616 sim7000c sim7020 mn316"
    " n700-cn ml5530 im2209 generic"
)


def test_known_modules() -> None:
    assert " ".join(PROFILES) == NAMES
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.errors in FAMILIES
        assert str(profile) == f"{profile.title} ({name})"
    assert [name for name, profile in PROFILES.items() if profile.declares] == [
        *("m5310a", "m5311", "mn316"),
    ]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (("CMCC", "M5310", "M5310_V3.1.0"), "m5310"),
        (("CMCC", "M5310-A", "SSB,V150R100C10B200SP1 APPLICATION_A,M5310-A-MONH0S00"), "m5310a"),
        (("", "", "", "CMCC M5311 MDM"), "m5311"),
        (("", "", "", "CMCC M5312 M5312-PBRH0S00"), "m5311"),
        (
            ("Quectel", "BC95HB-02-STD_850", "", "Quectel BC95-B5 Revision:BC95B5HBR01A02W16"),
            "bc95",
        ),
        (("Quectel", "BC35GJB-02-STD", "", "Quectel BC35-G Revision:BC35GJBR01A01"), "bc35g"),
        (("Quectel", "BC28JB-02-STD"), "bc28"),
        (("Lierda", "", ""), "nb86"),
        (("SIMCOM_Ltd", "SIMCOM_SIM7000C"), "sim7000c"),
        (("SIMCOM_Ltd", "SIM7020C"), "sim7020"),
        (("CMIOT", "mn316-dlvs"), "mn316"),
        (("Fibocom", "N700-CN"), "n700-cn"),
        (("", "", "", "Longsung A9500"), None),
        (("", ""), None),
    ],
)
def test_module_of_what_it_says(said: tuple[str, ...], name: str | None) -> None:
    found = profile_of(said)
    assert (found and found.name) == name


def test_module_of_its_boot_text() -> None:
    for line, name in {
        "*MATREADY: 1": "me3616",
        "*ATREADY: 1": "m5311",
        "M5310-A": "m5310a",
        "Lierda": "nb86",
    }.items():
        found = profile_at_boot(line)
        assert found is not None
        assert found.name == name
    assert profile_at_boot("M5310") is None


@pytest.mark.parametrize(
    ("name", "result", "number", "words"),
    [
        ("nb73", "+CIS ERROR:602", 602, "(nb73: state)"),
        ("m5310a", "+CIS ERROR: 651", 651, "(m5310a: not allowed)"),
        ("bc28", "+CME ERROR: 513", 513, "(bc28: refused)"),
        ("bc28", "ERROR", None, "(bc28: refused)"),
    ],
)
def test_same_number_means_different_things(
    name: str, result: str, number: int | None, words: str
) -> None:
    error = PROFILES[name].explained(CommandError("AT+MIPLOPEN=0", result, number))
    assert str(error) == f"AT+MIPLOPEN=0 was refused with {result} {words}"
    assert (error.command, error.result, error.number) == ("AT+MIPLOPEN=0", result, number)


def test_refused_report_without_an_observe_is_explained() -> None:
    """Firmware of the EC616 and others takes only the id of an observe; the EC616 hides those that
    it answers itself."""
    report = "AT+MIPLNOTIFY=0,{},3303,0,5700,4,4,21.5,0,0"
    refused = CommandError(report.format(0), "+CIS ERROR: 601", 601)
    assert "no observe of this resource" in str(PROFILES["generic"].explained(refused))
    observed = CommandError(report.format(70247), "+CIS ERROR: 601", 601)
    assert "no observe of this resource" not in str(PROFILES["generic"].explained(observed))


def test_choice_of_a_program() -> None:
    assert profile_for(None, None) is None
    assert profile_for("suite", None) is None
    assert profile_for("classic", None) is PROFILES["m5310"]
    assert profile_for("suite", "bc28") is PROFILES["bc28"]
    mine = Profile("mine", "my module")
    assert profile_for(None, mine) is mine


def test_profile_of_the_users_own() -> None:
    mine = read_profile(
        """
        name = "n700"
        title = "Fibocom N700-CN"
        like = "bc28"
        names = ["N700-CN", "N700"]
        create = "blob"
        errors = "ec616"
        echo = true
        instances = 8
        answer_within = 5
        """
    )
    assert mine.create is Create.BLOB
    assert mine.names == ("N700-CN", "N700")
    assert (mine.echo, mine.instances, mine.answer_within) == (True, 8, 5.0)
    assert mine.opaque_weight == PROFILES["bc28"].opaque_weight
    assert read_profile('name = "x"').create is PROFILES["generic"].create


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("name = ", "not TOML"),
        ('title = "x"', "has no name"),
        ('name = "x"\nlike = "y"', "'y' is no module"),
        ('name = "x"\nspeed = 5', "no 'speed'; expected name"),
        ('name = "x"\ncreate = "blobs"', "create = 'blobs': expected one of classic, bare"),
        ('name = "x"\necho = 1', "echo = 1: expected true or false"),
        ('name = "x"\ninstances = "8"', "instances = '8': expected a whole number, 1 to 1000000"),
        ('name = "x"\ninstances = 0', "instances = 0: expected a whole number"),
        ('name = "x"\nbaud = true', "baud = True: expected a whole number"),
        ('name = "x"\nbaud = 9600.5', "baud = 9600.5: expected a whole number"),
        ('name = "x"\nanswer_within = 0', "answer_within = 0: expected seconds, more than 0"),
        ('name = "x"\nanswer_within = inf', "answer_within = inf: expected seconds"),
        ('name = "x"\nanswer_within = nan', "answer_within = nan: expected seconds"),
        ('name = "x"\nnames = "N700"', "names = 'N700': expected a list of texts"),
        ('name = "x"\nerrors = "mine"', "errors = 'mine': expected one of suite"),
        ("name = 5", "name = 5: expected a text"),
        ('name = " "', "name = ' ': expected a text of one line"),
        ('name = "a\\nb"', "expected a text of one line"),
    ],
)
def test_faults_in_a_profile_are_named(text: str, match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        read_profile(text)


@pytest.mark.parametrize(
    "name", [each for profile in PROFILES.values() if not profile.classic for each in profile.names]
)
def test_banner_knows_the_modules_of_the_profiles(name: str) -> None:
    """What the driver says of a module whose firmware refuses OneNET."""
    assert "China Mobile's common one" in describe(Said("", "", name, ""))
    assert not is_ours(Said(name, "", "", ""))
