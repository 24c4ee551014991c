"""What is known of a board, and whether that and what is at hand suffice for a case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.conforming.cases import Case, Need

# Direct, 300 s, coap://183.230.40.40:5683 and no block sizes (spec/at.md 4); the endpoint follows.
_CONFIG = bytes.fromhex("000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A35363833")

_NAMED = re.compile(r"\(\?P<(\w+)>")


@dataclass(slots=True)
class Known:
    """`names` stand in the pieces of cases: what a board has told, the host's speeds, addresses."""

    names: dict[str, str] = field(default_factory=dict)
    at_hand: set[Need] = field(default_factory=set)

    def learn(self, told: Mapping[str, str]) -> None:
        """IMEI and IMSI together make `login`, the values of AT+MIPLCONF for this board."""
        self.names |= told
        if "imei" in self.names and "imsi" in self.names:
            endpoint = f"{self.names['imei']};{self.names['imsi']}".encode()
            config = _CONFIG + len(endpoint).to_bytes(2, "little") + endpoint
            self.names["login"] = f"{len(config)},{config.hex().upper()}"

    def hindrance(self, case: Case) -> str:
        """Why `case` cannot be tried; nothing where it can."""
        for need in Need:
            if need in case.needs and not self._met(need):
                return need.value
        try:
            self.filled(case)
        except KeyError as unknown:
            return f"{unknown.args[0]} is not known: no earlier case has told it"
        return ""

    def filled(self, case: Case) -> tuple[str, ...]:
        """Its pieces. Raises KeyError: a name in them is not known."""
        announced = dict.fromkeys(_NAMED.findall(case.announced), "")
        return tuple(piece.format_map({**announced, **self.names}) for piece in case.pieces)

    def _met(self, need: Need) -> bool:
        match need:
            case Need.NETWORK:
                return self.names.get("stat") in ("1", "5")  # home, roaming (TS 27.007 10.1.22)
            case Need.ACKNOWLEDGEMENTS:
                return "3." in self.names.get("version", "")
            case _:
                return need in self.at_hand
