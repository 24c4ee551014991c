"""Conformance test of an M5310 on a port, board or emulator. Uses pyserial only.

`cases` defines what a case is: bytes to send and patterns of what must come back. The cases stand
in `general`, `sockets`, `onenet` and `hardware`; `catalogue` gives their order. `host` plays a case
on the port and captures the answer; `board` collects what earlier cases found (IMEI, signal) and
decides whether a case can run; `peers` are OneNET's HTTP API and a UDP echo; `report` compares
captures with the patterns and with those of another board.
"""
