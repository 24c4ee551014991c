"""The suite: China Mobile's common language, AT+MIPLCREATE, AT+MIPLOPEN, +MIPLEVENT, ...

    Device --- Dialect ---> dialect ----> commands: lines to the module
                               |             +-- values: type, length and text of a value
                               +-- creation: the lines that create the instance
                               |             +-- blob: the configuration, built and parsed
                               v
                             urcs <---- lines of the module
                               +-- values: a value of announced length
                               +-- events: the numbers of +MIPLEVENT

One class speaks to all modules; `m5310.dialects.profiles` has what differs between them, as data.

Objects. The module wants each object in one line, with all its instances and the number of its
resources. So nothing is sent while resources are added: `prepare` sends what has changed, just
before a login. A module that answers observes and discovers by itself also gets the ids of each
object's resources there, before every login.

Requests. The host answers observes, discovers and attributes, and quotes the message id of the
request, a number of any size. Modules that answer by themselves take these answers too, so they
are always sent. A report quotes the id of the observe that asks for it.

Buffer. A module may keep operations of the platform, and report only that there is one. Then the
host fetches them one by one: each comes as its usual line, and the next after its answer.

Lines. A blank may stand after the colon and after each comma, and the length that the module
announces ends a value, not a comma. Its sources are China Mobile's and the makers' manuals, the
sources of two firmwares, and sessions of real hosts.
"""
