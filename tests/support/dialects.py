"""A dialect for tests of parts of a device."""

from __future__ import annotations

from m5310.dialects.classic.config import Config
from m5310.dialects.classic.dialect import Classic

CONFIG = Config("1234;5678", "coap://183.230.40.40:5683", 300)
CLASSIC = Classic(CONFIG)
