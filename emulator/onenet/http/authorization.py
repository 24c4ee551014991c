"""The header `Authorization`, which shows that a client has the key without sending it. Pure.

    version=2018-10-31&res=products%2F123123&et=1537255523&method=sha1&sign=...

Source: OneNET's documents of 2019 ("security authentication"), for the calls of the guide, too.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from urllib.parse import unquote

from emulator.onenet.errors import ApiError, Reason, shown

_VERSION = "2018-10-31"
_METHODS = ("md5", "sha1", "sha256")
_NAMES = ("version", "res", "et", "method", "sign")


def check(header: str, key: str, now: float) -> None:
    """Raises ApiError unless `header` is signed with `key`, the product's, and holds `now`.

    guess: the number of the product may be any; signatures with the key of a device are not taken.
    """
    given = {}
    for pair in header.split("&"):
        name, _, text = pair.strip().partition("=")
        given[name] = unquote(text)  # a + is one, also where it is not escaped
    missing = [name for name in _NAMES if not given.get(name)]
    if missing:
        raise _refused(f"has no {missing[0]}, expected {'&'.join(f'{it}=...' for it in _NAMES)}")
    version, resource, end, method, sign = (given[name] for name in _NAMES)
    if version != _VERSION or method not in _METHODS:
        raise _refused(
            f"has version {shown(version)} and method {shown(method)}, expected {_VERSION} and"
            f" {', '.join(_METHODS)}"
        )
    if not re.fullmatch("products/[A-Za-z0-9]+", resource):
        raise _refused(f"has res {shown(resource)}, expected products/<product id>")
    if not re.fullmatch("[0-9]{1,12}", end) or int(end) < now:
        raise _refused(f"has et {shown(end)}, expected seconds since 1970, after {int(now)}")
    try:
        secret = b64decode(key, validate=True)
    except ValueError:
        raise _refused("needs a product whose key is Base64 (--api-key)") from None
    signed = hmac.digest(secret, f"{end}\n{method}\n{resource}\n{version}".encode(), method)
    if not hmac.compare_digest(b64encode(signed), sign.encode(errors="replace")):
        raise _refused("has a sign that does not fit")


def _refused(why: str) -> ApiError:
    return ApiError(Reason.AUTH_FAILED, f"Authorization {why}")
