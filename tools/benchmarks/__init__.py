"""Benchmarks: each figure is a ratio to a bare baseline that runs in turn with it.

A benchmark is a function with the decorator `@benchmark(NAME)` in one of the files that
`__main__` imports: `lines` (no port), `driver` (on a pty), `memory`, `modules` (the emulator);
`round_trips`, `servers`, `http`, `pushes`, `store` (the cloud). It gets a `Bench`, runs its
contestants in turn with `bench.turns`, and returns figures (`figures`). The other ends of ptys and
sockets are processes of their own: `responder`, and those whose names end in `_process`.
"""
