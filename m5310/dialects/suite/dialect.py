"""The suite as a dialect of `device/`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, assert_never

from m5310.at.codec import Command, Execute
from m5310.dialects.dialect import ATTEMPTS, Commands, Declared, Options, WireValue
from m5310.dialects.profiles import STATES, Fetch, Profile
from m5310.dialects.suite import commands, events, urcs
from m5310.dialects.suite.creation import Config, created, creation
from m5310.dialects.suite.objects import Objects
from m5310.dialects.suite.values import digits_of
from m5310.dialects.urcs import (
    Acknowledged,
    Discovered,
    Event,
    ExecuteRequest,
    NotAcknowledged,
    Observed,
    OperationWaiting,
    ParameterRequest,
    ReadRequest,
    Request,
    Urc,
    WriteRequest,
)
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    NotFound,
    ParameterError,
    Text,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import ObjectTree, Resource
from m5310.lwm2m.values import ValueType, size

# Of the update of the host's firmware (documented): a block to store, and "erase".
BLOCK: Final = Path(5, 0, 0)
ERASE: Final = Path(5, 0, 26501)

_ACKIDS: Final = len(commands.ACKIDS)

_log = logging.getLogger("m5310.device")


async def speaks(execute: Execute) -> bool:
    """Whether the module knows the version of its suite, so speaks it. Asked twice, since the line
    may damage the command or its answer."""
    for _ in range(2):
        with contextlib.suppress(CommandError, CommandTimeout):
            if await execute(commands.version()):
                return True
    return False


def _following(observes: Sequence[int], at: int) -> int:
    """How many lines of the same report follow: one has a single observe."""
    rest = observes[at + 1 :]
    return next((n for n, each in enumerate(rest) if each != observes[at]), len(rest))


class Suite:
    """Implements `Dialect` for the module of one profile.

    `resources` are those of the device, read here only. Raises NotInDialect if the module has no
    command for the server or for the options, ParameterError if these do not fit together.
    """

    def __init__(
        self,
        profile: Profile,
        config: Config,
        resources: ObjectTree,
        options: Options = Options(),  # noqa: B008  # frozen
    ) -> None:
        self._profile = profile
        self._options = options
        self._endpoint = config.endpoint
        self._uri = config.uri
        self._lifetime = config.lifetime
        self._creation = creation(profile, config, options)
        self._resources = resources
        self._ref = 0
        self._objects = Objects(resources, declares=profile.declares)
        self._observes: dict[Path, int] = {}  # their message ids
        self._ackid = 0  # the newest one, without a bound
        self._write: tuple[int, int] | None = None  # message id, lines that follow

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def answers_by_host(self) -> bool:
        return True

    @property
    def answer_within(self) -> float:
        return self._profile.answer_within

    # --- the instance ------------------------------------------------------------------------

    async def configure(self, execute: Execute) -> None:
        self._objects.forget()
        self._observes.clear()
        if self._profile.echo:
            await execute(Command("ATE0", repeatable=True))
        *before, create = self._creation.create
        for command in self._creation.server:
            await execute(command)
        await self._set(execute, self._creation.settings)
        for command in before:
            await execute(command)
        try:
            self._ref = await execute(create)
        except CommandTimeout as error:
            # MR880A writes its OK before the number (documented); or the OK was lost
            ref = commands.created(error.lines)
            if ref is None:
                raise
            self._ref = ref
        await self._set(execute, created(self._profile, self._options, self._ref))

    async def _set(self, execute: Execute, settings: Commands) -> None:
        """Settings that not all firmware has. The line may have damaged a refused one."""
        for command in settings:
            for left in reversed(range(ATTEMPTS)):
                try:
                    await execute(command)
                except CommandError as error:
                    if not left:
                        what = Text("{what} ({error})", what=command.meaning, error=error)
                        raise self._profile.lacks(what) from None
                else:
                    break

    def delete(self) -> Commands:
        return (commands.delete(self._ref),)

    # --- objects -----------------------------------------------------------------------------

    def add_instance(self, instance: Path) -> Commands:
        if instance.instance >= self._profile.instances:
            raise self._profile.lacks(
                Text(
                    "instance {path}: the highest one is {most}",
                    path=instance,
                    most=self._profile.instances - 1,
                )
            )
        return ()  # see `prepare`

    def declare(self, resource: Resource, text: str) -> Commands:  # noqa: ARG002 - see `prepare`
        return ()

    def delete_instance(self, instance: Path) -> Commands:
        return self._objects.without(self._ref, instance)

    async def prepare(self, execute: Execute) -> None:
        await self._objects.prepare(execute, self._ref)

    # --- registration ------------------------------------------------------------------------

    def open(self, timeout: int) -> Commands:
        self._observes.clear()  # the platform observes again
        return (commands.open_(self._ref, self._lifetime, timeout),)

    def may_lack_instance(self, refused: CommandError) -> bool:
        return refused.number in STATES and not refused.no_network

    def update(self, *, with_objects: bool) -> Commands:
        return (commands.update(self._ref, self._lifetime, with_objects=with_objects),)

    def close(self) -> Commands:
        return (commands.close(self._ref),)

    def needs_login(self, command: Command[Any]) -> bool:
        return command.line.startswith(commands.NEED_LOGIN)

    # --- reports -----------------------------------------------------------------------------

    def acknowledges(self, firmware: str) -> bool:  # noqa: ARG002 - all of them do
        return True

    def report(self, values: Sequence[WireValue], ackid: int | None) -> Commands:
        self._check_payload(values)
        if ackid is not None:
            self._ackid = ackid
        last = len(values) - 1
        observes = [self.observe_of(value.path) for value in values]
        return tuple(
            commands.notify(
                self._ref,
                observes[at],
                *value,
                index=_following(observes, at),
                ackid=None if ackid is None or at < last else (ackid - 1) % _ACKIDS + 1,
                hex_string=self._profile.hex_string,
            )
            for at, value in enumerate(values)
        )

    def _check_payload(self, values: Sequence[WireValue]) -> None:
        limit, weight = self._profile.payload, self._profile.opaque_weight
        total = sum(
            size(each.type, each.text) * (weight if each.type is ValueType.OPAQUE else 1)
            for each in values
        )
        if total > limit:
            raise ParameterError(
                Text(
                    "{module} takes {limit} bytes in one message, these are {total}; send them in "
                    "parts",
                    module=self._profile,
                    limit=limit,
                    total=total,
                )
            )

    def observe_of(self, path: Path) -> int:
        for asked in (path, path.instance_path, Path(path.object)):
            if asked in self._observes:
                return self._observes[asked]
        return 0

    def _ackid_of(self, on_line: int) -> int:
        """The newest ackid whose number on the line this is."""
        return self._ackid - (self._ackid - on_line) % _ACKIDS

    # --- answers -----------------------------------------------------------------------------

    def answer_read(self, request: ReadRequest, values: Sequence[WireValue]) -> Commands:
        self._check_payload(values)
        return tuple(
            commands.answer_read(
                self._ref,
                request.msgid,
                *value,
                index=len(values) - 1 - at,
                hex_string=self._profile.hex_string,
            )
            for at, value in enumerate(values)
        )

    def confirm(self, request: WriteRequest | ExecuteRequest) -> Commands:
        updating = self._options.version is not None
        if isinstance(request, WriteRequest):
            if updating and request.path == BLOCK and request.text:
                return (commands.stored(),)
            return (commands.answer_write(self._ref, request.msgid),)
        if updating and request.path == ERASE:
            return (commands.erased(),)
        return (commands.answer_execute(self._ref, request.msgid),)

    def refuse(self, request: Request, error: Exception, declared: ValueType | None) -> Commands:  # noqa: ARG002 - the error says it
        match error:
            case NotFound():
                result = commands.NOT_FOUND
            case AnswerError():
                result = commands.BAD_REQUEST
            case _:
                result = commands.NOT_ALLOWED
        answer: Callable[[int, int, int], Command]
        match request:
            case ReadRequest():
                answer = commands.refuse_read
            case WriteRequest():
                # guess: for a block that is not stored, too: AT+MIPLSOTA has no documented result
                answer = commands.answer_write
            case ExecuteRequest():
                answer = commands.answer_execute
            case _:
                assert_never(request)
        return (answer(self._ref, request.msgid, result),)

    def fetch(self) -> Commands:
        match self._profile.fetch:
            case Fetch.MGR:
                return (commands.fetch_operation(self._ref),)
            case Fetch.RD:
                return (commands.fetch_buffered(),)
            case Fetch.NONE:
                return ()
            case never:
                assert_never(never)

    def answer_observe(self, request: Observed) -> Commands:
        known = not request.added or self._has(request.path)
        result = commands.CONTENT if known else commands.NOT_FOUND
        return (commands.answer_observe(self._ref, request.msgid, result),)

    def answer_discover(self, request: Discovered) -> Commands:
        if ids := self._objects.ids(request.object):
            return (commands.answer_discover(self._ref, request.msgid, ids),)
        return (commands.refuse_discover(self._ref, request.msgid, commands.NOT_FOUND),)

    def answer_parameter(self, request: ParameterRequest, *, accepted: bool) -> Commands:
        result = commands.CHANGED if accepted else commands.BAD_REQUEST
        if not self._has(request.path):
            result = commands.NOT_FOUND
        return (commands.answer_parameter(self._ref, request.msgid, result),)

    def _has(self, path: Path) -> bool:
        return any(path.covers(each.path) for each in self._resources)

    # --- lines of the module -----------------------------------------------------------------

    def parse(self, line: str, declared: Declared) -> Urc | None:  # noqa: ARG002 - types stand in the line
        urc = urcs.parse(line)
        match urc:
            case Observed(added=True):
                if self._has(urc.path):  # what bounds their number
                    # of a repeated observe, firmware keeps the first message id
                    self._observes.setdefault(urc.path, urc.msgid)
            case Observed():
                self._observes.pop(urc.path, None)
            case Acknowledged() | NotAcknowledged():
                return urc._replace(ackid=self._ackid_of(urc.ackid))
            case WriteRequest():
                return self._joined(self._as_digits(urc))
            case Event() if self._reports_waiting(urc):
                return OperationWaiting(urc.ref)
            case _:
                pass
        return urc

    def _as_digits(self, write: WriteRequest) -> WriteRequest:
        """A write to a HEX_STRING as the text that it was reported as, without the value type 6."""
        declared = self._resources.declared(write.path)
        if self._profile.hex_string or declared is not ValueType.HEX_STRING:
            return write
        if write.kind is ValueType.OPAQUE and (digits := digits_of(write.text)) is not None:
            return write._replace(kind=ValueType.STRING, text=digits)
        return write

    def _reports_waiting(self, event: Event) -> bool:
        """Whether the event reports a buffered operation. Firmware with AT+MIPLRD has one for that;
        its number is not public."""
        # guess: it is none of those that are known
        buffers = self._profile.buffered > 0 and self._profile.fetch is Fetch.RD
        return buffers and event.number not in events.MEANINGS

    def _joined(self, write: WriteRequest) -> WriteRequest:
        """The flag as in `WriteRequest`: some firmware writes 0 on every line, and counts the index
        down."""
        before, self._write = self._write, None
        if not write.left:
            return write if write.left is None else write._replace(flag=0)
        self._write = write.msgid, write.left
        goes_on = before is not None and before[0] == write.msgid and before[1] > write.left
        return write._replace(flag=write.flag or (2 if goes_on else 1))
