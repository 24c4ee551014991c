"""Time for the whole emulator: one clock, and the deadlines that are due by it.

Lines, modules, air, platform and scenarios read the same `Clock` and no other source of time.
Therefore the same inputs at the same times give the same bytes, with each of the four clocks:

    LoopClock      the event loop's time, optionally faster (speed=60: one hour in one minute)
    SteeredClock   the same, with a speed that changes; paused and advanced by people
    VirtualClock   stands still until `advance(seconds)`; for tests
    EagerClock     moves by itself while work is pending, without real waiting; for blocking hosts

All times are POSIX seconds (float). Pure are `deadlines` (the earliest of several deadlines, and
`Deadlines`, which keeps the next deadline of each of many objects) and `timer_queue`, the timers of
the clocks that run them themselves.
"""
