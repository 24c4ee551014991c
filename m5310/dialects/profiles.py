"""The modules that the driver knows, as data: how each names itself, and how it speaks.

A user adds a module with a TOML text, see `read_profile`. Values without a source of their own are
those of the chip family.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from m5310.errors import (
    CommandError,
    NotInDialect,
    ParameterError,
    Text,
    listed,
    shortened,
)


class Create(Enum):
    """How a module of the suite creates its instance, and learns its server."""

    CLASSIC = "classic"  # not of the suite
    BARE = "bare"  # the server is built in
    BLOB = "blob"
    EX = "ex"  # "<host>:<port>",<flags>
    EXT = "ext"  # "<ip>",1
    CONFIG = "config"  # the server by a command of its own, then bare
    BOOTSTRAP = "bootstrap"  # bootstrap on or off by a command of its own, then the blob


class Fetch(Enum):
    """The command by which a host fetches an operation of the platform that the module buffers."""

    NONE = "none"  # it has none
    MGR = "mgr"  # AT+MIPLMGR, China Mobile
    RD = "rd"  # AT+MIPLRD, Quectel


_SUITE: Final = {100: Text("unknown"), 601: Text("parameter"), 602: Text("state")}

FAMILIES: Final[Mapping[str, Mapping[int, str]]] = {
    "suite": _SUITE,
    "chinamobile": _SUITE
    | {
        651: Text("not allowed"),
        652: Text("uplink busy"),
        653: Text("resource: the instance exists already, or is missing"),
    },
    "ec616": _SUITE
    | {
        651: Text("not supported, or the instance exists"),
        652: Text("SDK"),
        653: Text("no instance"),
        654: Text("memory"),
        655: Text("no network"),
        656: Text("configuration"),
        657: Text("conflict"),
        658: Text("task"),
        659: Text("object memory"),
    },
    "quectel": {
        3: Text("operation not allowed"),
        4: Text("operation not supported"),
        23: Text("memory failure"),
        30: Text("no network service"),
        50: Text("incorrect parameters"),
        51: Text("command disabled"),
        52: Text("command aborted"),
        159: Text("uplink busy"),
        500: Text("unknown"),
    },
}
"""What the numbers in refusals mean, by family: the same number means different things."""


STATES: Final = {3, 602, 651, 653}
"""Numbers of a refusal because of a state: CME 3 (TS 27.007 9.2), the others of the suite."""

_UNOBSERVED: Final = "AT+MIPLNOTIFY=0,0,"
"""A report of a resource whose observe was not seen; some firmware refuses it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One module, or several that speak alike.

    `names` are texts of its answers to ATI, CGMI, CGMM and CGMR, `boot` lines that it writes when
    it starts. `declares`: it answers observes and discovers by itself, from what is declared before
    the login. `errors` is a key of `FAMILIES`. `hex_string`: it has the value type 6. `instances`
    of one object at most; `payload`: bytes of the values of one message at most, where opaque bytes
    count `opaque_weight` times. `answer_within`: seconds from a request to its answer. `echo`: it
    echoes command lines after its start. `baud` after its start.

    `creates_ex`: it also has AT+MIPLCREATEEX, used for what only that takes: a key, an
    authorization code. `fragment`: bytes of a configuration in one line at most (AT+MIPLCREATE).
    `fetch`: the command for buffered operations; `buffered`: the mode that turns the buffer on, 0:
    off, the module writes operations as they come. The mode is that of AT+MIPLNMI (1 in China
    Mobile's manual; some firmware counts from 2), or of AT+MIPLCONFIG=7 (1 writes, 2 executes, 3
    both).
    """

    name: str
    title: str
    names: tuple[str, ...] = ()
    boot: tuple[str, ...] = ()
    create: Create = Create.BARE
    declares: bool = False
    errors: str = "suite"
    hex_string: bool = False
    instances: int = 100
    payload: int = 1000
    opaque_weight: int = 1
    answer_within: float = 10.0
    echo: bool = False
    baud: int = 9600
    creates_ex: bool = False
    fragment: int = 119  # of XY1100; the longest one seen on others has 62
    fetch: Fetch = Fetch.NONE
    buffered: int = 0

    @property
    def classic(self) -> bool:
        """Whether it speaks the classic dialect, not the suite."""
        return self.create is Create.CLASSIC

    @property
    def dialect(self) -> str:
        return "classic" if self.classic else "suite"

    def __str__(self) -> str:
        return f"{self.title} ({self.name})"

    def lacks(self, what: str) -> NotInDialect:
        """The error that says what the module has no command for."""
        return NotInDialect(
            Text(
                "{module} has no command for {what}; use another module, or do without it",
                module=self,
                what=what,
            )
        )

    def explained(self, error: CommandError) -> CommandError:
        """The refusal with its number's meaning on this module, and with the profile's name."""
        meaning = error.meaning
        if error.number is not None:
            meaning = FAMILIES[self.errors].get(error.number, meaning)
        meaning = meaning or Text("refused")
        if error.command.startswith(_UNOBSERVED):
            meaning = Text(
                "{meaning}; the module has shown no observe of this resource, and takes a report "
                "only with the number of one: wait for the platform to observe it, or if the "
                "module answers observes and hides them, turn that off (AT+MIPLCONFIG=3,0)",
                meaning=meaning,
            )
        why = Text("{profile}: {meaning}", profile=self.name, meaning=meaning)
        return CommandError(error.command, error.result, error.number, why)


def _profiles(*profiles: Profile) -> dict[str, Profile]:
    return {each.name: each for each in profiles}


_A2018: Final = Profile(
    "m5310a-2018",
    "China Mobile M5310-A with firmware of 2018",
    create=Create.BLOB,
    errors="chinamobile",
    hex_string=True,
    answer_within=3.0,
)
_M5310A: Final = dataclasses.replace(
    _A2018,
    name="m5310a",
    title="China Mobile M5310-A",
    names=("M5310-A", "M5310A", "M5310-SE", "M5310-CM"),
    boot=("M5310-A",),
    declares=True,
    creates_ex=True,
    fetch=Fetch.MGR,
)
_QUECTEL: Final = Profile(
    "bc28",
    "Quectel BC28",
    names=("BC28",),
    create=Create.CONFIG,
    errors="quectel",
    payload=1023,
    opaque_weight=2,
    fetch=Fetch.RD,
)

PROFILES: Final[Mapping[str, Profile]] = _profiles(
    Profile("m5310", "China Mobile M5310", names=("M5310",), create=Create.CLASSIC),
    _M5310A,
    _A2018,
    dataclasses.replace(
        _M5310A,
        name="m5311",
        title="China Mobile M5311",
        names=("M5311", "M5312", "M5313", "M5330"),
        boot=("*ATREADY: 1",),
        echo=True,
    ),
    dataclasses.replace(_QUECTEL, name="bc95", title="Quectel BC95", names=("BC95",)),
    _QUECTEL,
    dataclasses.replace(_QUECTEL, name="bc35g", title="Quectel BC35-G", names=("BC35",)),
    Profile(
        "nb86",
        "Lierda NB86-G",
        names=("NB86", "MB86", "Lierda"),
        boot=("Lierda",),
        create=Create.BLOB,
    ),
    Profile("nb73", "USR WH-NB73", names=("NB73", "NB71")),
    Profile(
        "me3616",
        "Gosuncn ME3616",
        names=("ME3616",),
        boot=("*MATREADY: 1",),
        create=Create.BLOB,
        echo=True,
    ),
    Profile(
        "sim7000c",
        "SIMCom SIM7000C-N",
        names=("SIM7000", "SIMCOM_SIM7000"),
        create=Create.BOOTSTRAP,
        echo=True,
        baud=115200,  # guess
    ),
    Profile(
        "sim7020",
        "SIMCom SIM7020C",
        names=("SIM7020", "SIM7030"),
        create=Create.EXT,
        echo=True,
        baud=115200,
    ),
    Profile(
        "mn316",
        "China Mobile MN316",
        names=("MN316", "MN318", "MN319", "MN326", "ML302A", "ML305A", "ML307", "MR880A"),
        boot=("+MATREADY",),
        create=Create.EX,
        declares=True,
        errors="chinamobile",
        hex_string=True,
        answer_within=3.0,
        fetch=Fetch.MGR,
    ),
    # guess: all about the following, of which nothing is public. Built-in server, answers by the
    # host: what most modules take; the rest is that of the chip.
    Profile("n700-cn", "Fibocom N700-CN", names=("N700",), echo=True),  # MT2625
    Profile("ml5530", "Cheerzing ML5530", names=("ML5530", "ML5535", "ML5330")),  # Hi2110, Hi2115
    Profile("im2209", "H3C IM2209", names=("IM2209",)),
    Profile("generic", "a module that is not known here"),
)
"""The known modules by name."""


def profile_of(
    answers: Iterable[str], among: Iterable[Profile] = PROFILES.values()
) -> Profile | None:
    """The profile whose name stands in what a module says about itself; None: in none.

    Of several, the one with the longest name: `M5310-A` is no `M5310`.
    """
    said = " ".join(answers).upper()
    found = [
        (len(name), profile) for profile in among for name in profile.names if name.upper() in said
    ]
    return max(found, key=lambda each: each[0])[1] if found else None


def profile_at_boot(line: str) -> Profile | None:
    """The profile of a module that writes this line when it starts; None: not known."""
    return next((each for each in PROFILES.values() if line in each.boot), None)


def named(module: str | Profile) -> Profile:
    """The profile of this name. Raises ParameterError, which lists the names."""
    if isinstance(module, Profile):
        return module
    try:
        return PROFILES[module]
    except (KeyError, TypeError):
        raise ParameterError(
            Text(
                "{module} is no module known here; expected one of {names}, or a Profile",
                module=shortened(repr(module), 40),
                names=listed(PROFILES),
            )
        ) from None


def profile_for(dialect: str | None, module: str | Profile | None) -> Profile | None:
    """The profile that a program's choice names; None: it is to be found out.

    `dialect` is "classic", "suite" or None. Raises ParameterError, also if the two disagree.
    """
    if dialect not in (None, "classic", "suite"):
        raise ParameterError(
            f"dialect {shortened(repr(dialect), 40)}: expected 'classic', 'suite' or None"
        )
    if module is None:
        return PROFILES["m5310"] if dialect == "classic" else None
    profile = named(module)
    if dialect not in (None, profile.dialect):
        raise ParameterError(
            f"{profile} speaks the {profile.dialect} dialect; expected that one, or dialect=None"
        )
    return profile


# --- profiles of the user's own --------------------------------------------------------------

_FIELDS: Final = {field.name: field for field in dataclasses.fields(Profile)}
_MOST: Final = 1_000_000
"""Of a whole number in a profile: the highest speed of a port, in baud, is below it."""
_LONGEST: Final = 60.0
"""Of seconds in a profile: twice the time after which the platform gives a request up."""


def read_profile(text: str) -> Profile:
    """A profile from a TOML text: `like` names the profile that it is based on (default
    `generic`), each other key is a field of `Profile`.

        name = "n700"
        like = "generic"
        names = ["N700-CN"]
        create = "blob"

    Raises ParameterError, which names the key.
    """
    try:
        table = tomllib.loads(text)
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"the profile is not TOML: {error}; expected a text") from None
    base = named(table.pop("like", "generic"))
    if "name" not in table:
        raise ParameterError('the profile has no name; expected name = "..."')
    return dataclasses.replace(base, **{key: _field(key, it, base) for key, it in table.items()})


def _field(key: str, given: object, base: Profile) -> Any:
    if key not in _FIELDS:
        raise ParameterError(f"a profile has no {shortened(key, 40)!r}; expected {listed(_FIELDS)}")
    present = getattr(base, key)
    match present, given:
        case Enum(), str() if given in [each.value for each in type(present)]:
            return type(present)(given)
        case bool(), bool():
            return given
        case int(), int() if type(present) is type(given) and 0 < given <= _MOST:
            return given
        case float(), int() | float() if type(given) is not bool and 0 < given <= _LONGEST:
            return float(given)
        case tuple(), list() if all(isinstance(each, str) for each in given):
            return tuple(given)
        case str(), str() if given in FAMILIES if key == "errors" else _is_line(given):
            return given
        case _:
            pass
    expected = _expected(key, present)
    raise ParameterError(f"{key} = {shortened(repr(given), 40)}: expected {expected}")


def _expected(key: str, present: object) -> str:
    match present:
        case Enum():
            return f"one of {', '.join(each.value for each in type(present))}"
        case bool():
            return "true or false"
        case int():
            return f"a whole number, 1 to {_MOST}"
        case float():
            return f"seconds, more than 0 and at most {_LONGEST:g}"
        case tuple():
            return "a list of texts"
        case _:
            return f"one of {', '.join(FAMILIES)}" if key == "errors" else "a text of one line"


def _is_line(text: str) -> bool:
    return text.isprintable() and bool(text.strip())
