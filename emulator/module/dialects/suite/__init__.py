"""China Mobile's suite language, version 2: the OneNET commands of the later modules.

    host lines                                             unsolicited lines
        |                                                        ^
    dialect.SuiteDialect  command table, pace              urcs: text, blanks
        |              \\                                        ^
    instance.Instance   exchanges.Exchanges                events: Happening -> number
    create .. delete    NOTIFY, ...RSP                           ^
        |       |              |                                 |
    create.Creation, blob    values                              |
        v                      v                                 |
    lwm2m.Client  <-- Rules: what the host answers     Host methods of SuiteDialect

`create` has the forms of AT+MIPLCREATE and what is set before it, `blob` its configuration,
`values` the value of a report or an answer. All that differs between modules is a field of
`emulator.module.suite.Suite`; there is no code for one module.

Who answers. In model A observe, discover and attributes wait for the host's AT+MIPL...RSP, as read,
write and execute do. In model B the module answers them, from the resources that the host has named
by AT+MIPLDISCOVERRSP before AT+MIPLOPEN, and shows the lines for information.

The pace. Where a module has one (`Suite.pacing`), the next observe or discover is written so many
seconds after the host's answer to the one before. The platform sends them one at a time.

Who asks. After AT+MIPLNMI=<ref>,2,... the host of a China Mobile module fetches reads, writes and
executes one by one (`waiting.Waiting`); after AT+MIPLCONFIG=7,... that of a Quectel module reads
out writes and executes. What updates the host's own program goes through `update.McuUpdate`.

What is refused, and what is only doubtful: as in the classic dialect, a refusal needs a source.

    taken, and doubtful                    why it is taken
    a text without quotes, a length that   no source refuses them; lengths in China Mobile's own
    is not that of the text                examples are wrong
    AT+MIPLADDOBJ of an object that is     no source refuses it; instances that are new are added
    there
    resources of an object that is not     no source refuses it; they are forgotten
    there, before the login
    an answer to an observe that the       that Quectel's modules refuse it is only inferred
    module has answered (AT+MIPLCONFIG=3,1)
    values behind the result of an answer  no source refuses them
    another answer to a request that the   the suite keeps no record of what is answered (observed)
    platform has repeated
    AT+MIPLUPDATE during an update         no source refuses it; the newer one replaces the older
    AT+MIPLCONFIG=4, 5                     Quectel's later firmware has them; without an effect
    AT+MIPLSOTAVER after the login,        no source refuses them
    AT+MIPLSOTA when nothing waits for it

    refused                                source
    a bitmap of another length, results    firmware of modules (EC616, XY1100)
    that an answer cannot have, an ackid
    above 65535, a list above 255
    lifetimes outside a module's range     Quectel's application note; a log of WH-NB73
    a second instance, anything without    logs and manuals, with the number of each family
    an instance or a login
    more resources than were counted       Quectel's application note; a log of NB86
    an ackid of 0 on M5311                 its manual
    a report without an observe's id on    a log of ME3616
    ME3616
    an answer that comes too late          Quectel's application note, China Mobile's manual
    an answer without a request, a report  guess: there is nothing to answer, or to report
    of an object that is not there
"""
