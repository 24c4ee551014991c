"""Values of a command, and the command table."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.module.at.codec import Cme, Command, Form, Parameter, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, CommandTable, Values


def values(*texts: str) -> Values:
    """A text with quotes around it is a quoted parameter."""
    return Values(
        tuple(
            Parameter(text[1:-1], quoted=True)
            if text.startswith('"')
            else Parameter(text, quoted=False)
            for text in texts
        )
    )


def fails(read: Callable[[], object]) -> bool:
    with pytest.raises(Refusal) as caught:
        read()
    return caught.value.number is Cme.INCORRECT_PARAMETERS


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("-1", -1), ("9", 9)])
def test_integers(text: str, number: int) -> None:
    assert values(text).integer(-1, 9) == number


@pytest.mark.parametrize(
    "text", ["", "10", "-2", "x", "1.0", "+1", " 1", '"1"', "٣", "1" * 21, "1" * 5000, "--1"]
)
def test_invalid_integers_are_refused(text: str) -> None:
    assert fails(lambda: values(text).integer(-1, 9))


def test_optional_integer_may_be_left_out() -> None:
    assert values().optional_integer(0, 9) is None
    assert values("").optional_integer(0, 9) is None
    assert values("3").optional_integer(0, 9) == 3
    assert fails(lambda: values('""').optional_integer(0, 9))
    assert fails(lambda: values().integer(0, 9))


def test_quoted_and_bare_are_distinguished() -> None:
    assert values('"a"').quoted() == "a"
    assert values('""').quoted() == ""
    assert values("a").bare() == "a"
    assert fails(lambda: values("a").quoted())
    assert fails(lambda: values('"a"').bare())
    assert fails(lambda: values("").bare())
    assert fails(lambda: values().quoted())


def test_words_with_and_without_quotes() -> None:
    assert values("TRUE").word("TRUE|FALSE") == "TRUE"
    assert values('"TRUE"').word("TRUE|FALSE") == "TRUE"
    assert fails(lambda: values("TRUER").word("TRUE|FALSE"))
    assert fails(lambda: values().word("TRUE"))
    assert values("").optional_word("[01]+") is None
    assert values().optional_word("[01]+") is None
    assert values('"01"').optional_word("[01]+") == "01"
    assert fails(lambda: values('""').optional_word("[01]+"))


def test_values_are_read_in_order_until_the_end() -> None:
    read = values("1", "", '"x"')
    assert read.more
    assert read.integer(0, 9) == 1
    assert read.optional_word("a") is None
    assert fails(read.end)
    assert read.quoted() == "x"
    assert not read.more
    read.end()


def test_only_refuses_further_values() -> None:
    assert values("1", "2").only((0, 9), (0, 9)) == [1, 2]
    assert fails(lambda: values("1", "2").only((0, 9)))
    assert fails(lambda: values("1").only((0, 9), (0, 9)))
    assert values("1").only_flag() is True
    assert fails(lambda: values("2").only_flag())


@given(st.integers(), st.integers(), st.integers())
def test_integer_is_in_range_or_refused(number: int, low: int, high: int) -> None:
    try:
        assert low <= values(str(number)).integer(low, high) == number <= high
    except Refusal:
        assert not low <= number <= high or len(str(abs(number))) > 20


# The table ---------------------------------------------------------------------------------------


class SomeCommands:
    def __init__(self, name: str) -> None:
        self.name = name

    def _set(self, given: Values, now: float) -> Answer:
        (number,) = given.only((0, 9))
        return Answer((f"set {number} at {now}",))

    COMMANDS: ClassVar[Commands] = {
        "+ALL": CommandForms(
            execute=lambda _self, now: Answer((f"execute at {now}",)),
            read=lambda _self, now: Answer((f"read at {now}",)),
            set=_set,
            test="+ALL:(0-9)",
        ),
        "+FIND": CommandForms(test=lambda _self, now: Answer((f"{now}",))),
        "+NAME": CommandForms(read=lambda self, _now: Answer((self.name,))),
        "+PLAIN": CommandForms(execute=lambda _self, _now: OK, test=""),
        "+NONE": CommandForms(),
    }


class OneCommand:
    COMMANDS: ClassVar[Commands] = {"+NAME": CommandForms(read=lambda _self, _now: OK)}


TABLE = CommandTable(SomeCommands("first"))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Form.EXECUTE, "execute at 5.0"),
        (Form.READ, "read at 5.0"),
        (Form.TEST, "+ALL:(0-9)"),
        (Form.SET, "set 3 at 5.0"),
    ],
)
def test_each_form_has_its_function(form: Form, expected: str) -> None:
    parameters = (Parameter("3", quoted=False),) if form is Form.SET else ()
    assert TABLE.execute(Command("+ALL", form, parameters), 5.0) == Answer((expected,))


def test_test_form_may_be_a_function() -> None:
    assert TABLE.execute(Command("+FIND", Form.TEST), 5.0) == Answer(("5.0",))


def test_tables_of_the_same_parts_are_apart() -> None:
    other = CommandTable(SomeCommands("second"))
    read = Command("+NAME", Form.READ)
    assert TABLE.execute(read, 0.0) == Answer(("first",))
    assert other.execute(read, 0.0) == Answer(("second",))


def test_later_part_replaces_a_command() -> None:
    table = CommandTable(SomeCommands("first"), OneCommand())
    assert table.execute(Command("+NAME", Form.READ), 0.0) == OK
    assert table.execute(Command("+ALL", Form.READ), 0.0) == Answer(("read at 0.0",))


def test_test_form_without_ranges_is_ok_alone() -> None:
    assert TABLE.execute(Command("+PLAIN", Form.TEST), 0.0) == OK


@pytest.mark.parametrize(
    ("command", "number"),
    [
        (Command("+WHAT", Form.EXECUTE), Cme.NOT_SUPPORTED),
        (Command("+NONE", Form.EXECUTE), Cme.INCORRECT_PARAMETERS),
        (Command("+NONE", Form.SET), Cme.INCORRECT_PARAMETERS),
        (Command("+NONE", Form.READ), Cme.NOT_SUPPORTED),
        (Command("+NONE", Form.TEST), Cme.NOT_SUPPORTED),
    ],
)
def test_unknown_commands_and_forms_are_refused(command: Command, number: Cme) -> None:
    with pytest.raises(Refusal) as caught:
        TABLE.execute(command, 0.0)
    assert caught.value.number is number
