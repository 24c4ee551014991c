"""The LwM2M server (LwM2M 1.0.2): serves endpoints, knows no product and no transport. Pure.

`server` receives and sends all messages. `registrations` has the registered endpoints with their
observations; `requests` the open requests with their repetitions; `observer` discovers and observes
the objects of each endpoint that registers. Theory of operation: `emulator.onenet`.
"""
