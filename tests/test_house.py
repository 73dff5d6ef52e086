"""The house keeps its order: no circles, one name for one thing, no file too long, every room says what it is."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 400
ROOMS = ("engine", "cockpit", "tests", "benchmarks")
LONGER = {
    "engine/auction/state/auction.py": "one packet's way through one auction, which is hot: parts would cost calls",
}
"""Files of the product that may be longer, and why; ``config.py`` is one table."""
LONGEST_OF_TESTS = 600
LONGER_OF_TESTS = {
    "tests/auction/test_recorded_day.py": "one recorded day's figures, each beside the arithmetic that found it",
}
NAMES_TESTS = re.compile(r"tests\.campaign\.\w*mutants")
"""The tables of mutants, which name the tests that catch each."""
IMPORTS_TESTS = re.compile(r"^\s*(from|import) .*\btest_|^from tests[\w.]* import \(", re.MULTILINE)

WHOLE_SETTINGS = {
    "engine/settings/loading.py": "the loader, and the table that `cockpit config` shows",
    "engine/operations/desk.py": "every command begins here",
    "engine/host/engine_host.py": "an engine is put together here",
    "engine/host/engine_process.py": "hands an engine's beginning on to its host",
    "engine/host/headless.py": "a replay without an engine is put together here",
    "engine/runtime/run.py": "a played run is put together here",
    "engine/runtime/live/startup.py": "a paper or live run is put together here",
    "engine/runtime/live/account_lines.py": "the lines to its broker are put together here",
    "engine/runtime/live/preflight.py": "the checks name where each setting came from",
    "engine/runtime/plan.py": "a run keeps all that it began under",
    "engine/runtime/evidence.py": "what the trades of a run are made under",
    "engine/ledger/run_terms.py": "the digest of what a trade was made under",
    "engine/runtime/changed_settings.py": "what a restart changed of what a run began under",
}
"""Files of the product that may take the whole settings, and why; every other is handed the sections it goes by."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def inner_imports() -> dict[str, set[str]]:
    return imports(parsed())


@cache
def parsed() -> dict[str, ast.Module]:
    files = [path for room in ("engine", "cockpit") for path in (ROOT / room).rglob("*.py")]
    return {name_of(path): tree_of(path) for path in files}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(modules: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Return what each module imports of the house, for types too."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = [f"{node.module}.{alias.name}" for alias in node.names]
                found[name] |= {part if part in modules else node.module for part in parts}
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names}
    return {name: {one for one in found[name] if one in modules and one != name} for name in modules}


def circles(graph: Mapping[str, Iterable[str]]) -> list[set[str]]:
    """Return the groups of rooms each of which reaches every other."""
    reach = {name: set(further) for name, further in graph.items()}
    pending = True
    while pending:
        pending = False
        for seen in reach.values():
            more = set().union(*(reach.get(one, set()) for one in seen)) - seen
            seen.update(more)
            pending = pending or bool(more)
    inside = {name for name, seen in reach.items() if name in seen}
    groups: list[set[str]] = []
    for name in sorted(inside):
        if not any(name in group for group in groups):
            groups.append({other for other in inside if other in reach[name] and name in reach[other]})
    return groups


def test_a_circle_is_found_and_named() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == [{"a", "b", "c"}]
    assert circles({"a": ["b"], "b": [], "c": ["a", "b"]}) == []


def test_no_file_stands_in_a_circle_of_imports() -> None:
    assert circles(inner_imports()) == []


def test_no_folder_stands_in_a_circle_of_imports() -> None:
    packages = {name_of(path.parent / "__init__.py") for path in ROOT.glob("*/**/__init__.py")}

    def folder(module: str) -> str:
        return module if module in packages else module.rpartition(".")[0]

    graph: defaultdict[str, set[str]] = defaultdict(set)
    for module, others in inner_imports().items():
        graph[folder(module)] |= {folder(other) for other in others} - {folder(module)}
    assert circles(graph) == []


def test_no_public_class_bears_the_name_of_another() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for name, tree in {**parsed(), "config": ast.parse((ROOT / "config.py").read_text("utf-8"))}.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_no_file_is_longer_than_it_may_be() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for room in ("engine", "cockpit")
        for path in (ROOT / room).rglob("*.py")
    }
    longer = {name for name, lines in lengths.items() if lines > LONGEST}
    assert longer == set(LONGER)


def test_no_file_of_tests_is_longer_than_it_may_be() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / "tests").rglob("*.py")
    }
    assert {name for name, lines in lengths.items() if lines > LONGEST_OF_TESTS} == set(LONGER_OF_TESTS)


def takes_the_whole(tree: ast.Module) -> bool:
    """Say whether a file has a parameter or a field typed with all settings."""
    notes: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            notes += [one.annotation for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        elif isinstance(node, ast.AnnAssign):
            notes.append(node.annotation)
    parts = [part for note in notes if note is not None for part in ast.walk(note)]
    named = {part.id for part in parts if isinstance(part, ast.Name)}
    named |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return not named.isdisjoint({"Settings", "Configuration"})


def test_a_signature_with_the_whole_settings_is_noticed() -> None:
    assert takes_the_whole(ast.parse("def f(settings: config.Settings | None) -> None: ..."))
    assert takes_the_whole(ast.parse("class A:\n    settings: Settings"))
    assert not takes_the_whole(ast.parse("def f(stops: config.StopSettings) -> config.Settings: ..."))


def test_only_who_puts_things_together_takes_the_whole_settings() -> None:
    whole = {name for name, tree in parsed().items() if takes_the_whole(tree)}
    assert {f"{name.replace('.', '/')}.py" for name in whole} == set(WHOLE_SETTINGS)


def names_in(path: Path) -> set[str]:
    """Return what a file defines at its top: functions, classes, and their methods."""
    found: set[str] = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{method.name}" for method in methods}
    return found


def steps() -> list[tuple[str, str]]:
    """Return each function or class that the walks name, with the file they name beside it."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    walks = text[text.index("## Four walks") : text.index("## The one way through")]
    return re.findall(r"`([A-Za-z_][A-Za-z_.]*)`,?\s+\(?`([a-z_/]+\.py)`", walks)


@pytest.mark.parametrize(("name", "path"), sorted(set(steps())))
def test_each_step_of_the_walks_stands_in_the_file_that_is_named(name: str, path: str) -> None:
    assert name in names_in(ROOT / path)


def test_no_step_of_the_walks_is_left_without_its_file() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    walks = text[text.index("## Four walks") : text.index("## The one way through")]
    named = set(re.findall(r"`([A-Za-z_]*[A-Z_][A-Za-z_.]*)`", walks))
    assert named <= {name for name, _ in steps()}
    assert walks.count("\n**") == 4


def test_every_file_that_the_documents_name_is_there() -> None:
    files = [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    known = {"/".join(path.parts[start:]) for path in files for start in range(len(path.parts))} | {
        "config.py"
    }
    for document in (*sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"`([a-z0-9_/]+\.py)`", document.read_text("utf-8")))
        assert named <= known, document.name


@pytest.mark.parametrize("room", ["engine", "cockpit"])
def test_every_folder_says_what_it_is(room: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / room).rglob("__init__.py")
        if not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_no_file_of_tests_is_imported_by_another() -> None:
    files = {name_of(path): path for path in (ROOT / "tests").rglob("*.py")}
    # Only what has the word in it can import one: reading all of them would take seconds.
    texts = {name: path.read_text("utf-8") for name, path in files.items()}
    speaking = {name: ast.parse(text) for name, text in texts.items() if IMPORTS_TESTS.search(text)}
    modules = dict.fromkeys(files, ast.Module([], [])) | speaking
    importers = {
        f"{name} imports {other}"
        for name, others in imports(modules).items()
        for other in others
        if other.rpartition(".")[2].startswith("test_") and not NAMES_TESTS.fullmatch(name)
    }
    assert importers == set()


def property_docs(tree: ast.Module) -> list[tuple[str, str]]:
    """Return each property of a file with the first line of what it says of itself."""
    return [
        (node.name, (ast.get_docstring(node) or "").partition("\n")[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(
            isinstance(mark, ast.Name) and mark.id in {"property", "cached_property"}
            for mark in node.decorator_list
        )
    ]


def test_a_property_is_described_by_a_noun() -> None:
    acting = [
        f"{name}.{one}: {words}"
        for name, tree in parsed().items()
        for one, words in property_docs(tree)
        if words.startswith(("Return ", "Say ", "Name ", "Give ", "Tell "))
    ]
    assert acting == []
