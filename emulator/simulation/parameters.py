"""The parameters of an emulator: their types, defaults and meaning. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from emulator.air.faults import DOWNLINK_WINDOW, LATENCY
from emulator.clock.clocks import Clock
from emulator.line.faults import Rates
from emulator.module.firmware import DEFAULT, Firmware, firmware_of, profile
from emulator.module.general.identity import Identity
from emulator.onenet.years import DEFAULT_YEAR
from emulator.recording.trace import TraceLine
from emulator.simulation.checks import check_parts, check_types

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

_DEFAULT = Identity()
_NO_FAULTS = Rates()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """Checks its parameters, and opens `db`; `start` opens ports.

    - `port`: what a host opens: `pty`, `socket://HOST:PORT`, `rfc2217://HOST:PORT`, or `-` for
      standard input and output. `link`: path of a symbolic link to make to the pty.
    - `baud`: bits a second, or the module's "own"; None: the line is as fast as its host reads.
      `strict`: a host at another speed than the module's reads and sends garbage.
    - `modules`: how many, 1 or more; links, ports, IMEI and IMSI are counted up from the first.
      `imei`, `imsi`: 1 to 17 and 1 to 16 letters or digits (OneNET guide 4.2.1).
    - `http`: HOST:PORT of the API, port 0 takes a free one; None: no API. `allow_hosts`: names
      of this machine in HTTP requests, besides `localhost`; those under others are refused.
      `api_key` None: a random one. `page`: the API serves the emulator's page, for browsers.
      `push`: URL of an application that gets what happens; `token`: its own; `aes_key`: to
      encrypt it (guide 4.1). `device` False: no devices, so every login is refused.
    - `module`: one of `emulator.module.firmware.MODULES`, such as "bc28"; None: that of
      `firmware`, a profile or its name. The module decides `typed_urcs`, `quiet`, `hasty_lost` and
      `overruns` where they are None.
    - `quiet`: seconds, 0 or more, from a final result to the next command; earlier commands are
      counted in `too_soon`, and lost if `hasty_lost`. `overruns`: bytes that arrive while the
      module sends may be lost. Both are off by default on an unpaced line. `boot_noise`: see
      `Module`. `cold`: the modules are powered at the start: they boot, and then search for the
      network. Otherwise they have been registered for some time.
    - `faults`: error rates of the lines. `seed`: of everything that is random. `latency`: of
      the air, seconds each way, 0 or more. `allow_network`: datagrams and requests to
      applications may leave this machine.
    - `year`: 2018 or 2019, whose OneNET is behind them (`emulator.onenet.years`).
      `platform_addresses`: `host:port` or `coap://host:port`, where modules may log in besides
      OneNET's own addresses; logins to others time out. `strict_host`: the modules refuse
      doubtful commands, which they take with a note in the trace otherwise.
    - `air`: what carries the CoAP datagrams between modules and cloud: `memory`, or `coap`: UDP
      sockets, so that other LwM2M clients can log in to the cloud at `coap`, HOST:PORT.
      `coaps`: HOST:PORT of a second one by DTLS, with the extra `dtls`; `psk`: the key of the
      devices there, 8 to 16 letters or digits (None: a random one); it is in the modules, too.
      `server`: `coap://HOST:PORT` of another LwM2M server in place of the cloud, with `air`
      `coap`: OneNET's addresses lead there, and there is no HTTP API. `style`: how the modules
      speak LwM2M, `onenet` as China Mobile's suite, `standard` as LwM2M 1.0 has it; None:
      `standard` with `server`. `platform_only`: no module; `modules` devices of the cloud.
      `downlink_window`: seconds in which downlink reaches a module that sent; None: always.
    - `trace_air`: `trace` gets the messages of the air, too. `capture` is called with the
      blocks of a pcapng file of the air and the lines.
    - `clock`: `LoopClock()` by default, `SteeredClock()` with `page`. `trace` is called with each
      line of the conversation, `record` with each line of a recording of the first module
      (`emulator.recording`). What they raise goes to the event loop's exception handler; `record`
      is not called again then.
    - `db`: file in which the cloud keeps what it has; the next start on it finds that again. It
      has the newest `keep_points` of each stream, and those of the last `keep_days`; None: all.

    Raises ValueError or TypeError naming the invalid parameter, OSError naming the file `db`.
    """

    port: str = "pty"
    baud: int | Literal["own"] | None = "own"
    strict: bool = False
    imei: str = _DEFAULT.imei
    imsi: str = _DEFAULT.imsi
    http: str | None = "127.0.0.1:0"
    page: bool = False
    allow_hosts: Sequence[str] = ()
    api_key: str | None = None
    push: str | None = None
    token: str | None = None
    aes_key: str | None = None
    device: bool = True
    link: Path | str | None = None
    trace: Callable[[TraceLine], None] | None = None
    record: Callable[[str], object] | None = None
    module: str | None = None
    firmware: str | Firmware = DEFAULT
    typed_urcs: bool | None = None
    cold: bool = False
    boot_noise: bool = False
    latency: float = LATENCY
    modules: int = 1
    clock: Clock | None = None
    quiet: float | None = None
    hasty_lost: bool | None = None
    overruns: bool | None = None
    faults: Rates = _NO_FAULTS
    seed: int = 0
    allow_network: bool = False
    year: int = DEFAULT_YEAR
    platform_addresses: Sequence[str] = ()
    strict_host: bool = False
    air: Literal["memory", "coap"] = "memory"
    coap: str = "127.0.0.1:0"
    coaps: str | None = None
    psk: str | None = None
    server: str | None = None
    style: Literal["onenet", "standard"] | None = None
    platform_only: bool = False
    trace_air: bool = False
    capture: Callable[[bytes], object] | None = None
    downlink_window: float | None = DOWNLINK_WINDOW
    db: Path | str | None = None
    keep_days: float | None = None
    keep_points: int | None = None

    def __post_init__(self) -> None:
        check_types(Parameters, {one.name: getattr(self, one.name) for one in fields(self)})
        check_parts(
            self.air,
            server=self.server,
            platform_only=self.platform_only,
            coaps=self.coaps,
            record=self.record,
        )
        if self.page and (self.http is None or self.server is not None):
            raise ValueError("page: expected with http, and without server")
        window = self.downlink_window
        if window is not None and not window > 0:
            raise ValueError(f"downlink_window {window}: expected seconds above 0, or None")

    def chosen(self) -> tuple[Firmware, int | None]:
        """The firmware with what overrides it, and the speed of the line. Raises ValueError."""
        firmware = profile(
            firmware_of(self.module, self.firmware),
            self.baud is not None,
            self.typed_urcs,
            self.quiet,
            self.hasty_lost,
            self.overruns,
        )
        return firmware, firmware.speed if self.baud == "own" else self.baud


def taking(
    made: Callable[P, T],
) -> Callable[[Callable[[S, T], None]], Callable[Concatenate[S, P], None]]:
    """Decorates an `__init__` that needs what `made` returns: its callers give the parameters of
    `made`, and it has their signature and documentation.
    """

    def decorated(init: Callable[[S, T], None]) -> Callable[Concatenate[S, P], None]:
        @wraps(init)
        def wrapper(self: S, /, *args: P.args, **given: P.kwargs) -> None:
            init(self, made(*args, **given))

        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        theirs = inspect.signature(made)
        parameters = [own, *theirs.parameters.values()]
        wrapper.__signature__ = theirs.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=None
        )
        wrapper.__doc__ = made.__doc__
        return wrapper

    return decorated
