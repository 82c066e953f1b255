"""`--shard`: shares of a fleet, each with its run, and their logs read as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.waits import started, wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ

EMPTY = "700/1000"  # no instance of the simulated set is in it


def names_of(warm: WarmAz, *arguments: str) -> list[str]:
    done = warm.run(*arguments)
    assert done.exit == 0, done.stderr
    return [one["instance"] for one in done.json]


def test_each_instance_is_restarted_by_the_run_of_one_share_and_the_logs_are_read_as_one(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "times": 1, "fault": FAILS})
    logs = [str(tmp_path / f"{number}.jsonl") for number in (1, 2)]
    done = [
        warm.run("restart", *FLEX, "--shard", f"{number}/2", "--job-log", log) for number, log in enumerate(logs, 1)
    ]
    assert sorted(one.exit for one in done) == [0, 4]
    rows = [[row["instance"] for row in one.json] for one in done]
    assert sorted(name for found in rows for name in found) == sorted(sim.names("flex"))
    merged = warm.run("job", "show", "--merge", *logs).json
    assert (merged["exit"], merged["instances"], merged["statuses"]) == (4, 6, {"Failed": 1, "Succeeded": 5})
    assert [(one["shard"], one["instances"]) for one in merged["jobs"]] == [
        (f"{number}/2", len(found)) for number, found in enumerate(rows, 1)
    ]
    table = warm.run("job", "show", "--merge", logs[1], "-o", "table").stdout
    assert max(map(len, table.splitlines())) <= 120
    assert ("share 2/2" in table, "1/2" in table) == (True, True)
    told = warm.run("report", "--job-log", *logs, "-f", str(tmp_path / "page.html")).json
    assert (told["exit"], told["statuses"]) == (4, {"Succeeded": 5, "Failed": 1})


def test_a_share_is_in_the_log_that_resumes_or_retries_it(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, share = str(tmp_path / "log"), ("--shard", "1/2")
    members = names_of(warm, "list-instances", *FLEX, *share)
    sim.add_fault({"action": "restart", "vm": members[0], "times": 1, "fault": FAILS})
    assert warm.run("restart", *FLEX, *share, "--job-log", log).exit == 4
    assert records_of(Path(log))[0]["choice"]["shard"] == "1/2"
    other = warm.run("restart", "--retry-failed", log, "--shard", "2/2")
    assert (other.exit, "its shard is not 2/2" in other.stderr) == (1, True)
    window = warm.run("restart", "--retry-failed", log, "--max-unavailable", "1")
    assert (window.exit, "--max-unavailable and --shard" in window.stderr) == (1, True)
    assert names_of(warm, "restart", "--retry-failed", log, *share) == members[:1]


@pytest.mark.parametrize("engine", ["set", "bulk"])
def test_a_call_for_many_names_only_the_instances_of_the_share(engine: str, warm: WarmAz, sim: Simulator) -> None:
    done = warm.run("deallocate", *FLEX, "--shard", "1/2", "--engine", engine)
    members = [row["instance"] for row in done.json]
    assert 0 < len(members) < 6
    assert set(statuses(done)) == {"Succeeded"}
    assert {name for name, _ in sim.accepted()} == set(members)


def test_a_share_without_instances_is_no_error(warm: WarmAz, sim: Simulator) -> None:
    for command in (
        ("list-instances",),
        ("deallocate", "--engine", "set", "--batch-size", "1", "--sample", "50%"),
        ("nat-rule", "list", "--lb-name", "lb"),
        ("delete-instances", "--instance-ids", "*", "--outdated"),
    ):
        done = warm.run(*command, *FLEX, "--shard", EMPTY)
        assert (done.exit, done.json) == (0, []), done.stderr
        assert f"Share {EMPTY} has no instance" in done.stderr
    assert changes(sim) == []
    nothing = warm.run("restart", *FLEX, "--power-state", "stopped", "--shard", EMPTY)
    assert (nothing.exit, nothing.stdout) == (1, "")


@pytest.mark.parametrize("text", ["0/4", "5/4", "a/b", "1", ""])
def test_what_is_no_share_is_refused_before_any_request(text: str, warm: WarmAz, sim: Simulator) -> None:
    done = warm.run("restart", *FLEX, "--shard", text)
    assert (done.exit, done.stdout) == (2, "")
    assert "--shard" in done.stderr
    assert sim.requests() == []


def test_a_window_is_refused_before_any_request(warm: WarmAz, sim: Simulator) -> None:
    done = warm.run("restart", *FLEX, "--shard", "1/2", "--max-unavailable", "1")
    assert (done.exit, sim.requests()) == (1, [])


def test_a_dry_run_has_the_cost_of_the_share(warm: WarmAz, sim: Simulator) -> None:
    done = warm.run("restart", *FLEX, "--shard", "1/2", "--dry-run")
    assert f"--engine vm: {len(done.json)} calls" in done.stderr
    assert "Share 1/2 alone" in done.stderr
    assert changes(sim) == []


def test_the_sample_is_of_the_share(warm: WarmAz) -> None:
    share = ("--shard", "1/2")
    members = names_of(warm, "list-instances", *FLEX, *share)
    taken = names_of(warm, "list-instances", *FLEX, *share, "--sample", "1")
    assert len(taken) == 1 < len(members)
    assert set(taken) <= set(members)


def test_shares_run_beside_each_other_and_a_run_of_all_is_refused_meanwhile(
    warm: WarmAz, sim: Simulator, environment: dict[str, str]
) -> None:
    sim.configure(seconds=60)
    command = (str(AZ), "vmss-flex", "restart", *FLEX, "--shard", "1/2")
    with started(environment, *command):
        wait_until(sim, lambda one: bool(one.accepted()))
        sim.configure(seconds=0.05)
        assert warm.run("restart", *FLEX, "--shard", "2/2").exit == 0
        everything = warm.run("restart", *FLEX)
    assert everything.exit == 1
    assert "is running and acts on" in everything.stderr
