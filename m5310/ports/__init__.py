"""Opening serial ports for an asyncio protocol, without blocking the event loop.

`open` takes any pyserial URL and reports an error with its reason and what to try. `transport`
joins the open port and the protocol: by file descriptor where the loop can watch one (terminals
and sockets on POSIX), else with two threads (Windows, loop://, rfc2217://, spy://). `speed` changes
the speed of an open port. `usb` finds an adapter again that comes back under another name.

Only these files import pyserial and pyserial-asyncio, and nothing here knows AT commands. Whatever
fails in a port ends in `connection_lost` of the protocol, or in a PortError of the call.
"""
