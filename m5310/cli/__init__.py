"""The `m5310` command: a module looked at, talked to and tried out without writing a program."""
