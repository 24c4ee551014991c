"""The serial line between an emulated module and the program that opens its port (the host).

                 LineDirection to_host                            paused while > 4096
               +---------+   +--------+                           bytes are waiting
    module --> | faults  |-->| pacing |--> Port.write --> pty / TCP / RFC 2217 / stdio --> host
    (send)     +---------+   +--------+

               +---------+   +--------+   +----------------+
    host ----> | faults  |-->| pacing |-->| receive buffer |--> on_data --> module
    (Port)     +---------+   +--------+   +----------------+
                 LineDirection to_module    `QuietTime` sees both sides (simulation/board.py)

`Line` is the only class that has a port, timers and a clock; all other files here are pure: bytes
and times in, bytes and times out.

- Port (`ports/`): what a host opens. It reports bytes that the host wrote, accepts bytes for the
  host, and reports whether a host is there. `Attachment` opens and closes it under one name, so
  that `Line.unplug` and `Line.plug` act like pulling a USB adapter and inserting it again.
- Faults: bytes are lost, doubled, corrupted, delayed or inserted, at random (seed) or at a byte
  that a test names. The result depends on the bytes and their order, not on how they are split.
- Pacing: with a baud rate, each byte takes 10 bits (8N1) and is delivered when its last bit is
  complete, in both directions. A queue keeps the bytes and the time of each; one timer per
  direction wakes up for the next byte. At 9600 baud the n-th byte is complete n * 1.04 ms after the
  first start bit, with no drift. A new baud rate applies to bytes sent afterwards.
  Without a baud rate (None) bytes pass at once, and wait if the host does not read.
- Speed mismatch (`strict`): if the host's UART is set to another speed or frame than the module's,
  `uart_frames` samples the waveform as the receiver would: garbage, the same garbage each time.
- Receive buffer (overruns): a module with overruns reads nothing while it sends. Its UART holds a
  few bytes; the rest is dropped and counted in `receive_buffer.lost`.
- Quiet time: after a final result the module needs some 20 ms before the next command. Earlier
  commands are counted, and lost with firmware that ignores them (`hasty_lost`).

Who loses what:

    no host has the port open     bytes to the host are dropped, as on a real UART
    paced, host does not read     the port fills up, then bytes are dropped (`Line.lost`)
    unpaced, host does not read   bytes wait; the module reads no more commands meanwhile
    unplugged                     bytes on their way are dropped, the module continues

Invariants: bytes of one direction never overtake each other; nothing here blocks; each queue has a
bound (`pacing.BACKLOG`); what happens depends on the clock and the bytes, never on real time.
"""
