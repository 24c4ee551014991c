"""The classic dialect of OneNET: AT+MIPLCONF, AT+MIPLADDOBJ and so on (OneNET guide 5).

`commands` has the commands of the host, `urcs` the lines that forward requests of the platform,
`config` the configuration of AT+MIPLCONF, `values` the value types.

What is refused, and what is only doubtful. A refusal breaks a program, so it needs a source. What
no source refuses is taken, and noted for the trace (`at.doubts`); `strict_host` refuses that, too.

    taken, and doubtful                    why it is taken
    a type that is not the declared one    hosts report a float where they declared a string
                                           (observed); the newest type counts
    a boolean that is not "0" or "1"       a host declares "4" (observed); true as in C
    an integer with a fraction             no source refuses it; the fraction is cut off
    a text that is not UTF-8               no source refuses it; the platform cannot show it
    hex_str that is no hexadecimal text    no source refuses it; it is a text in any case
    a read answer of a resource that was   no source refuses it; its object instance must have
    never declared                         been added
    a read answer without a type           one host's table of commands has it (observed)
    unknown mode bits, debug levels and    the guide names the fields of MIPLCONF; that the module
    block sizes                            checks them is not known
    an address that is not coap://...      the login times out
    an endpoint name that is not imei;imsi the platform refuses the login
    AT+MIPLADDOBJ of an instance that is   no source refuses it; nothing changes
    there, AT+MIPLDELOBJ of one that is not
    AT+MIPLADDOBJ, AT+MIPLCLOSE during a   no source refuses it; one logout ends it
    logout
    AT+MIPLCLOSE during a login            no source refuses it; the login is given up, and
                                           +MIPLCLOSE:0,1 follows
    AT+MIPLUPDATE during an update         no source refuses it; the newer one replaces the older
    AT+MIPLDEL during a login, while       no source refuses it; a later module logs out by it
    registered, during a logout            (observed)
    AT+MIPLOPEN with a timeout of 0        no source refuses it; taken as 30 s
    an ackid without flag 1, or in a       OneNET guide 5.2.1: it only counts with flag 1; the guide
    declaration                            shows it for declarations, too. It is ignored

    refused                                source
    lengths in MIPLCONF that do not fit,   OneNET guide 5.1.1: size, hexadecimal text, index from 1
    a fragment out of order
    a lifetime outside 10..86400 s         OneNET guide: a day at most; the range of AT+MIPLUPDATE
                                           in host programs
    a value without quotes, longer than    OneNET guide 5.1.2
    1024 bytes, or not of its type
    more than 1000 bytes in one message    OneNET guide 5.2
    a report of what was not declared      OneNET guide 5.1.2
    an ackid twice                         OneNET guide 5.2.1
    steps out of order: no configuration,  OneNET guide 5.1: the order of a session
    no object, no login
    AT+MIPLOPEN without a network (30)     hosts know the number (observed); guess: that it is OPEN
    an answer without a request            guess: there is nothing to answer
    more objects, resources, held reports  guess: memory is bounded

A number padded with blanks is not doubtful: C's `%5.1f` writes it, and hosts send it (observed).
"""
