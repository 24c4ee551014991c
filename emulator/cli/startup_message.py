"""What the command says once everything is there: as one JSON line, or to a person. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

# So many modules are named one by one to a person.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """One module; `device_id` None: the cloud does not know it."""

    port: str
    imei: str
    imsi: str
    device_id: str | None


@dataclass(frozen=True, slots=True)
class StartupInfo:
    """Where everything is; at least one module."""

    http: str
    api_key: str
    modules: tuple[ModuleInfo, ...]

    def as_json(self) -> str:
        """The first module's fields beside the cloud's, and a list of all modules."""
        told = {**asdict(self.modules[0]), "http": self.http, "api_key": self.api_key}
        return json.dumps({**told, "modules": [asdict(module) for module in self.modules]})

    def as_text(self, baud: int | None, *, strict: bool = False) -> str:
        speed = "as fast as it is read" if baud is None else f"{baud} baud, 8N1"
        if strict:
            speed += ", and garbage at any other"
        first, many = self.modules[0], len(self.modules) > 1
        told = [
            f"  port      {first.port}  ({speed})",
            f"  HTTP API  {self.http}",
            f"  api-key   {self.api_key}",
            f"  imei      {first.imei}",
            f"  imsi      {first.imsi}",
            f"  device    {first.device_id or 'none: the cloud refuses its login'}",
        ]
        if many:
            told += ["", "and, at the same speed and with the same cloud:"]
            told += [
                f"  {other.port}  imei {other.imei}  imsi {other.imsi}"
                for other in self.modules[1:_SHOWN]
            ]
        if len(self.modules) > _SHOWN:
            told.append(f"  ... {len(self.modules) - _SHOWN} more; --json names all")
        intro = (
            f"{len(self.modules)} emulated M5310s are on." if many else "The emulated M5310 is on."
        )
        tries = [f"  {line}" for line in self._tries(first, baud)]
        return "\n".join(
            [intro, "", *told, "", "Try, in another terminal:", *tries, "", "Ctrl-C ends it."]
        )

    def _tries(self, module: ModuleInfo, baud: int | None) -> list[str]:
        call = f"curl -H 'api-key: {self.api_key}' '{self.http}"
        tries = []
        if module.port != "-":
            terminal = "python -m serial.tools.miniterm --eol CR"
            tries.append(f"{terminal} {module.port} {baud or 9600}")
        if module.device_id is not None:
            tries.append(f"{call}/devices/{module.device_id}'")
            tries.append(f"{call}/devices/{module.device_id}/datapoints'")
            read = f"{call}/nbiot?imei={module.imei}&obj_id=3303&obj_inst_id=0&res_id=5700'"
            tries.append(f"{read}  # once a program has logged in")
        return tries
