"""The AT side of the module, without any command by name.

`codec` turns bytes into command lines and commands, `commands` is the table that executes a command
and parses its values, `conversation` runs one command at a time and writes answers and unsolicited
lines. A command that cannot be executed raises `Refusal`, which becomes an error number.
"""
