"""Triggers: conditions on data points, and the requests to applications when they are met.

    Platform.report, points that the API adds            HTTP API
        |  on_points                                        |  create, update, delete
        v                                                   v
    triggers  <------  silences (type frozen)            content     what a body may say
        |  judge           streams that stay silent         |
        v                                                   v
    conditions  ->  expression (type exp)                table triggers
        |  fires
        v
    deliveries  ->  table messages  ->  posting.Send

The index of `Triggers` finds, by device and stream, the triggers that watch a stream; a point
without a trigger costs two look-ups, and none if there are no triggers. What a condition needs
besides the point (the value before it, the current value of another stream) is asked of the data
points, so it is right after a restart, too, and needs no memory. Therefore `on_points` comes before
the points are stored. A point, and the messages of the triggers that it fires, are kept in one
transaction.

A trigger of type `frozen` has a deadline for each stream that it watches: the last point and its
threshold. Each point moves it; when it comes, the trigger fires once, until the next point. After a
restart the deadlines are made of the data points again; the time `fired` of the trigger says which
of them have fired. Type `live` has no such state: it compares the time of a point with that of the
point before.

`deliveries` sends the messages of one trigger in their order, one at a time, and repeats each with
growing waits until its application has replied with status 200. A target that does not reply holds
up only its own trigger; its queue is bounded in number of messages and of attempts. What was not
confirmed is sent again after a restart: at least once.

Everything is done in pieces: a step that leaves something is due again a millisecond later.
"""
