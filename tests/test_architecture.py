"""The house rules that a reader of one file cannot see: who imports whom, what stays pure."""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = sorted([*ROOT.glob("m5310/**/*.py"), *ROOT.glob("emulator/**/*.py")])

# Rooms that may know an event loop, a port or a clock. Every other room is pure.
SHELLS = {
    "m5310.device.acknowledgements",
    "m5310.module.attach",
    "m5310.device.answers",
    "m5310.device.callbacks",
    "m5310.cli.console",
    "m5310.cli.terminal.stdin",
    "m5310.cli.main",
    "m5310.cli.run_measure",
    "m5310.cli.ports",
    "m5310.cli.terminal.prompt",
    "m5310.cli.run",
    "m5310.cli.terminal.output",
    "m5310.cli.send",
    "m5310.cli.terminal.session",
    "m5310.cli.record",
    "m5310.device.recovery",
    "m5310.module.udp",
    "m5310.device.provisioning",
    "m5310.device.device",
    "m5310.device.lifecycle",
    "m5310.nbiot.values",
    "m5310.at.line_stream",
    "m5310.at.modem",
    "m5310.module.module",
    "m5310.nbiot",
    "m5310.module.ping",
    "m5310.ports.usb",
    "m5310.ports.open",
    "m5310.nbiot.loop_thread",
    "m5310.device.registration",
    "m5310.device.renewal",
    "m5310.device.observations",
    "m5310.device.outbox",
    "m5310.device.reports",
    "m5310.device.requests",
    "m5310.device.restore",
    "m5310.device.state",
    "m5310.device.verdicts",
    "m5310.at.tasks",
    "m5310.module.speed",
    "m5310.ports.transport",
    "emulator.__main__",
    "emulator.clock.clocks",
    "emulator.testing.application",
    "emulator.emulator",
    "emulator.simulation.internet",
    "emulator.testing.journal",
    "emulator.onenet.http.api",
    "emulator.line.ports.symlink",
    "emulator.line.ports.rfc2217",
    "emulator.line.ports.stdio",
    "emulator.line.ports.tcp",
    "emulator.line.ports.pty",
    "emulator.line.ports.pty_poll",
    "emulator.simulation.loop_thread",
}
IMPURE = {"asyncio", "os", "select", "serial", "serial_asyncio", "socket", "subprocess"}
IMPURE |= {"threading", "time", "concurrent", "multiprocessing", "signal", "aiohttp"}

# Third-party packages, each in the room that needs it.
OUTSIDE = {
    "m5310": {
        "prompt_toolkit": {"m5310.cli.terminal.prompt"},
        "serial": {
            "m5310.cli.ports",
            "m5310.ports.usb",
            "m5310.ports.open",
            "m5310.ports.transport",
        },
        "serial_asyncio": {"m5310.ports.transport"},
        "transitions": {"m5310.states"},
    },
    "emulator": {
        "aiohttp": {"emulator.onenet.http.api"},
        "pytest": {"emulator.testing.pytest_plugin"},
        "serial": {"emulator.line.ports.rfc2217"},
    },
}

IDS = [str(path.relative_to(ROOT)) for path in ROOMS]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Every module that `path` imports, by its absolute name; type-only imports included."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, node.module] if node.module else above)
            module = base if node.level else node.module or ""
            inside = {f"{module}.{alias.name}" for alias in node.names}
            known = inside & {name_of(room) for room in ROOMS}
            yield from known or {module}


@pytest.mark.parametrize("path", ROOMS, ids=IDS)
def test_driver_and_emulator_share_no_code(path: Path) -> None:
    forbidden = {"m5310", "emulator", "tests", "tools"} - {name_of(path).split(".")[0]}
    assert not forbidden & {module.split(".")[0] for module in imports(path)}


@pytest.mark.parametrize("path", ROOMS, ids=IDS)
def test_rooms_that_decide_are_pure(path: Path) -> None:
    if name_of(path) not in SHELLS:
        assert not IMPURE & {module.split(".")[0] for module in imports(path)}


@pytest.mark.parametrize("path", ROOMS, ids=IDS)
def test_chance_has_a_seed_of_its_own(path: Path) -> None:
    """A `Random` of one's own repeats itself; the functions of `random` draw from all the world."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            assert "random" not in {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "random":
            assert {alias.name for alias in node.names} == {"Random"}


def test_shells_exist() -> None:
    assert {name_of(path) for path in ROOMS} >= SHELLS


@pytest.mark.parametrize("path", ROOMS, ids=IDS)
def test_each_outside_package_has_its_room(path: Path) -> None:
    side = name_of(path).split(".")[0]
    for module in {module.split(".")[0] for module in imports(path)}:
        if module in sys.stdlib_module_names or module == side:
            continue
        assert name_of(path) in OUTSIDE[side].get(module, set()), f"{module} is imported"


def test_no_import_cycle() -> None:
    names = {name_of(path) for path in ROOMS}
    needs = {name_of(path): {m for m in imports(path) if m in names} for path in ROOMS}
    done: set[str] = set()
    while len(done) < len(needs):
        free = {room for room, needed in needs.items() if room not in done and needed <= done}
        assert free, f"these import one another: {sorted(set(needs) - done)}"
        done |= free


@pytest.mark.parametrize("room", ["at/codec", "at/engine", "at/modem", "ports/open"])
def test_the_wire_knows_no_command_by_name(room: str) -> None:
    tree = tree_of(ROOT / "m5310" / f"{room}.py")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    named = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and re.match(r"AT\+|\+(MIPL|CEREG|CSQ|NSO|NRB)", node.value)
    ]
    assert not named


@pytest.mark.parametrize("path", ROOMS, ids=IDS)
def test_rooms_and_functions_fit(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 70, f"{node.name} does not fit a screen"


def test_the_top_level_holds_what_was_agreed() -> None:
    agreed = {"pyproject.toml", "m5310", "emulator", "tests", "tools", "README.md"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - {"dist", "build"} == agreed
