"""How a module speaks China Mobile's suite language (AT+MIPL..., version 2): its knobs, as data.

No module speaks it as the specification has it. Each entry of SUITES is one way; the modules that
speak it are in `emulator.module.firmware`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from emulator.module.at.codec import Cme, Refusal, cis_refusal
from emulator.module.lwm2m.host import ServerAddress

PLATFORM_TIME = 25.0
"""Seconds for which the platform itself waits for an answer."""


class Create(StrEnum):
    """How a host may create the instance."""

    BARE = "bare"  # AT+MIPLCREATE
    BLOB = "blob"  # AT+MIPLCREATE with the configuration in hexadecimal
    EX = "ex"  # AT+MIPLCREATEEX
    EXT = "ext"  # AT+MIPLCREATEEXT
    CONFIG = "config"  # AT+MIPLCONFIG before it
    BOOTSTRAP = "bootstrap"  # AT+MIPLBOOTSTRAP before it


class Write(StrEnum):
    """How the value of a write reaches the host."""

    BYTES = "bytes"  # hexadecimal; the length counts bytes
    DIGITS = "digits"  # hexadecimal; the length counts its digits
    TEXT = "text"  # of the resource's type, once it is known; hexadecimal before, in digits


class Execute(StrEnum):
    """How the arguments of an execute reach the host."""

    TYPED = "typed"  # length, and the text in quotes
    FLAGGED = "flagged"  # the same and a flag 0 (manual of the M5313)
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class Errors:
    """`family`: what stands before the number. For `+CME ERROR` the host may turn the number off.

    The numbers: `parameter`: a value is wrong; `state`: not now; `exists`, `missing`: there is an
    instance, or none; `unknown`: no such object or request; `busy`: the uplink is full; `network`:
    there is none.
    """

    family: str
    parameter: int
    state: int
    exists: int
    missing: int
    unknown: int
    busy: int
    network: int

    @property
    def cme(self) -> bool:
        return self.family.startswith("+CME")

    def refusal(self, number: int) -> Refusal:
        """With this number."""
        return Refusal(Cme(number)) if self.cme else cis_refusal(number, self.family)

    def refusal_like(self, number: int) -> Refusal:
        """With the number that means here what `number` means on China Mobile's modules, if this
        family has others.
        """
        if not self.cme:
            return self.refusal(number)
        like = {
            601: self.parameter,
            602: self.state,
            651: self.unknown,
            652: self.busy,
            653: self.exists,
        }
        return self.refusal(like.get(number, Cme.UNKNOWN))


# guess: 601 for an object or request that is not there, 602 without a network
CIS = Errors("+CIS ERROR:", 601, 602, 602, 602, 601, 652, 602)
CHINA_MOBILE = Errors("+CIS ERROR:", 601, 602, 653, 653, 651, 652, 602)
# guess: 3 for all that is not allowed now
CME = Errors("+CME ERROR: ", 50, 3, 3, 3, 3, 159, 30)

# Where a bare AT+MIPLCREATE leads (addresses in real configurations).
_BY_NAME = ServerAddress("nbiotbt.heclouds.com:5683", bootstrap=True)
_BY_NUMBER = ServerAddress("183.230.40.39:5683", bootstrap=True)


@dataclass(frozen=True, slots=True)
class Suite:
    """The defaults are the specification's, without a check that a real host would not pass.

    Who answers: `host_answers`: the host answers observe, discover and attributes; otherwise the
    module does, from the resources that the host has named before the login. `host_observes` False:
    the module answers an observe in any case. `answer_time`: seconds in which an answer counts.
    `pacing`: seconds from an answer of the host to the next observe or discover.

    Lines: `urc_blank`, `answer_blank`: a blank after the colon; `comma_blank`: after each comma of
    an unsolicited line. `observe_resource`: a line of an observe has the resource, -1 for all.
    `write`: see `Write`; `write_index`: the index follows the flag; `write_quoted`: values in
    quotes; `write_width`: the fewest bytes of an integer whose type is known. `execute`: see
    `Execute`; `execute_empty`: with length and quotes also when there are no arguments.
    `read_count`: reads of more than one resource have a sixth value. `own_reads`: what the module
    answers itself is shown. `parameters`: order of the attributes; `stp` is another name of `st`.
    `hidden`: events that are not shown. `timeout_event`: of a login without an answer.
    `delete_first`: event 15 of AT+MIPLDELETE precedes its OK.

    Commands: `create`: see `Create`; `bare_reference`: the answer has the number alone;
    `late_reference`: it follows the OK (MR880A). `server`:
    where it leads by itself. `open_query`, `extras`: AT+MIPLOPEN? and China Mobile's own commands
    exist. `lifetime`: the least and the most seconds; `shortest`: below it a day counts;
    `zero_keeps`: 0 in an update keeps the lifetime. `open_timeout`: seconds, where AT+MIPLOPEN
    gives none.

    Fetching: `kept`: modes of AT+MIPLNMI in which reads, writes and executes wait for AT+MIPLMGR;
    `announced`: those in which +MIPLNMI says so.

    Checks: `counts_observes`: ids of observes have the number of observes above 16 bits.
    `notify_observed`: a report names the id of an observe. `ackid_zero`: 0 is taken. `flags`: the
    last line of a group has flag 0. `lengths`: they must fit the values. `counts`: an object has no
    more resources than AT+MIPLADDOBJ has counted; `attributes`: it counts at least one attribute.
    `instances`: of one object at most. `version`: the answer to AT+MIPLVER?.
    """

    host_answers: bool = True
    host_observes: bool = True
    answer_time: float = PLATFORM_TIME
    pacing: float = 0.0
    urc_blank: bool = False
    answer_blank: bool = False
    comma_blank: bool = False
    observe_resource: bool = True
    write: Write = Write.BYTES
    write_index: bool = True
    write_quoted: bool = False
    write_width: int = 1
    execute: Execute = Execute.TYPED
    execute_empty: bool = False
    read_count: bool = False
    own_reads: bool = False
    parameters: tuple[str, ...] = ("pmin", "pmax", "lt", "gt", "st")
    hidden: frozenset[int] = frozenset()
    timeout_event: int = 8
    delete_first: bool = False
    create: frozenset[Create] = frozenset({Create.BARE, Create.BLOB})
    bare_reference: bool = False
    late_reference: bool = False
    server: ServerAddress = _BY_NAME
    open_query: bool = False
    extras: bool = False
    lifetime: tuple[int, int] = (1, 268_435_455)
    shortest: int = 0
    zero_keeps: bool = True
    open_timeout: int = 30
    errors: Errors = CIS
    kept: frozenset[int] = frozenset({2})
    announced: frozenset[int] = frozenset({2})
    counts_observes: bool = True
    notify_observed: bool = False
    ackid_zero: bool = True
    flags: bool = False
    lengths: bool = False
    counts: bool = False
    attributes: bool = False
    instances: int = 64
    version: str = "2.2.0"


_GENERIC = Suite(extras=True, create=frozenset(Create), open_query=True)
_CONFIGURED = frozenset({Create.BARE, Create.BLOB})
# Manual of China Mobile's modules; events, lengths and reads as its examples have them. Writes are
# text once the type is known (the manual; the FAQ explains the digits before that).
_CHINA_MOBILE = Suite(
    host_answers=False,
    answer_time=5.0,
    write=Write.TEXT,
    write_index=False,
    execute=Execute.BARE,
    read_count=True,
    own_reads=True,
    hidden=frozenset({1, 4}),
    timeout_event=7,
    create=frozenset({Create.BARE, Create.BLOB, Create.EX}),
    open_query=True,
    extras=True,
    shortest=10,
    zero_keeps=False,
    errors=CHINA_MOBILE,
    counts_observes=False,
)
_QUECTEL = Suite(
    answer_time=10.0,
    urc_blank=True,
    parameters=("pmin", "pmax", "gt", "lt", "st"),
    create=frozenset({Create.BARE, Create.CONFIG}),
    server=_BY_NUMBER,
    lifetime=(16, 268_435_454),
    zero_keeps=False,
    errors=CME,
    counts=True,
    host_observes=False,  # as an example reads it back from a module without a configuration
)
_LIERDA = Suite(create=_CONFIGURED, counts=True, attributes=True)
# Times of a real session: an observe comes 2.2 s and more after the answer before it.
_USR = Suite(
    create=_CONFIGURED,
    server=_BY_NUMBER,
    pacing=3.5,
    delete_first=True,
    lifetime=(15, 268_435_455),
)

SUITES: Mapping[str, Suite] = {
    "generic": _GENERIC,
    "m5310a": _CHINA_MOBILE,
    # guess: lines and checks of the later firmware, but for who answers and what it writes
    "m5310a-2018": replace(
        _CHINA_MOBILE,
        write=Write.DIGITS,
        host_answers=True,
        answer_time=PLATFORM_TIME,
        own_reads=False,
        counts_observes=True,
    ),
    # Its manual.
    "m5311": replace(
        _CHINA_MOBILE,
        hidden=frozenset({1, 2}),
        open_timeout=15,
        ackid_zero=False,
    ),
    "mn316": replace(
        _CHINA_MOBILE,
        urc_blank=True,
        answer_blank=True,
        errors=replace(CHINA_MOBILE, family="+CIS ERROR: "),
        # The manual of this module: 1 announces, 2 does not.
        # guess: that the earlier ones differ
        kept=frozenset({1, 2}),
        announced=frozenset({1}),
    ),
    "bc95": _QUECTEL,
    "bc28": _QUECTEL,
    "bc35g": _QUECTEL,
    "nb86": _LIERDA,
    "nb73": _USR,
    "me3616": Suite(
        create=_CONFIGURED,
        urc_blank=True,
        answer_blank=True,
        comma_blank=True,
        notify_observed=True,
        errors=replace(CIS, family="+CIS ERROR: "),  # guess: as China Mobile's manual prints it
    ),
    "sim7000c": Suite(
        urc_blank=True,
        answer_blank=True,
        bare_reference=True,
        create=frozenset({*_CONFIGURED, Create.BOOTSTRAP}),
        errors=CME,  # guess
    ),
    "sim7020": Suite(
        urc_blank=True,
        answer_blank=True,
        create=frozenset({Create.BARE, Create.EXT}),
        errors=CME,  # guess
    ),
}
