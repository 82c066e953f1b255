"""Imports between the modules of the simulator."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
    if "tests" not in path.parts
}


def imports_of(path: Path) -> set[str]:
    """Return the modules of the simulator that a file imports, also those imported for types only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("armsim"):
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (named & set(MODULES)) or {node.module}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    order = [*TopologicalSorter({name: imports_of(path) for name, path in MODULES.items()}).static_order()]
    assert set(MODULES) <= set(order)
    assert order.index("armsim.arm.operation_store") < order.index("armsim.cloud") < order.index("armsim.arm.router")


def test_the_simulator_knows_nothing_of_the_extension() -> None:
    assert [name for name, path in MODULES.items() if "flexcompare" in path.read_text()] == []
