"""The calls of OneNET's HTTP API as values (guide 4.2.1 to 4.2.16, and later ones). Pure.

    devices.py   create, look up, search, update, delete; status of many
    points.py    newest points, points of a time, streams
    resources.py read, write, execute, observe and discover at a device that is online
    offline.py   the same for one that sleeps, and what became of it
    triggers.py  a POST to an address when a value meets a condition
    keys.py      keys that see some devices only

Each function gives a `Call`: the request, and how its answer is read. It opens nothing, so it can
be tested without a socket. `OneNet` and `OneNetSync` (../client.py) have each of them as a method,
with these parameters, that sends the request and gives the result.

    call.py      Call; the JSON around every answer: errno, data, error
    reading.py   typed members of an answer, with an error that names the member
    path.py      `3311/0/5850` as parameters of the API
"""
