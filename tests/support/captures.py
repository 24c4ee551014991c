"""Captured CoAP sessions, from `tests/wire/coap`; each file names its source."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "wire" / "coap"
NAMES = ("suite_2_3_0", "kit_master", "kit_refactor", "wakaama_1_1", "strict_server")


def captured(name: str, conversation: int | None = None) -> list[tuple[str, bytes, float | None]]:
    """Each message of a session: `device` or `server`, the datagram, seconds if they are known.

    `conversation`: of a file that has several; None: all messages of the file.
    """
    messages = json.loads((FOLDER / f"{name}.json").read_text())["messages"]
    return [
        (each["from"], bytes.fromhex(each["hex"]), each.get("seconds"))
        for each in messages
        if conversation is None or each["conversation"] == conversation
    ]
