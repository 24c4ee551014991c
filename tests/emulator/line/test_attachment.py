"""The plug of a line: what it is called, in or out, and what is left when it cannot be put in."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.line.attachment import Attachment
from emulator.line.ports.port import Address, Port, parse_address


def insert(plug: Attachment) -> Port:
    return plug.insert(lambda _data: None, lambda _note: None, lambda: None)


async def test_its_name_is_that_of_the_port_also_when_it_is_out() -> None:
    plug = Attachment(Address(), None)
    assert plug.name == plug.link_or_name == ""
    port = insert(plug)
    assert plug.name == plug.link_or_name == port.name
    plug.pull()
    assert plug.name == port.name
    plug.pull()


async def test_a_link_is_what_a_host_opens(tmp_path: Path) -> None:
    path = tmp_path / "m5310"
    plug = Attachment(Address(), path)
    for _ in range(2):
        port = insert(plug)
        assert plug.link_or_name == str(path)
        assert str(path.readlink()) == port.name == plug.name
        plug.pull()
        assert not path.is_symlink()


async def test_without_its_link_the_port_is_closed_again(tmp_path: Path) -> None:
    plug = Attachment(Address(), tmp_path)
    with pytest.raises(FileExistsError, match="is no symbolic link"):
        insert(plug)
    assert plug.name == ""
    plug.pull()


@pytest.mark.realtime
async def test_a_network_port_keeps_its_number() -> None:
    plug = Attachment(parse_address("socket://:0"), None)
    insert(plug)
    name = plug.name
    assert not name.endswith(":0")
    plug.pull()
    assert insert(plug).name == name
    plug.pull()
