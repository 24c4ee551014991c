"""The emulated M5310: what its UART, its radio and its LwM2M client do, without a clock.

    host bytes                                                        datagrams of a server
        |                                                                     |
    Module.receive                                                     Module.deliver
        |                                                                     |
    PowerSaving.receive     a sleeping UART loses the first bytes    DiscontinuousReception.page
        |                                                             waits for a paging window
    Conversation            bytes -> lines -> commands; echo                  |
        |                   CommandFault: refuse, delay, lose                 |
    command table           name and form -> function                         |
        |        \\                                                            |
    general/    Dialect  -- methods, ClientError ->  lwm2m.Client             |
    radio/  (classic, suite) <- Host: events, requests    |                   |
        |           |                                coap.Endpoint  <---------+
    Answer      urc(line)                                 | Module._send_up
        |           |                                  send_up (datagrams to the air)
        +-----------+--> output: take_output

Pure and stepped. The module has no clock, loop or thread. Each input (`receive`, `deliver`,
`deliver_datagram`, `power_cycle`) has the time as an argument, first does what was due before, then
acts at once. The same inputs at the same times give the same outputs: what a real module draws at
random follows from `seed`.

Deadlines. A part that plans something has `due` (a time, or None) and `step(now)`, which does what
is due. `Module._run` steps the parts whose `due` has come, in the order of `_timed`, until none is
due, and returns the next deadline. Nothing is polled: an idle module costs nothing, and one input
costs one look at each `due`. `on_change` reports that an input has changed the deadline.

Commands. Each part has its commands at its class (`COMMANDS`): name, forms, functions. All modules
with the same parts share one table (`at/commands.py`), so a thousand modules have it once.

Answers and unsolicited lines. One command is executed at a time. While its answer is delayed (an
attach, a fault), further lines wait in the UART buffer. Unsolicited lines are queued by `urc` and
written by `flush`: after an answer, never inside one, and never inside a line that a host with echo
types.

The LwM2M client and the AT dialect meet in `lwm2m/host.py` only. The client knows no AT text and no
error number; the dialect knows no LwM2M message. So two dialects drive the same client
(`Firmware.dialect` names one); what they demand of it is `Rules`. The client stands on one
`coap.Endpoint`, which repeats what is not acknowledged and drops what comes twice; what the client
says is decided by its style (`lwm2m/style.py`). The msgid that the host sees is the CoAP message id
of the request.

Radio. A datagram leaves or arrives only while the radio is registered; both connect it, and start
the timers of connection, power saving and eDRX again. `coverage`, `refusing` and `sim` are the
module's place: tests and scenarios change them, the radio notices it at the next step, or when it
wakes up. `Module.link` tells the air what the place and the network do to datagrams: the network
leads downlink to the module for `downlink_window` seconds after its last datagram.

Restarts. `Module._reset` creates every part again, so that nothing survives by mistake. What
survives: `Flash` (bands, flags, UART speed), the radio's place, the fault source and the number of
boots. During a boot nothing is received; the boot text follows after the silence of its `Cause`.

Numbers. Each limit and time has its source beside it, or is marked `# guess:` with the reason.
"""
