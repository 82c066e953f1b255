"""The commands `drain` and `undrain`: an instance in several pools, and a log that has no such instance."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.cli.core import AzCli
from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

from armsim import Simulator
from azext_flexcompare.execution.drain_commands import drain, undrain, undrain_job
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.rotation import HTTP, MEMBERS, admin_states, balanced

FORBIDDEN = {"status": 403, "code": "AuthorizationFailed"}
FIRST = Choice("rg", "flex", names=tuple(MEMBERS[:2]))


def test_an_instance_that_fails_in_one_of_its_pools_failed(cli_ctx: AzCli, sim: Simulator) -> None:
    pools = {name: {"scaleSets": ["flex"], "adminStates": {"web_2": "Down"}} for name in ("pool", "second")}
    rules = {"http": HTTP, "tls": {**HTTP, "pool": "second", "frontendPort": 443}}
    sim.reset(world=balanced(backendPools=pools, loadBalancingRules=rules))
    sim.add_fault({"action": "pool-put", "nth": 1, "per": "all", "fault": FORBIDDEN})
    rows = drain(cli_ctx, FIRST, (), RunOptions())
    assert [(row["instance"], row["status"]) for row in rows] == [("web_1", "Failed"), ("web_2", "Skipped")]
    assert [one["pool"] for one in rows[0]["pools"]] == ["lb/pool", "lb/second"]
    rows = undrain(cli_ctx, FIRST, ("lb/second",), RunOptions())
    assert [row["status"] for row in rows] == ["Succeeded", "Succeeded"]
    assert {one["vm"] for one in sim.backends() if one["adminState"] == "Down"} == {"web_2"}
    assert admin_states(sim)


def test_a_job_and_another_choice_are_refused(cli_ctx: AzCli, tmp_path: Path) -> None:
    for choice, pools in ((FIRST, ()), (Choice(), ("lb",))):
        with pytest.raises(MutuallyExclusiveArgumentError):
            undrain_job(cli_ctx, choice, str(tmp_path / "log"), pools, RunOptions())
