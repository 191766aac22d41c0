"""The house rules, as tests. A failure says what to do about it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

from proxy.cli.app import VERBS, parser
from proxy.cli.verb import Verb
from proxy.config.catalogue import CATALOGUE
from tests.house_rules import (
    BANNED_WORDS,
    BROAD_GUARDS,
    DUCKDB_ROOMS,
    FUNCTION_LINES_MAX,
    GATEWAY_OUTSIDERS,
    IMPURE,
    MACHINE_PATHS,
    MAY_IMPORT,
    MODULE_LINES_MAX,
    PARAMETERS_MAX,
    PURE_ROOMS,
    ROOM_MODULES_MAX,
)

ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True)
class Module:
    """A Python file."""

    path: str
    """From the checkout's root, with slashes."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Made by those who look: not by each process that only collects these tests."""
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        """As it is imported: proxy.journal.format."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def room(self) -> str:
        """journal of proxy/journal/format.py, errors of proxy/errors.py."""
        return self.name.split(".")[1] if "." in self.name else ""

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, module or module.name) of every import, however deep."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}:{node.lineno}: import by the whole name"
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node


def read_modules(folder: str) -> tuple[Module, ...]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    texts = ((path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)
    return tuple(Module(path, text) for path, text in texts)


PROXY: Final = read_modules("proxy")
TESTS: Final = read_modules("tests")
NAMES: Final = frozenset(module.name for module in PROXY)


def ours(imported: str) -> str | None:
    """The module of ours that an import reaches: proxy.errors of proxy.errors.ProxyError."""
    while imported and imported not in NAMES:
        imported = imported.rpartition(".")[0]
    return imported or None


def report(found: list[str], advice: str) -> None:
    assert not found, advice + "\n  " + "\n  ".join(found)


def test_imports_point_from_later_rooms_to_earlier_ones() -> None:
    found = []
    for module in PROXY:
        for line, imported in module.imports():
            target = ours(imported)
            room = target.split(".")[1] if target and "." in target else module.room
            if room != module.room and room not in MAY_IMPORT.get(module.room, frozenset()):
                found.append(f"{module.path}:{line} imports {imported}")

    report(found, "move what both need to an earlier room, or meet at a file format:")


def test_every_room_is_on_the_map_of_imports() -> None:
    found = sorted({module.room for module in PROXY} - MAY_IMPORT.keys() - {""})

    report(found, "say in MAY_IMPORT which rooms these may import:")


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        module.name: {target for _, imported in module.imports() if (target := ours(imported))}
        - {module.name}
        for module in PROXY
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"put what these share into a third, lower module: {circle.args[1]}")


def test_the_gateway_loads_nothing_but_its_short_list() -> None:
    import sys

    found = [
        f"{module.path}:{line} imports {imported}"
        for module in PROXY
        if module.room == "gateway"
        for line, imported in module.imports()
        if (top := imported.split(".")[0]) != "proxy"
        and top not in GATEWAY_OUTSIDERS
        and top not in sys.stdlib_module_names
    ]

    report(found, "the hot path parses nothing and loads no library; move this to the recorder:")


def test_only_the_store_and_the_readers_import_duckdb() -> None:
    found = [
        f"{module.path}:{line}"
        for module in PROXY
        for line, imported in module.imports()
        if imported.split(".")[0] == "duckdb" and module.room not in DUCKDB_ROOMS
    ]

    report(found, "ask proxy.store instead:")


def test_the_pure_rooms_do_no_input_or_output() -> None:
    found = [
        f"{module.path}:{line} imports {imported}"
        for module in PROXY
        if module.room in PURE_ROOMS
        for line, imported in module.imports()
        if imported.split(".")[0] in IMPURE or imported in IMPURE
    ]

    report(found, "take the value as a parameter; what understands is pure:")


def test_every_module_has_its_test_where_one_looks_for_it() -> None:
    found = []
    for module in PROXY:
        if not any(module.functions()) or module.stem in {"__init__", "__main__"}:
            continue
        folder, _, _ = module.path.removeprefix("proxy/").rpartition("/")
        test = ROOT / "tests" / folder / f"test_{module.stem}.py"
        if not test.exists():
            found.append(f"{module.path} has no {test.relative_to(ROOT)}")

    report(found, "write the test, mirrored:")


def test_every_module_is_used() -> None:
    reached = {
        target
        for module in PROXY
        for _, imported in module.imports()
        if (target := ours(imported)) and target != module.name
    }
    rooms = {name.rpartition(".")[0] for name in reached}
    found = [
        module.path
        for module in PROXY
        if module.stem != "__main__"
        and module.name not in reached | rooms | {"proxy"}
        and not (module.stem == "__init__" and f"{module.name}.__main__" in NAMES)
    ]

    report(found, "nobody imports these and no command starts them; delete or use them:")


@pytest.mark.parametrize("modules", [PROXY, TESTS], ids=["proxy", "tests"])
def test_modules_stay_short(modules: tuple[Module, ...]) -> None:
    found = [
        f"{module.path}: {lines} lines"
        for module in modules
        if (lines := module.text.count("\n")) > MODULE_LINES_MAX
    ]

    report(found, f"split along a noun, at most {MODULE_LINES_MAX} lines:")


@pytest.mark.parametrize("modules", [PROXY, TESTS], ids=["proxy", "tests"])
def test_functions_stay_short(modules: tuple[Module, ...]) -> None:
    found = [
        f"{module.path}:{function.lineno} {function.name}: {lines} lines"
        for module in modules
        for function in module.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]

    report(found, f"one decision a function, at most {FUNCTION_LINES_MAX} lines:")


def test_functions_take_few_parameters() -> None:
    found = []
    for module in PROXY:
        for function in module.functions():
            positional = [*function.args.posonlyargs, *function.args.args]
            if positional and positional[0].arg in {"self", "cls"}:
                positional = positional[1:]
            count = len(positional) + len(function.args.kwonlyargs)
            if count > PARAMETERS_MAX:
                found.append(f"{module.path}:{function.lineno} {function.name}: {count}")

    report(found, f"at most {PARAMETERS_MAX}; give what belongs together a dataclass:")


def test_rooms_stay_small() -> None:
    counts: dict[str, int] = {}
    for module in PROXY:
        if module.stem not in {"__init__", "__main__"}:
            folder = module.path.rpartition("/")[0]
            counts[folder] = counts.get(folder, 0) + 1

    found = [f"{folder}: {count}" for folder, count in counts.items() if count > ROOM_MODULES_MAX]

    report(found, f"at most {ROOM_MODULES_MAX} modules; give what belongs together its own room:")


def test_names_say_what_a_thing_is() -> None:
    found = []
    for module in PROXY:
        names = [(1, part) for part in module.name.split(".")]
        names += [
            (node.lineno, node.name)
            for node in ast.walk(module.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        ]
        for line, name in names:
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}
            if words & BANNED_WORDS or name == "handle_data":
                found.append(f"{module.path}:{line} {name}")

    report(found, "such a name means the thing is not understood yet; name what it does:")


def test_nothing_is_caught_wholesale() -> None:
    broad = {"Exception", "BaseException"}
    found = []
    for module in PROXY:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ExceptHandler) or module.path in BROAD_GUARDS:
                continue
            caught = {each.id for each in ast.walk(node.type or node) if isinstance(each, ast.Name)}
            if node.type is None or caught & broad:
                found.append(f"{module.path}:{node.lineno}")

    report(found, "catch what you expect; only each process's top may catch everything:")


def test_what_is_passed_over_says_why() -> None:
    found = []
    for module in PROXY:
        lines = module.text.splitlines()
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ExceptHandler) or not isinstance(node.body[0], ast.Pass):
                continue
            if not any("#" in line for line in lines[node.lineno - 1 : node.end_lineno]):
                found.append(f"{module.path}:{node.lineno}")

    report(found, "say in a comment why nothing needs doing here:")


def test_rooms_open_with_a_docstring_and_nothing_else() -> None:
    found = [
        module.path
        for module in PROXY
        if module.stem == "__init__" and module.room and len(module.tree.body) != 1
    ]

    report(found, "an __init__.py is one docstring: what the room is for, who may enter:")


def test_tests_do_not_wait_for_the_clock() -> None:
    found = []
    for module in TESTS:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or "/bench/" in module.path:
                continue
            called = ast.unparse(node.func)
            is_yield = bool(node.args) and ast.unparse(node.args[0]) == "0"
            if called == "time.sleep" or (called == "asyncio.sleep" and not is_yield):
                found.append(f"{module.path}:{node.lineno} {ast.unparse(node)}")

    report(found, "wait for the event itself, with a deadline:")


def test_no_file_names_a_place_of_one_machine() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile", ROOT / ".ci" / "run"]
    texts += [path for folder in ("proxy", "tests") for path in (ROOT / folder).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts
        if path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]

    report(found, "use a path of the checkout or of the user:")


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_every_verb_has_one_line_of_help_and_an_example_that_parses(verb: Verb) -> None:
    command, *arguments = shlex.split(verb.example)

    assert verb.help
    assert "\n" not in verb.help
    assert command == "interactions-proxy"
    assert parser().parse_args(arguments).verb is verb


def test_every_setting_has_a_user() -> None:
    readers = "\n".join(module.text for module in PROXY if module.room != "config")
    texts = {
        name: (setting.attribute, "master_key_file" if name == "keys.master_file" else "")
        for name, setting in CATALOGUE.items()
    }
    found = [
        name
        for name, words in texts.items()
        if not any(word and re.search(rf"\.{word}\b", readers) for word in words)
    ]

    report(found, "a constant with a good comment beats a knob nobody turns; use or delete:")
