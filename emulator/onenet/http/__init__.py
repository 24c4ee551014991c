"""The HTTP API of OneNET (guide 4.2).

    heads -> protocol          completes heads; aiohttp on one connection; answers to no request
                   |
              connections      limits of time and number; long answers piece by piece
                   |
                  api          gate, key, route, parameters, body -> Call; errors -> answers
                   |   \\
              routes    openapi        the table of all calls, and its description
                   |
              calls/<subject>          what each call does with the platform
                   |
    kinds, *bodies (what comes in)   *answers, times (what goes out)     pure
    authorization (a signature in place of the key)

`route` says what a route is. `routes.ROUTES` is the only list of calls: the paths (`dispatch`), the
checks of parameters and `/openapi.json` all come from it. `gate` refuses web pages of other origins
and requests under foreign names. An emulator with a page gives a `Site`: further routes, and files
that are served without a key. What is no JSON, such as a stream or a download, is answered by a
function of the request; `Route.media` names its types.

A new call:

1. in `calls/<subject>.py`: `async def show(call: Call) -> Answer`, which ends with
   `return success(data)` or raises `ApiError`;
2. it reads `call.query["page"]`, `call.body`, `call.place["uuid"]` (checked already), and changes
   something by `call.act(lambda now: call.platform.…)`;
3. an entry `Route(method, path, summary, section, key, show, query=(…), body=…, data=…)` in
   `ROUTES` of the file: `Parameter("cursor", Text())`, or one that several calls have, from
   `route`: `PAGE`, `IMEI`;
4. a new file: its `ROUTES` in `routes.ROUTES`.

A call of `Key.DEVICE` asks `call.device()`, `call.sees(device)` and `call.scope(device)` what the
key may reach: a device key sees some devices, or some streams of them. What a key does not see is
refused as if it did not exist (3 `auth failed`) where one device is named, and left out of lists.

Checks come in this order: gate, key, path and method, parameters in the order of the route, body,
and then what the call itself checks. Every answer is JSON with `errno` and `error`, its HTTP status
is 200. What changes is committed to the database before the answer goes out.

A short answer is encoded at once, a long one piece by piece (`answers.encoded`), in turn with other
events of the loop (`connections.gathered`, `in_turns`): lists in answers may be iterators. Calls
that come at once, of many connections, begin in turn with other events, too (`Listener.turn`).
"""
