"""Emulator of the M5310 module, of the radio network and of the OneNET cloud.

    with Emulator(baud=None) as emulator:
        run_program(emulator.port)              # a program that talks to the module
        Cloud(emulator).read("3303/0/5700")     # an application that talks to the cloud

    host bytes                                                       HTTP calls, pushes
        |                                                                      |
    line -- module: AT commands <-> lwm2m client        lwm2m server <-> onenet: platform
                                         |                    |
                                   coap.Endpoint        coap.Endpoint
                                         |  datagrams         |
                                         +------- air --------+---- other clients and servers
                                            memory or UDP

Module and cloud stand on one CoAP endpoint each, and the air carries datagrams between them: the
same bytes in memory and by UDP sockets, where any LwM2M client or server can take an end's place.
`coap` knows no LwM2M, `lwm2m` (payloads and data model) no CoAP message; both ends use them.
`simulation` steps all parts by one `clock`; `emulator.Emulator` puts them together. Everything but
ports, sockets and clocks is pure: time is an argument, and chance follows from a seed. What the
cloud keeps is in one SQLite database, in memory or in a file.
`scenario` plays events on an emulator, `control` serves its page for browsers, `recording` writes
and replays conversations, traces and captures, `testing` has the pytest fixtures, `cli` the
command.

Each name is imported when it is first used (PEP 562): pytest loads the fixtures of this package in
every project, also without the extra `emulator`, and `python -m emulator` handles signals before
the long imports begin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `as` exports a name (PEP 484)
    from emulator.clock.clocks import EagerClock as EagerClock
    from emulator.clock.clocks import LoopClock as LoopClock
    from emulator.clock.clocks import VirtualClock as VirtualClock
    from emulator.clock.steered import SteeredClock as SteeredClock
    from emulator.emulator import Emulator as Emulator
    from emulator.line.faults import Rates as Rates
    from emulator.module.firmware import Firmware as Firmware
    from emulator.module.radio.coverage import Coverage as Coverage
    from emulator.module.radio.sim import Sim as Sim
    from emulator.onenet.errors import ApiError as ApiError
    from emulator.simulation.remote import within as within
    from emulator.testing.application import Cloud as Cloud
    from emulator.testing.journal import Journal as Journal

# The imports above repeat this table for type checkers.
_MODULE_OF = {
    "ApiError": "emulator.onenet.errors",
    "Cloud": "emulator.testing.application",
    "Coverage": "emulator.module.radio.coverage",
    "EagerClock": "emulator.clock.clocks",
    "Emulator": "emulator.emulator",
    "Firmware": "emulator.module.firmware",
    "Journal": "emulator.testing.journal",
    "LoopClock": "emulator.clock.clocks",
    "Rates": "emulator.line.faults",
    "Sim": "emulator.module.radio.sim",
    "SteeredClock": "emulator.clock.steered",
    "VirtualClock": "emulator.clock.clocks",
    "within": "emulator.simulation.remote",
}

__all__ = list(_MODULE_OF)


if not TYPE_CHECKING:  # type checkers would take any name for public

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(_MODULE_OF[name]), name)
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f'{error.name} is not installed, which the emulator needs: pip install "m5310'
                '[emulator]"',
                name=error.name,
            ) from None
