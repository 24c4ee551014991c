"""Attachment: name of the port, link, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.line.attachment import Attachment
from emulator.line.ports.port import Address, Port, parse_address


def opened(attachment: Attachment) -> Port:
    return attachment.open(lambda _data: None, lambda _note: None, lambda: None)


async def test_name_stays_after_close() -> None:
    attachment = Attachment(Address(), None)
    assert attachment.name == attachment.link_or_name == ""
    port = opened(attachment)
    assert attachment.name == attachment.link_or_name == port.name
    attachment.close()
    assert attachment.name == port.name
    attachment.close()


async def test_link_is_the_name_for_hosts(tmp_path: Path) -> None:
    path = tmp_path / "m5310"
    attachment = Attachment(Address(), path)
    for _ in range(2):
        port = opened(attachment)
        assert attachment.link_or_name == str(path)
        assert str(path.readlink()) == port.name == attachment.name
        attachment.close()
        assert not path.is_symlink()


async def test_port_is_closed_if_the_link_fails(tmp_path: Path) -> None:
    attachment = Attachment(Address(), tmp_path)
    with pytest.raises(FileExistsError, match="is no symbolic link"):
        opened(attachment)
    assert attachment.name == ""
    attachment.close()


@pytest.mark.realtime
async def test_network_port_keeps_its_number() -> None:
    attachment = Attachment(parse_address("socket://:0"), None)
    opened(attachment)
    name = attachment.name
    assert not name.endswith(":0")
    attachment.close()
    assert opened(attachment).name == name
    attachment.close()
