"""The state of one module at a time, as the page shows it. Pure, and cheap: some 30 us."""

from __future__ import annotations

from collections import Counter

from emulator.line.faults import Fault
from emulator.line.line import Line
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.states import REGISTERED
from emulator.module.module import Module
from emulator.module.radio.psm import active_time, update_time
from emulator.onenet.http.answers import Answer
from emulator.simulation.board import Board


def entry(number: int, board: Board, device_id: str | None) -> Answer:
    """What a list of modules has of each. `device_id`: of the cloud, None for none."""
    module, line, radio = board.module, board.line, board.module.radio
    return {
        "number": number,
        "imei": module.identity.imei,
        "imsi": module.identity.imsi,
        "port": line.port,
        "device_id": device_id,
        "plugged": line.plugged,
        "held": line.held,
        "stat": radio.stat.name,
        "coverage": radio.coverage.name,
        "rssi": radio.cell.rssi / 10 if radio.camped else None,
        "connected": radio.connected,
        "asleep": radio.asleep,
        "logged_in": module.client.state in REGISTERED,
    }


def whole(number: int, board: Board, device_id: str | None) -> Answer:
    """All that the page shows of a module."""
    module, radio = board.module, board.module.radio
    return {
        **entry(number, board, device_id),
        "model": module.firmware.model or module.identity.model,
        "firmware": module.firmware.revision,
        "dialect": module.firmware.dialect,
        "baud": board.line.baud,
        "booting": module.boot.due is not None,
        "boots": module.boot.count,
        "last_cause": None if module.boot.cause is None else module.boot.cause.name,
        "on": radio.on,
        "operator": radio.cell.plmn if radio.registered else None,
        "reject": None if radio.reject is None else radio.reject.value,
        "transmitted": radio.transmitted,
        "sim": radio.sim.name,
        "refusing": radio.refusing,
        "busy": radio.busy,
        **_saving(module),
        "login": _login(module.client),
        "objects": [str(path) for path in module.client.objects.instances],
        "observed": [str(path) for path in module.client.observed],
        "line": _line(board),
        "noise": noise(board.line),
    }


def noise(line: Line) -> Answer:
    """Shares of the bytes with each fault; of the direction to the host."""
    rates = line.faults.to_host.rates
    return {
        "loss": rates.loss,
        "double": rates.double,
        "corrupt": rates.corrupt,
        "delay": rates.delay,
        "garbage": rates.garbage,
    }


def _saving(module: Module) -> Answer:
    saving, paging = module.power_saving, module.paging
    return {
        "psm": {
            "enabled": saving.on,
            "t3324": saving.t3324,
            "t3412": saving.t3412,
            "active_time": active_time(saving.t3324),
            "update_time": update_time(saving.t3412),
        },
        "edrx": {"cycle": paging.cycle, "seconds": paging.seconds} if paging.on else None,
    }


def _login(client: Client) -> Answer:
    registration = client.registration
    return {
        "state": client.state.name,
        "lifetime": client.lifetime,
        "server": registration.server or None,
        "registered_at": registration.since,
        "expires_at": registration.until,
    }


def _line(board: Board) -> Answer:
    line = board.line
    return {
        "received": line.received,
        "sent": line.sent,
        "lost": line.lost,
        "overruns": line.receive_buffer.lost,
        "too_soon": board.quiet.too_soon,
        "faults_met": {
            "to_host": _met(line.faults.to_host.met),
            "to_module": _met(line.faults.to_module.met),
        },
    }


def _met(met: Counter[Fault]) -> dict[str, int]:
    return {fault.value: count for fault, count in met.items()}
