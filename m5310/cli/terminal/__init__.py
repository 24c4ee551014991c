"""Input and output of the command.

`output` writes results to stdout and messages to stderr; `stdin` reads lines of any standard input
in a thread; `prompt` reads lines from the keyboard, with history and completion (extra `cli`);
`session` is one conversation with a module: commands, unsolicited lines, loss of the port.
"""
