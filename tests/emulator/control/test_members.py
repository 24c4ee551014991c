"""Members of bodies: what is described is taken, and what is not is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.control.members import Choice, Flag, Members, Number, Text
from emulator.onenet.errors import ApiError

BODY = Members(
    {
        "speed": Number(0.5, 100),
        "repeats": Number(0, 10, whole=True),
        "silent": Flag(),
        "text": Text(1, 5),
        "cause": Choice({"A": 1, "B": 2}),
        "noise": Members({"loss": Number(0, 1), "delay": Number(0, 1)}, optional=True),
    },
    optional=True,
)
BOTH = Members({"speed": Number(0.5, 100), "silent": Flag()})

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 110)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.5, 1.0, 3.0, "A", "B", "", "12345", "123456"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["loss", "delay", "x"]), inner, max_size=3)
    ),
)
bodies = st.dictionaries(st.sampled_from([*BODY.kinds, "other"]), values, max_size=3)


@given(bodies)
def test_a_body_is_taken_exactly_if_its_schema_allows_it(body: dict[str, object]) -> None:
    schemas = pytest.importorskip("jsonschema_rs", reason="comes with schemathesis")
    for members in (BODY, BOTH):
        if schemas.is_valid(members.schema, body):
            assert members.read("", body).keys() == body.keys()
            continue
        with pytest.raises(ApiError) as refused:
            members.read("", body)
        text = str(refused.value)
        assert "\n" not in text
        assert len(text) < 300


def test_values_are_read_as_what_they_mean() -> None:
    body = {"cause": "B", "repeats": 3.0, "noise": {"loss": 1}}
    assert BODY.read("", body) == {"cause": 2, "repeats": 3, "noise": {"loss": 1}}
    assert isinstance(BODY.read("", {"repeats": 3.0})["repeats"], int)
