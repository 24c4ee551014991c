"""Startup message of the command: one JSON line, or text for people. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass

# Modules that the text lists one by one.
_MAX_LISTED = 10
_OBJECTS_OF_THE_MODULE = ("/0/", "/1/", "/2/", "/3/", "/4/", "/5/")


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A module or a device; `device_id` None: the cloud has no device for it."""

    imei: str
    imsi: str
    device_id: str | None


@dataclass(frozen=True, slots=True)
class CloudInfo:
    """Addresses and keys of the cloud; `page`: for browsers, with the key; `coap` None: it has no
    socket; `coaps`: with DTLS, with the key `psk` of its devices; `push`: URL of the application
    that gets what happens; `db`: file of what it keeps.
    """

    http: str
    api_key: str
    coap: str | None
    page: str | None = None
    coaps: str | None = None
    psk: str | None = None
    push: str | None = None
    db: str | None = None

    def call(self, path: str, body: str | None = None) -> str:
        """A command that calls the API."""
        header = shlex.quote(f"api-key: {self.api_key}")
        data = "" if body is None else f" -d {shlex.quote(body)}"
        return f"curl -H {header} '{self.http}{path}'{data}"

    def creation(self, imei: str, imsi: str) -> str:
        """A command that creates a device."""
        body = {"title": f"M5310 {imei}", "protocol": "LWM2M", "auth_info": {imei: imsi}}
        return self.call("/devices", json.dumps(body))

    @property
    def all_calls(self) -> str:
        """A command that shows all calls of the API."""
        return f"{self.call('/openapi.json')}  # all calls"

    def announcement(self, endpoint: str, instances: Iterable[str]) -> str:
        """A device has registered: a command that reads one of its instances."""
        own = (one for one in instances if not one.startswith(_OBJECTS_OF_THE_MODULE))
        _, object_id, instance, *_ = (*next(own, "/3/0").split("/"), "0")
        imei = endpoint.partition(";")[0]
        read = self.call(f"/nbiot?imei={imei}&obj_id={object_id}&obj_inst_id={instance}")
        return f"{endpoint} has registered. Read an instance: {read}"


@dataclass(frozen=True, slots=True)
class StartupInfo:
    """What runs: modules on `ports` with their devices, or, without ports, the cloud alone.

    `cloud` None: the modules register with the LwM2M server at the URI `server`, with the key `psk`
    if that is by DTLS. `model`: of the modules.
    """

    cloud: CloudInfo | None
    devices: tuple[DeviceInfo, ...]
    ports: tuple[str, ...]
    server: str | None = None
    psk: str | None = None
    model: str = "M5310"

    def as_json(self) -> str:
        """The fields of the cloud and of the first module, and a list of all modules."""
        cloud = {} if self.cloud is None else _given(asdict(self.cloud))
        server = {} if self.server is None else _given({"server": self.server, "psk": self.psk})
        if not self.ports:
            return json.dumps({**cloud, "devices": [asdict(device) for device in self.devices]})
        modules = [
            {"port": port, **asdict(device)}
            for port, device in zip(self.ports, self.devices, strict=True)
        ]
        return json.dumps({**modules[0], **cloud, **server, "modules": modules})

    def as_text(self, baud: int | None, *, strict: bool = False) -> str:
        if self.ports:
            intro, lines, examples = self._modules(baud, strict=strict)
        else:
            intro, lines, examples = self._platform()
        heading = "Try, in another terminal:"
        tried = [heading, *(f"  {line}" for line in examples), ""] if examples else []
        return "\n".join([intro, "", *lines, "", *tried, "Press Ctrl-C to end it."])

    def _platform(self) -> tuple[str, list[str], list[str]]:
        assert self.cloud is not None
        names = [f"{device.imei};{device.imsi}" for device in self.devices]
        lines = [
            *self._cloud(),
            *_listed([f"  endpoint  {name}" for name in names]),
            "",
            "LwM2M clients register at the CoAP address under an endpoint name above; more devices",
            "are created with POST /devices. Each registration is shown here.",
        ]
        first = self.devices[0].device_id
        if first is None:
            examples = [self.cloud.creation(self.devices[0].imei, self.devices[0].imsi)]
        else:
            examples = [self.cloud.call(f"/devices/{first}")]
        examples.append(self.cloud.all_calls)
        return "The emulated OneNET is running.", lines, examples

    def _modules(self, baud: int | None, *, strict: bool) -> tuple[str, list[str], list[str]]:
        speed = "as fast as it is read" if baud is None else f"{baud} baud, 8N1"
        if strict:
            speed += ", garbage at any other speed"
        first, many = self.devices[0], len(self.devices) > 1
        lines = [
            f"  port      {self.ports[0]}  ({speed})",
            *self._cloud(),
            f"  imei      {first.imei}",
            f"  imsi      {first.imsi}",
        ]
        if self.cloud is not None:
            lines.append(f"  device    {first.device_id or 'none: the cloud refuses its login'}")
        if many:
            others = [
                f"  {port}  imei {other.imei}  imsi {other.imsi}"
                for port, other in zip(self.ports[1:], self.devices[1:], strict=True)
            ]
            lines += ["", "with the same speed and the same cloud:", *_listed(others)]
        intro = (
            f"{len(self.devices)} emulated {self.model} modules are running."
            if many
            else f"The emulated {self.model} is running."
        )
        return intro, lines, self._examples(first, baud)

    def _cloud(self) -> list[str]:
        if self.cloud is None:
            if self.psk is None:
                return [f"  server    {self.server}  (OneNET's addresses lead there)"]
            led = "coaps://183.230.40.40:5684"  # OneNET FAQ of 2019
            return [f"  server    {self.server}  ({led} leads there)", f"  psk       {self.psk}"]
        cloud = self.cloud
        shown = {
            "page": cloud.page,
            "HTTP API": cloud.http,
            "api-key": cloud.api_key,
            "CoAP": cloud.coap,
            "DTLS": cloud.coaps,
            "psk": cloud.psk,
            "push": cloud.push or "none; --push URL --token T sends what happens to an application",
            "db": cloud.db,
        }
        return [f"  {name:<8}  {value}" for name, value in shown.items() if value is not None]

    def _examples(self, device: DeviceInfo, baud: int | None) -> list[str]:
        examples = []
        if self.ports[0] != "-":
            terminal = "python -m serial.tools.miniterm --eol CR"
            examples.append(f"{terminal} {self.ports[0]} {baud or 9600}")
        if self.cloud is None:
            return examples
        if device.device_id is None:
            examples.append(self.cloud.creation(device.imei, device.imsi))
        else:
            examples.append(self.cloud.call(f"/devices/{device.device_id}"))
            examples.append(self.cloud.call(f"/devices/{device.device_id}/datapoints"))
            path = f"/nbiot?imei={device.imei}&obj_id=3303&obj_inst_id=0&res_id=5700"
            examples.append(f"{self.cloud.call(path)}  # after a program has logged in")
        examples.append(self.cloud.all_calls)
        return examples


def _listed(lines: list[str]) -> list[str]:
    more = len(lines) - _MAX_LISTED + 1
    if more <= 1:
        return lines
    return [*lines[: _MAX_LISTED - 1], f"  ... {more} more; --json lists all"]


def _given(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
