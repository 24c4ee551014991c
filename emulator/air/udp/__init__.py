"""Air of UDP sockets, on the event loop.

    endpoint -- send --> Flights --(its time)--> own socket ---> own socket of the other end
                                                     |
    endpoint <-- deliver -- Flights <--(its time)-- own socket <---> foreign client or server

`air` has one socket for each endpoint. A datagram meets the faults once: when our end sends it, or,
if a foreign program sends it, when it arrives. `relay` stands between two foreign programs and does
the same to their datagrams. `names` looks up names of hosts in threads, `sockets` opens and reads.

The address at which a socket is bound decides what it reaches: on loopback only loopback, and our
other ends wherever they are.
Errors of a socket change nothing: a datagram that cannot be sent is lost, as in any network.
"""
