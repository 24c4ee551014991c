"""Push: the platform sends what happens to an application's URL (OneNET guide 4.1, 4.2).

    report, registered, ended, results of commands
        |
    messages    one JSON text for each, in the order of keys that was captured
        |
    queue       table `messages`, target `push`; bounded
        |  the oldest, or a batch of points
    push        signature, AES  ->  Post  ->  posts (the shell)  ->  application
        ^                                                              |
        +------------------------- Reply ------------------------------+

The application is an untrusted program that may be gone, slow or wrong. Nothing here waits for it:
`Push` has at most one request open, and plans the next one by its reply.

States. `off`: there are no settings. `checking`: settings of the start, whose URL was not verified
so far; `on`; `stopped`: after 2000 failures, or failures for 24 hours. A check is a GET with a text
that the application must return. It comes before settings are taken (`PUT /emulator/push`), at the
start (`--push`), and again and again while pushing is stopped. Messages are queued in `checking`
and `on`; at a stop the queue is emptied, and after it pushing begins with the newest.

Each message is sent at least once: its row is deleted after the application has answered with
status 200, so a reply that was lost, or a process that was killed, repeats it. While requests
follow each other without a pause, rows are deleted twenty at a time, or 50 ms after the first one,
so a process that was killed may repeat as many. The order is that of the events; a data point is
one when it is stored (see `emulator.onenet.reports`). Without limits for batches, a request has one
message. With them, points are sent as an array, when so many wait or the oldest has waited so long;
another message, of a device's state or a command, ends a batch.

The signature is of the text of `msg` as it is sent. Receivers decode `msg` and encode it again
before they compare, so its form must be the one that their encoders make: compact, `/` as it is,
ASCII only, the order of keys of OneNET's own pushes.
"""
