"""The advice for a Uniform set does no more than the command that was typed."""

from __future__ import annotations

import shlex

import pytest

from azext_flexcompare.arm.uniform import options_of, uniform_advice

SET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"


def advice(command: str) -> str:
    operation, _, rest = command.partition(" ")
    return uniform_advice(operation, "-g rg -n web", ["vmss-flex", operation, *shlex.split(rest)])


@pytest.mark.parametrize(
    ("typed", "repeated"),
    [
        ("restart -g rg -n web", ""),
        ("reimage -g rg -n web --instance-ids 3 5 --yes", " --instance-ids 3 5"),
        ("reimage -g rg -n web --instance-id=3 -y", " --instance-ids 3"),
        (f"restart --ids {SET} -o table --instance-ids '*' --no-wait", " --instance-ids '*' --no-wait"),
        ("stop -g rg --vmss-name web --skip-shutdown --timeout 60", " --skip-shutdown"),
        ("deallocate -g rg -n web --hibernate true", " --hibernate true"),
    ],
)
def test_what_both_commands_have_is_repeated(typed: str, repeated: str) -> None:
    command = typed.partition(" ")[0]
    assert advice(typed) == f"Use `az vmss {command} -g rg -n web{repeated}` instead."


@pytest.mark.parametrize(
    ("typed", "lost"),
    [
        ("restart -g rg -n web --zone 1", "--zone"),
        (f"restart --ids {SET}/virtualMachines/0", "--ids of instances"),
        (f"restart --ids '{SET} {SET}/virtualMachines/0'", "--ids of instances"),
        ("restart --ids @file", "--ids of instances"),
        ("restart -g rg -n web --instance-ids 1 --exclude 2 --batch-size 1", "--exclude, --batch-size"),
        ("reimage -g rg -n web --instance-ids 1 --temp-disk", "--temp-disk"),
        ("delete-instances -g rg -n web --instance-ids 1 --dry-run", "--dry-run"),
        ("deallocate -g rg -n web --max-parallel 2 --max-errors 1", "--max-parallel, --max-errors"),
    ],
)
def test_a_command_that_would_do_more_is_not_offered(typed: str, lost: str) -> None:
    command = typed.partition(" ")[0]
    assert advice(typed) == f"`az vmss {command}` is for Uniform scale sets; it has no {lost}."


def test_a_command_without_a_namesake_is_said_to_have_none() -> None:
    assert advice("wait-for-nothing") == "`az vmss` has no command for wait-for-nothing; see `az vmss -h`."


def test_options_have_the_values_that_follow_them() -> None:
    typed = ["vmss-flex", "stop", "-g", "rg", "--instance-ids", "1", "2", "--query=[].id", "-y"]
    assert options_of(typed) == [("-g", ["rg"]), ("--instance-ids", ["1", "2"]), ("--query", ["[].id"]), ("-y", [])]
