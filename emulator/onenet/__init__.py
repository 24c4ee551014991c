"""The emulated OneNET: a product with devices and data points, over an LwM2M server.

    application                                 module
       |  ^                                      ^  |
       v  |  JSON                                |  v
    http/api     key, parameters, answers         Air
       |  ^                                      ^  |
       v  |  Outcome                       send  |  v  receive
    platform     devices, data points        misbehaviour     silence, refusal, delay, repetition
       |  ^                                      ^  |
       v  |  admits, observes, report      send  |  v  receive
       +--------------- lwm2m/server ---------------+
           registrations, observer, requests

A read, from HTTP to the URC: `HttpApi._read` -> `Platform.request` -> `Server.request` ->
`Requests.begin`, which gives it a message id -> `Server.send` -> `Misbehaviour.send` ->
`Air.send_down` -> `Module.deliver` -> URC. And back: AT answer -> `Air.send_up` ->
`Misbehaviour.receive` -> `Server.receive` -> `Requests.answer` -> `on_done`, which ends the HTTP
call. Each stage calls the next one; no stage asks another whether it has something. What has a
deadline (a repetition, a timeout, the end of a lifetime, a delay) is stepped by the simulation.

Server and product are apart. `lwm2m` knows endpoints, and its product only by the three methods of
`lwm2m.server.Product`. It imports no device, no data point and no HTTP. The product sees endpoints
only by `Server.request`, `registrations` and `requests`. So the server can serve another product,
and another transport can carry its messages: it calls `receive` and is called by `send`.

What callers may rely on:

- A request ends exactly once: with its outcome (an answer, TIME_OUT, OFFLINE), or by `cancel`.
- An endpoint has at most one online registration. A new one replaces it and its observations; open
  requests stay open and are repeated to the new address.
- A repeated register or update gets the same response again. A repeated notification is recorded
  once, and acknowledged each time.
- Look-ups by endpoint, location, address, token, device id and IMEI take constant time.
- Memory is bounded: devices, streams, points, open requests.
- No HTTP client holds a connection for ever, and no answer holds the event loop for 5 ms.
- What a caller asks and the platform does not know is refused by name or logged, never dropped.
- An error is an `ApiError` up to `http/answers`; only there it gets the number of its call and year
  (`years.py`).
- Only `http/api` and `http/connections` know an event loop. Everything else is pure: time is an
  argument.

Where more of OneNET belongs. Offline commands: `Platform.request` keeps them for a device that is
not online; they are sent when `Server._register` and `_update` report it to a new method of
`Product`. Triggers, push and a store: `Platform.report` is the one place where a value becomes a
data point; they are its listeners. A store writes files and a push opens connections, so they stand
beside `http/api`, and `Platform` stays pure. A console stands beside `http`.
"""
