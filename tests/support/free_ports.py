"""Ports that a program is told to use, and that must be free until it does."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from itertools import count

# Below those that Linux gives to whoever asks for any (ip_local_port_range), which are thousands
# while tests run side by side. Each process begins elsewhere, and takes each port once.
_FIRST, _NUMBER, _OF_ONE_PROCESS = 16_384, 16_384, 64
_places = count(os.getpid() * _OF_ONE_PROCESS)


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, ports: int = 1) -> int:
    """The first of so many ports of 127.0.0.1 in a row, which no other test uses."""
    while True:
        port = _FIRST + next(_places) % (_NUMBER - ports)
        try:
            with ExitStack() as probes:
                for number in range(port, port + ports):
                    probe = probes.enter_context(socket.socket(socket.AF_INET, kind))
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        for _ in range(1, ports):
            next(_places)
        return port
