"""Import rules, purity and sizes, stated by folder. Each test lists every offender."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("m5310", "emulator")

# Each entry of a package may import entries of earlier rows only, and none of its own row.
LAYERS = {
    "m5310": (
        {"errors"},
        {"states", "lwm2m", "ports"},
        {"at"},
        {"commands", "dialects"},
        {"module"},
        {"device"},
        {"nbiot", "cli"},
        {"__main__"},
    ),
    "emulator": (
        {"clock"},
        {"air", "line"},
        {"module", "onenet", "recording"},
        {"simulation"},
        {"emulator"},
        {"scenario", "testing"},
        {"cli"},
        {"__main__"},
    ),
}

# What the layers alone would allow, and what would join two subjects that are apart.
FORBIDDEN = {
    "m5310.module": ("m5310.dialects",),
    "m5310.dialects": ("m5310.ports",),
    "m5310.device": ("m5310.dialects.classic", "m5310.ports"),
    "m5310.nbiot": ("m5310.at", "m5310.ports", "m5310.commands", "m5310.dialects", "m5310.module"),
    "emulator.module": ("emulator.line",),
    "emulator.module.at": ("emulator.air", "emulator.module.lwm2m", "emulator.module.dialects"),
    "emulator.module.lwm2m": ("emulator.module.at", "emulator.module.dialects"),
    "emulator.module.dialects": ("emulator.air.messages", "emulator.air.memory"),
    "emulator.module.general": ("emulator.air", "emulator.module.lwm2m"),
    "emulator.onenet": ("emulator.line",),
    "emulator.onenet.lwm2m": ("emulator.onenet.http", "emulator.onenet.platform"),
}
COMPOSES = {"m5310.device.device"}  # it takes the classic dialect where no other is given

# Everything else is pure: it may know no event loop, port, thread or clock.
SHELLS = (
    "m5310.ports",
    "m5310.at.modem",
    "m5310.at.line_stream",
    "m5310.at.tasks",
    "m5310.module",
    "m5310.device",
    "m5310.nbiot",
    "m5310.cli",
    "emulator.clock.clocks",
    "emulator.line.ports",
    "emulator.onenet.http.api",
    "emulator.simulation.internet",
    "emulator.simulation.loop_thread",
    "emulator.emulator",
    "emulator.testing",
    "emulator.cli",
)
IMPURE = {
    *("aiohttp", "asyncio", "concurrent", "multiprocessing", "os", "select", "serial"),
    *("serial_asyncio", "signal", "socket", "subprocess", "threading", "time"),
}

# Each third-party package is used where its subject is.
THIRD_PARTY = {
    "prompt_toolkit": ("m5310.cli.terminal",),
    "serial": ("m5310.ports", "m5310.cli.ports", "emulator.line.ports"),
    "serial_asyncio": ("m5310.ports",),
    "typing_extensions": ("m5310.at.codec",),  # for type checkers only
    "transitions": ("m5310.states",),
    "aiohttp": ("emulator.onenet.http",),
    "pytest": ("emulator.testing",),
}

# To be removed with what they name.
PENDING = {"emulator.module.at", "emulator.module.command_faults"}

# Only the packages whose own import path is public import something in their `__init__`.
PUBLIC = {"m5310", "m5310.nbiot", "emulator"}

# The folders that name no AT command: they work with any, or in other terms.
WITHOUT_COMMAND_NAMES = (
    *("m5310/at", "m5310/ports", "m5310/lwm2m", "m5310/module", "m5310/device", "m5310/nbiot"),
    *("emulator/air", "emulator/clock", "emulator/line", "emulator/module/lwm2m"),
    *("emulator/onenet", "emulator/simulation"),
)

MAX_ENTRIES = 13  # of a package's top, besides py.typed
MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 70
MEANINGLESS_NAMES = {"core", "common", "utils", "helpers", "misc"}


# --- the code as this file sees it ---------------------------------------------------------------


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


FILES = {name_of(path): path for path in python_files(*PACKAGES)}


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of the modules that `path` imports; type-only imports included."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path}: expected an absolute import"
            assert node.level == 0, f"{path}: expected an absolute import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inside & FILES.keys() or {node.module}
    return frozenset(found)


def package_imports() -> Iterator[tuple[str, str]]:
    """Every import of a file of ours by a file of ours."""
    for name, path in FILES.items():
        yield from ((name, module) for module in imports(path) if module in FILES)


def within(name: str, folders: tuple[str, ...]) -> bool:
    return any(name == folder or name.startswith(f"{folder}.") for folder in folders)


def expect_none(offenders: list[str]) -> None:
    offenders = [offender for offender in offenders if offender not in PENDING]
    assert not offenders, "\n".join(["", *offenders])


# --- who imports whom ----------------------------------------------------------------------------


def test_driver_and_emulator_share_no_code() -> None:
    ours = {*PACKAGES, "tests", "tools"}
    expect_none(
        [
            f"{name} imports {module}"
            for name, path in FILES.items()
            for module in imports(path)
            if (top := module.partition(".")[0]) in ours and top != name.partition(".")[0]
        ]
    )


def test_imports_follow_the_layers() -> None:
    floors = {
        f"{package}.{entry}": floor
        for package, layers in LAYERS.items()
        for floor, entries in enumerate(layers)
        for entry in entries
    }

    def top(name: str) -> str:
        return ".".join(name.split(".")[:2])

    expect_none(
        [
            f"{name} imports {module}"
            for name, module in package_imports()
            if top(name) != top(module)
            and name not in PACKAGES
            and floors[top(name)] <= floors.get(top(module), -1)
        ]
    )


def test_separate_subjects_do_not_import_each_other() -> None:
    expect_none(
        [
            f"{name} imports {module}"
            for folder, forbidden in FORBIDDEN.items()
            for name, module in package_imports()
            if within(name, (folder,)) and within(module, forbidden) and name not in COMPOSES
        ]
    )


def in_circles(needs: dict[str, set[str]]) -> set[str]:
    """The names left when those without needs, and those nobody needs, are removed in turn."""
    left = set(needs)
    while True:
        needed = {other for name in left for other in needs[name]}
        free = {name for name in left if not needs[name] & left or name not in needed}
        if not free:
            return left
        left -= free


def test_no_import_circle_between_files() -> None:
    needs: dict[str, set[str]] = {name: set() for name in FILES}
    for name, module in package_imports():
        needs[name].add(module)
    expect_none(sorted(in_circles(needs)))


def test_no_import_circle_between_the_entries_of_a_folder() -> None:
    """An entry is a file or a sub-folder."""
    needs: dict[str, set[str]] = defaultdict(set)
    for name, module in package_imports():
        ours, theirs = name.split("."), module.split(".")
        common = next(
            (at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), 0
        )
        if common:
            importer, imported = (".".join(parts[: common + 1]) for parts in (ours, theirs))
            needs[importer].add(imported)
            needs[imported] |= set()
    expect_none(sorted(in_circles(needs)))


def test_each_third_party_package_has_its_place() -> None:
    expect_none(
        [
            f"{name} imports {module}"
            for name, path in FILES.items()
            for module in imports(path)
            if (top := module.partition(".")[0]) not in sys.stdlib_module_names
            and top not in PACKAGES
            and not within(name, THIRD_PARTY.get(top, ()))
        ]
    )


# --- what a file may do --------------------------------------------------------------------------


def test_all_but_the_shells_are_pure() -> None:
    expect_none(
        [
            f"{name} imports {module}"
            for name, path in FILES.items()
            if not within(name, SHELLS)
            for module in imports(path)
            if module.partition(".")[0] in IMPURE
        ]
    )
    expect_none([f"there is no {shell}" for shell in SHELLS if shell not in FILES])


def test_random_numbers_come_from_a_seeded_generator() -> None:
    """A `Random` object can be seeded; the functions of `random` share one for the process."""
    expect_none(
        [
            f"{name}:{node.lineno}"
            for name, path in FILES.items()
            for node in nodes_of(path)
            if (isinstance(node, ast.Import) and "random" in {each.name for each in node.names})
            or (
                isinstance(node, ast.ImportFrom)
                and node.module == "random"
                and {each.name for each in node.names} != {"Random"}
            )
        ]
    )


COMMAND_NAME = re.compile(r"AT\+|\+(MIPL|CEREG|CSQ|NSO|NRB)")


def command_names(path: Path) -> Iterator[str]:
    """The string constants that begin with the name of a command; docstrings are none."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = nodes_of(path)
    docstrings = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) in docstrings:
                continue
            if COMMAND_NAME.match(node.value):
                yield f"{name_of(path)}:{node.lineno}: {node.value}"


def test_at_commands_are_named_where_they_are_defined() -> None:
    files = python_files(*WITHOUT_COMMAND_NAMES)
    expect_none([offence for path in files for offence in command_names(path)])


# --- the layout ----------------------------------------------------------------------------------


def folders(top: str) -> list[Path]:
    return sorted({path.parent for path in python_files(top)})


def test_the_top_level_has_no_new_entry() -> None:
    agreed = {"pyproject.toml", "m5310", "emulator", "tests", "tools", "README.md"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - {"dist", "build"} == agreed


def test_the_top_of_a_package_can_be_taken_in_at_a_glance() -> None:
    for package in PACKAGES:
        entries = {path.name for path in (ROOT / package).iterdir()} - {"py.typed", "__pycache__"}
        assert len(entries) <= MAX_ENTRIES, f"{package}: {sorted(entries)}"


def test_each_folder_has_a_telling_name_and_a_docstring() -> None:
    packages = [folder for package in PACKAGES for folder in folders(package)]
    expect_none([str(path) for path in packages if path.name in MEANINGLESS_NAMES])
    described = [path / "__init__.py" for path in packages]
    expect_none([str(path) for path in described if not path.is_file()])
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in described}
    expect_none([str(path) for path, tree in trees.items() if not ast.get_docstring(tree)])


def test_folders_import_nothing_by_themselves() -> None:
    expect_none(
        [
            f"{name} imports {sorted(imports(path) - {'__future__'})}"
            for name, path in FILES.items()
            if path.name == "__init__.py" and name not in PUBLIC
            if imports(path) - {"__future__"}
        ]
    )


def test_files_and_functions_fit() -> None:
    expect_none(
        [
            f"{name} is too long"
            for name, path in FILES.items()
            if len(path.read_text(encoding="utf-8").splitlines()) > MAX_FILE_LINES
        ]
    )
    expect_none(
        [
            f"{name}.{node.name} is too long"
            for name, path in FILES.items()
            for node in nodes_of(path)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
        ]
    )


def test_the_tests_mirror_the_packages() -> None:
    pairs = {"tests/driver": "m5310", "tests/emulator": "emulator"}
    expect_none(
        [
            f"{folder} has no counterpart in {package}"
            for tests, package in pairs.items()
            for folder in folders(tests)
            if not (ROOT / package / folder.relative_to(ROOT / tests)).is_dir()
        ]
    )


def test_no_test_imports_another() -> None:
    other_test = re.compile(r"^\s*(from|import) tests\.(\w+\.)*(test_|conftest).*", re.MULTILINE)
    expect_none(
        [
            f"{name_of(path)}: {match[0].strip()}"
            for path in python_files("tests")
            for match in other_test.finditer(path.read_text(encoding="utf-8"))
        ]
    )
