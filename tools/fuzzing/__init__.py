"""What `tools/fuzz` runs: inputs from outside, and what must hold whatever stands in them.

A target is a function of bytes that raises when its contract is broken, so that it can be called
by a fuzzer, by a test on what was found once, and by a person on a file.
"""
