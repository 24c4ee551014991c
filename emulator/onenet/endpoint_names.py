"""What OneNET's devices register with: names, `imei;imsi` (OneNET guide 4.2.1), and codes. Pure."""

from __future__ import annotations

import re

IMEI = re.compile(r"[0-9A-Za-z]{1,17}")
IMSI = re.compile(r"[0-9A-Za-z]{1,16}")
# The authentication code of a device (OneNET's documents of 2019).
AUTH = re.compile(r"[0-9A-Za-z]{1,16}")
# Its key for DTLS (the same).
PSK = re.compile(r"[0-9A-Za-z]{8,16}")


def endpoint_name(imei: str, imsi: str) -> str:
    """The endpoint name under which a device registers with OneNET."""
    return f"{imei};{imsi}"


def imei_of(endpoint: str) -> str:
    """The first part of an endpoint name."""
    return endpoint.partition(";")[0]
