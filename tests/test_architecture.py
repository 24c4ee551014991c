"""Import rules, purity and sizes, stated by folder. Each test lists every offender."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import count
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
        {"api"},
        {"__main__", "onenet"},
    ),
    "emulator": (
        {"clock"},
        {"coap", "lwm2m"},
        {"air", "line"},
        {"module", "onenet", "recording"},
        {"simulation"},
        {"scenario"},
        {"control"},
        {"emulator"},
        {"testing"},
        {"cli"},
        {"__main__"},
    ),
}

# What the layers alone would allow, and what would join two subjects that are apart.
FORBIDDEN = {
    "m5310.module": ("m5310.dialects",),
    "m5310.dialects": ("m5310.ports",),
    "m5310.device": (
        *("m5310.commands", "m5310.dialects.classic", "m5310.dialects.suite", "m5310.ports"),
    ),
    "m5310.nbiot": ("m5310.at", "m5310.ports", "m5310.commands", "m5310.dialects", "m5310.module"),
    "emulator.module": ("emulator.line",),
    "emulator.module.at": (
        *("emulator.air", "emulator.lwm2m", "emulator.module.lwm2m", "emulator.module.dialects"),
    ),
    "emulator.module.lwm2m": ("emulator.module.at", "emulator.module.dialects"),
    "emulator.module.dialects": ("emulator.air", "emulator.coap"),
    "emulator.module.general": ("emulator.air", "emulator.lwm2m", "emulator.module.lwm2m"),
    "emulator.onenet": ("emulator.air", "emulator.line"),
    "emulator.onenet.lwm2m": tuple(
        f"emulator.onenet.{part}"
        for part in (
            "api_faults",
            "commands",
            "devices",
            "errors",
            "http",
            "misbehaviour",
            "platform",
            "store",
        )
    ),
}
# The application's side of OneNET stands alone; the last row keeps the driver from importing it.
FORBIDDEN["m5310.onenet"] = tuple(
    f"m5310.{entry}" for entries in LAYERS["m5310"] for entry in entries - {"onenet"}
)
FORBIDDEN["m5310.onenet.calls"] = ("m5310.onenet.push",)
FORBIDDEN["m5310.onenet.push"] = ("m5310.onenet.calls", "m5310.onenet.errors")
EXCEPTIONS = {
    # the dialects between which a device chooses
    "m5310.device.device": ("m5310.dialects.classic", "m5310.dialects.suite"),
    "m5310.device.language": ("m5310.dialects.suite",),
    "m5310.device.events": ("m5310.commands.network",),  # the type of a value that it reports
}

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
    "m5310.onenet.blocking",
    "m5310.onenet.client",
    "m5310.onenet.push.handler",
    "emulator.clock.clocks",
    "emulator.clock.steered",
    "emulator.air.udp",
    "emulator.line.ports",
    "emulator.onenet.http.api",
    "emulator.onenet.store.checkpoints",
    "emulator.onenet.store.database",
    "emulator.onenet.http.call",
    "emulator.onenet.http.connections",
    "emulator.onenet.http.protocol",
    "emulator.onenet.posts",
    "emulator.simulation.internet",
    "emulator.simulation.loop_thread",
    "emulator.control.explainers",
    "emulator.control.static",
    "emulator.control.stream",
    "emulator.emulator",
    "emulator.testing",
    "emulator.cli",
)
IMPURE = {
    *("aiohttp", "asyncio", "concurrent", "multiprocessing", "os", "select", "serial"),
    *(
        "serial_asyncio",
        "serial_asyncio_fast",
        "signal",
        "socket",
        "subprocess",
        "threading",
        "time",
    ),
}

# Each third-party package is used where its subject is.
THIRD_PARTY = {
    "prompt_toolkit": ("m5310.cli.terminal",),
    "serial": ("m5310.ports", "m5310.cli.ports", "emulator.line.ports"),
    "serial_asyncio": ("m5310.ports",),
    "serial_asyncio_fast": ("m5310.ports",),
    "typing_extensions": ("m5310.at.codec",),  # for type checkers only
    "transitions": ("m5310.states",),
    "aiocoap": ("emulator.coap", "emulator.module.lwm2m", "emulator.onenet.lwm2m"),
    "orjson": ("emulator.onenet.http",),
    "aiohttp": (
        *("emulator.onenet.http", "emulator.onenet.posts"),
        *("emulator.control.static", "emulator.control.stream"),
        *("m5310.onenet.client", "m5310.onenet.push.handler"),
    ),
    "yarl": ("emulator.onenet.posts", "m5310.onenet.client"),  # the URLs of aiohttp
    "cryptography": ("emulator.onenet.push.signature", "m5310.onenet.push.encryption"),
    "OpenSSL": ("emulator.air.dtls",),
    "pytest": ("m5310.cli.pytest_plugin", "emulator.testing"),
}

# Only the packages whose own import path is public import something in their `__init__`.
PUBLIC = {"m5310", "m5310.nbiot", "m5310.onenet", "emulator"}

# The folders that name no AT command: they work with any, or in other terms.
WITHOUT_COMMAND_NAMES = (
    *("m5310/at", "m5310/ports", "m5310/lwm2m", "m5310/module", "m5310/device", "m5310/nbiot"),
    *("emulator/air", "emulator/clock", "emulator/coap", "emulator/line", "emulator/lwm2m"),
    *("emulator/module/lwm2m", "emulator/onenet", "emulator/simulation"),
)

# Of a package's top, besides py.typed. One is `api`: without it, pytest would load the driver in
# every project, for the fixtures.
MAX_ENTRIES = 16
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70  # without its docstring
MEANINGLESS_NAMES = {"core", "common", "utils", "helpers", "misc"}


# --- the code as this file sees it ---------------------------------------------------------------


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def folders(top: str) -> list[Path]:
    return sorted({path.parent for path in python_files(top)})


FILES = {name_of(path): path for path in python_files(*PACKAGES)}


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports(name: str) -> frozenset[str]:
    """Full names of the modules that a file imports; type-only imports included."""
    found = set()
    for node in nodes_of(FILES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{name}: expected an absolute import"
            assert node.level == 0, f"{name}: expected an absolute import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inside & FILES.keys() or {node.module}
    return frozenset(found)


IMPORTS = [(name, module) for name in FILES for module in imports(name)]
OURS = [(name, module) for name, module in IMPORTS if module in FILES]


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def top(name: str, parts: int = 1) -> str:
    return ".".join(name.split(".")[:parts])


def rule(offenders: Callable[[], Iterable[str]]) -> Callable[[], None]:
    """A test that fails with all offenders against a rule."""

    def test() -> None:
        found = sorted(set(offenders()))
        assert not found, "\n".join(["", *found])

    return test


# --- who imports whom ----------------------------------------------------------------------------


@rule
def test_driver_and_emulator_share_no_code() -> Iterator[str]:
    for name, module in IMPORTS:
        if top(module) in {*PACKAGES, "tests", "tools"} - {top(name)}:
            yield f"{name} imports {module}"


@rule
def test_imports_follow_the_layers() -> Iterator[str]:
    floors = {
        f"{package}.{entry}": floor
        for package, layers in LAYERS.items()
        for floor, entries in enumerate(layers)
        for entry in entries
    }
    for name, module in OURS:
        ours, theirs = top(name, 2), top(module, 2)
        if ours == theirs or ours in PACKAGES or theirs in PACKAGES:
            continue
        if floors.get(ours, -1) <= floors[theirs]:
            yield f"{name} imports {module}"


@rule
def test_separate_subjects_do_not_import_each_other() -> Iterator[str]:
    for name, module in OURS:
        for folder, forbidden in FORBIDDEN.items():
            excepted = within(module, EXCEPTIONS.get(name, ()))
            if within(name, (folder,)) and within(module, forbidden) and not excepted:
                yield f"{name} imports {module}"


def in_circles(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """What is left when the importers of nothing, and what nothing imports, are removed in turn."""
    needs: dict[str, set[str]] = defaultdict(set)
    for importer, imported in pairs:
        needs[importer].add(imported)
    left = set(needs)
    while True:
        needed = {each for name in left for each in needs[name]}
        stay = {name for name in left & needed if needs[name] & left}
        if stay == left:
            return left
        left = stay


@rule
def test_no_import_circle_between_files() -> Iterable[str]:
    return in_circles(OURS)


@rule
def test_no_import_circle_between_the_entries_of_a_folder() -> Iterable[str]:
    """An entry is a file or a sub-folder."""
    pairs = []
    for name, module in OURS:
        depth = next(n for n in count(1) if top(name, n) != top(module, n))
        entries = top(name, depth), top(module, depth)
        if depth > 1 and all(entry.count(".") == depth - 1 for entry in entries):
            pairs.append(entries)
    return in_circles(pairs)


@rule
def test_each_third_party_package_has_its_place() -> Iterator[str]:
    for name, module in IMPORTS:
        known = top(module) in {*sys.stdlib_module_names, *PACKAGES}
        if not known and not within(name, THIRD_PARTY.get(top(module), ())):
            yield f"{name} imports {module}"


@rule
def test_folders_import_nothing_by_themselves() -> Iterator[str]:
    for name, module in IMPORTS:
        if FILES[name].name == "__init__.py" and name not in PUBLIC and module != "__future__":
            yield f"{name} imports {module}"


@rule
def test_no_test_imports_another() -> Iterator[str]:
    other_test = re.compile(r"^\s*(from|import) tests\.(\w+\.)*(test_|conftest).*", re.MULTILINE)
    for path in python_files("tests"):
        for match in other_test.finditer(path.read_text(encoding="utf-8")):
            yield f"{name_of(path)}: {match[0].strip()}"


# --- what a file may do --------------------------------------------------------------------------


@rule
def test_all_but_the_shells_are_pure() -> Iterator[str]:
    for name, module in IMPORTS:
        if top(module) in IMPURE and not within(name, SHELLS):
            yield f"{name} imports {module}"
    yield from (f"there is no {shell}" for shell in SHELLS if shell not in FILES)


@rule
def test_random_numbers_come_from_a_seeded_generator() -> Iterator[str]:
    """A `Random` object can be seeded; the functions of `random` share one for the process."""
    for name, path in FILES.items():
        for node in nodes_of(path):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {each.name for each in node.names}
                module = node.module if isinstance(node, ast.ImportFrom) else None
                if (module == "random" and names != {"Random"}) or (
                    not module and "random" in names
                ):
                    yield f"{name}:{node.lineno}"


@rule
def test_at_commands_are_named_where_they_are_defined() -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in python_files(*WITHOUT_COMMAND_NAMES):
        docstrings = {
            node.body[0].value
            for node in nodes_of(path)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
        }
        for node in set(nodes_of(path)) - docstrings:
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.match(r"AT\+|\+(MIPL|CEREG|CSQ|NSO|NRB)", text):
                yield f"{name_of(path)}: {text}"


@rule
def test_files_and_functions_fit() -> Iterator[str]:
    for name, path in FILES.items():
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_FILE_LINES:
            yield name
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documentation = (ast.get_docstring(node) or "").splitlines()
                lines = (node.end_lineno or 0) - node.lineno - len(documentation)
                if lines >= MAX_FUNCTION_LINES:
                    yield f"{name}.{node.name}"


# --- the layout ----------------------------------------------------------------------------------


def test_the_top_level_has_no_new_entry() -> None:
    agreed = {"pyproject.toml", "m5310", "emulator", "tests", "tools", "README.md"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - {"dist", "build"} == agreed


@rule
def test_a_package_has_few_entries() -> Iterator[str]:
    for package in PACKAGES:
        entries = {path.name for path in (ROOT / package).iterdir()} - {"py.typed", "__pycache__"}
        if len(entries) > MAX_ENTRIES:
            yield f"{package}: {sorted(entries)}"


@rule
def test_each_folder_has_a_telling_name_and_a_docstring() -> Iterator[str]:
    for folder in (folder for package in PACKAGES for folder in folders(package)):
        init = FILES.get(name_of(folder))
        documented = init and ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))
        if folder.name in MEANINGLESS_NAMES or not documented:
            yield name_of(folder)


@rule
def test_the_tests_mirror_the_packages() -> Iterator[str]:
    for tests, package in (("tests/driver", "m5310"), ("tests/emulator", "emulator")):
        for folder in folders(tests):
            if not (ROOT / package / folder.relative_to(ROOT / tests)).is_dir():
                yield f"{folder} has no counterpart in {package}"


@rule
def test_each_system_test_runs_in_each_language_or_says_why() -> Iterator[str]:
    folder = ROOT / "tests" / "system"
    reasons = ast.get_docstring(ast.parse((folder / "conftest.py").read_text(encoding="utf-8")))
    assert reasons is not None
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if 'usefixtures("each_language")' not in path.read_text(encoding="utf-8") and not (
            f"`{name}`" in reasons or f"`{name.partition('/')[0]}/`" in reasons
        ):
            yield f"{name}: neither marked nor explained in tests/system/conftest.py"
