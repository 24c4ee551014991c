"""What `tools/bench` runs. A benchmark is one function under `@benchmark` in a room listed in
`tools.benchmarks.__main__`; it takes a `Bench`, lets contestants take turns, and gives figures."""
