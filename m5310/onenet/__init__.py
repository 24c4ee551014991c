"""OneNET from the application's side: its HTTP API, and what it pushes. Extra `m5310[onenet]`.

    application ----- OneNet, OneNetSync ----- HTTP API ----.
                      client.py, blocking.py                |
                                                          OneNET ---- NB-IoT ---- module
                      push/receiver.py                      |
    application <---- Receiver ----- POST ----- push -------'

The same program works with China Mobile's platform (`http://api.heclouds.com`) and with the
emulated one: only the URL and the keys differ. It needs no module and nothing of the driver: this
folder stands alone, and the driver never imports it.

Calls. A function of `calls/` gives a `Call`: the request, and how its answer is read. It is pure.
`OneNet` and `OneNetSync` have the same functions as methods, that send the request and give the
result. So there is one description of each call, and type checkers see both methods.

    device_id = await cloud.create_device("lamp", imei, imsi)   # 4.2.1
    values = await cloud.read(imei, "3311/0")                   # 4.2.4: {0: {5850: True}}

Push. `Receiver` checks the address check and the signature, decrypts, and gives typed messages:
`Point`, `Online`, `CommandResult`, and `Unknown` for what it does not know. See `push/`.

    app.router.add_route("*", "/push", Receiver(token).aiohttp_handler(on_message))

What holds everywhere:

- Times are aware `datetime`s in Beijing time, on any machine; given ones may have any zone.
- Device ids are text, though OneNET writes some as numbers.
- Results are frozen; a member that OneNET left out is None.
- An error of a call is a `CallFailed`, an error of a push a `PushError`, a wrong argument a
  `ValueError` before anything is sent.
- A call is never repeated by itself: some GETs of OneNET make a command.
- A pushed message can come twice.
- Bodies are bounded, and long ones are read outside of the event loop.

    errors.py    OneNetError with the meaning of its errno, NotConnected, NoAnswer, BadAnswer
    times.py     Beijing time as text, milliseconds
    calls/       the calls as values
    client.py    OneNet: the shell with aiohttp
    blocking.py  OneNetSync: the same on an event loop of its own
    push/        the receiver
"""

from __future__ import annotations

try:
    from m5310.onenet.blocking import OneNetSync as OneNetSync
    from m5310.onenet.push.receiver import Receiver as Receiver
except ModuleNotFoundError as _error:
    _missing = (_error.name or "").partition(".")[0]
    raise ImportError(
        f"m5310.onenet needs {_missing}: pip install m5310[onenet]", name=_missing
    ) from _error

from m5310.onenet.calls.devices import DeviceDetail as DeviceDetail
from m5310.onenet.calls.devices import DevicePage as DevicePage
from m5310.onenet.calls.devices import DeviceStatus as DeviceStatus
from m5310.onenet.calls.devices import Location as Location
from m5310.onenet.calls.devices import Stream as Stream
from m5310.onenet.calls.keys import DeviceKey as DeviceKey
from m5310.onenet.calls.offline import Cancelled as Cancelled
from m5310.onenet.calls.offline import CommandPage as CommandPage
from m5310.onenet.calls.offline import CommandState as CommandState
from m5310.onenet.calls.offline import OfflineCommand as OfflineCommand
from m5310.onenet.calls.offline import Sign as Sign
from m5310.onenet.calls.points import DataPoint as DataPoint
from m5310.onenet.calls.points import DevicePoints as DevicePoints
from m5310.onenet.calls.points import PointsPage as PointsPage
from m5310.onenet.calls.triggers import Trigger as Trigger
from m5310.onenet.calls.triggers import TriggerPage as TriggerPage
from m5310.onenet.client import OneNet as OneNet
from m5310.onenet.errors import BadAnswer as BadAnswer
from m5310.onenet.errors import CallFailed as CallFailed
from m5310.onenet.errors import NoAnswer as NoAnswer
from m5310.onenet.errors import NotConnected as NotConnected
from m5310.onenet.errors import OneNetError as OneNetError
from m5310.onenet.push.errors import Malformed as Malformed
from m5310.onenet.push.errors import NotDecrypted as NotDecrypted
from m5310.onenet.push.errors import PushError as PushError
from m5310.onenet.push.errors import SignatureWrong as SignatureWrong
from m5310.onenet.push.messages import CommandResult as CommandResult
from m5310.onenet.push.messages import Message as Message
from m5310.onenet.push.messages import Online as Online
from m5310.onenet.push.messages import Point as Point
from m5310.onenet.push.messages import PushAnswer as PushAnswer
from m5310.onenet.push.messages import Unknown as Unknown
from m5310.onenet.times import BEIJING as BEIJING
