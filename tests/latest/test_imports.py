"""Does a module import only what it may, and `az` at its start only what it has anyway?"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tools.sandbox import extensions

ROOT = Path(__file__).parents[2]
OURS = "azext_flexcompare"
MODULES = sorted(path.stem for path in (ROOT / OURS).glob("*.py"))
HOST = {"azure", "jmespath", "knack", "msrest", "portalocker", "requests"}  # what the Azure CLI brings
HEAVY = (
    "azure.mgmt.compute",
    "azure.mgmt.core",
    "azure.core.pipeline",
    "azure.cli.core.aaz",
    "yaml",
    "requests",
    "asyncio",
)
OF_OURS = {  # the modules with few friends, and all that they may import of ours; the rest only must not go in circles
    "cost": {"pacing", "selection", "table"},
    "failure": set(),
    "fanout": {"failure", "flight", "lanes", "outcome", "overseer"},
    "flight": {"failure"},
    "interruption": set(),
    "outcome": {"failure"},
    "lanes": {"flight", "pacing", "patience"},
    "overseer": {"outcome"},
    "pacing": set(),
    "patience": set(),
    "selection": set(),
    "table": set(),
}
# They know nothing of Azure.
OF_AZURE = ("cost", "fanout", "flight", "interruption", "lanes", "outcome", "overseer", "selection", "table")
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


def of_ours(module: str) -> set[str]:
    found = imports_of(ROOT / OURS / f"{module}.py")
    return {name.split(".")[1] for name in found if name.split(".")[0] == OURS and name != OURS}


def tops_of(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(path)}


def files_under(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "tests" not in path.parts)


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
    assert f"{OURS}.comparison" in compared
    assert [module for module in compared if is_heavy(module)] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_python_and_the_cli_bring(module: str) -> None:
    allowed = {*sys.stdlib_module_names, *HOST, OURS}
    assert tops_of(ROOT / OURS / f"{module}.py") - allowed == set()


@pytest.mark.parametrize("module", OF_OURS)
def test_a_module_of_the_core_knows_only_its_friends(module: str) -> None:
    assert of_ours(module) - OF_OURS[module] == set()


@pytest.mark.parametrize("module", OF_AZURE)
def test_a_module_of_the_core_knows_nothing_of_azure(module: str) -> None:
    assert tops_of(ROOT / OURS / f"{module}.py") & HOST == set()


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
