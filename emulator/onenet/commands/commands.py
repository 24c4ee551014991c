"""Offline commands of all devices: when each is sent, and how it ends (guide 4.2.9). Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from emulator.lwm2m.model import ContentError
from emulator.onenet.commands.command import COLUMNS, Command, Kind, State, command_of, row_of
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.json_values import instances
from emulator.onenet.lwm2m.operations import Operation, Read, request_for
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.lwm2m.requests import OnDone
from emulator.onenet.lwm2m.server import Sign
from emulator.onenet.store.database import Database

# OneNET's FAQ of 2019, 4.1: commands of a device that wait.
MAX_OPEN = 10
# guess: ended commands of a device that can be seen; the real limit is not published. All of them
# are deleted at once, with their device.
MAX_KEPT = 100

SUCCESS = "SUCCESS"
# After these, the device does not listen.
_NO_ANSWER = (Failure.TIME_OUT, Failure.OFFLINE)
_NO_SIGN = Sign(0)
_PLACES = ", ".join("?" * len(COLUMNS.split(",")))


# Sends an operation to a device; OnDone is called once, later. Raises ApiError if it is not sent.
Send = Callable[[int, Operation, OnDone, float], object]


@dataclass(slots=True)
class _Waiting:
    """What is open for a device, by uuid in the order of creation.

    `signs`: that came since the last step. `queue`: uuids to be sent. `sending`: what is sent, as
    it was before.
    """

    open: dict[str, Command] = field(default_factory=dict)
    signs: Sign = _NO_SIGN
    queue: deque[str] = field(default_factory=deque)
    sending: Command | None = None


class Commands:
    """Keeps commands in `database`, and sends them by `send` when their device is reachable.

    `on_result` is called with each command that was sent and has ended, in the transaction that
    keeps its end. `on_change` is called when `step` has something to do.

    Every method but `reachable` raises StoreError if the database cannot keep a change; what it
    would have changed is as before. `step` may be repeated then.
    """

    def __init__(
        self,
        database: Database,
        send: Send,
        on_result: Callable[[Command, float], None] = lambda _command, _now: None,
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._database, self._send, self._on_result = database, send, on_result
        self._devices: dict[int, _Waiting] = {}
        self._ready: dict[int, None] = {}  # devices to which something may be sent
        self._ends: deque[tuple[Command, Outcome | None]] = deque()  # None: it was not sent
        # How these have ended is not known: they may have run.
        states = int(State.UNDEFINED), int(State.SENT)
        database.execute("UPDATE commands SET state = ? WHERE state = ?", states)
        for command in self._select("state = ? ORDER BY number", int(State.WAIT)):
            self._devices.setdefault(command.device, _Waiting()).open[command.uuid] = command

    # For the application ---------------------------------------------------------------------

    def create(
        self,
        device: int,
        kind: Kind,
        args: Mapping[str, object],
        content: Mapping[str, object] | None,
        operation: Operation,
        *,
        valid: float,
        expires: float,
        retry: int,
        signs: Sign,
        now: float,
    ) -> str:
        """Keep a command; returns its uuid. `retry`: how often it is repeated if it fails.

        Raises ApiError if MAX_OPEN commands of the device are open, or a resource cannot have the
        value that is to be written.
        """
        try:
            request_for(operation, accept_tlv=False)
        except ContentError as error:
            raise ApiError(Reason.INVALID_PARAMETER, str(error)) from None
        self._expire(device, now)
        waiting = self._devices.get(device, _Waiting())
        if len(waiting.open) >= MAX_OPEN:
            raise ApiError(Reason.LIMIT, f"{MAX_OPEN} offline commands wait for this device")
        with self._database.transaction():
            (last,) = self._database.execute("SELECT max(number) FROM commands").fetchone()
            number = (last or 0) + 1
            # uuids of version 5, as in the guide's examples
            uuid = str(uuid5(NAMESPACE_URL, f"onenet:command:{device}:{number}:{now}"))
            command = Command(
                *(number, uuid, device, kind, args, content, operation),
                *(now, valid, expires, retry, signs),
            )
            self._database.execute(
                f"INSERT INTO commands ({COLUMNS}) VALUES ({_PLACES})",  # noqa: S608 - no input
                row_of(command),
            )
            self._forget_oldest(device)
        waiting.open[uuid] = command
        self._devices[device] = waiting
        return uuid

    def get(self, device: int, uuid: str, now: float) -> Command:
        """Raises ApiError if the device has no such command."""
        self._expire(device, now)
        for command in self._select("uuid = ? AND device = ?", uuid, device):
            return command
        raise ApiError(Reason.NOT_FOUND, f"command {uuid}")

    def history(
        self,
        device: int,
        start: float,
        end: float | None,
        now: float,
        *,
        page: int = 1,
        per_page: int,
        newest_first: bool = True,
        uuid: str | None = None,
    ) -> tuple[int, list[Command]]:
        """How many commands were created from `start` up to before `end`, and those of a page.

        `page` counts from 1.
        """
        self._expire(device, now)
        where = "device = ? AND created >= ? AND (? IS NULL OR created < ?)"
        values: list[object] = [device, start, end, end]
        if uuid is not None:
            where, values = f"{where} AND uuid = ?", [*values, uuid]
        (count,) = self._database.execute(
            f"SELECT count(*) FROM commands WHERE {where}",  # noqa: S608 - no input
            values,
        ).fetchone()
        order = "DESC" if newest_first else "ASC"
        where = f"{where} ORDER BY created {order}, number {order} LIMIT ? OFFSET ?"
        return count, self._select(where, *values, per_page, (page - 1) * per_page)

    def cancel(self, device: int, uuid: str, now: float) -> None:
        """Raises ApiError if the device has no such command, or it does not wait."""
        command = self.get(device, uuid, now)
        # guess: the state decides. The guide says the same in two ways, "in state wait" and "before
        # valid_time"; a command of a device that is offline waits longer.
        if command.state is not State.WAIT:
            raise ApiError(
                Reason.INVALID_PARAMETER,
                f"command {uuid} is in state {command.state:d}, expected 1 (it waits)",
            )
        self._keep(replace(command, state=State.CANCELLED))

    def cancel_all(self, device: int, now: float) -> tuple[list[str], list[str]]:
        """Cancel what waits; returns the uuids of these, and of those that are being sent."""
        self._expire(device, now)
        open_ = list(self._devices.get(device, _Waiting()).open.values())
        waiting = [command for command in open_ if command.state is State.WAIT]
        with self._database.transaction():
            for command in waiting:
                self._write(replace(command, state=State.CANCELLED))
        for command in waiting:
            self._remember(replace(command, state=State.CANCELLED))
        return (
            [command.uuid for command in waiting],
            [command.uuid for command in open_ if command.state is State.SENT],
        )

    def forget(self, device: int) -> None:
        """Forget the commands of a device that is deleted in this transaction.

        Call `drop` after the transaction.
        """
        self._database.execute("DELETE FROM commands WHERE device = ?", (device,))

    def drop(self, device: int) -> None:
        """Send nothing more to a device that was deleted."""
        self._devices.pop(device, None)

    # For the devices -------------------------------------------------------------------------

    def reachable(self, device: int, sign: Sign) -> None:
        """The device has sent something; what waits for it is sent at the next `step`."""
        waiting = self._devices.get(device)
        if waiting is not None and waiting.open:
            waiting.signs |= sign
            self._ready[device] = None
            self.on_change()

    @property
    def due(self) -> float | None:
        """Nothing happens without a sign or an outcome."""
        return None

    def step(self, now: float) -> None:
        """Take the outcomes since the last step, and send to devices that have shown a sign."""
        while self._ends or self._ready:
            if self._ends:
                self._end(*self._ends[0])
                self._ends.popleft()
            else:
                device = next(iter(self._ready))
                self._send_to(device, now)
                del self._ready[device]

    def _send_to(self, device: int, now: float) -> None:
        """Put into the queue what the signs allow; send the first, if none is being sent."""
        waiting = self._devices.get(device)
        if waiting is None:  # it was deleted meanwhile
            return
        signs, waiting.signs = waiting.signs, _NO_SIGN
        waiting.queue.extend(
            command.uuid
            for command in waiting.open.values()
            if command.state is State.WAIT
            and command.valid <= now
            and command.signs & signs
            and command.uuid not in waiting.queue
        )
        while waiting.queue and waiting.sending is None:
            command = waiting.open.get(waiting.queue[0])
            if command is not None and now < command.expires:
                self._keep(replace(command, state=State.SENT, sent=now))
                waiting.sending = command
                try:
                    self._send(device, command.operation, partial(self._done, command), now)
                except ApiError:  # it is not online, or too many requests are open
                    self._ends.append((command, None))
            waiting.queue.popleft()

    def _done(self, command: Command, outcome: Outcome) -> None:
        self._ends.append((command, outcome))
        self.on_change()

    def _end(self, command: Command, outcome: Outcome | None) -> None:
        """`command`, as it was before, was sent with this outcome."""
        waiting = self._devices.get(command.device)
        if waiting is None or waiting.sending is not command:
            return  # its device was deleted meanwhile
        ended = command
        if outcome is not None:
            ended = _after(waiting.open[command.uuid], outcome)
        with self._database.transaction():
            self._write(ended)
            if outcome is not None and not ended.open:
                self._on_result(ended, outcome.at)
        self._remember(ended)
        waiting.sending = None
        if outcome is None or outcome.failure in _NO_ANSWER:
            # guess: what is sent now would fail, too, and use up its repetitions.
            waiting.queue.clear()
        self._ready[command.device] = None

    # Database and memory ---------------------------------------------------------------------

    def _expire(self, device: int, now: float) -> None:
        """End what has waited for too long."""
        for command in list(self._devices.get(device, _Waiting()).open.values()):
            if command.state is State.WAIT and command.expires <= now:
                # guess: also one that was sent, and waited for its repetition
                self._keep(replace(command, state=State.EXPIRED))

    def _keep(self, command: Command) -> None:
        self._write(command)
        self._remember(command)

    def _write(self, command: Command) -> None:
        row = row_of(command)
        self._database.execute(
            "UPDATE commands SET (retry, signs, state, sent, confirmed, status, result)"
            " = (?, ?, ?, ?, ?, ?, ?) WHERE number = ?",
            (*row[10:], command.number),
        )

    def _remember(self, command: Command) -> None:
        open_ = self._devices[command.device].open
        if command.open:
            open_[command.uuid] = command
        else:
            open_.pop(command.uuid, None)

    def _select(self, where: str, *values: object) -> list[Command]:
        rows = self._database.execute(
            f"SELECT {COLUMNS} FROM commands WHERE {where}",  # noqa: S608 - no input
            values,
        )
        return [command_of(row) for row in rows]

    def _forget_oldest(self, device: int) -> None:
        self._database.execute(
            "DELETE FROM commands WHERE number IN (SELECT number FROM commands WHERE device = ?"
            " AND state NOT IN (1, 3) ORDER BY created DESC, number DESC LIMIT -1 OFFSET ?)",
            (device, MAX_KEPT),
        )


def _after(command: Command, outcome: Outcome) -> Command:
    """`command`, which was sent, after this outcome."""
    failure = outcome.failure
    if failure is None:
        found = instances(outcome.items) if isinstance(command.operation, Read) else None
        return replace(
            command, state=State.SUCCESS, confirmed=outcome.at, status=SUCCESS, result=found
        )
    # guess: a time-out has no `confirm_time`. Nor has the API a text for OFFLINE.
    confirmed = None if failure in _NO_ANSWER else outcome.at
    status = Failure.TIME_OUT if failure is Failure.OFFLINE else failure
    state = State.TIME_OUT if confirmed is None else State.FAILED
    retry = command.retry
    if retry and outcome.at < command.expires:
        # guess: it waits again, for the same signs; the guide says "update or login".
        state, retry = State.WAIT, retry - 1
    return replace(command, state=state, retry=retry, confirmed=confirmed, status=str(status))
