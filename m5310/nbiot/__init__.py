"""The functions of China Mobile's C kit for the M5310, over `m5310.Device`.

Names and parameters are the C kit's (`nbiot_device_create`, `nbiot_resource_add`, ...). The
functions block; instead of a return code they raise an error whose `code` is the C kit's number.

    create -> resource_add (for each resource) -> connect -> step, step, ... -> close -> destroy

An asyncio `Device` runs in a thread of its own (loop_thread.py). Callbacks run in the thread that
is inside one of these functions, one at a time, so they need no locks. A callback may call these
functions. While the program is in none of them, requests of the platform wait, at most 25 s.

A Ctrl-C ends a function at once. What it has begun is undone or finished on the loop; the next
function begins after that, so that it can repeat the interrupted one.

    values.py       NbiotValue, and the UPDATED flags that ask for a report
    device.py       NbiotDevice
    loop_thread.py  blocking calls into an event loop, and callbacks out of it
"""

from __future__ import annotations

from typing import Final

from m5310.device.device import ModuleName
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from m5310.nbiot.device import AckCallback, ExecuteCallback, ValueCallback
from m5310.nbiot.device import NbiotDevice as NbiotDevice
from m5310.nbiot.values import NbiotValue as NbiotValue

NBIOT_STRING: Final = ValueType.STRING
NBIOT_OPAQUE: Final = ValueType.OPAQUE
NBIOT_INTEGER: Final = ValueType.INTEGER
NBIOT_FLOAT: Final = ValueType.FLOAT
NBIOT_BOOLEAN: Final = ValueType.BOOLEAN
NBIOT_HEX_STRING: Final = ValueType.HEX_STRING

NBIOT_READABLE: Final = Access.READABLE
NBIOT_WRITABLE: Final = Access.WRITABLE
NBIOT_EXECUTABLE: Final = Access.EXECUTABLE
NBIOT_UPDATED: Final = Access.UPDATED


def nbiot_device_create(
    port: str,
    endpoint_name: str,
    uri: str,
    life_time: int,
    write_callback: ValueCallback | None,
    read_callback: ValueCallback | None,
    execute_callback: ExecuteCallback | None,
    notify_ack_callback: AckCallback | None = None,
    *,
    baudrate: int | None = None,
    module: ModuleName | None = None,
    dialect: str | None = None,
) -> NbiotDevice:
    """Open the serial port and configure the module (AT+MIPLCONF, or what another one takes).

    `port` is a pyserial port name or URL. `endpoint_name` is `<imei>;<imsi>`. `uri` is
    `coap://<host>:<port>`. `life_time` is in seconds, 10..86400. `module` and `dialect` overrule
    which module is found to answer, as in `Device`: a name like "bc28" or a `Profile`, and
    "classic" or "suite". `baudrate` None: that of the given module, else 9600.

    Callbacks get object id, instance id, resource id and the NbiotValue, then:
    `write_callback` nothing more: the value is the new one. Without it every write is accepted.
    `read_callback` nothing more: it may change the value before it is sent.
    `execute_callback` the arguments (bytes). Without it every execute is refused.
    `notify_ack_callback` the ackid (int) of a report that the platform acknowledged. Without it
    reports ask for no acknowledgement.
    A callback that raises an exception refuses the request. A write callback must end within 25 s:
    a later end changes nothing, the write is answered as failed and the value is the one before.

    Raises ParameterError, PortError, CommandError or CommandTimeout; the port is closed then.
    """
    return NbiotDevice(
        port,
        endpoint_name,
        uri,
        life_time,
        write_callback,
        read_callback,
        execute_callback,
        notify_ack_callback,
        baudrate,
        module,
        dialect,
    )


def nbiot_resource_add(
    dev: NbiotDevice, objid: int, instid: int, resid: int, value: NbiotValue
) -> None:
    """Declare a resource (AT+MIPLADDOBJ for the first of an instance, AT+MIPLNOTIFY).

    Ids are 0..65535. Call it before `nbiot_device_connect`: resources cannot be added later.
    The program keeps `value` and changes it; see `nbiot_device_step`. After a Ctrl-C the call can
    be repeated; with the same `value` it has no effect then.

    Raises ParameterError, StateError, CommandError, CommandTimeout or PortError.
    """
    dev.add(Path(objid, instid, resid), value)


def nbiot_resource_del(dev: NbiotDevice, objid: int, instid: int, resid: int) -> None:
    """Stop serving and reporting a resource; the last one of an instance deletes the instance.

    Raises NotFound if there is no such resource, CommandError, CommandTimeout, PortError or
    RegistrationError.
    """
    dev.remove(Path(objid, instid, resid))


def nbiot_device_connect(dev: NbiotDevice, timeout: float) -> None:
    """Log in to OneNET (AT+MIPLOPEN) within `timeout` seconds, rounded up to whole ones.

    A module without a network is brought there first, in the same time; the polls of the network
    are logged as warnings of the logger `m5310.device`, which Python shows on stderr.

    Raises AttachError if there is no network, with the reason (no SIM, no coverage, denied),
    RegistrationError if the platform refuses or does not answer, CommandError, CommandTimeout,
    StateError or PortError.
    """
    dev.connect(timeout)


def nbiot_device_step(dev: NbiotDevice, timeout: float) -> None:
    """Report values flagged NBIOT_UPDATED and serve requests for `timeout` seconds.

    `value.flag |= NBIOT_UPDATED` asks for a report. The flag is cleared when the module has
    accepted the report, or when the report is kept until a lost port or a restarted module is
    back and logged in. With `timeout` 0 only requests that already wait are served.

    Raises StateError as soon as the device is not registered and will not be logged in again. A
    report that fails is tried again at the end of `timeout`, and what it fails with then is raised:
    ParameterError, CommandError, CommandTimeout, PortError, OutboxFull.
    """
    dev.step(timeout)


def nbiot_device_sync(dev: NbiotDevice) -> None:
    """Report values flagged NBIOT_UPDATED now. Raises as `nbiot_device_step`."""
    dev.report()


def nbiot_device_close(dev: NbiotDevice, timeout: float) -> None:
    """Log out of OneNET (AT+MIPLCLOSE) and wait at most `timeout` seconds for the confirmation.

    Raises RegistrationError if none comes (the device is logged out in any case), CommandError,
    CommandTimeout, StateError or PortError.
    """
    dev.close(timeout)


def nbiot_device_destroy(dev: NbiotDevice) -> None:
    """Delete everything from the module (AT+MIPLDELOBJ, AT+MIPLDEL) and close the port.

    Logs out first if the device is registered. Raises nothing if the module does not answer. No
    thread and no file descriptor remains, even after a Ctrl-C during the call, which leaves the
    module as it is. A second call does nothing.
    """
    dev.destroy()
