"""The language of a device: the dialect of the module that answers, given or found out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final, cast

from m5310.at.codec import Execute
from m5310.device.events import Identified, UpkeepEvent
from m5310.dialects.dialect import Declared, Dialect
from m5310.dialects.profiles import PROFILES, STATES, Profile, profile_at_boot, profile_of
from m5310.dialects.suite import urcs as suite_urcs
from m5310.dialects.suite.dialect import speaks as speaks_suite
from m5310.dialects.urcs import Closed, Opened, Urc
from m5310.errors import AnswerError, CommandError, LanguageRefused, Text, UsageError, shortened
from m5310.module import banner
from m5310.module.link import LineReceived, Link, LinkEvent, Restarted

NOT_SUPPORTED: Final = 4
"""CME number (TS 27.007 9.2)."""


class Language:
    """Chooses between the classic dialect and the suite, and remembers.

    `given` is the module's profile, if the program names it. Otherwise a module that takes the
    classic configuration is asked nothing: it is an M5310. One that refuses it is asked what it is
    (`judge`), unless its boot text said so already. `asks`: the program wants the suite and did not
    name the module.

    The questions are those of the operator's documents, in their order: ATI, AT+CGMI, AT+CGMM,
    AT+CGMR, and then the version of the suite, which is refused where there is none. They come
    after the configuration, and not first, because an M5310 then gets no line that it may not know;
    and its answer decides as well, since a module of one language refuses the other. One that says
    it is an M5310 gets the configuration again before the version is asked for: a damaged line is
    likelier than a later firmware.
    """

    def __init__(
        self,
        classic: Dialect,
        suite: Callable[[Profile], Dialect] | None = None,
        link: Link | None = None,
        emit: Callable[[UpkeepEvent], None] = lambda _: None,
        given: Profile | None = None,
        wanted: str = "",
        *,
        asks: bool = False,
    ) -> None:
        """Without `suite` only the classic dialect is spoken. `wanted`: what the program wants, and
        only the suite has words for; NotInDialect if the given module does not speak it."""
        self._suite = suite
        self._link = link
        self._emit = emit
        self._certain = suite is None
        self._asks = asks or bool(wanted)
        self._wanted = wanted
        self._given = given
        self.profile: Profile | None = None
        """The module's profile; None: not known so far, or nothing but that it is an M5310."""
        self._spoken = classic
        if given is not None:
            self._choose(given)
        if link is not None:
            link.listen(self._on_link_event)

    @property
    def dialect(self) -> Dialect:
        """The dialect spoken so far, whichever that is at each call."""
        return cast(Dialect, _Spoken(self))

    @property
    def spoken(self) -> Dialect:
        return self._spoken

    def _choose(self, profile: Profile) -> None:
        if profile.classic and self._wanted:
            raise profile.lacks(self._wanted)
        if not profile.classic and self._suite is not None:
            self._spoken = self._suite(profile)
            if self._link is not None:
                self._link.explain = profile.explained
        self.profile = profile
        self._certain = True

    def _found(self, profile: Profile) -> None:
        self._choose(profile)
        if not profile.classic:
            self._emit(Identified(str(profile)))

    def _on_link_event(self, event: LinkEvent) -> None:
        text = event.text if isinstance(event, LineReceived | Restarted) else ""
        if not self._certain and (profile := profile_at_boot(text)) is not None:
            with contextlib.suppress(UsageError):  # `judge` raises it in the caller
                self._found(profile)

    async def configure(self, execute: Execute) -> None:
        """As `Dialect.configure`."""
        if self._asks and not self._certain:
            said = await banner.ask_all(execute)
            found = profile_of(said)
            if found is not None and found.classic and self._wanted:
                raise found.lacks(self._wanted)
            self._found(PROFILES["generic"] if found is None or found.classic else found)
        await self._spoken.configure(execute)
        self._certain = True

    def parse(self, line: str, declared: Declared) -> Urc | None:
        """As `Dialect.parse`; while the module is not known, also the outcome of a command that a
        module with the suite takes from the classic dialect: a logout."""
        urc = self._spoken.parse(line, declared)
        if urc is None and not self._certain:
            with contextlib.suppress(AnswerError):
                found = suite_urcs.parse(line)
                return found if isinstance(found, Opened | Closed) else None
        return urc

    async def judge(self, execute: Execute, refused: CommandError, *, last: bool = False) -> bool:
        """What a module is that refused the configuration, the logout and the deletion.

        True: it speaks another dialect than tried, which is spoken from now on. False: it speaks
        this one, and a login of a previous program may be under way; `last`: not any more. Raises
        LanguageRefused if it speaks neither, or is another one than the program names.
        """
        said = await banner.ask_all(execute)
        ours = banner.is_ours(said) and refused.number != NOT_SUPPORTED
        classic = self.profile is None or self.profile.classic
        if classic and ours and (said.model or self._certain):
            return False
        given, found = self._given, profile_of(said)
        asked = given is not None or not (classic and self._certain)
        if asked and await speaks_suite(execute):
            if found is None or found.classic:
                found = PROFILES["generic"]
            if not self._certain:
                self._found(found)
                return True
            if given is None or not _misnamed(given, found, said, refused, last=last):
                return False
            raise _refusal(refused, _misnaming(given, said, found))
        if classic and ours:
            return False  # it says nothing
        if not classic and found is not None and found.classic:
            raise _refusal(refused, _misnaming(given or Text("the suite"), said, found))
        why = Text(
            "so were the logout and the deletion: {answer}; connect a module whose firmware has "
            "OneNET, or if this is one, try again after a minute: a login of a previous program "
            "may be under way",
            answer=banner.describe(said),
        )
        raise _refusal(refused, why)

    async def is_later(self, execute: Execute) -> bool:
        """Whether a module that says it is an M5310, and keeps refusing the configuration, has a
        later firmware, which speaks the suite (documented). It is spoken from now on."""
        if self._certain or not await speaks_suite(execute):
            return False
        self._found(PROFILES["generic"])
        return True


def _misnamed(
    given: Profile, found: Profile, said: banner.Said, refused: CommandError, *, last: bool
) -> bool:
    """Whether the module is another one than the program names, and that is why it refuses.

    One that says it is another may still be named on purpose: a profile without names, or of the
    user's own, and a refusal that has to do with a state, since a login of a previous program may
    be under way; `last`: it has been waited for.
    """
    if given.name == found.name:
        return False
    if given.classic or refused.number == NOT_SUPPORTED:
        return True  # a command that is not known does not wait for a login to end
    if PROFILES.get(given.name) is not given or not given.names or found is PROFILES["generic"]:
        return False
    its_own = profile_of(said, [given]) is given
    return not its_own and (last or refused.number not in STATES)


def _misnaming(given: object, said: banner.Said, found: Profile) -> Text:
    return Text(
        "the program names {given}, but the module says {said}, which is {found}; leave out "
        "module= and dialect=, or name that one",
        given=given,
        said=repr(shortened(" ".join(filter(None, said)))),
        found=found,
    )


def _refusal(refused: CommandError, why: str) -> LanguageRefused:
    return LanguageRefused(refused.command, refused.result, refused.number, why)


class _Spoken:
    """Passes each use of a dialect to the one that is spoken."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def __getattr__(self, name: str) -> Any:
        if name in ("configure", "parse"):
            return getattr(self._language, name)
        return getattr(self._language.spoken, name)
