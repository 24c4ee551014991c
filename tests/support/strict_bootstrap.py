"""A bootstrap server that follows LwM2M 1.0.2 section 5.2, for one client."""

from __future__ import annotations

from collections.abc import Callable

from aiocoap import Message
from aiocoap.numbers import Code

from tests.support.strict_coap import Exchange, Refusal, StrictPeer, reply
from tests.support.strict_formats import LINKS, TLV


class StrictBootstrap(StrictPeer):
    """It sends `steps` (code, path, payload) one after the other; each must succeed."""

    def __init__(self, send: Callable[[str, bytes, float], None]) -> None:
        super().__init__(send, first_mid=0x7000)
        self.endpoint = ""
        self.steps: list[tuple[Code, str, bytes]] = []
        self.results: list[str] = []
        self.discovered = b""

    def serve(self, peer: str, message: Message, now: float) -> Message:
        name = tuple(message.opt.uri_query)
        if message.code is not Code.POST or tuple(message.opt.uri_path) != ("bs",):
            raise Refusal(Code.NOT_FOUND, "expected POST /bs (5.2.3)")
        if len(name) != 1 or not name[0].startswith("ep=") or message.payload:
            raise Refusal(Code.BAD_REQUEST, f"parameters {name}: expected ep (5.2.3)")
        self.endpoint = name[0].removeprefix("ep=")
        answer = reply(Code.CHANGED)
        self._next(peer, now)
        return answer

    def _next(self, peer: str, now: float) -> None:
        if not self.steps:
            return
        code, path, payload = self.steps.pop(0)

        def on_answer(exchange: Exchange, now: float) -> None:
            assert exchange.answer is not None
            self.results.append(f"{code.name} {path} {exchange.result}")
            if exchange.accept == LINKS:
                self.discovered = exchange.answer.payload
            self._next(peer, now)

        self.request(
            *(peer, code, path, now, payload),
            content_format=TLV if payload else None,
            accept=LINKS if code is Code.GET else None,
            on_answer=on_answer,
        )

    def notified(self, peer: str, message: Message, now: float) -> bool:
        return False
