"""The LwM2M client of the module (LwM2M 1.0.2); it knows no AT.

       dialect (AT)                                    air (datagrams)
     commands |  ^ host: events, requests                 |  ^
              v  |                                deliver v  | send
            client -----------------------------> coap.Endpoint
              |    registration  bootstrap            ^
              |    observations  attributes           |  requests and notifications,
              |    requests      operations           |  which it repeats
              +--> objects       payloads  ------------+

`client` puts together: `registration` (bootstrap, register, update, deregister), `objects` (the
object tree), `own_objects` (what the module itself has), `observations` (reports and
notifications), `attributes` (what the platform has set for them), `requests` (what the host must
answer), `answers` (what the module answers itself). `operations` says what a request of the
platform asks for, `definitions` whether a resource has that operation, `payloads` writes what the
module sends. `host` is the interface to the AT dialect: it calls methods of `Client`, and gets its
events.

`style` has the two ways to speak: as China Mobile's suite (byte for byte), which is not LwM2M 1.0
in several points, and as the specification demands. They differ in data, not in code paths of
their own.

Requests of the platform are taken from the server of the registration only. What the module knows
(discover, observe, cancel, attributes) it answers itself, and reports it to the host, unless the
dialect leaves it to the host (`Rules.answers`). Read, write and execute wait for the host: its
answer is the piggybacked acknowledgement, however late it comes; no answer means none. The id for
the host is the message id of the request.

In style `standard` the objects Server and Device are always there: what the host has not declared
of them, the module answers. The server may write the lifetime, which then is the registration's.
While the platform may update the host's own program, the host serves what belongs to it of the
objects Device and Firmware Update (`OwnObjects.lent`), the package block by block.
"""
