"""Paths, resources and their access rights."""

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
def test_path_is_parsed_from_its_text(obj: int, inst: int, res: int, slash: bool) -> None:
    path = Path(obj, inst, res)
    assert Path.parse("/" * slash + str(path)) == path
    assert path.whole


@pytest.mark.parametrize(
    ("text", "path"),
    [("3303", Path(3303)), ("3303/0", Path(3303, 0)), ("/3/0/9", Path(3, 0, 9))],
)
def test_end_of_a_path_may_be_omitted(text: str, path: Path) -> None:
    assert Path.parse(text) == path


@pytest.mark.parametrize(
    "text",
    ["", "/", "a/b/c", "3303/-1/5700", "1/2/3/4", "3303/0/65536", "3303/0/", "3 303/0/1", "٣/0/1"],
)
def test_invalid_path_text_is_refused(text: str) -> None:
    with pytest.raises(ParameterError) as refused:
        Path.parse(text)
    assert refused.value.code is Code.BADPARAM


@pytest.mark.parametrize(
    "numbers",
    [(-1,), (65536,), (1, -2), (1, 65536), (1, 1, -2), (1, ANY, 5), (True,), (1.0,), ("1",)],
)
def test_id_out_of_range_is_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError):
        Path(*numbers)


def test_open_path_covers_all_ids_it_omits() -> None:
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


def test_unsendable_value_is_refused() -> None:
    temperature = Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE)
    temperature.value = 22
    assert temperature.value == 22
    assert temperature.text == "22.0"
    with pytest.raises(ParameterError, match="3303/0/5700"):
        temperature.value = "warm"
    assert temperature.value == 22
    assert "3303/0/5700 FLOAT 22" in repr(temperature)


def test_resource_needs_a_whole_path_and_a_known_type() -> None:
    with pytest.raises(ParameterError, match="does not name a resource"):
        resource("3303/0")
    with pytest.raises(ParameterError, match="7"):
        Resource(Path(1, 2, 3), 7, 0, Access.READABLE)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="3303/0/5700"):
        Resource("3303/0/5700", ValueType.BOOLEAN, 7, Access.READABLE)


def test_resources_are_equal_by_identity() -> None:
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


def test_read_returns_readable_resources(tree: ObjectTree) -> None:
    assert paths(tree.readable(Path(3303, 0, 5700))) == ["3303/0/5700"]
    assert paths(tree.readable(Path(3303, 0))) == ["3303/0/5700", "3303/0/5701"]
    assert paths(tree.readable(Path(3303))) == ["3303/0/5700", "3303/0/5701", "3303/1/5700"]


def test_read_without_readable_resources_is_an_error(tree: ObjectTree) -> None:
    for path in (Path(1), Path(3303, 7), Path(3303, 0, 1)):
        with pytest.raises(NotFound, match=str(path)):
            tree.readable(path)
    for path in (Path(3306), Path(3306, 0, 5850), Path(3303, 0, 5605)):
        with pytest.raises(NotSupported, match="not readable"):
            tree.readable(path)


def test_write_and_execute_need_their_access_right(tree: ObjectTree) -> None:
    assert tree.writable(Path(3306, 0, 5850)).path == Path(3306, 0, 5850)
    assert tree.executable(Path(3303, 0, 5605)).path == Path(3303, 0, 5605)
    with pytest.raises(NotSupported, match="not writable"):
        tree.writable(Path(3303, 0, 5700))
    with pytest.raises(NotSupported, match="not executable"):
        tree.executable(Path(3303, 0, 5700))
    for ask in (tree.writable, tree.executable, tree.find):
        with pytest.raises(NotFound):
            ask(Path(9, 9, 9))


def test_resources_are_added_and_removed(tree: ObjectTree) -> None:
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
def test_path_of_another_type_is_refused(path: object) -> None:
    with pytest.raises(ParameterError, match="is not a path"):
        Resource(path, ValueType.INTEGER, 0, Access.READABLE)  # type: ignore[arg-type]


def test_value_written_by_the_platform_may_be_unsendable() -> None:
    text = Resource("10/0/1", ValueType.STRING, "", Access.READABLE)
    text.store('{"a": 1}')
    assert text.value == '{"a": 1}'
    with pytest.raises(ParameterError, match="10/0/1"):
        text.text  # noqa: B018


def test_unknown_resource_is_not_found(tree: ObjectTree) -> None:
    for other in ("3303/0/5700", None, resource("3303/0/5700")):
        with pytest.raises(NotFound, match="add_resource"):
            tree.check(other)
        with pytest.raises(NotFound):
            tree.remove(other)  # type: ignore[arg-type]
    assert len(tree) == 5
