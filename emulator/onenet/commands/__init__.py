"""Offline commands: kept until their device shows a sign of life, then sent (guide 4.2.9).

    create                 sign of life            outcome
       |                       |                      |
       v      valid, bits      v     one at a time    v
     WAIT -----------------> queue ----------------> SENT ----> SUCCESS
      | ^                                             |
      | +------ failed, and repetitions are left -----+-------> FAILED, TIME_OUT
      +-----> CANCELLED, EXPIRED

A command waits in state 1. When its device registers, updates or notifies, all its commands that
are valid now and want this sign go into the queue of the device, and are sent one after the other
in the order of creation. A command whose valid time comes later waits for the next sign, even if
the device listens: so the guide has it. If a device does not answer, the rest of its queue waits
for the next sign, too.

A command that has failed waits again, as long as repetitions are left. Its last failure can be seen
meanwhile. One that has expired is not sent; one that was sent before may still succeed. Expiry
needs no timer: the commands of a device are checked whenever somebody asks for them.

No command runs twice. State 3 is in the database before the request goes out. After a restart
it is not known how a command in state 3 has ended: it gets state 8 and is never sent again. Only a
repetition that the application asked for, by `retry`, sends a command again.

`command` has a command and its form in the database, `commands` the rules. At most MAX_OPEN
commands of a device are open (state 1 or 3): these are in memory, too. Ended ones are in the
database only, the newest MAX_KEPT of a device.
"""
