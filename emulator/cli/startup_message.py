"""Startup message of the command: one JSON line, or text for people. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

# Modules that the text lists one by one.
_MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """One module; `device_id` None: the cloud has no device for it."""

    port: str
    imei: str
    imsi: str
    device_id: str | None


@dataclass(frozen=True, slots=True)
class StartupInfo:
    """Addresses and keys; at least one module."""

    http: str
    api_key: str
    modules: tuple[ModuleInfo, ...]

    def as_json(self) -> str:
        """The fields of the first module and of the cloud, and a list of all modules."""
        first = {**asdict(self.modules[0]), "http": self.http, "api_key": self.api_key}
        return json.dumps({**first, "modules": [asdict(module) for module in self.modules]})

    def as_text(self, baud: int | None, *, strict: bool = False) -> str:
        speed = "as fast as it is read" if baud is None else f"{baud} baud, 8N1"
        if strict:
            speed += ", garbage at any other speed"
        first, many = self.modules[0], len(self.modules) > 1
        lines = [
            f"  port      {first.port}  ({speed})",
            f"  HTTP API  {self.http}",
            f"  api-key   {self.api_key}",
            f"  imei      {first.imei}",
            f"  imsi      {first.imsi}",
            f"  device    {first.device_id or 'none: the cloud refuses its login'}",
        ]
        if many:
            lines += ["", "with the same speed and the same cloud:"]
            lines += [
                f"  {other.port}  imei {other.imei}  imsi {other.imsi}"
                for other in self.modules[1:_MAX_LISTED]
            ]
        if len(self.modules) > _MAX_LISTED:
            lines.append(f"  ... {len(self.modules) - _MAX_LISTED} more; --json lists all")
        intro = (
            f"{len(self.modules)} emulated M5310 modules are running."
            if many
            else "The emulated M5310 is running."
        )
        examples = [f"  {line}" for line in self._examples(first, baud)]
        return "\n".join(
            [
                intro,
                "",
                *lines,
                "",
                "Try, in another terminal:",
                *examples,
                "",
                "Press Ctrl-C to end it.",
            ]
        )

    def _examples(self, module: ModuleInfo, baud: int | None) -> list[str]:
        call = f"curl -H 'api-key: {self.api_key}' '{self.http}"
        examples = []
        if module.port != "-":
            terminal = "python -m serial.tools.miniterm --eol CR"
            examples.append(f"{terminal} {module.port} {baud or 9600}")
        if module.device_id is not None:
            examples.append(f"{call}/devices/{module.device_id}'")
            examples.append(f"{call}/devices/{module.device_id}/datapoints'")
            read = f"{call}/nbiot?imei={module.imei}&obj_id=3303&obj_inst_id=0&res_id=5700'"
            examples.append(f"{read}  # after a program has logged in")
        return examples
