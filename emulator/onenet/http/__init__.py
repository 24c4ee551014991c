"""The HTTP API of OneNET (guide 4.2): `api` serves it, with aiohttp.

`parameters` reads and checks queries and bodies, `answers` makes the JSON; both are pure.
"""
