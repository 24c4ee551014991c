"""The module's general commands and unsolicited result codes, whatever OneNET language it speaks.

Each subject has a file; each file has a `TABLE` in which every command stands once: the function
that builds it, the shape of its response, the parser, the timeout, one line of meaning, and how
its values and its result are described. `await module.execute(signal_quality())` returns the
parsed value.

To add a command, add it to the table of its subject with `action` (no values), `query` (asks),
`switch` (on or off), `setting` (other values) or `request` (sets, and has a response). Nothing else
has to change: `Module.execute` returns its value, and the tables give `m5310 console`, `send`,
`decode` and `probe` the completion, the words beside each line, the responses, the timeout and the
parser. Two lines may be added elsewhere: a method in `m5310/module/queries.py` for programs, and a
check in `m5310/cli/probe_checks.py` if the value shows whether the module works. The table of a new
file is named in `m5310/cli/explain/catalogue.py`. Words are `Text`s: the command translates them
(`tools/translate`).

To add a URC, add its class, its pattern and its description to `urcs.py`.
"""
