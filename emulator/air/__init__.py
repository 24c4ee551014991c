"""The network between modules and cloud: CoAP datagrams, from address to address.

    module                                               platform, or a foreign server
      |  send(source, destination, bytes, now)                        ^
      v                                                               |
    routes ---> Faults ---> Flights (queue by arrival) ---> deliver(source, bytes, now)
    the NAT     by seed     order, bounds                   `memory`: a call
                                                            `udp`: a socket sends, another reads

The air knows bytes and addresses only. An address is a text, `host:port` or `[IPv6]:port`. Who
wants to receive attaches at an address; who sends gives its own. `network.Air` is what module and
platform see, with two kinds: `network.MemoryAir` is pure and steps through its deadlines;
`udp.air.UdpAir` has a real socket for each end, so that foreign clients and servers take part.
Both make the same of the same datagrams; a test plays the same steps on both.

Time is an argument, in POSIX seconds of the caller's clock. The next arrival is at `deadline`;
call `step(now)` then. What is due at the same time arrives in the order of sending.

Faults (`faults`). Each datagram is lost, duplicated, delayed or held back by chance that follows
from the seed and the datagrams before, so a run can be repeated. Settings may change at any time,
for what is sent from then on. The link of an end adds latency and loss of its place, and the time
after which the network can no longer reach it. Datagrams of one flow, from one address to another,
keep their order, except those that are held back (`flights`).

Routes (`routes`). A module sends to OneNET's published addresses; `routes` leads them to wherever
the platform listens. As behind a NAT, the module sees replies come from the address that it had
sent to, and so does `on_datagram`, the tap for traces and captures.

What is bounded: datagrams in flight of a flow, addresses that a sender's replies are mapped to,
names looked up at once, clients of a relay. What exceeds a bound is lost, as in any network. No
datagram and no destination makes `send` or `step` raise.

`udp.relay.UdpRelay` puts the same faults between two foreign programs. `addresses` reads and writes
addresses. `dtls` seals the datagrams of an end, between its CoAP endpoint and the air.
"""
