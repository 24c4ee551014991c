"""The `m5310` command: a module looked at, talked to and tried out without writing a program.

`main` runs it, `arguments` teaches it, and each subcommand is a room of its own name: `ports`,
`probe` (judged by `findings`), `send`, `console` (with a `prompt` at a terminal), `record`,
`decode`, `run` (of a `profile`, values from `stdin` and `measure`, `happenings` told). They meet
the world on a `screen`, a `session` with the module, and in `exits`. What lines mean stands in
`words`: `host_words` and `module_words` for either side, `queries` and `catalogue` for what can
be asked.
"""
