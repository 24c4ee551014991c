"""The module's general commands and unsolicited result codes, whatever OneNET language it speaks.

Each subject has a file; each file has a `TABLE` in which every command stands once: the function
that builds it, the shape of its response, the parser, the timeout, one line of meaning, and how
its values and its result are described. `await module.execute(signal_quality())` returns the
parsed value.

To add a command, add it to the table of its subject with `action` (no values), `query` (asks),
`setting` (sets) or `request` (sets, and has a response). Completion, `?` and the words beside
each line in `m5310 console` and `m5310 decode` come from the tables; nothing else has to change.
To add a URC, add its class, its pattern and its description to `urcs.py`.
"""
