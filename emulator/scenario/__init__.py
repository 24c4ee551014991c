"""Scenarios: a TOML file of events that happen to an emulated module and its cloud.

Each [[event]] has one key for when and one key for what (README, "Scenarios", has them all):

    [[event]]                    [[event]]                     [[event]]
    at = 12                      every = 10                    on = "AT+MIPLOPEN"
    coverage = "OUT"             read = "/3303/0/5700"         answer = "ERROR"
    for = 90                                                   times = 2

    file --parser, toml_table, actions--> Scenario (events.py) --player, apply--> Emulator

`parser` reports a mistake with its line. `actions` has one reader for each key of what happens.
`player` runs the events by the emulator's clock; `apply` changes the emulator and can undo it.
"""
