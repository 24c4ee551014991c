"""The LwM2M client of the module; it knows no AT.

`client` puts together `registration` (register, update, deregister), `objects` (the object tree),
`observations` (reports and notifications), `requests` (what the host must answer) and `exchange`
(retransmission). Messages of `air.messages` go in by `Client.deliver` and out by `send`. `host` is
the interface to the AT dialect: it calls methods of `Client` and gets its events.
"""
