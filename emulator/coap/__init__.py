"""The exchange layer of CoAP: one endpoint in both roles. Pure.

     application:  request, notify, ping            serve(Incoming), on_response, on_notification
                          |                                        ^
     Endpoint   +---------v-------------- endpoint.py -------------+-----------+
                |   client.py                           server.py              |
                |   requests, tokens, answers,          requests of peers,     |
                |   observations (observation.py)       duplicates, answers    |
                |   transfers.py: long bodies           bodies.py: long bodies |
                |   transmission.py: message ids, repetition, NSTART           |
                +---------+------- messages.py: bytes <-> Message -+-----------+
                          v send(peer, bytes, now)                 | receive(peer, bytes, now)
                                          datagrams

An endpoint has no clock, socket or loop. Its owner gives it each datagram that comes (`receive`),
calls `step` when it is `due`, and sends what it gives to `send`. Peers are texts and mean nothing
here. The message type is aiocoap's; the bytes are read here, because datagrams are hostile:
nothing that comes raises, and each memory has a bound with a name (`MAX_...`, `Tuning`).

Rules (sections of RFC 7252 unless another is named):

-   A confirmable message is repeated with back-off until an acknowledgement, a reset or an answer
    comes (4.2), or as often as the request's `schedule` says. NSTART holds back further ones to
    the same peer (4.7). Message ids go up by one for each peer, so that none returns within 247 s.
-   A message that comes twice has the same peer, MID and token; the token tells a peer that
    restarted. A repeated request is answered from memory (4.5), or is served again if
    `Tuning.deduplicate` is off, as China Mobile's suite does.
-   An answer belongs to a request by token and peer, a piggybacked one by MID, too (5.3.2). A
    notification is acknowledged by its MID alone, with an answer or without (4.2).
-   A request that is not answered changes no observation: the two have nothing in common but the
    peer. A notification counts by its token, whatever address it comes from, and whatever type it
    has; old ones are dropped by the order rule (RFC 7641 section 3.4). Who sends one that is not
    known gets a reset.
-   Long bodies go in blocks (RFC 7959); the application sees whole ones only, unless it wants to
    answer each block itself (`Endpoint.by_blocks`). Each block that a
    client asks for has a token of its own; a server keeps an answer for the rest of its blocks.
-   What a server owes to its observers is the application's: it calls `notify`.
"""
