"""Ports that a host can open: pty, TCP, RFC 2217, standard input and output.

`port.py` has the interface (`Port`) and the addresses; `open.py` opens an address:

    pty                     pty.py       pseudo terminal; all of them share one epoll (pty_poll.py)
    socket://HOST:PORT      tcp.py       bytes over TCP, as pyserial's socket:// expects
    rfc2217://HOST:PORT     rfc2217.py   Telnet with serial settings, over tcp.py
    -                       stdio.py     standard input and output

A port belongs to one host at a time and never blocks. It works in the running event loop.
`symlink.py` keeps a symbolic link to a pty under a name that does not change.
"""
