"""All public names of `m5310`, which imports this file when the first of them is used."""

# ruff: noqa: I001, PLC0414 - several aliases on a line; an alias exports a name (PEP 484)

from m5310.at.codec import Answer as Answer, Command as Command, Response as Response
from m5310.at.line_stream import Following as Following
from m5310.at.modem import Modem as Modem
from m5310.commands.general import Booted as Booted
from m5310.commands.network import NetworkStatus as NetworkStatus
from m5310.commands.ping import PingReply as PingReply
from m5310.commands.power import PowerSaving as PowerSaving
from m5310.device.attributes import Attributes as Attributes
from m5310.device.device import Device as Device
from m5310.device.events import (
    AttributesSet as AttributesSet,
    Created as Created,
    FirmwareUpdate as FirmwareUpdate,
    Identified as Identified,
    LoggedIn as LoggedIn,
    LoggedOut as LoggedOut,
    ModuleEvent as ModuleEvent,
    PortBack as PortBack,
    PortLost as PortLost,
    RadioRestarted as RadioRestarted,
    Reconnecting as Reconnecting,
    RenewalFailed as RenewalFailed,
    Renewed as Renewed,
    ReportDropped as ReportDropped,
    Reported as Reported,
    Reset as Reset,
    Restored as Restored,
    Searching as Searching,
    Subscribed as Subscribed,
    UpdateStep as UpdateStep,
    UpkeepCounters as UpkeepCounters,
    Waiting as Waiting,
)
from m5310.device.firmware import Firmware as Firmware
from m5310.device.outbox import WhenFull as WhenFull
from m5310.device.reports import Report as Report, ReportState as ReportState
from m5310.dialects.classic.config import Blocks as Blocks, Config as Config
from m5310.dialects.classic.form import Reading as Reading
from m5310.dialects.profiles import (
    PROFILES as PROFILES,
    Profile as Profile,
    read_profile as read_profile,
)
from m5310.errors import (
    AcknowledgementRefused as AcknowledgementRefused,
    AcknowledgementTimeout as AcknowledgementTimeout,
    AnswerError as AnswerError,
    Code as Code,
    CommandError as CommandError,
    CommandTimeout as CommandTimeout,
    HeldBack as HeldBack,
    LanguageRefused as LanguageRefused,
    M5310Error as M5310Error,
    ModemReset as ModemReset,
    NotFound as NotFound,
    NotInDialect as NotInDialect,
    NotSupported as NotSupported,
    OutboxFull as OutboxFull,
    ParameterError as ParameterError,
    PortError as PortError,
    RegistrationError as RegistrationError,
    StateError as StateError,
    UsageError as UsageError,
)
from m5310.lwm2m.path import Path as Path
from m5310.lwm2m.resources import Access as Access, Resource as Resource
from m5310.lwm2m.values import Value as Value, ValueType as ValueType
from m5310.module.attach import Attached as Attached, Setup as Setup
from m5310.module.attach_errors import (
    AttachError as AttachError,
    Attempt as Attempt,
    Obstacle as Obstacle,
)
from m5310.module.module import Module as Module
from m5310.module.ping import PingFailed as PingFailed
from m5310.module.queries import Identity as Identity
from m5310.module.speed import COMMON_SPEEDS as COMMON_SPEEDS, SpeedError as SpeedError
from m5310.nbiot import (
    NBIOT_BOOLEAN as NBIOT_BOOLEAN,
    NBIOT_EXECUTABLE as NBIOT_EXECUTABLE,
    NBIOT_FLOAT as NBIOT_FLOAT,
    NBIOT_HEX_STRING as NBIOT_HEX_STRING,
    NBIOT_INTEGER as NBIOT_INTEGER,
    NBIOT_OPAQUE as NBIOT_OPAQUE,
    NBIOT_READABLE as NBIOT_READABLE,
    NBIOT_STRING as NBIOT_STRING,
    NBIOT_UPDATED as NBIOT_UPDATED,
    NBIOT_WRITABLE as NBIOT_WRITABLE,
    NbiotDevice as NbiotDevice,
    nbiot_device_close as nbiot_device_close,
    nbiot_device_connect as nbiot_device_connect,
    nbiot_device_create as nbiot_device_create,
    nbiot_device_destroy as nbiot_device_destroy,
    nbiot_device_step as nbiot_device_step,
    nbiot_device_sync as nbiot_device_sync,
    nbiot_resource_add as nbiot_resource_add,
    nbiot_resource_del as nbiot_resource_del,
)
from m5310.nbiot.values import NbiotValue as NbiotValue
from m5310.states import DeviceState as DeviceState
