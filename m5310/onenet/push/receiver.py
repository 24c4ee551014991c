"""`Receiver`: the receiving side of OneNET's push, for any web framework. Pure."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from m5310.onenet.push.encryption import decrypt, key_from
from m5310.onenet.push.envelope import check_signature, open_envelope
from m5310.onenet.push.errors import Malformed, PushError, TooLarge, WrongMethod
from m5310.onenet.push.handler import Handler, make_handler
from m5310.onenet.push.messages import Message, PushAnswer, messages_in

MAX_BODY = 1 << 19
"""Bytes of a pushed body.  guess: OneNET's batches are smaller; these are some 4000 points. While
the JSON of one is parsed no other thread runs, so that longer ones would be felt."""

MAX_QUERY = 8190
"""Characters of the query of an address check: aiohttp's limit for a line."""


class Receiver:
    """Takes what OneNET pushes (guide 4.1, 4.2). With aiohttp:

        receiver = Receiver(token="abcdefg", aes_key=None)
        app = aiohttp.web.Application()
        app.router.add_route("*", "/push", receiver.aiohttp_handler(on_message))

    With any other framework, for each request to the address that was set at the platform:

        answer = receiver.answer(method, query_string, body)
        for message in answer.messages:
            store(message)
        return answer.text, answer.status

    Answer within 5 s, or OneNET pushes the same again. So **a message can arrive twice**. A `Point`
    that comes again is equal to the first; `at`, `device_id` and `stream` name it. Points of the
    time when OneNET had stopped pushing are not pushed later: get them with `OneNet.points`.

    A receiver keeps nothing: it can be used from many threads and event loops at once.
    """

    def __init__(
        self, token: str, aes_key: str | None = None, previous_aes_key: str | None = None
    ) -> None:
        """`token` and `aes_key` (43 characters) as set at the platform.

        `previous_aes_key` is the one before: while the key is being changed, messages come in both.
        With a key, plain messages are still taken: it is the token that proves who sent them.

        Raises:
            ValueError: The token is empty, or a key has not 43 characters of Base64.
        """
        if not token:
            raise ValueError("token: expected the token that is set at the platform, got none")
        self._token = token
        self._keys = tuple(key_from(key) for key in (aes_key, previous_aes_key) if key is not None)

    def verify(self, query: str | Mapping[str, str]) -> str:
        """Check OneNET's check of the address; answer it with the text that this returns.

        `query` is what followed the `?`, or its parameters `msg`, `nonce` and `signature` when
        your framework has taken them apart. OneNET does not escape the signature, so that a `+` of
        it may have become a blank: both are taken.

        Raises:
            Malformed: One of the three is missing.
            SignatureWrong: Another token.
        """
        parameters = _parameters(query) if isinstance(query, str) else query
        try:
            message, nonce, signature = (parameters[name] for name in ("msg", "nonce", "signature"))
        except KeyError as error:
            raise Malformed(f"the query: expected msg, nonce, signature; no {error}") from error
        check_signature(self._token, nonce, message, signature.replace(" ", "+"))
        return message

    def receive(self, body: bytes) -> tuple[Message, ...]:
        """The messages of a pushed body: one, or several of a batch, in the order received.

        Raises:
            Malformed: The body is not that of a push (`TooLarge`: over 512 KiB).
            SignatureWrong: Another token.
            NotDecrypted: Another AES key, or none.
        """
        if len(body) > MAX_BODY:
            raise TooLarge(f"the body: expected at most {MAX_BODY} bytes, got {len(body)}")
        envelope = open_envelope(body)
        check_signature(self._token, envelope.nonce, envelope.signed, envelope.signature)
        if not envelope.encrypted:
            return messages_in(envelope.message)
        plain = decrypt(envelope.signed, self._keys)
        try:
            return messages_in(json.loads(plain.decode("utf-8")))
        except (ValueError, RecursionError) as error:
            raise Malformed(f"the decrypted message is no JSON in UTF-8: {error}") from error

    def answer(self, method: str, query: str | Mapping[str, str], body: bytes) -> PushAnswer:
        """All of it in one function: a GET is the check of the address, a POST a push.

        It raises nothing: a `PushError` becomes its status and text, without messages.
        """
        try:
            if method.upper() == "GET":
                return PushAnswer(200, self.verify(query), ())
            if method.upper() == "POST":
                return PushAnswer(200, "ok", self.receive(body))
            raise WrongMethod(f"expected GET or POST, got {method:.20}")
        except PushError as error:
            return PushAnswer(error.status, str(error), ())

    def aiohttp_handler(self, on_message: Callable[[Message], Awaitable[None] | None]) -> Handler:
        """A handler for aiohttp; mount it for every method: `add_route("*", path, handler)`.

        `on_message` is a function or a coroutine function and gets one message at a time, in
        order. If it raises, the answer is 500 and OneNET pushes the whole body again.
        """
        return make_handler(self.answer, on_message)


def _parameters(query: str) -> dict[str, str]:
    if len(query) > MAX_QUERY:
        raise TooLarge(f"the query: expected at most {MAX_QUERY} characters, got {len(query)}")
    return dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
