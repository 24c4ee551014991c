"""The classic dialect of OneNET: AT+MIPLCONF, AT+MIPLADDOBJ and so on (OneNET guide 5).

`commands` has the commands of the host, `urcs` the lines that forward requests of the platform,
`config` the configuration of AT+MIPLCONF, `values` the value types.
"""
