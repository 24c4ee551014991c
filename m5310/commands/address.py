"""IP addresses, the only ones a module takes: names are not resolved there."""

from __future__ import annotations

import ipaddress

from m5310.errors import ParameterError


def ip_address(text: str) -> str:
    """`text` in the one way its address is written (`2001:DB8::1` is `2001:db8::1`).

    Raises ParameterError if it is none, or one with a scope, which is the host's own matter.
    """
    try:
        if "%" in text:
            raise ValueError
        return str(ipaddress.ip_address(text))
    except (ValueError, TypeError):
        raise ParameterError(
            f"{text!r} is not an IP address like '183.230.40.40'; names are not resolved here"
        ) from None
