"""Coverage-guided fuzzing of the emulator's inputs: AT, files, HTTP, LwM2M payloads.

A target (`targets`) is a function of bytes that raises if its contract is broken; so a fuzzer, a
test and a person can call it. `module_run` is the largest one: an emulated module with its cloud,
driven by bytes. `guided` runs one target under atheris in a process of its own; `__main__` starts
these processes and keeps the inputs that fail.
"""
