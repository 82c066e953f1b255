"""Shell completion of sets, instances and their values."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ, log_in

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell's way of completing")

SET = "-g rg -n flex"
SHELL = f"{shlex.quote(str(AZ))} 8>&1 9>&2 >/dev/null 2>&1"  # as argcomplete's bash function runs it


OTHER = "aaaaaaaa-0000-0000-0000-000000000002"


@pytest.fixture
def complete(sim: Simulator, environment: dict[str, str]) -> Callable[[str], list[str]]:  # noqa: ARG001  (reset first)
    """Press Tab after `az vmss-flex ...`; list what the shell offers."""
    return completing(environment)


def completing(environment: dict[str, str]) -> Callable[[str], list[str]]:
    """Return what presses Tab in an environment."""

    def complete(typed: str) -> list[str]:
        line = f"az vmss-flex {typed}"
        asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line, "COMP_POINT": str(len(line))}
        asked |= {"COMP_TYPE": "9", "_ARGCOMPLETE_COMP_WORDBREAKS": " \t\n\"'><;|&(:"}
        done = subprocess.run(
            ["sh", "-c", SHELL], env={**environment, **asked}, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        return sorted(word.strip() for word in done.stdout.split("\n") if word.strip())

    return complete


Complete = Callable[[str], list[str]]


@pytest.mark.parametrize("option", ["--instance-ids", "--exclude"])
def test_instances_are_completed_by_their_names(option: str, complete: Complete, sim: Simulator) -> None:
    assert complete(f"restart {SET} {option} ") == sorted(sim.names("flex"))
    assert changes(sim) == []


def test_a_name_begun_is_completed_to_those_that_begin_so(complete: Complete, sim: Simulator) -> None:
    first = sim.names("flex")[0]
    assert complete(f"show {SET} --instance-ids {first[:9]}") == [
        name for name in sorted(sim.names("flex")) if name.startswith(first[:9])
    ]


@pytest.mark.parametrize(
    ("option", "offered"),
    [
        ("--zone", ["1", "2", "3"]),
        ("--drain ", ["auto", "flex-lb", "flex-lb/flex-pool", "spare-lb"]),
        ("--fault-domain", ["0", "1"]),
        ("--tag r", ["role", "role=web"]),
        ("--tag role=", ["role=web"]),
    ],
)
def test_filters_are_completed_by_what_the_instances_have(option: str, offered: list[str], complete: Complete) -> None:
    assert complete(f"restart {SET} {option}{'' if option.endswith(('=', ' r')) else ' '}") == offered


def test_the_instances_of_named_ids_are_completed(complete: Complete, sim: Simulator) -> None:
    assert complete(f"stop --ids {sim.scale_sets['other']} --instance-ids ") == sorted(sim.names("other"))


def test_the_two_ways_to_run_a_script_are_completed(complete: Complete, sim: Simulator) -> None:
    world = default_description(2)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"runCommands": ["check", "clean"]}}
    sim.reset(world)
    assert complete("run-command show -g rg --vmss-name flex -n ch") == ["check"]
    assert complete(f"run-command {SET} --instance-ids ") == sorted(sim.names("flex"))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("start -g rg -n ", ["flex", "other"]),
        ("start -n ", ["flex", "flex2", "other"]),
        ("extension list -g rg --vmss-name ", ["flex", "other"]),
    ],
)
def test_flexible_scale_sets_are_completed_and_uniform_ones_are_not(
    typed: str, offered: list[str], complete: Complete
) -> None:
    assert complete(typed) == offered


@pytest.mark.parametrize(
    "typed",
    [
        "restart --instance-ids ",
        "restart -g rg -n nothing --zone ",
        "restart -g rg -n uniform --instance-ids ",
        "restart -g nothing -n ",
    ],
)
def test_what_cannot_be_known_is_completed_by_nothing(typed: str, complete: Complete) -> None:
    assert complete(typed) == []


def test_what_is_refused_is_completed_by_nothing(complete: Complete, sim: Simulator) -> None:
    sim.add_fault(
        {"action": "list", "fault": {"status": 403, "code": "AuthorizationFailed", "message": "You may not."}}
    )
    assert complete(f"restart {SET} --zone ") == []


@pytest.fixture
def elsewhere(sim: Simulator, tmp_path: Path) -> Callable[[str], list[str]]:
    """Press Tab where a further subscription, which is not the default one, has a set `far` of two instances."""
    world = default_description(6)
    far = {"rg": {"location": "northeurope", "scaleSets": {"far": {"instances": ["far-a", "far-b"]}}}}
    sim.reset({**world, "subscriptions": {OTHER: {"resourceGroups": far}}})
    return completing(log_in(sim, tmp_path))


def test_names_are_those_of_the_given_subscription(elsewhere: Complete, sim: Simulator) -> None:
    there = f"--subscription {OTHER}"
    assert elsewhere(f"start {there} -n ") == ["far"]
    assert elsewhere(f"start {there.upper().replace('--SUBSCRIPTION', '--subscription')} -g rg -n ") == ["far"]
    assert elsewhere(f"restart -g rg -n far {there} --instance-ids ") == ["far-a", "far-b"]
    assert elsewhere("start -g rg -n ") == ["flex", "other"]
    ids = sim.scale_sets["flex"].replace(sim.subscription, OTHER).replace("/flex", "/far")
    assert elsewhere(f"restart --ids {ids} --instance-ids ") == ["far-a", "far-b"]


def test_commands_and_rows_are_completed(complete: Complete) -> None:
    assert complete("rest") == ["restart"]
    assert complete("compare --operation reimage") == ["reimage", "reimage-all", "reimageall"]


@pytest.mark.parametrize("typed", ["restart --resume ", "wait --job-log ", "report --job-log ", "job show "])
def test_jobs_are_completed_the_latest_first(typed: str, complete: Complete, environment: dict[str, str]) -> None:
    folder = Path(environment["AZURE_CONFIG_DIR"], "vmss-flex", "jobs")
    folder.mkdir(parents=True, exist_ok=True)
    job = folder / "20200101T000000.000Z-restart-flex.jsonl"
    job.touch()
    try:
        assert {"last", job.name.removesuffix(".jsonl")} <= {*complete(typed)}
        assert complete(f"{typed}2020") == [job.name.removesuffix(".jsonl")]
    finally:
        job.unlink()
