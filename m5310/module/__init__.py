"""One M5310 on a port, without OneNET: the link, and what the general commands do over it.

     program                                        Device (m5310.device)
        | queries, attach, ping, UDP, set_speed        | commands of its dialect
        v                                              v
     Module --------------- execute ---------------> Link <--- listen --- Module, Device
        |                                              |
        +- queries   one method a command              | events: LineReceived, Restarted, PortLost
        +- attach    (attach_errors; radio; settings)  | session: number, interruption
        +- ping                                        v
        +- udp                                       Modem (m5310.at), a new one at each opening
        +- banner    what a module says it is
        +- restart   when a module is up again
        +- speed ----- PortSpeed.change -----------> serial port (m5310.ports)

Link. There is one for each port, and only it opens the port, recognises a restart, a loss and a
reported sleep, and counts sessions. A `Module` makes its own link, or stands on the link of a
`Device`: `device.module` is usable as long as the device has its port, also after a new opening.

    closed --open--> open --port lost--> gone --open--> open --close--> closed

- A port that was opened by name is opened again as the same USB adapter, under its present name,
  at its last speed. A lent modem is neither closed nor opened again. Opening writes nothing.
- A boot text is a restart: the link ends the session, raises ModemReset in every waiting caller
  (`Modem.abandon`) and notifies the listeners, once for `REBOOTING` and once for the cause.
- A loss ends the session too: waiting callers and listeners get the PortError.
- A reported sleep is passed to the modem, which wakes the module before its next command.

Sessions. What the module holds (objects, sockets, a registration, a request) is valid in one
session. Code that awaits compares `session.number` before and after; `interruption` is the error
that ended the last session.

Commands. `Link.execute` waits while the speed changes, then passes the command to the present
modem. `Queries` has one method for each general command; `Module.follow` streams unsolicited lines.

Attach. First find an answer: at the speed of the port, the stored one, then the given ones. Then
set up, switch the radio on, and poll AT+CEREG? and AT+CSQ at each reported change and every 10 s,
until the module is registered. A restart begins again with the set-up. A refused SIM or a denied
registration that lasts ends it, and so does the timeout: `Evidence` becomes the error with its
advice. `radio` starts a search again that the module has stopped.

Settings. Error numbers and reports that the driver turns on for its own use are put back when the
`Module` is closed or the `Device` destroyed: `Settings` notes the value that each had.

Ping and UDP. The module answers `OK`, and later a URC brings the outcome. A ping's outcome does not
name its request, so one ping runs at a time. Each socket has one task that fetches and sends in
turns. A restart or a loss ends pings and sockets with its error; a `Device` sets itself up again.

Speed. Module and port change together: `AT+NATSPEED`, the port, `AT`. Without an answer both go
back. `PortSpeed.stored` is the speed after a restart: `reset` and `attach` follow the module there,
and a `Device` whose module is silent tries both (`Link.turn_speed`).
"""
