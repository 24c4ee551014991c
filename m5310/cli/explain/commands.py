"""Command lines in words: what a host asks of the module."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from m5310.at.codec import values as values_of
from m5310.cli.explain.catalogue import ENTRIES
from m5310.cli.explain.questions import QUERIES, cycle_words, seconds_words
from m5310.commands.power import active_seconds, periodic_update_seconds
from m5310.dialects.classic.config import Config
from m5310.errors import M5310Error, ParameterError, shortened
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.values import ValueType

Values = Sequence[str]

_COMMAND: Final = re.compile(
    r"AT(?P<name>&?[A-Z][0-9]*|\+[A-Z0-9]+)?(?P<sign>=\?|\?|=)?(?P<values>.*)", re.IGNORECASE
)

TYPE_WORDS: Final = {kind: kind.name.lower().replace("_", " ") for kind in ValueType}


def command_words(line: str) -> str | None:
    """What a command line asks for; None for a line that is no command. Never raises."""
    line = line.strip()
    found = _COMMAND.fullmatch(line)
    if found is None:
        return None
    name, sign, text = (found["name"] or "").upper(), found["sign"] or "", found["values"]
    if asked := _QUESTIONS.get(line.upper()):
        return asked
    if sign == "=?":
        return f"ask which values {name} takes"
    if name.startswith("+MIPL") and name not in _SETTINGS:
        return "a command of a later module's language, which the M5310 refuses"
    words = _SETTINGS.get(name)
    if words is None or sign != "=":
        return None
    try:
        return words(values_of(text))
    except M5310Error as error:
        return f"AT{name} with values that do not fit: {error}"
    except ValueError:  # a number that is none, or too many or too few of them
        return f"AT{name} with values that do not fit; it takes {_TAKES[name]}"


_QUESTIONS: Final = {
    "AT": "is anybody there?",
    "ATE0": "echo off",
    "ATE1": "echo on",
    "AT&F": "back to factory defaults",
    "ATZ": "back to the stored settings",
    "AT+NRB": "restart the module",
    "AT+NCSEARFCN": "forget stored frequencies",
    **{query.command.line: f"ask for {query.asks}" for query in QUERIES},
}
_TAKES: Final = {entry.text[2:-1]: entry.values for entry in ENTRIES if entry.values}


# --- general settings ------------------------------------------------------------------------


def _switch(what: str) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        (on,) = values
        return f"{what} {_flag(on, 'on', 'off')}"

    return words


def _flag(text: str, on: str, off: str) -> str:
    if text not in ("0", "1"):
        raise ParameterError(f"{shortened(text, 20)!r} is neither 0 nor 1")
    return on if text == "1" else off


def _registration_reports(values: Values) -> str:
    (level,) = values
    how = {0: "off", 1: "on", 2: "on, with the cell"}.get(int(level), f"level {int(level)}")
    return f"reports of the registration {how}"


def _operator(values: Values) -> str:
    if values[0] == "0":
        return "let the module choose the operator"
    _, _, plmn = values
    return f"choose the operator {plmn}"


def _power_saving(values: Values) -> str:
    if values[0] == "0":
        return "power saving off"
    _, _, _, update, active = values
    update_words = seconds_words(periodic_update_seconds(update))
    active_words = seconds_words(active_seconds(active))
    return f"power saving on: periodic update {update_words}, reachable {active_words}"


def _reception(values: Values) -> str:
    if values[0] == "0":
        return "eDRX off"
    _, _, *cycle = values
    return cycle_words(cycle[0]) if cycle else "eDRX on"


def _bands(values: Values) -> str:
    return f"look for a network in the bands {', '.join(values)}"


def _frequency(values: Values) -> str:
    _, earfcn = values
    return f"lock the frequency (EARFCN) {earfcn}"


def _configuration(values: Values) -> str:
    name, value = values
    return f"configure {name} to {value}"


def _speed(values: Values) -> str:
    return f"change the line to {values[0]} baud"


def _ping(values: Values) -> str:
    return f"ping {values[0]}"


def _socket(values: Values) -> str:
    port = values[2] if len(values) > 2 else "0"
    return "open a UDP socket" + ("" if port == "0" else f" on port {port}")


def _send(values: Values) -> str:
    socket, address, port, length, _ = values
    return f"send {length} bytes to {address}:{port} from socket {socket}"


def _receive(values: Values) -> str:
    socket, length = values
    return f"fetch up to {length} bytes of socket {socket}"


def _close_socket(values: Values) -> str:
    (socket,) = values
    return f"close socket {socket}"


# --- OneNET ----------------------------------------------------------------------------------


def config_words(blob: bytes) -> str:
    """The MIPLCONF blob. Raises ParameterError, which says where it stops making sense."""
    config = Config.decode(blob)
    how = "through the bootstrap server" if config.bootstrap else "at"
    more = [f"lifetime {seconds_words(config.lifetime)}"]
    if config.encrypt:
        more.append("encrypted")
    if config.debug:
        more.append(f"debug {config.debug}")
    if config.port:
        more.append(f"local port {config.port}")
    if blocks := config.blocks:
        more.append(f"blocks {blocks.block1},{blocks.block2},{blocks.threshold}")
    return f"device {config.endpoint} {how} {config.uri}, {', '.join(more)}"


def fragment_of(values: Values) -> tuple[bytes, int, bool]:
    """Bytes, index and whether it is the last, of AT+MIPLCONF's values.

    Raises ParameterError for a size that lies, ValueError for what are no such values.
    """
    size, digits, index, last = values
    blob = bytes.fromhex(digits)
    if len(blob) != int(size):
        raise ParameterError(f"{size} bytes are announced, {len(blob)} came")
    return blob, int(index), _flag(last, "last", "") == "last"


def _configure(values: Values) -> str:
    blob, index, last = fragment_of(values)
    if index == 1 and last:
        return f"configure: {config_words(blob)}"
    more = "the last" if last else "more follow"
    return f"configure: fragment {index} of {len(blob)} bytes, {more}"


def _instance(object_: str, instance: str) -> str:
    return f"/{int(object_)}/{int(instance)}"


def _target(object_: str, instance: str, resource: str) -> str:
    return f"/{Path(int(object_), int(instance), int(resource))}"


def _add_object(values: Values) -> str:
    _, object_, instance = values
    return f"add {_instance(object_, instance)}"


def _delete_object(values: Values) -> str:
    _, object_, instance = values
    return f"delete {_instance(object_, instance)}"


def _value(kind: str, text: str) -> str:
    return f"{shortened(text, 60) or 'nothing'} ({TYPE_WORDS[ValueType(int(kind))]})"


def _notify(values: Values) -> str:
    _, object_, instance, resource, kind, text, last, *ackid = values
    words = f"report {_target(object_, instance, resource)} = {_value(kind, text)}, "
    words += _flag(last, "complete", "more follow")
    if ackid:
        (number,) = ackid
        words += f", acknowledgement {int(number)} wanted"
    return words


def _answer_read(values: Values) -> str:
    _, msgid, object_, instance, resource, *kind, text, last = values
    if int(resource) == ANY:  # how a read of what is not there is answered
        return f"answer read {int(msgid)}: /{int(object_)} cannot be read"
    value = _value(kind[0], text) if kind else shortened(text, 60)
    target = _target(object_, instance, resource)
    return f"answer read {int(msgid)}: {target} = {value}, {_flag(last, 'complete', 'more follow')}"


def _answer(what: str) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        _, msgid, result = values
        return f"answer {what} {int(msgid)}: {_flag(result, 'done', 'failed')}"

    return words


def _open(values: Values) -> str:
    _, *seconds = values
    return "log in to OneNET" + (f" within {int(seconds[0])} s" if seconds else "")


def _update(values: Values) -> str:
    _, lifetime, objects = values
    more = _flag(objects, ", objects included", "")
    return f"renew the registration for {seconds_words(int(lifetime))}{more}"


def _says(words: str) -> Callable[[Values], str]:
    def said(values: Values) -> str:
        (_,) = values
        return words

    return said


_SETTINGS: Final[dict[str, Callable[[Values], str]]] = {
    "+CMEE": _switch("error numbers"),
    "+CFUN": _switch("radio"),
    "+CGATT": _switch("attachment to the network"),
    "+CSCON": _switch("reports of the radio connection"),
    "+NPSMR": _switch("reports of sleep"),
    "+CEREG": _registration_reports,
    "+COPS": _operator,
    "+CPSMS": _power_saving,
    "+CEDRXS": _reception,
    "+NBAND": _bands,
    "+NEARFCN": _frequency,
    "+NCONFIG": _configuration,
    "+NATSPEED": _speed,
    "+NPING": _ping,
    "+NSOCR": _socket,
    "+NSOST": _send,
    "+NSORF": _receive,
    "+NSOCL": _close_socket,
    "+MIPLCONF": _configure,
    "+MIPLADDOBJ": _add_object,
    "+MIPLDELOBJ": _delete_object,
    "+MIPLNOTIFY": _notify,
    "+MIPLREAD": _answer_read,
    "+MIPLWRITE": _answer("write"),
    "+MIPLEXECUTE": _answer("execute"),
    "+MIPLOPEN": _open,
    "+MIPLUPDATE": _update,
    "+MIPLCLOSE": _says("log out of OneNET"),
    "+MIPLDEL": _says("forget the OneNET device"),
}
