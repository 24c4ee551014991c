"""What the platform keeps: one SQLite database, in memory or in a file.

    devices, keys, commands, triggers, push      registrations     points: add, newest, span
        |  each subject has its SQL                  |              |          |        |
        |  beside its rules                          |           retention  streams    span
        v                                            v              v          v        v
    database     one connection: transactions, failures, the lock of the file
        |     \
    schema     checkpoints     a thread: from the log into the file

`schema` has the tables of the newest version, and the steps from each version to the next one.

A thing is kept before it is confirmed. The platform writes what a call or a message changes in one
transaction, which is committed before the HTTP answer or the CoAP response goes out. So a process
that is killed has lost nothing that it had confirmed. A commit is a write into the log (WAL), which
does not wait for the disk; a thread of its own synchronises the log and moves it into the file. So
the newest commits survive the end of the process, not a failure of the power.

Everything else is done by one connection, in the event loop's thread, in pieces that take less than
a millisecond: a long walk over points is one short query after the other, and what need not be kept
goes piece by piece. So no reader sees half of a transaction, and a query never waits for a lock.

A page of points (`Span`) sees those that were there when it was asked for. Its cursor names the
next point by time and number, so the next page begins there, however many were added or dropped.

What is small and asked for often (devices, triggers, waiting commands, registrations) is held in
memory, too, and written through. Data points, the history of commands and the queue of the push are
in the database only.

A registration is kept with the tokens of its observations. A platform that starts again takes the
notifications of its devices as before; they see nothing of it but repeated requests.

When the database cannot keep something (the disk is full), `StoreError` goes to the caller: an
application gets errno 1, a device 5.00 or no acknowledgement, and both may repeat it. What has no
caller (retention, repetitions) is tried again a second later. The first failure is logged.
"""
