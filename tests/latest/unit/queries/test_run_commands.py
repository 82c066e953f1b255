"""`run-command list|show|wait`."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from azure.cli.core.azclierror import InvalidArgumentValueError, ResourceNotFoundError

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.queries.run_commands import list_run_commands, show_run_command, wait_for_run_command
from azext_flexcompare.queries.wait import Awaited
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.clouds import Credential

FLEX = Choice("rg", "flex")
AT_ONCE = (0, 60)  # seconds between polls, and seconds to wait


@pytest.fixture
def names(sim: Simulator) -> list[str]:
    """The names of two instances, of which the first has a run command `check`."""
    world = default_description(2)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#0": {"runCommands": ["check"]}}
    sim.reset(world)
    return sim.names("flex")


def put(sim: Simulator, name: str, script: str, **properties: Any) -> None:
    body = {"location": "westeurope", "properties": {"source": {"script": script}, **properties}}
    answer = requests.put(
        f"{sim.url}{sim.vm_id(name)}/runCommands/check?api-version=2024-11-01",
        json=body,
        headers={"Authorization": f"Bearer {Credential(sim).get_token().token}"},
        verify=str(sim.ca_file),
        timeout=30,
    )
    assert answer.status_code in (200, 201)


def test_an_instance_without_run_commands_has_an_empty_list(cli_ctx: Any, names: list[str]) -> None:
    rows = list_run_commands(cli_ctx, FLEX, None)
    assert [(row["instance"], [one.name for one in row["runCommands"]]) for row in rows] == [
        (names[0], ["check"]),
        (names[1], []),
    ]
    (one,) = rows[0]["runCommands"]
    assert one.instance_view is None
    (one,) = list_run_commands(cli_ctx, FLEX, "instanceView")[0]["runCommands"]
    assert one.instance_view.execution_state == "Succeeded"


def test_a_list_without_an_end_is_a_failure(cli_ctx: Any, sim: Simulator, names: list[str]) -> None:
    link = f"{sim.url}{sim.vm_id(names[0])}/runCommands?api-version=2024-11-01"
    fault = {"kind": "answer", "members": {"value": [], "nextLink": link}}
    sim.add_fault({"action": "run-commands", "vm": names[0], "fault": fault})
    first, second = list_run_commands(cli_ctx, FLEX, None)
    assert first["error"]["code"] == "AnswerUnreadable"
    assert "leads back" in first["error"]["message"]
    assert (second["runCommands"], second["error"]) == ([], None)


@pytest.mark.parametrize("with_view", [False, True])
def test_an_instance_without_the_run_command_is_no_error(cli_ctx: Any, names: list[str], with_view: bool) -> None:
    rows = show_run_command(cli_ctx, FLEX, "check", with_view=with_view)
    assert [(row["instance"], bool(row["runCommand"]), row["error"]) for row in rows] == [
        (names[0], True, None),
        (names[1], False, None),
    ]
    assert bool(rows[0]["runCommand"].instance_view) == with_view


def test_a_run_command_that_no_instance_has_is_not_found(cli_ctx: Any, names: list[str]) -> None:
    with pytest.raises(ResourceNotFoundError, match=f"None of the {len(names)} chosen instances"):
        show_run_command(cli_ctx, FLEX, "nothing", with_view=False)


def test_a_wait_ends_with_the_script_and_tells_its_exit_code(cli_ctx: Any, sim: Simulator, names: list[str]) -> None:
    put(sim, names[1], "exit 3")
    one, other = wait_for_run_command(cli_ctx, FLEX, "check", Awaited(), timing=AT_ONCE)
    assert (one["status"], one["exitCode"]) == ("Succeeded", 0)
    assert (other["status"], other["exitCode"], other["error"]["code"]) == ("Failed", 3, "ScriptFailed")


def test_a_wait_without_an_end_is_timed_out(cli_ctx: Any, sim: Simulator, names: list[str]) -> None:
    put(sim, names[0], "true", asyncExecution=True)
    choice = Choice("rg", "flex", names=(names[0],))
    (row,) = wait_for_run_command(cli_ctx, choice, "check", Awaited(), timing=(0, 1))
    assert (row["status"], row["exitCode"]) == ("TimedOut", None)


@pytest.mark.parametrize(
    ("awaited", "statuses"),
    [
        (Awaited(created=True), ["Succeeded", "Failed"]),
        (Awaited(exists=True), ["Succeeded", "TimedOut"]),
        (Awaited(deleted=True), ["TimedOut", "Succeeded"]),
        (Awaited(custom="instanceView.exitCode == `0`"), ["Succeeded", "Failed"]),
    ],
)
def test_a_wait_for_a_state(cli_ctx: Any, names: list[str], awaited: Awaited, statuses: list[str]) -> None:
    rows = wait_for_run_command(cli_ctx, FLEX, "check", awaited, timing=(0, 1))
    assert len(rows) == len(names)
    assert [row["status"] for row in rows] == statuses


def test_a_query_that_is_none_is_refused(cli_ctx: Any, names: list[str]) -> None:
    with pytest.raises(InvalidArgumentValueError, match="--custom"):
        wait_for_run_command(
            cli_ctx, Choice("rg", "flex", names=tuple(names)), "check", Awaited(custom="["), timing=AT_ONCE
        )
