"""Scenarios: a TOML file of events that happen to an emulated module and its cloud.

Each [[event]] has one key for when and one key for what (README, "Scenarios", has them all):

    [[event]]                    [[event]]                     [[event]]
    at = 12                      every = 10                    on = "AT+MIPLOPEN"
    coverage = "OUT"             read = "/3303/0/5700"         answer = "ERROR"
    for = 90                                                   times = 2

    file --parser, toml_table, actions--> Scenario (events.py) --player, apply--> Emulator

`parser` reports a mistake with its line. `actions` has one reader for each key of what happens.
`player` runs the events by the emulator's clock; `apply` changes the emulator. A change `for` a
time lies over the value before it (`overlay`): the newest one that still holds applies, each key of
a table for itself, and what is over leaves no trace.
"""
