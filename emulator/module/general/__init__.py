"""The commands that have nothing to do with OneNET, one file for each subject.

Each class has `COMMANDS`, its part of the command table. They read the radio, and some change it.

What is refused, and what is only doubtful: as in the classic dialect (`dialects.classic`), a
refusal needs a source. What no source refuses is taken, and noted for the trace (`at.doubts`);
`strict_host` refuses that, too. The same holds for `radio` and `settings`.

    taken, and doubtful                    why it is taken
    AT+CFUN=1,1                            TS 27.007 8.2 has the reset; the module does not reset
    AT+CGATT, AT+COPS while the radio is   no source refuses it; the module attaches once the radio
    off                                    is on
    AT+COPS=3, 4, names, a technology,     TS 27.007 7.3 has them
    a format with 0 or 2
    AT+CGDCONT with an odd number, type,   TS 27.007 10.1.1 has them; what is defined is not used
    address or compression
    AT+CGPADDR of several contexts, or of  TS 27.007 10.1.14 has a list; no source refuses the other
    one that is not defined
    AT+CCLK without a time zone            TS 27.007 8.15: not each terminal has one; it stays
    AT+NPING before the last result        no source refuses it; the newer ping replaces the older
    AT+NSOCR with receive control 2, 3,    the M5310-A has them; taken as 1, but for its own 2; an
    a family or an address                 IPv6 socket is as all others
    AT+NSORF of more than a datagram, or 0 no source refuses it; the answer is as long as it can be
    AT+NSOSTF with flags without 0x        no source refuses it; hexadecimal
    AT+NBAND of other bands, or twice      the bands of the module are a guess
    AT+NEARFCN=1, or with a cell           modules with the same chip have it; without an effect
    AT+NCONFIG of an unknown flag          later modules with the same chip have more; it is stored
    AT+CPSMS=2                             TS 27.007 7.38 has it
    AT+CEDRXS=2, 3, without or with        TS 27.007 7.40 has them; NB-IoT is meant
    another technology

    refused                                source
    an unknown command or form, a value    V.250. The ranges are those of host programs and
    that is missing, of the wrong kind,    TS 27.007, or the chip's
    out of range, or one too many
    a line without AT                      host programs send it and get ERROR (observed)
    no SIM (10), wrong PIN (16), no PIN    TS 27.007 8.3, 9.2
    expected (3), PIN required (311)
    AT+CFUN=1 without a usable SIM         a log of a module with the same chip
    another operator (30)                  TS 27.007 7.3
    an eighth socket; more than 512        host programs of the module; 1358 bytes: AT command set
    bytes, or not as many as announced     of the M5310-A
    a second AT+CMDNS before the result    AT command set of the M5310-A
    a port that is in use; no network      AT command set of the M5310-A, the module's successor
    an uplink that is full (159)           logs of modules with the same chip
    AT+NRB, AT+NATSPEED or AT+CMRB,        the manuals: each module has its own; see
    AT+COLDRB, AT+IPR of another module    `emulator.module.general_profile`
    a socket that is not open              guess: there is nothing to use
    more than 32 flags, a line of more     guess: memory is bounded
    than 2816 bytes
"""
