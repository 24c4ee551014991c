"""The LwM2M server (LwM2M 1.0.2): serves endpoints, knows no product and no transport. Pure.

`server` serves what endpoints ask: register, update, deregister, bootstrap. `registration_request`
reads and checks that. `registrations` has the registered endpoints. `requests` has the open
requests and begins observations; `operations` makes CoAP requests, `outcomes` reads their answers.
`observer` discovers and observes the objects of each endpoint that registers. `bootstrap` writes
the address of the access machine. Theory of operation: `emulator.onenet`.
"""
