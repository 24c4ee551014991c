"""Trace, recordings and their replay: the line as text for people and as data for programs.

`trace.py` makes text lines for people (`--trace`, `Journal`). `format.py` writes and reads a
recording (`--record FILE`), a file of JSON lines:

    {"recording": 1, "by": "emulator", "port": "/dev/pts/7", "baud": 9600, "started": "2026-..."}
    {"at": 0.013, "from": "host", "text": "AT\\r\\n"}
    {"at": 0.021, "from": "module", "text": "\\r\\nOK\\r\\n"}
    {"at": 0.5, "baud": 115200}

Each line is in the file as soon as its last byte has been sent (`file.py`); a full disk ends the
recording, with one note; a start that fails leaves no file. What a callback `trace` or `record`
raises never reaches the line (`guard.py`).

`pcapng.py` writes the datagrams of the air and the lines of all modules as one capture for
Wireshark and tshark, on one clock; `tools/m5310_at.lua` shows the lines there.

`at` is in seconds since the start; bytes that are no UTF-8 have "hex" instead of "text". `m5310
record` writes the same format for a real module; `m5310/cli/recording.py` defines it. `replay.py`
answers a host like the recorded module, without clock or port; `replay_port.py` connects it to a
serial line.
"""
