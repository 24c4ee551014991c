"""Reports, and the host's answers to requests of the platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from emulator.lwm2m.model import Item, Path
from emulator.module.at.commands import OK, Answer, Values
from emulator.module.dialects.suite.create import wrong
from emulator.module.dialects.suite.instance import ID, REF, RELEASE, Instance
from emulator.module.dialects.suite.values import read as read_value
from emulator.module.lwm2m.client import REPORT_ITEMS
from emulator.module.lwm2m.host import (
    DiscoverRequest,
    ExecuteRequest,
    ReadRequest,
    Result,
    WriteRequest,
)

_MSGID = (0, 0xFFFFFFF)  # the range in test answers
_FLAG = 0xFFFF  # at most: 0 to 2, and the bits of release assistance
_RESULT = (0, 0xFF)
ACKID_LIMIT = 0xFFFF
LIST_LIMIT = 255  # characters of a list of resources
_NOW, _AFTER_ANSWER = 0x200, 0x400  # bits of release assistance

# Results of the host's answers (specification of the suite).
_REFUSED: Mapping[int, Result] = {
    11: Result.BAD_REQUEST,
    12: Result.UNAUTHORIZED,
    13: Result.NOT_FOUND,
    14: Result.NOT_ALLOWED,
}
_FOUND: Mapping[int, Result] = {1: Result.DONE, **_REFUSED, 15: Result.NOT_ACCEPTABLE}
_DONE: Mapping[int, Result] = {2: Result.DONE, **_REFUSED}
# A line of a group; the msgid of an answer to a read.
_GROUP = re.compile(
    r"AT *\+MIPL(?:NOTIFY|READRSP)=[^,]*, *([0-9]{1,9}) *,.*", re.IGNORECASE | re.DOTALL
)


def _number(text: str | None) -> int:
    """Of a value of release assistance, which is decimal or has 0x before it."""
    return 0 if text is None else int(text, 16 if text.startswith("0x") else 10)


class Exchanges:
    """The methods of commands raise Refusal or a `ClientError`. `on_sent` is called with the msgid
    under which the host has sent a report or an answer.
    """

    def __init__(self, instance: Instance, on_sent: Callable[[int], None]) -> None:
        self._instance = instance
        self._client = instance.client
        self._on_sent = on_sent
        self._next = 0  # index of the next line of a report that has begun
        self._msgid = 0  # of the latest answer

    # Values to the platform --------------------------------------------------------------------

    def notify(self, values: Values, now: float) -> Answer:
        profile = self._instance.profile
        _, msgid, *ids = values.integers(REF, _MSGID, ID, ID, ID)
        kind, value, size = read_value(values, profile)
        index = values.integer(0, REPORT_ITEMS - 1)
        flag = _number(values.word(RELEASE))
        wrong(flag > _FLAG)
        ackid = values.optional_integer(0, ACKID_LIMIT)
        release = _number(values.optional_word(RELEASE))
        values.end()
        path = Path(*ids)
        wrong(ackid == 0 and not profile.ackid_zero)
        wrong(profile.flags and index == 0 and flag)
        wrong(ackid and not profile.extras and release & _NOW)
        self._instance.check_instance()
        if profile.host_answers:
            self._instance.check_login()
        if not self._client.objects.knows(path.instance_path):
            raise self._instance.refusal(profile.errors.unknown)
        observed = self._client.requests.observed_by(msgid)
        if profile.notify_observed:
            wrong(observed is None or not observed.covers(path))
        if index != self._next:  # another group
            self._client.drop_report()
        item = Item(path, value)
        self._client.notify(
            item,
            kind,
            size=size,
            ackid=ackid or 0,
            complete=index == 0,
            now=now,
            observed=observed,
        )
        self._next = max(index - 1, 0)
        release |= flag
        if index == 0 and release & (_NOW | _AFTER_ANSWER):
            self._client.release(now, not release & _NOW)
        if index == 0:
            self._on_sent(msgid)
        return OK

    # Answers to the platform's requests --------------------------------------------------------

    def answer_read(self, values: Values, now: float) -> Answer:
        """One value of a read's answer, or an error; the index 0 completes it."""
        msgid, result = self._result(values, _FOUND)
        requests = self._client.requests
        if result is not Result.DONE:
            if values.more:
                values.doubts.take("values behind an error")
            requests.fail(requests.find(ReadRequest, msgid, now), now, result)
            self._on_sent(msgid)
            return OK
        ids = values.integers(ID, ID, ID)
        kind, value, size = read_value(values, self._instance.profile)
        index = values.integer(0, REPORT_ITEMS - 1)
        wrong(_number(values.word(RELEASE)) > _FLAG)
        values.optional_word(RELEASE)
        values.end()
        path = Path(*ids)
        request = requests.find(ReadRequest, msgid, now)
        objects = self._client.objects
        known = objects.knows(path.instance_path)
        if not self._client.own.lends(path) and not (known and objects.can_declare(path)):
            raise self._instance.refusal(self._instance.profile.errors.unknown)
        request.add(path, value, size)
        if known:
            objects.declare(path, kind)
        if index == 0:
            requests.complete(request, now)
            self._on_sent(msgid)
        return OK

    def _result(self, values: Values, results: Mapping[int, Result]) -> tuple[int, Result]:
        """The msgid and the result at the beginning of an answer."""
        _, msgid, number = values.integers(REF, _MSGID, _RESULT)
        wrong(number not in results)
        self._instance.check_login()
        self._msgid = msgid
        return msgid, results[number]

    def _end_answer(self, values: Values, results: Mapping[int, Result]) -> tuple[int, Result]:
        """An answer without more than release assistance behind the result."""
        msgid, result = self._result(values, results)
        if values.optional_word(RELEASE) is not None:
            values.doubts.take("a value behind the result")
        values.end()
        return msgid, result

    def answer_write(self, values: Values, now: float) -> Answer:
        return self._confirm(values, now, WriteRequest)

    def answer_execute(self, values: Values, now: float) -> Answer:
        return self._confirm(values, now, ExecuteRequest)

    def _confirm(
        self, values: Values, now: float, kind: type[WriteRequest] | type[ExecuteRequest]
    ) -> Answer:
        msgid, result = self._end_answer(values, _DONE)
        requests = self._client.requests
        request: WriteRequest | ExecuteRequest = requests.find(kind, msgid, now)
        if result is Result.DONE:
            requests.complete(request, now)
        else:
            requests.fail(request, now, result)
        self._on_sent(msgid)
        return OK

    def answer_observe(self, values: Values, now: float) -> Answer:
        msgid, result = self._end_answer(values, _FOUND)
        if not self._instance.profile.host_answers:
            return OK  # late, and harmless
        if self._instance.creation.automatic:
            values.doubts.take("an answer to an observe that the module has answered")
            return OK
        self._client.answer_observe(msgid, result, now)
        return OK

    def answer_parameters(self, values: Values, now: float) -> Answer:
        msgid, result = self._end_answer(values, _DONE)
        if self._instance.profile.host_answers:
            self._client.answer_parameters(msgid, result, now)
        return OK

    def answer_discover(self, values: Values, now: float) -> Answer:
        """The resources of an object: at a discover, or (model B) before the login."""
        _, first, number = values.integers(REF, _MSGID, _RESULT)
        wrong(number not in _FOUND)
        ids = self._listed(values) if values.more else ()
        values.end()
        self._instance.check_instance()
        if not self._instance.profile.host_answers:
            wrong(number != 1)
            if not self._client.objects.knows(Path(first)):
                values.doubts.take(f"resources of the object {first}, which is not there")
            else:
                self._client.objects.list_resources(first, ids)
            return OK
        self._instance.check_login()
        self._msgid, result = first, _FOUND[number]
        request = self._client.requests.find(DiscoverRequest, first, now)
        if self._instance.profile.counts:
            wrong(len(ids) > self._instance.counts.get(request.path.object, 0))
        self._client.answer_discover(msgid=first, result=result, resources=ids, now=now)
        return OK

    def _listed(self, values: Values) -> tuple[int, ...]:
        length, text = values.integer(0, LIST_LIMIT), values.quoted()
        wrong(len(text) > LIST_LIMIT or not re.fullmatch(r"([0-9]{1,5}(;|\Z))*", text, re.ASCII))
        if length != len(text):
            wrong(self._instance.profile.lengths)
            values.doubts.take(f"the length {length} is not that of {text!r}")
        ids = tuple(dict.fromkeys(int(one) for one in text.split(";") if one))
        wrong(any(one > ID[1] for one in ids))
        return ids

    def answers_again(self) -> bool:
        """Whether the latest answer is one to a repetition of a request that is answered."""
        return self._client.requests.answers_again(self._msgid)

    def refused(self, line: str) -> None:
        """A refused line of a group drops what was collected."""
        found = _GROUP.fullmatch(line)
        if found is None:
            return
        if "NOTIFY" in line.upper():
            self._client.drop_report()
        else:
            self._client.requests.drop_answers(int(found[1]))
