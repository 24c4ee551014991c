"""Bootstrap: gives endpoints the address of the access machine (LwM2M 1.0.2 section 5.2). Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.client import Exchange
from emulator.coap.endpoint import Endpoint
from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet.lwm2m.operations import Write, request_for
from emulator.onenet.years import Retry

# Object 0, instance 0: URI, whether it is a bootstrap server, security mode, identity, secret key,
# and short server id (LwM2M 1.0.2 appendix E.1; which of them OneNET writes: China Mobile's suite
# specification 8.2).
_SECURITY = Path(0, 0)
_PRE_SHARED_KEY, _NO_SECURITY = 0, 3
_SERVER_ID = 1  # guess


class Bootstrap:
    """Writes `access_uri` to each endpoint that asks, and ends its bootstrap.

    One conversation with each endpoint: when it asks again, the earlier one ends. With `secure_uri`
    an endpoint for which `new_key` has a key gets both instead.
    """

    def __init__(self, coap: Endpoint, access_uri: str, retry: Retry, random: Random) -> None:
        self._coap = coap
        self.access_uri = access_uri
        self.secure_uri: str | None = None
        self.new_key: Callable[[str], bytes | None] = lambda _endpoint: None
        self._retry, self._random = retry, random
        self._open: dict[str, Exchange] = {}  # by endpoint

    def start(self, endpoint: str, address: str, now: float) -> None:
        """The endpoint at `address` has asked, and was answered."""
        earlier = self._open.pop(endpoint, None)
        if earlier is not None:
            earlier.cancel()
        values: dict[int, Value] = {0: self.access_uri, 1: False, 2: _NO_SECURITY, 10: _SERVER_ID}
        key = None if self.secure_uri is None else self.new_key(endpoint)
        if self.secure_uri is not None and key is not None:
            values |= {0: self.secure_uri, 2: _PRE_SHARED_KEY, 3: endpoint.encode(), 5: key}
        items = tuple(Item(Path(0, 0, number), value) for number, value in values.items())
        write = request_for(Write(_SECURITY, items, replace=True), accept_tlv=False)
        finish = Message(code=Code.POST, uri_path=("bs",))
        self._send(endpoint, address, deque((write, finish)), now)

    def _send(self, endpoint: str, address: str, pending: deque[Message], now: float) -> None:
        """Send the first of `pending`, and the others one after the other while they succeed."""

        def on_response(answer: Message | None, now: float) -> None:
            del self._open[endpoint]
            if pending and answer is not None and answer.code.is_successful():
                self._send(endpoint, address, pending, now)

        waits = self._retry.waits(self._random, self._retry.timeout)
        self._open[endpoint] = self._coap.request(
            address, pending.popleft(), on_response, now, schedule=waits
        )
