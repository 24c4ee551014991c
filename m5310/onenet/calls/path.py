"""Paths of LwM2M as the API has them: `3311`, `3311/0`, `3311/0/5850`."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d{1,5}")
_LEVELS = ("an object", "an instance", "a resource")
_NAMES = ("obj_id", "obj_inst_id", "res_id")


def parameters(path: str, least: int = 1, most: int = 3) -> dict[str, int]:
    """`obj_id`, `obj_inst_id` and `res_id` of a path of so many numbers.

    Raises:
        ValueError: Fewer or more numbers, or one over 65535.
    """
    parts = path.strip("/").split("/")
    good = all(_NUMBER.fullmatch(part) and int(part) <= 65535 for part in parts)
    if not good or not least <= len(parts) <= most:
        levels = " or ".join(_LEVELS[least - 1 : most])
        example = "/".join(("3311", "0", "5850")[:most])
        raise ValueError(f"path: expected {levels} such as {example}, got {path!r:.40}")
    return {name: int(part) for name, part in zip(_NAMES, parts, strict=False)}
