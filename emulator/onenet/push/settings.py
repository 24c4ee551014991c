"""Settings of the push (OneNET guide 4.1.2). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from emulator.onenet.posting import checked_url
from emulator.onenet.push.signature import aes_key, encrypt

# guess: the limits of the real platform are not published.
MAX_TOKEN = 128
MAX_BATCH_COUNT = 500
MAX_BATCH_SECONDS = 3600.0
PADS = (16, 32)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to push, and in which form.

    `aes_key`: 43 letters or digits; None: plain messages. `pad`: 16, or 32 as the guide says, which
    most receivers refuse. A batch of points is sent when `batch_count` of them wait, or the oldest
    has waited for `batch_seconds`; without both, each point is sent at once.
    """

    url: str
    token: str
    aes_key: str | None = None
    pad: int = 16
    batch_seconds: float | None = None
    batch_count: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError that names the setting."""
        checked_url(self.url)
        if not 0 < len(self.token) <= MAX_TOKEN or not self.token.isascii():
            raise ValueError(f"token: expected 1 to {MAX_TOKEN} characters of ASCII")
        if self.aes_key is not None:
            # The first encryption takes some milliseconds: not while a device waits.
            encrypt(aes_key(self.aes_key), "", bytes(16))
        if self.pad not in PADS:
            raise ValueError(f"pad {self.pad}: expected 16 or 32")
        if self.batch_seconds is not None and not 0 < self.batch_seconds <= MAX_BATCH_SECONDS:
            raise ValueError(
                f"batch_seconds {self.batch_seconds}: expected more than 0, up to"
                f" {MAX_BATCH_SECONDS:g}"
            )
        if self.batch_count is not None and not 0 < self.batch_count <= MAX_BATCH_COUNT:
            raise ValueError(f"batch_count {self.batch_count}: expected 1 to {MAX_BATCH_COUNT}")

    @property
    def batched(self) -> bool:
        return self.batch_seconds is not None or self.batch_count is not None

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Self:
        """Raises ValueError that names what is missing or wrong."""
        for name in ("url", "token"):
            if name not in given:
                raise ValueError(f"{name} is missing: expected url and token")
        for name, value in given.items():
            kinds = _KINDS.get(name)
            if kinds is None:
                raise ValueError(f"{name} is unknown: expected {', '.join(_KINDS)}")
            if not isinstance(value, kinds) or isinstance(value, bool):
                shown = json.dumps(value)[:40]
                raise ValueError(  # noqa: TRY004 - it is the caller's JSON
                    f"{name} {shown}: expected {_EXPECTED[name]}"
                )
        return cls(**given)  # type: ignore[arg-type]  # the types were checked


_KINDS: dict[str, tuple[type, ...]] = {
    "url": (str,),
    "token": (str,),
    "aes_key": (str, type(None)),
    "pad": (int,),
    "batch_seconds": (int, float, type(None)),
    "batch_count": (int, type(None)),
}
_EXPECTED = {
    **dict.fromkeys(("url", "token", "aes_key"), "a text"),
    **dict.fromkeys(("pad", "batch_count"), "an integer"),
    "batch_seconds": "a number",
}
