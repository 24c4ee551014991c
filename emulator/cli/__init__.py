"""The command line of the emulator (`python -m emulator`, `m5310-emulator`).

`options.py` parses the options into parameters of `Emulator`, with `values.py` for their values and
`introduction.py` for what `--help` teaches; `firmware_file.py` reads a firmware of one's own.
`main.py` runs the emulator, the cloud alone (`platform`), a scenario (`run FILE`) or a replay
(`replay FILE`), and `startup_message.py` formats what is printed at the start. `shutdown.py`
handles the signals that end the command. Exit status: 0 after a signal or the end, 1 if a replay
found differences, 2 if the command cannot start.
"""
