"""The `m5310` command: work with a module from a shell, without writing a program.

`main` parses the arguments (`arguments`), imports the file of the subcommand, calls its function
`command(arguments, output)` and turns the result or the error into an exit status (`exits`):

    ports    list serial ports            record   record a serial line (file format: `recording`)
    probe    check a module               decode   explain lines, logs and recordings
             (`probe_checks`)             run      a OneNET device described by a TOML file
    send     send commands                         (`run_profile`; values from programs:
    console  interactive, explained                `run_measure`)

`terminal/` holds input and output: results on stdout, messages on stderr, the prompt, and the
session, whose port follows the speed of the module. `explain/` turns any line of the AT language
into words.

`translation` gives the words of the user's language, from the gettext catalogues in `locale/`.

`pytest_plugin` is the entry point of pytest: the fixtures of the emulator, for any program.
"""
