"""The permissions in the documents, compared with what the commands send."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare._params import OF_ADDRESSES
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.az import WarmAz
from tests.latest.helpers.permissions import lower, not_listed, used
from tests.latest.helpers.worlds import LOCKED, WORLD, given
from tools.permissions import action_of, always, command_of, commands, needed, requests, role
from tools.sandbox import description

FLEX = "-g rg --vmss-name flex"
RULE = "--lb-name flex-lb --backend-port 22"
GIVEN = {  # what each command is given that is no operation
    "compare": FLEX,
    "drain": f"{FLEX} --zone 1",
    "undrain": f"{FLEX} --zone 1",
    "extension list": FLEX,
    "extension show": f"{FLEX} -n customScript",
    "get-instance-view": FLEX,
    "list-instances": FLEX,
    "list-instance-connection-info": FLEX,
    "list-instance-public-ips": FLEX,
    "nat-rule create": f"{FLEX} {RULE} --frontend-port-start 50000",
    "nat-rule delete": f"{FLEX} {RULE} --yes",
    "nat-rule list": FLEX,
    "nic list": FLEX,
    "nic list-vm-nics": f"{FLEX} --instance-id NAME",
    "nic show": f"{FLEX} --instance-id NAME -n NAME-nic",
    "protection show": FLEX,
    "run-command list": FLEX,
    "run-command show": f"{FLEX} -n check",
    "run-command wait": f"{FLEX} -n check",
    "set-orchestration-service-state": f"{FLEX} --service-name AutomaticRepairs --action Suspend",
    "show": FLEX,
    "ssh-config": f"{FLEX} --prefer-private-ip",
    "wait": f"{FLEX} --power-state running",
}
BEFORE = {"undrain": "drain", "nat-rule delete": "nat-rule create"}
OPTIONS = [
    ("list-instances", "--details"),
    ("list-instances", "--source resource-graph"),
    ("ssh-config", "--source resource-graph"),
    ("list-instances", "--outdated"),
    ("restart", "--drain auto"),
    ("restart", "--health-gate command --health-command true"),
    ("deallocate", "--engine set"),
    ("start", "--engine bulk"),
]
OPERATIONS = {one.name: one for one in operations()}


def words_of(command: str, sim: Simulator) -> list[str]:
    if command in OPERATIONS:
        return given(OPERATIONS[command])
    name = sim.names("flex")[0]
    return [*command.split(), *GIVEN[command].replace("NAME", name).split()]


def sent_by(sim: Simulator, warm: WarmAz, *words: str) -> list[dict[str, Any]]:
    """Run a command, and return its requests."""
    before = len(sim.requests())
    done = warm.run(*words)
    assert done.exit == 0, done.stderr
    return sim.requests()[before:]


def reset(sim: Simulator, command: str) -> None:
    world = description(3)
    spec = {**WORLD, "publicAddress": True, "latestModelApplied": False, **LOCKED.get(command, {})}
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": spec}
    sim.reset(world)


@pytest.mark.parametrize("command", commands())
def test_a_command_needs_the_actions_that_the_page_names_and_no_others(
    command: str, warm: WarmAz, sim: Simulator
) -> None:
    reset(sim, command)
    if command in BEFORE:
        assert warm.run(*words_of(BEFORE[command], sim)).exit == 0
    found = used(sent_by(sim, warm, *words_of(command, sim)))
    assert lower(always(command)) <= found <= lower(needed(command))


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_needs_the_actions_that_the_page_names(
    command: str, option: str, warm: WarmAz, sim: Simulator
) -> None:
    reset(sim, command)
    words = [*words_of(command, sim), *shlex.split(option)]
    sent = sent_by(sim, warm, *words)
    assert not_listed(sent, words) == set()
    assert used(sent) & lower(needed(command, words) - always(command))


def test_a_command_of_two_words_is_found_before_one_of_its_first() -> None:
    assert command_of(["extension", "set", "-g", "rg"]) == "extension set"
    assert command_of(["list-instances", "--map"]) == "list-instances"


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/subscriptions/S/resourceGroups/G/providers/A.B/c/n/d", "A.B/c/d/read"),
        ("POST", "/subscriptions/S/providers/A.B/c/n/go", "A.B/c/go/action"),
        ("PATCH", "/subscriptions/S/providers/A.B/c/n", "A.B/c/write"),
        ("DELETE", "/x/providers/A.B/c/n/providers/E.F/locks/n", "E.F/locks/delete"),
        ("GET", "/subscriptions/S/resourceGroups/G", "Microsoft.Resources/subscriptions/resourceGroups/read"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources", "Microsoft.ResourceGraph/resources/read"),
    ],
)
def test_an_action_is_named_by_the_types_in_the_path(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == action


def test_the_reader_cannot_write_and_the_operator_can_neither_delete_nor_run_scripts() -> None:
    reader, operator = role("reader")["Actions"], role("operator")["Actions"]
    assert all(action.endswith("/read") for action in reader)
    assert set(reader) < set(operator)
    assert always("restart") <= set(operator)
    writes = [one for one in operator if not one.endswith("/read")]
    assert not [one for one in writes if "delete" in one or "runCommand" in one or "Machines/write" in one]
    assert not [one for one in writes if "simulateEviction" in one]
    assert json.dumps(role("operator"))


def test_the_source_is_listed_for_every_command_that_has_it() -> None:
    listed = requests()["options"]["--source resource-graph"]["of"].split(", ")
    assert sorted(listed) == sorted(["list-instances", *OF_ADDRESSES])
