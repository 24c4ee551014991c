"""The AT languages of OneNET. `dialect` is what each of them implements, and lists them.

    commands of the host                          unsolicited lines
            |                                            ^
    Dialect (protocol)      classic, suite      Host: events, requests
            |                                            ^
            +-------------> lwm2m.Client ----------------+

A dialect is argument grammar, error numbers and the text of unsolicited lines over the LwM2M
client; it holds no state of LwM2M. `Firmware.dialect` names the one that a module speaks. The
modules that speak the suite differ in the fields of `Firmware.suite`, which are data, not code. To
add a dialect, make a folder beside `classic` with a class of this protocol, and list it in
`dialect.DIALECTS`.
"""
