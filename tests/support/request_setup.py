"""A device's requests over a tree of resources, on a scripted wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from m5310.at.codec import Answer, Command
from m5310.device.answers import Handlers, RequestHandler
from m5310.device.callbacks import Callbacks
from m5310.device.requests import Requests
from m5310.dialects.classic import urcs as classic_urcs
from m5310.dialects.classic.form import Form, Reading
from m5310.dialects.profiles import PROFILES
from m5310.dialects.suite.dialect import Suite
from m5310.dialects.urcs import MalformedRequest, Request
from m5310.errors import CommandError, ModemReset
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType
from m5310.module.link import Session
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC, CONFIG

ALL = Access.READABLE | Access.WRITABLE | Access.EXECUTABLE


class RequestSetup:
    """Requests over a tree, with the lines that answer them and the time each was sent."""

    def __init__(
        self,
        handlers: Handlers,
        reading: Reading = Reading.EITHER,
        module: str = "m5310",
        **options: float,
    ) -> None:
        self.tree = ObjectTree()
        for path, kind, value, access in (
            ("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE),
            ("3303/0/5701", ValueType.STRING, "Cel", Access.READABLE | Access.WRITABLE),
            ("3303/0/5605", ValueType.STRING, "", Access.EXECUTABLE),
            ("3303/1/5700", ValueType.FLOAT, 5, Access.READABLE),
            ("3306/0/5850", ValueType.BOOLEAN, False, ALL),
            ("3306/0/5851", ValueType.INTEGER, 7, ALL),
            ("10/0/1", ValueType.OPAQUE, b"\x01", Access.READABLE | Access.WRITABLE),
            ("10/0/2", ValueType.OPAQUE, b"", Access.WRITABLE),
        ):
            self.tree.add(Resource(path, kind, value, access))
        self.form = Form(reading)
        self.answers: list[str] = []
        self.times: list[float] = []
        self.refuse = ""
        self.answered = asyncio.Event()
        self.callbacks = Callbacks()
        profile = PROFILES[module]
        self.suite = None if profile.classic else Suite(profile, CONFIG, self.tree)
        dialect = self.suite or CLASSIC
        self.handler = RequestHandler(self.tree, handlers, dialect, self.callbacks, **options)
        self.session = Session()
        self.requests = Requests(self.handler, self.execute, self.session)

    def restart(self) -> None:
        self.session.end(ModemReset("restarted"))
        self.requests.clear()

    async def execute(self, command: Command) -> Answer:
        await asyncio.sleep(0)
        self.answers.append(command.line)
        self.times.append(asyncio.get_running_loop().time())
        self.answered.set()
        if self.refuse and self.refuse in command.line:
            raise CommandError(command.line, "+CME ERROR:50", 50)
        return Answer(command)

    def value(self, path: str) -> Value:
        return next(each.value for each in self.tree if str(each.path) == path)

    def receive(self, *lines: str, registered: bool = True) -> None:
        for line in lines:
            try:
                urc = (
                    self.suite.parse(line, self.tree.declared)
                    if self.suite
                    else classic_urcs.parse(line, self.form, self.tree.declared)
                )
            except MalformedRequest as error:
                self.requests.refuse(error.request, error)
                continue
            assert isinstance(urc, Request)
            self.requests.receive(urc, registered=registered)

    async def answers_to(
        self, *lines: str, within: float = 5, registered: bool = True
    ) -> list[str]:
        """The answers to these lines."""
        before = len(self.answers)
        self.receive(*lines, registered=registered)
        await elapse(within)
        return self.answers[before:]

    async def next_answer(self, line: str) -> str:
        """The first answer to a line, on the real clock."""
        self.answered.clear()
        self.receive(line)
        await self.answered.wait()
        return self.answers[-1]


@asynccontextmanager
async def answering(
    handlers: Handlers | None = None,
    reading: Reading = Reading.EITHER,
    module: str = "m5310",
    **options: float,
) -> AsyncIterator[RequestSetup]:
    setup = RequestSetup(handlers or Handlers(), reading, module, **options)
    setup.requests.start()
    try:
        yield setup
    finally:
        await setup.requests.close()
        await setup.callbacks.close()
