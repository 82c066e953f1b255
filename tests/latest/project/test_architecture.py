"""The architecture: import direction of packages, size of folders and calls, and what `az` imports at its start."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.latest.helpers.az import ROOT
from tools.sandbox import extensions

OURS = "azext_flexcompare"
MODULES = sorted(
    path.relative_to(ROOT / OURS).with_suffix("").as_posix().replace("/", ".") for path in (ROOT / OURS).rglob("*.py")
)
PACKAGES = sorted({module.split(".")[0] for module in MODULES if "." in module})
HOST = {
    "azure",
    "jmespath",
    "knack",
    "msrest",
    "portalocker",
    "requests",
    "urllib3",
    "yaml",
}  # what the Azure CLI brings
HEAVY = (
    "azure.mgmt.compute",
    "azure.mgmt.core",
    "azure.core.pipeline",
    "azure.cli.core.aaz",
    "yaml",
    "requests",
    "asyncio",
)
LAYERS = {  # each package, and all that it may import of ours: the layers of docs/design.md
    "times": set(),
    "scheduler": set(),
    "table": set(),
    "instances": {"scheduler"},
    "arm": {"instances", "scheduler", "table", "times"},
    "selection": {"arm", "instances", "table"},
    "planning": {"times", "arm", "instances", "scheduler", "table"},
    "output": {"instances", "scheduler", "table", "times"},
    "joblog": {"instances", "output", "scheduler", "table", "times"},
    "execution": {"times", "arm", "instances", "joblog", "output", "planning", "scheduler", "selection", "table"},
    "queries": {"times", "arm", "instances", "output", "scheduler", "selection", "table"},
    "nat_rules": {"times", "arm", "execution", "instances", "output", "planning", "scheduler", "selection", "table"},
    "html_report": {"times", "instances", "joblog", "output", "scheduler"},
    "translation": {"output", "table", "times"},
}
# They know nothing of Azure.
OF_AZURE = (
    *(one for one in MODULES if one.startswith(("scheduler.", "table."))),
    "instances",
    "planning.cost",
    "selection.selection",
    "times",
)
ENTRIES, ARROWS = 25, 90  # what a reader of the folder can take in: its entries, and the imports between them
POSITIONAL = 4  # arguments of a call; further ones are keywords
LOAD = """
import json, sys
from azure.cli.core import get_default_cli

cli = get_default_cli()
parts = {name: getattr(cli, name) for name in ("commands_loader_cls", "parser_cls", "help_cls")}
invocation = cli.invocation = cli.invocation_cls(cli_ctx=cli, **parts)
invocation.data["command_string"] = "vmss-flex compare"
from azure.cli.core import azclierror, commands, extension
from azure.cli.core.commands import parameters, validators
sys.path.append(extension.get_extension_path("flexcompare"))
before = set(sys.modules)

import azext_flexcompare

loader = azext_flexcompare.COMMAND_LOADER_CLS(cli)
table = loader.load_command_table(None)
loader.load_arguments("vmss-flex compare")
loaded = set(sys.modules) - before

from azext_flexcompare import custom

rows = custom.compare(None)
compared = set(sys.modules) - before
sys.stdout.write(json.dumps([len(table), sorted(loaded), len(rows), sorted(compared)]))
"""


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> set[str]:
    """List the modules that a file imports anywhere, those of `from package import module` as `package.module`."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def file_of(module: str) -> Path:
    return ROOT / OURS / f"{module.replace('.', '/')}.py"


def of_ours(module: str) -> set[str]:
    found = {name.removeprefix(f"{OURS}.") for name in imports_of(file_of(module)) if name.startswith(f"{OURS}.")}
    return {max((one for one in MODULES if f"{name}.".startswith(f"{one}.")), key=len) for name in found}


def tops_of(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(path)}


def files_under(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "tests" not in path.relative_to(ROOT).parts)


def is_heavy(module: str) -> bool:
    return any(module == heavy or module.startswith(f"{heavy}.") for heavy in HEAVY)


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[str], int, list[str]]:
    """Load the installed extension; list what it brought with it: by loading, and then by comparing."""
    home = tmp_path_factory.mktemp("azure")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    environment |= {"AZURE_CONFIG_DIR": str(home), "AZURE_EXTENSION_DIR": str(extensions())}
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, loaded, rows, compared = json.loads(done.stdout)
    return count, loaded, rows, compared


def test_loading_the_commands_brings_nothing_heavy(brought: tuple[int, list[str], int, list[str]]) -> None:
    count, loaded, _, _ = brought
    assert count > 1
    assert f"{OURS}.commands" in loaded
    assert [module for module in loaded if is_heavy(module)] == []


def test_comparing_brings_nothing_heavy(brought: tuple[int, list[str], int, list[str]]) -> None:
    _, _, rows, compared = brought
    assert rows > 1
    assert f"{OURS}.table.comparison" in compared
    assert [module for module in compared if is_heavy(module)] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_python_and_the_cli_bring(module: str) -> None:
    allowed = {*sys.stdlib_module_names, *HOST, OURS}
    assert tops_of(file_of(module)) - allowed == set()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_the_layers_below(layer: str) -> None:
    inside = [module for module in MODULES if module.split(".")[0] == layer]
    found = {other.split(".")[0] for module in inside for other in of_ours(module)}
    assert found - {layer} - LAYERS[layer] == set()


def test_the_folder_shows_the_architecture_at_a_glance() -> None:
    shown = [one.name for one in (ROOT / OURS).iterdir() if one.name != "__pycache__"]
    assert len(shown) <= ENTRIES, sorted(shown)
    tops = {(module.split(".")[0], other.split(".")[0]) for module in MODULES for other in of_ours(module)}
    assert len({(one, other) for one, other in tops if one != other}) < ARROWS


def test_every_package_is_a_layer() -> None:
    assert set(PACKAGES) <= set(LAYERS)
    assert len(list(TopologicalSorter(LAYERS).static_order())) == len(LAYERS)


@pytest.mark.parametrize("module", OF_AZURE)
def test_a_module_of_the_core_knows_nothing_of_azure(module: str) -> None:
    assert tops_of(file_of(module)) & HOST == set()


def test_our_modules_do_not_import_each_other_in_circles() -> None:
    graph = {module: of_ours(module) for module in MODULES}
    assert set().union(*graph.values()) <= set(MODULES)
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def test_the_simulator_and_the_extension_do_not_know_each_other() -> None:
    assert [path for path in files_under("armsim") if OURS in tops_of(path)] == []
    assert [path for path in files_under(OURS) if tops_of(path) & {"armsim", "tools", "tests"}] == []


def test_no_class_is_a_named_tuple_and_something_else_which_python_3_10_refuses() -> None:
    classes = [node for path in files_under(OURS) for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    assert len(classes) > 10
    bases = {one.name: [ast.unparse(base) for base in one.bases] for one in classes}
    assert [name for name, found in bases.items() if "NamedTuple" in found and len(found) > 1] == []


def test_the_walk_sees_an_import_wherever_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("import a.b\ndef f():\n    from c.d import e\n", encoding="utf-8")
    assert imports_of(file) == {"a.b", "c.d.e"}


def takes_any_number(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.args.vararg is not None


def long_calls(trees: dict[str, ast.Module]) -> list[str]:
    """List the calls of functions and classes that the files define with more than four positional arguments."""
    defined = [
        node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]
    names = {node.name for node in defined} - {node.name for node in defined if takes_any_number(node)}
    return [
        f"{path}:{node.lineno} {called}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (called := getattr(node.func, "attr", getattr(node.func, "id", None))) in names
        and len(node.args) > POSITIONAL
    ]


def test_a_call_has_at_most_four_positional_arguments() -> None:
    files = [path for folder in (OURS, "armsim", "tools") for path in files_under(folder)]
    assert long_calls({path.relative_to(ROOT).as_posix(): tree_of(path) for path in files}) == []


@pytest.mark.parametrize(
    ("call", "long"),
    [
        ("f(1, 2, 3, 4, 5)", 1),
        ("a.f(1, 2, 3, 4, 5)", 1),
        ("f(1, 2, 3, 4, e=5)", 0),
        ("any_number(1, 2, 3, 4, 5)", 0),
        ("not_ours(1, 2, 3, 4, 5)", 0),
    ],
)
def test_the_walk_counts_positional_arguments(call: str, long: int) -> None:
    ours = "def f(a, b, c, d, e): ...\ndef any_number(*a): ..."
    assert len(long_calls({"one.py": ast.parse(f"{ours}\n{call}")})) == long


TESTS = ROOT / "tests" / "latest"
TEST_FILES = sorted(TESTS.rglob("test_*.py"))
LATER: set[str] = set()


def unit_test_of(module: str) -> Path:
    *package, name = module.split(".")
    return TESTS.joinpath("unit", *package, f"test_{name.lstrip('_')}.py")


def test_no_test_file_imports_another() -> None:
    found = {path.name: [one for one in imports_of(path) if ".test_" in one] for path in TEST_FILES}
    assert len(found) > 50
    assert {name: imported for name, imported in found.items() if imported} == {}


def test_every_module_has_the_unit_test_file_of_its_name() -> None:
    modules = [module for module in MODULES if module.split(".")[-1] != "__init__"]
    assert {module for module in modules if not unit_test_of(module).is_file()} == LATER


def test_a_function_of_the_helpers_is_defined_once() -> None:
    helpers = [name for path in (TESTS / "helpers").glob("*.py") for name in names_defined_in(path)]
    assert len(helpers) == len(set(helpers))
    again = {path.name: sorted({*names_defined_in(path)} & {*helpers}) for path in TEST_FILES}
    assert {name: found for name, found in again.items() if found} == {}


def names_defined_in(path: Path) -> list[str]:
    return [node.name for node in tree_of(path).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
