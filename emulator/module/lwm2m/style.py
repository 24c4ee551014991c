"""The two ways in which the module speaks LwM2M, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.lwm2m.model import Format, Item, Path

_SERVER, _DEVICE = 1, 3


@dataclass(frozen=True, slots=True)
class Style:
    """What differs between China Mobile's suite and LwM2M 1.0 as its specification has it.

    `version`: the register request's `lwm2m`; None: left out. `tlv`: Content-Format of TLV.
    `wrapped`: the resources of one instance stand in an Object Instance TLV, if the object has more
    than one resource. `observe_value`: the answer to an observe carries the value, which the host
    is asked for. `deduplicates`: a repeated request is answered from memory; otherwise the host
    gets it again. `security`: /0/0 is among the instances. `own_instances`: instances of the module
    itself, which it lists; `lists_late`: by an update right after the login, not by the login.
    `attributes`: the module itself holds reports back as pmin, pmax, gt, lt and st demand.
    `float_digits`: significant digits of a float as text; None: the shortest text that reads back
    as the same number. `long_zero`: an option with the number 0 has one byte, not none. `own`:
    resources that the module serves itself. `strict`: requests are judged as LwM2M 1.0 demands:
    Accept counts, a resource has the operations of its definition only, discover shows attributes,
    an update has only what is new. `first_observe`: the Observe number of the answer to an observe.
    `registers_again`: a server that does not know the registration any more gets it again from the
    module itself; otherwise the update fails, and the host opens again.
    """

    version: str | None
    tlv: Format
    wrapped: bool
    observe_value: bool
    deduplicates: bool
    security: bool
    own_instances: tuple[Path, ...]
    lists_late: bool
    attributes: bool
    float_digits: int | None
    long_zero: bool
    own: tuple[Item, ...]
    strict: bool
    first_observe: int
    registers_again: bool


# China Mobile's suite SDK 2.3.0 (captured). Its object Device holds the firmware version only.
ONENET = Style(
    version=None,
    tlv=Format.OLD_TLV,
    wrapped=True,
    observe_value=False,
    deduplicates=False,
    security=True,
    own_instances=(Path(_DEVICE, 0), Path(4, 0), Path(5, 0)),
    lists_late=True,
    attributes=False,
    float_digits=17,
    long_zero=True,
    own=(Item(Path(_DEVICE, 0, 3), "1.0"),),
    strict=False,
    first_observe=0,
    # guess: the suite reports a failed update to its host (event 12 of its specification), and does
    # no more
    registers_again=False,
)
# OMA-TS-LightweightM2M-V1_0_2. Server and Device are mandatory there (E.2, E.4); the account's
# lifetime comes to these.
STANDARD = Style(
    version="1.0",
    tlv=Format.TLV,
    wrapped=False,
    observe_value=True,
    deduplicates=True,
    security=False,
    own_instances=(Path(_SERVER, 0), Path(_DEVICE, 0)),
    lists_late=False,
    attributes=True,
    float_digits=None,
    long_zero=False,
    own=(
        Item(Path(_SERVER, 0, 0), 1),  # Short Server ID
        Item(Path(_SERVER, 0, 6), False),  # notifications are not stored while offline
        Item(Path(_SERVER, 0, 7), "U"),
        Item(Path(_DEVICE, 0, 3), "1.0"),
        Item(Path(_DEVICE, 0, 11, 0), 0),  # no error
        Item(Path(_DEVICE, 0, 16), "U"),
    ),
    strict=True,
    first_observe=1,  # npm's coap 0.22 waits for one above 0
    registers_again=True,  # guess: 1.0 does not say it; the libraries of other makers do it
)
STYLES: Mapping[str, Style] = {"onenet": ONENET, "standard": STANDARD}
