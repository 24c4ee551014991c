"""The commands of the instance: create, objects, log in, update, log out, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emulator.lwm2m.model import Path
from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Values
from emulator.module.dialects.suite import urcs
from emulator.module.dialects.suite.create import DAY, Creation, wrong
from emulator.module.dialects.suite.events import EVENTS, WITH_EXTEND
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import (
    Busy,
    ClientError,
    Happening,
    InvalidValue,
    NoNetwork,
    NotAllowed,
    Rules,
    UnknownRequest,
)
from emulator.module.lwm2m.objects import INSTANCE_LIMIT
from emulator.module.lwm2m.registration import Account
from emulator.module.lwm2m.states import REGISTERED, Event, State
from emulator.module.suite import PLATFORM_TIME, Create, Errors, Suite, Write

REF = (0, 0)  # the module has one OneNET instance
ID = (0, 0xFFFF)
_COUNT = (0, 0xFFFF)
# Release assistance, or China Mobile's content type.
RELEASE = r"0x[0-9A-Fa-f]{1,4}|[0-9]{1,5}"


def number_of(errors: Errors, error: ClientError) -> int:
    """The number of an error of the client."""
    match error:
        case Busy():
            return errors.busy
        case NoNetwork():
            return errors.network
        case UnknownRequest():
            return errors.unknown
        case InvalidValue():
            return errors.parameter
        case _:
            return errors.state


class Instance:
    """`urc` queues an unsolicited line. `counts`: the resources of each object, attributes and
    actions, as the host has counted them. `profile` changes with AT+MIPLCONFIG.

    The methods of commands raise Refusal or a `ClientError`.
    """

    def __init__(self, client: Client, urc: Callable[[str], None], profile: Suite) -> None:
        self.profile = self._by_default = profile
        self.client = client
        self.creation = Creation(profile, client.endpoint)
        self.counts: dict[int, int] = {}
        self._fetched = False
        self._urc = urc

    @property
    def fetched(self) -> bool:
        """Whether the host fetches operations: its answers count as long as the platform waits."""
        # guess: the manuals give the time of those that are written at once
        return self._fetched or self.creation.buffers > 0

    @fetched.setter
    def fetched(self, fetched: bool) -> None:
        self._fetched = fetched
        self.client.rules = replace(self.client.rules, answer_time=self._answer_time)

    @property
    def _answer_time(self) -> float:
        return max(PLATFORM_TIME if self.fetched else 0.0, self.profile.answer_time)

    def refusal(self, number: int) -> Refusal:
        return self.profile.errors.refusal(number)

    def event_line(self, what: Happening, number: int = 0) -> str | None:
        """None: the module does not show it."""
        timed_out = what is Happening.REGISTER_TIMED_OUT
        event = self.profile.timeout_event if timed_out else EVENTS[what]
        if event in self.profile.hidden:
            return None
        extend = [number] if what in WITH_EXTEND else []
        return urcs.urc(self.profile, "MIPLEVENT", 0, event, *extend)

    def check_instance(self) -> None:
        if self.client.state is State.ABSENT:
            raise self.refusal(self.profile.errors.missing)

    def check_login(self) -> None:
        self.check_instance()
        if self.client.state not in REGISTERED:
            raise self.refusal(self.profile.errors.state)

    def check_room(self) -> None:
        if self.client.state is not State.ABSENT:
            raise self.refusal(self.profile.errors.exists)

    def _create(self, account: Account | None, name: str) -> Answer:
        if account is None:  # the configuration goes on
            return OK
        self.client.configure(account)
        self.client.rules = Rules(
            declares=False,
            answers=self.creation.host_answers,
            answer_time=self._answer_time,
            counts_observes=self.profile.counts_observes,
            watches_lifetime=True,
        )
        write = Write.TEXT if self.creation.text_writes else self._by_default.write
        self.profile = replace(self._by_default, write=write)
        if self.profile.bare_reference:
            return Answer(("0",))
        line = urcs.information(self.profile, name, 0)
        if self.profile.late_reference:
            self._urc(line)
            return OK
        return Answer((line,))

    def create_bare(self, _now: float) -> Answer:
        self.creation.needs(Create.BARE)
        self.check_room()
        return self._create(self.creation.bare(), "MIPLCREATE")

    def create_blob(self, values: Values, _now: float) -> Answer:
        self.creation.needs(Create.BLOB)
        self.check_room()
        return self._create(self.creation.line(values), "MIPLCREATE")

    def create_ex(self, values: Values, _now: float) -> Answer:
        self.creation.needs(Create.EX)
        self.check_room()
        return self._create(self.creation.ex(values), "MIPLCREATEEX")

    def create_ext(self, values: Values, _now: float) -> Answer:
        self.creation.needs(Create.EXT)
        self.check_room()
        return self._create(self.creation.ext(values), "MIPLCREATEEXT")

    def configure(self, values: Values, _now: float) -> Answer:
        self.creation.needs(Create.CONFIG)
        self.check_room()
        return self.creation.configure(values)

    def set_bootstrap(self, values: Values, _now: float) -> Answer:
        self.creation.needs(Create.BOOTSTRAP)
        self.check_room()
        return self.creation.bootstrap(values)

    def delete(self, values: Values, now: float) -> Answer:
        values.only(REF)
        self.check_instance()
        logged_in = self.client.state in REGISTERED
        self.client.delete(now)
        self.counts.clear()
        if not logged_in:
            return OK
        line = urcs.urc(self.profile, "MIPLEVENT", 0, EVENTS[Happening.DEREGISTERED])
        if self.profile.delete_first:
            return Answer((line,))
        self._urc(line)
        return OK

    def add_object(self, values: Values, _now: float) -> Answer:
        _, object_id, count = values.integers(REF, ID, (1, self.profile.instances))
        bitmap = values.word("[01]+")
        attributes, actions = values.only(_COUNT, _COUNT)
        wrong(len(bitmap) != count or (self.profile.attributes and not attributes))
        self.check_instance()
        self.client.check(Event.ADD_INSTANCE)
        known = self.client.objects.knows
        paths = [Path(object_id, place) for place, bit in enumerate(bitmap) if bit == "1"]
        new = [path for path in paths if not known(path)]
        if len(self.client.objects.instances) + len(new) > INSTANCE_LIMIT:
            raise NotAllowed
        if known(Path(object_id)):
            values.doubts.take(f"the object {object_id} is already there", Cme.NOT_ALLOWED)
        for path in new:
            self.client.add_instance(path)
        if known(Path(object_id)):
            self.counts[object_id] = attributes + actions
        return OK

    def delete_object(self, values: Values, _now: float) -> Answer:
        _, object_id = values.only(REF, ID)
        self.check_instance()
        self.client.check(Event.DELETE_INSTANCE)
        there = [path for path in self.client.objects.instances if path.object == object_id]
        if not there:
            raise self.refusal(self.profile.errors.unknown)
        for path in there:
            self.client.delete_instance(path)
        self.counts.pop(object_id, None)
        return OK

    # Registration ------------------------------------------------------------------------------

    def open(self, values: Values, now: float) -> Answer:
        low, high = self.profile.lifetime
        _, lifetime = values.integers(REF, (0, high))
        timeout = values.optional_integer(0, 0xFFFF)
        values.optional_integer(0, 0xFF)  # release assistance of some modules
        values.end()
        wrong(0 < lifetime < low)
        self.check_instance()
        self.client.open(
            timeout or self.profile.open_timeout, now, self._lifetime(lifetime, keep=DAY)
        )
        return OK

    def _lifetime(self, seconds: int, *, keep: int) -> int:
        """`keep`: what 0 means where it keeps the lifetime."""
        # guess: below the shortest, a day counts in a login, too
        if seconds == 0:
            return keep if self.profile.zero_keeps else DAY
        return DAY if seconds < self.profile.shortest else seconds

    def is_open(self, _now: float) -> Answer:
        if not self.profile.open_query:
            raise Refusal(Cme.NOT_SUPPORTED)
        self.check_login()
        self._urc(urcs.urc(self.profile, "MIPLEVENT", 0, EVENTS[Happening.REGISTERED]))
        return OK

    def update(self, values: Values, now: float) -> Answer:
        low, high = self.profile.lifetime
        _, lifetime, objects = values.integers(REF, (0, high), (0, 1))
        values.optional_word(RELEASE)
        values.end()
        wrong(0 < lifetime < low)
        self.check_login()
        if self.client.state is State.UPDATING:
            values.doubts.take("an update during an update", Cme.NOT_ALLOWED)
        seconds = self._lifetime(lifetime, keep=self.client.lifetime)
        self.client.update(seconds, with_objects=bool(objects), now=now)
        return OK

    def information(self, _now: float) -> Answer:
        """AT+MIPLDEVINFO?: server, flags, code and key, as they are now."""
        self._check_extras()
        self.check_instance()
        account = self.client.account
        server, key = account.server, account.server.key
        texts = [account.auth or "", "" if key is None else key.decode("latin-1")]
        while texts and not texts[-1]:
            del texts[-1]
        shown = [f'"{text}"' if text else "" for text in texts]
        host = server.address.removeprefix("coaps://")
        # guess: the second bit, that the platform may not ask for cells, is not kept
        row = urcs.information(
            self.profile, "MIPLDEVINFO", f'"{host}"', int(server.bootstrap), *shown
        )
        return Answer((row,))

    def remaining(self, now: float) -> Answer:
        """AT+MIPLLTRDP: seconds of the lifetime that are left."""
        self._check_extras()
        return Answer((urcs.information(self.profile, "MIPLLTRDP", self.client.remaining(now)),))

    def _check_extras(self) -> None:
        if not self.profile.extras:
            raise Refusal(Cme.NOT_SUPPORTED)

    def close(self, values: Values, now: float) -> Answer:
        values.only(REF)
        self.check_instance()
        self.client.close(now)
        return OK
