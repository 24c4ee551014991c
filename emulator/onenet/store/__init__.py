"""What the platform keeps: one SQLite database, in memory or in a file.

    devices, keys, registrations, commands, triggers, push, data points
        |  each subject has its SQL beside its rules
        v
    database    one connection; transactions, commits
        |
    schema      tables of the newest version, and the steps from each version to the next one

A thing is kept before it is confirmed. The platform writes what a call or a message changes in one
transaction, which is committed before the HTTP answer or the CoAP response goes out. So a process
that is killed has lost nothing that it had confirmed. The log of the file (WAL) is written at each
commit, and synchronised with the disk at a checkpoint: the newest commits survive the end of the
process, not a failure of the power.

Everything is done by one connection, in the event loop's thread, in pieces that take less than a
millisecond: a long walk over points is one short query after the other. So no reader sees half of a
transaction, and a query never waits for a lock.

What is small and asked for often (devices, triggers, waiting commands) is held in memory, too, and
written through. Data points, the history of commands and the queue of the push are in the database
only.
"""
