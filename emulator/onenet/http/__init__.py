"""The HTTP API of OneNET (guide 4.2): `api` has its calls, `connections` serves them with aiohttp.

`parameters` reads and checks queries and bodies, `answers` makes the JSON; both are pure. A long
answer is made and encoded piece by piece (`answers.encoded`), in turn with other events of the loop
(`connections.in_turns`).
"""
