"""The captured CoAP sessions of tests/wire/coap; each file names its source."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "wire" / "coap"
FILES = sorted(FOLDER.glob("*.json"))


def datagrams(*names: str) -> list[bytes]:
    """All datagrams of the captures, or of those with these names, in order."""
    return [
        bytes.fromhex(each["hex"])
        for file in FILES
        if not names or file.stem in names
        for each in json.loads(file.read_text(encoding="utf-8"))["messages"]
    ]


def captured(name: str, conversation: int | None = None) -> list[tuple[str, bytes, float | None]]:
    """Each message of a session: `device` or `server`, the datagram, seconds if they are known.

    `conversation`: of a file that has several; None: all messages of the file.
    """
    messages = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["messages"]
    return [
        (each["from"], bytes.fromhex(each["hex"]), each.get("seconds"))
        for each in messages
        if conversation is None or each["conversation"] == conversation
    ]
