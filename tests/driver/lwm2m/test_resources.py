"""Paths, resources, and what the platform may do with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.errors import Code, NotFound, NotSupported, ParameterError
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import ValueType

ids = st.integers(0, 65535)


@given(ids, ids, ids, st.booleans())
def test_a_path_reads_what_it_writes(obj: int, inst: int, res: int, slash: bool) -> None:
    path = Path(obj, inst, res)
    assert Path.parse("/" * slash + str(path)) == path
    assert path.whole


@pytest.mark.parametrize(
    ("text", "path"),
    [("3303", Path(3303)), ("3303/0", Path(3303, 0)), ("/3/0/9", Path(3, 0, 9))],
)
def test_the_tail_of_a_path_may_be_left_open(text: str, path: Path) -> None:
    assert Path.parse(text) == path


@pytest.mark.parametrize(
    "text",
    ["", "/", "a/b/c", "3303/-1/5700", "1/2/3/4", "3303/0/65536", "3303/0/", "3 303/0/1", "٣/0/1"],
)
def test_texts_that_are_no_path(text: str) -> None:
    with pytest.raises(ParameterError) as refused:
        Path.parse(text)
    assert refused.value.code is Code.BADPARAM


@pytest.mark.parametrize(
    "numbers",
    [(-1,), (65536,), (1, -2), (1, 65536), (1, 1, -2), (1, ANY, 5), (True,), (1.0,), ("1",)],
)
def test_ids_out_of_range_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError):
        Path(*numbers)


def test_an_open_path_covers_what_it_leaves_open() -> None:
    resource = Path(3303, 0, 5700)
    assert Path(3303).covers(resource)
    assert Path(3303, 0).covers(resource)
    assert resource.covers(resource)
    assert not Path(3304).covers(resource)
    assert not Path(3303, 1).covers(resource)
    assert not Path(3303, 0, 5701).covers(resource)
    assert not Path(3303, 0).whole
    assert str(Path(3303)) == "3303/-1/-1"


def resource(path: str, access: Access = Access.READABLE) -> Resource:
    return Resource(path, ValueType.INTEGER, 0, access)


def test_a_resource_holds_only_what_can_be_sent() -> None:
    temperature = Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE)
    temperature.value = 22
    assert temperature.value == 22
    assert temperature.text == "22.0"
    with pytest.raises(ParameterError, match="3303/0/5700"):
        temperature.value = "warm"
    assert temperature.value == 22
    assert "3303/0/5700 FLOAT 22" in repr(temperature)


def test_a_resource_is_not_a_whole_instance_nor_of_an_unknown_type() -> None:
    with pytest.raises(ParameterError, match="does not name a resource"):
        resource("3303/0")
    with pytest.raises(ParameterError, match="7"):
        Resource(Path(1, 2, 3), 7, 0, Access.READABLE)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="3303/0/5700"):
        Resource("3303/0/5700", ValueType.BOOLEAN, 7, Access.READABLE)


def test_two_resources_are_the_same_only_if_they_are_one() -> None:
    one, other = resource("1/0/1"), resource("1/0/1")
    assert one != other
    assert len({one: 1, other: 2}) == 2


@pytest.fixture
def tree() -> ObjectTree:
    tree = ObjectTree()
    for path, access in (
        ("3303/0/5700", Access.READABLE),
        ("3303/0/5701", Access.READABLE | Access.WRITABLE),
        ("3303/0/5605", Access.EXECUTABLE),
        ("3303/1/5700", Access.READABLE),
        ("3306/0/5850", Access.WRITABLE),
    ):
        tree.add(resource(path, access))
    return tree


def paths(found: tuple[Resource, ...]) -> list[str]:
    return [str(each.path) for each in found]


def test_a_read_brings_what_is_readable(tree: ObjectTree) -> None:
    assert paths(tree.readable(Path(3303, 0, 5700))) == ["3303/0/5700"]
    assert paths(tree.readable(Path(3303, 0))) == ["3303/0/5700", "3303/0/5701"]
    assert paths(tree.readable(Path(3303))) == ["3303/0/5700", "3303/0/5701", "3303/1/5700"]


def test_a_read_of_nothing_says_what_is_missing(tree: ObjectTree) -> None:
    for path in (Path(1), Path(3303, 7), Path(3303, 0, 1)):
        with pytest.raises(NotFound, match=str(path)):
            tree.readable(path)
    for path in (Path(3306), Path(3306, 0, 5850), Path(3303, 0, 5605)):
        with pytest.raises(NotSupported, match="not readable"):
            tree.readable(path)


def test_write_and_execute_ask_for_their_own_right(tree: ObjectTree) -> None:
    assert tree.writable(Path(3306, 0, 5850)).path == Path(3306, 0, 5850)
    assert tree.executable(Path(3303, 0, 5605)).path == Path(3303, 0, 5605)
    with pytest.raises(NotSupported, match="not writable"):
        tree.writable(Path(3303, 0, 5700))
    with pytest.raises(NotSupported, match="not executable"):
        tree.executable(Path(3303, 0, 5700))
    for ask in (tree.writable, tree.executable, tree.find):
        with pytest.raises(NotFound):
            ask(Path(9, 9, 9))


def test_adding_and_removing(tree: ObjectTree) -> None:
    assert len(tree) == 5
    assert tree.instances() == (Path(3303, 0), Path(3303, 1), Path(3306, 0))
    with pytest.raises(ParameterError, match="already"):
        tree.add(resource("3303/1/5700"))
    with pytest.raises(NotFound):
        tree.remove(resource("3303/1/5700"))  # the same path, but not the same resource
    tree.remove(tree.find(Path(3303, 1, 5700)))
    assert tree.instances() == (Path(3303, 0), Path(3306, 0))
    assert [each.path.object for each in tree] == [3303, 3303, 3303, 3306]


@pytest.mark.parametrize("path", [(3303, 0, 5700), b"3303/0/5700", None, 3303])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(ParameterError, match="is not a path"):
        Resource(path, ValueType.INTEGER, 0, Access.READABLE)  # type: ignore[arg-type]


def test_what_the_platform_wrote_may_be_what_cannot_be_sent() -> None:
    text = Resource("10/0/1", ValueType.STRING, "", Access.READABLE)
    text.store('{"a": 1}')
    assert text.value == '{"a": 1}'
    with pytest.raises(ParameterError, match="10/0/1"):
        text.text  # noqa: B018


def test_what_is_no_resource_is_not_found(tree: ObjectTree) -> None:
    for other in ("3303/0/5700", None, resource("3303/0/5700")):
        with pytest.raises(NotFound, match="add_resource"):
            tree.check(other)
        with pytest.raises(NotFound):
            tree.remove(other)  # type: ignore[arg-type]
    assert len(tree) == 5
