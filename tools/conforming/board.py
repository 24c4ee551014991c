"""What earlier cases found out about a board, and whether a case can run on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.conforming.cases import Case, Need

# A MIPLCONF configuration without its endpoint: direct, 300 s, coap://183.230.40.40:5683, no block
# sizes.
_CONFIG = bytes.fromhex("000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A35363833")

_NAMED = re.compile(r"\(\?P<(\w+)>")


@dataclass(slots=True)
class Board:
    """`values` replace names in the parts of cases; `available` are the needs that are met."""

    values: dict[str, str] = field(default_factory=dict)
    available: set[Need] = field(default_factory=set)

    def learn(self, values: Mapping[str, str]) -> None:
        """Add values. IMEI and IMSI give `login`, the arguments of AT+MIPLCONF for this board."""
        self.values |= values
        if "imei" in self.values and "imsi" in self.values:
            endpoint = f"{self.values['imei']};{self.values['imsi']}".encode()
            config = _CONFIG + len(endpoint).to_bytes(2, "little") + endpoint
            self.values["login"] = f"{len(config)},{config.hex().upper()}"

    def reason_to_skip(self, case: Case) -> str:
        """Why `case` cannot run; empty if it can."""
        for need in Need:
            if need in case.needs and not self._met(need):
                return need.value
        try:
            self.fill_in(case)
        except KeyError as unknown:
            return f"{unknown.args[0]} is not known: no earlier case returned it"
        return ""

    def fill_in(self, case: Case) -> tuple[str, ...]:
        """The parts of `case` with its names replaced. Raises KeyError for an unknown name."""
        from_urc = dict.fromkeys(_NAMED.findall(case.urc), "")
        return tuple(part.format_map({**from_urc, **self.values}) for part in case.parts)

    def _met(self, need: Need) -> bool:
        match need:
            case Need.NETWORK:
                return self.values.get("stat") in ("1", "5")  # home, roaming (TS 27.007 10.1.22)
            case Need.ACKNOWLEDGEMENTS:
                return "3." in self.values.get("version", "")
            case _:
                return need in self.available
