"""The scenario files: each case is a situation, a command, and what comes of it."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.table.entries import facts
from tests.latest.helpers.az import INSTANCES, Run
from tests.latest.helpers.permissions import not_listed
from tests.latest.helpers.schemas import require_schemas, with_records
from tests.latest.helpers.worlds import changes

FILES = sorted(Path(__file__).with_name("scenarios").glob("*.json"))
CASES = [
    pytest.param(case, id=f"{file.stem}: {case.get('row', case['it'])}")
    for file in FILES
    for case in json.loads(file.read_text())
]
KNOWN = {
    "it",
    "row",
    "world",
    "settings",
    "faults",
    "az",
    "stdin",
    "exit",
    "stdout",
    "stderr",
    "silent",
    "rows",
    "count",
    "statuses",
    "sent",
}


def world_of(case: dict[str, Any]) -> dict[str, Any]:
    """The default world, its set `flex` with what the case says of instances, by `#index` or glob."""
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = case.get("world", {})
    return world


def test_each_row_of_the_page_has_a_scenario() -> None:
    proved = {case.values[0]["row"] for case in CASES if "row" in case.values[0]}  # type: ignore[index,call-overload]
    assert proved == {f"{api['section']}: {api['uniform']}" for api in facts()["apis"]}


def test_each_az_vmss_command_that_fails_has_an_answer_that_a_scenario_runs() -> None:
    done: list[dict[str, Any]] = [case.values[0] for case in CASES]  # type: ignore[misc]
    lines = [case["az"] for case in done if case["exit"] == 0]
    (filled,) = [case["stdout"] for case in done if case["az"] == "compare --by command -g rg -n flex"]
    without = []
    for row in facts()["commands"]:
        ours = (row["instead"] or "").partition("az vmss-flex ")[2]
        runs = any(line == ours or line.startswith(f"{ours} ") for line in lines) if ours else False
        pasted = row.get("paste", "").split(" -g")[0]
        if row["onFlexible"] == "fails" and not runs and not any(pasted and text.startswith(pasted) for text in filled):
            without.append(row["name"])
    assert without == []


@pytest.mark.parametrize("case", CASES)
def test_scenario(case: dict[str, Any], run: Run, sim: Simulator, tmp_path: Path) -> None:
    assert set(case) <= KNOWN
    sim.reset(world_of(case))
    names = {name: sim.names(name) for name in ("flex", "other", "flex2")}
    known = {**names, "sets": sim.scale_sets, "id": {n: sim.vm_id(n) for every in names.values() for n in every}}
    known |= {
        "first": sim.vm_id(names["flex"][0]),
        "fourth": sim.vm_id(names["flex"][3]),
        "stranger": sim.vm_id(names["other"][0]),
        "lonely": sim.vm_id("lonely"),
    }
    known |= {"elsewhere": sim.vm_id(names["flex2"][0])}
    sim.configure(**case.get("settings", {}))
    for fault in case.get("faults", []):
        sim.add_fault({**fault, "vm": fault.get("vm", "*").format(**known)})
    words = with_records(shlex.split(case["az"].format(**known)), tmp_path)
    done = run(*words, stdin=case.get("stdin", "").format(**known))
    assert done.exit == case["exit"], done.stderr
    for text in case.get("stdout", []):
        assert text.format(**known) in done.stdout
    for text in case.get("stderr", []):
        assert text.format(**known) in done.stderr
    assert done.stderr == "" or not case.get("silent")
    require_schemas(words, done, tmp_path)
    if case["exit"] in (1, 2, 3):
        assert done.stdout == ""
    if "rows" in case:
        assert [row["instance"] for row in done.json] == [name.format(**known) for name in case["rows"]]
    if "count" in case:
        assert len(done.json) == case["count"]
    if "statuses" in case:
        assert Counter(row["status"] for row in done.json) == case["statuses"]
    assert Counter(request["action"] for request in changes(sim)) == case.get("sent", {})
    assert not_listed(sim.requests(), words) == set()
