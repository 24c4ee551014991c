"""What is used of pyOpenSSL: `SSL`, and what its public functions lack.

The functions for pre-shared keys are in the binding to OpenSSL that pyOpenSSL itself stands on. A
version without one of them is refused here.
"""

from __future__ import annotations

from typing import Any

try:
    from OpenSSL import SSL
    from OpenSSL import _util as _binding
except ImportError as error:
    raise ImportError("DTLS needs pyOpenSSL; try: pip install 'm5310[dtls]'") from error

__all__ = ("SSL", "ffi", "lib")

ffi: Any = _binding.ffi
lib: Any = _binding.lib

_NEEDED = (
    "ERR_clear_error",
    "SSL_CTX_set_psk_client_callback",
    "SSL_CTX_set_psk_server_callback",
)
for _name in _NEEDED:
    if not hasattr(lib, _name):
        raise ImportError(
            f"DTLS needs {_name}, which this version of pyOpenSSL and cryptography lacks; try:"
            " pip install --force-reinstall 'm5310[dtls]'"
        )
