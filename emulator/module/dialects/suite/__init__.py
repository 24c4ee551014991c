"""China Mobile's suite language, version 2: the OneNET commands of the later modules.

    host lines                                             unsolicited lines
        |                                                        ^
    dialect.Suite  AT+MIPLOPEN, NOTIFY, ...RSP              urcs: text, blanks
        |      \\                                                ^
        |       create.Creation: bare, blob, EX, EXT,            |
        |          |              with MIPLCONFIG         events: Happening -> number
        |        blob                                            |
        v                                                        |
    lwm2m.Client  <-- Rules: what the host answers     Host methods of Suite

`values` reads the value of a report or an answer. All that differs between modules is a field of
`emulator.module.suite.Suite`; there is no code for one module.

Who answers. In model A observe, discover and attributes wait for the host's AT+MIPL...RSP, as read,
write and execute do. In model B the module answers them, from the resources that the host has named
by AT+MIPLDISCOVERRSP before AT+MIPLOPEN, and shows the lines for information.

Refusals: as in the classic dialect, only with a source. An `AT+MIPL...RSP` whose id waits for no
answer is refused where the host must answer, and taken where the module has answered.
"""
