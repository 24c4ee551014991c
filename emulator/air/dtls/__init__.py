"""DTLS 1.2 with pre-shared keys, between a CoAP endpoint and one address of an air. Pure, but for
OpenSSL, which has its own random numbers and its own clock.

    coap.Endpoint -- send(coaps://host:port) --> SecureServer or -- send_sealed(host:port) --> air
                  <- deliver ------------------  SecureClient    <- receive ----------------

    secure = SecureServer(partial(air.send, "127.0.0.1:5684"), endpoint.receive, keys.get)
    air.attach("127.0.0.1:5684", secure.receive)
    ...                                     # endpoint's peers at coaps:// are sent to secure.send

Names. The endpoint sees a peer as `coaps://host:port`, which no peer of plain UDP can be: a request
at the secure socket is answered there, and an observation or a message id belongs to one of both.
The session is known by the address of the peer: after a change of it (NAT) a client needs a new
one. `SecureServer.identity(peer)` is the identity whose key the peer has shown; it may be another
one after each handshake, so ask for each request that depends on it.

Handshake. The server answers a first ClientHello with a cookie made of the client's address, and
keeps nothing. From the second one, with the cookie, there is an OpenSSL object for it, in
`handshakes`, for at most HANDSHAKE_TIME. Established, it moves to `sessions`, until nothing comes
for IDLE_TIME, the peer closes it, or another one takes its place. Both are bounded.

    client                     server
      | ClientHello ------------> |
      | <---- HelloVerifyRequest  |  cookie; nothing kept
      | ClientHello, cookie ----> |
      | <- ServerHello, ..Done    |
      | ClientKeyExchange (identity), ChangeCipherSpec, Finished ->  |  or an alert: unknown
      | <------- ChangeCipherSpec, Finished                          |  identity, wrong key
      | application data <------> |

A session that one end has lost. A client that started again makes a new one from the same address:
the server keeps the old one until the new one is established. If the server has lost it, its
client gets no answers; after MAX_UNANSWERED datagrams and MAX_SILENCE seconds it begins again.

Forged datagrams. Whatever comes, an established session stays: records that no key was used for are
ignored, and those that some versions of OpenSSL take for an error never reach it. A handshake is
not protected in this way: a forged alert ends it, and CoAP's next repetition begins another.

Time. `now` decides when handshakes and sessions end. OpenSSL decides, by the real clock, when to
repeat the messages of a handshake: after 1 s, then 2, 4 and so on; `due` is when to look. On a
clock that jumps there are no repetitions: the handshake fails, and CoAP's next one begins another.

Files: `openssl` what is used of pyOpenSSL (the extra `dtls`); `psk` its contexts with keys;
`records` the bytes that can be read without keys; `session` one OpenSSL object; `end` what both
roles share; `server`; `client`.
"""
