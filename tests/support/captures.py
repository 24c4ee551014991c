"""The captured CoAP datagrams of tests/wire/coap."""

from __future__ import annotations

import json
from pathlib import Path

FILES = sorted((Path(__file__).parents[1] / "wire" / "coap").glob("*.json"))


def datagrams(*names: str) -> list[bytes]:
    """All datagrams of the captures, or of those with these names, in order."""
    return [
        bytes.fromhex(each["hex"])
        for file in FILES
        if not names or file.stem in names
        for each in json.loads(file.read_text(encoding="utf-8"))["messages"]
    ]
