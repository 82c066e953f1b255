"""Examples of the README."""

from __future__ import annotations

import json
import re
from pathlib import Path

from armsim import Simulator
from armsim.compute.lifecycle import ACTIONS, WRITES
from armsim.dispatch import ROUTES

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", README, re.DOTALL)]


def test_the_example_rules_are_rules(sim: Simulator) -> None:
    (rules,) = [example for example in EXAMPLES if isinstance(example, list)]
    for rule in rules:
        sim.add_fault(rule)


def test_the_example_world_is_a_world(sim: Simulator) -> None:
    world, boots, other = [example for example in EXAMPLES if isinstance(example, dict)]
    sim.reset(boots)
    assert [vm["powerState"] for vm in map(sim.vm, sim.names("web")) if vm] == ["running"] * 3
    sim.reset(other)
    assert [sim.vm(name)["powerState"] for name in sim.names("web")] == ["running"] * 2
    sim.reset(world)
    truths = [sim.vm(name) for name in sim.names("web")]
    assert [truth["powerState"] for truth in truths] == ["deallocated"] + ["running"] * 5


def test_the_table_of_actions_names_actions() -> None:
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `") and line.count("|") == 3]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row) if "-" in name or name == "runCommand"}
    assert {"vm-update", "extension-put", "lock-put", "lb-put", "nic-put", "nat-rule-put"} < named
    assert {name for name in named if "/" not in name and " " not in name and name[0].islower()} <= set(
        ROUTES.actions()
    )


def test_every_action_has_a_route_of_its_name() -> None:
    assert {*ACTIONS, *WRITES} < set(ROUTES.actions())
