"""The emulated OneNET: a product with devices and data points, over an LwM2M server.

    application                                               device
       |  ^              ^  |                                  ^  |
       v  |  calls       |  v  replies                         |  v  CoAP datagrams
     http/api           posts                                  air
       |  ^              ^  |                                  ^  |
       v  |              |  v                                  |  v
     platform --- reports, triggers, push, commands        misbehaviour     silence, delay,
       |  ^  `--- devices, keys, points --- store              ^  |         repetition
       |  ^  `--- api_faults     calls that fail               |  |
       v  |  admits, observes, report                    send  |  v  receive
       +----------------------- lwm2m/server ------------------+
                   registrations, observer, bootstrap
                   requests  (operations out, outcomes back)
                   emulator.coap.Endpoint

A read, from HTTP to the device: `http/calls/resources` -> `Platform.request` -> `Server.request` ->
`Requests.begin`, which makes a CoAP request of the operation -> `coap.Endpoint`, which gives it
message id and token and repeats it -> `Server.send` -> `Misbehaviour.send` -> air. And back: air ->
`Misbehaviour.receive` -> `Server.receive` -> `coap.Endpoint`, which finds the request by its token
-> `Requests._answered`, which reads the content -> `on_done`, which ends the HTTP call. Each stage
calls the next one; no stage asks another whether it has something. What has a deadline (a
repetition, a timeout, the end of a lifetime, a delay) is stepped by the simulation.

Any client of LwM2M 1.0 or 1.1 is served, without a switch: what it sends is read by its content
format (TLV of any shape, text, opaque, JSON, SenML) and by OMA's types, with the old numbers and
empty answers of China Mobile's suite among them. What it must not send is refused with the code of
LwM2M's tables. What the platform sends has the bytes of captured sessions.

A report, from the device to the application: `Server` -> `Platform.report`, which in one
transaction judges the triggers, stores the points and queues the pushes; then the report is
acknowledged. A long one is acknowledged when it is kept, and worked off in turns (`reports`): later
reports wait behind it. What else happens meanwhile, such as a logout, does not. What is queued is
sent by `Platform.step`, through `posts`. Registers, updates and reports also tell `commands` that
the device listens (`Platform.reachable`); the next step sends what waits for it, by
`Platform.request`. `software_updates` leads a host to another version of its program in the same
way: one request after the other, each at the outcome of the last one.

Server and product are apart. `lwm2m` knows endpoints, and its product only by the methods of
`lwm2m.server.Product`. It imports no device, no data point and no HTTP. The product sees endpoints
only by `Server.request`, `registrations` and `requests`. So the server can serve another product,
and any air can carry its datagrams: it calls `receive` and is called by `send`.

The parts of the product are apart, too: `commands`, `triggers` and `push` do not know each other,
and `Platform` connects them. Each has its SQL beside its rules, and all have one database
(`store`), in memory or in a file.

Identity. A device is who registers under its endpoint name, with its authentication code if one is
set (OneNET's option 63). Afterwards it is known by its location, and its reports by the token of
the observation. Its address is where its newest register, update or report came from (a NAT may
change it at any time); open requests follow it.

What callers may rely on:

- A request ends exactly once: with its outcome (an answer, TIME_OUT, OFFLINE), or by `cancel`.
- A request to an endpoint in queue mode that listens no longer waits until the endpoint sends
  something. Others are sent and repeated at once: whether they listen is not known here.
- An endpoint has at most one online registration. A new one replaces it and its observations; open
  requests stay open and are repeated to the new address.
- A repeated request of a device gets the same response again. A repeated notification is recorded
  once, and acknowledged each time; one that a newer one has overtaken is dropped.
- A request that times out ends no observation. An observation ends with its registration, by a
  cancel, or when its device says so; notifications after that are reset.
- What a call or a message changes is in the database before its answer goes out.
- Nothing waits for an application that is pushed to: it may be gone, slow or wrong.
- Look-ups by endpoint, location, token, device id and IMEI take constant time.
- No datagram raises. Memory is bounded: devices, open requests, waiting commands and messages, what
  the CoAP endpoint remembers of its peers, and, without a file, points. A registration takes less
  than 10 KB.
- No HTTP client holds a connection for ever, and no answer holds the event loop for 5 ms.
- What a caller asks and the platform does not know is refused by name or logged, never dropped.
- An error is an `ApiError` up to `http/answers`; only there it gets the number of its call and year
  (`years.py`).
- Only `http/api`, `http/connections`, `http/protocol` and `posts` know an event loop. Everything
  else is pure: time is an argument.

Where more of OneNET belongs. A call: a route in `http/calls` (see `http`). A consequence of a data
point: `Platform.report`, in its transaction. A kind of push: `push/messages`. Something that
another year does differently: `years`. A table: `store/schema`, with a step from each version to
the next one. A console stands beside `http`.
"""
