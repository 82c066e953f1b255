"""Rollouts: batches as planned, one domain after the other, stopped where they must stop."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, Run, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import cut
from tests.latest.helpers.rows import numbers, statuses
from tests.latest.helpers.worlds import changes, end_of, zones_together


def spans(sim: Simulator, group: dict[str, Any]) -> list[tuple[float, float]]:
    """From when to when something of each group was in operation, in the order of their beginning."""
    found = defaultdict(list)
    for one in sim.intervals():
        found[group[one.vm]].append(one)
    return sorted((min(one.began for one in each), max(map(end_of, each))) for each in found.values())


def guests(sim: Simulator, **overrides: dict[str, Any]) -> list[str]:
    """Start over with six instances that behave so, `every` of them or one by its place; give their names."""
    world = default_description(6)
    named = {"*" if place == "every" else f"#{place[1:]}": run_options for place, run_options in overrides.items()}
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = named
    sim.reset(world)
    return sim.names("flex")


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        (["--batch-size", "1", "25%", "100%"], [1, 3, 8]),
        (["--batch-by", "zone"], [4, 4, 4]),
        (["--batch-by", "fault-domain", "--batch-size", "2", "--max-parallel", "2"], [2, 2, 2, 2, 1, 2, 1]),
    ],
    ids=lambda one: " ".join(map(str, one)),
)
def test_the_dry_run_tells_the_batches_that_then_follow_each_other(
    run: Run, sim: Simulator, options: list[str], sizes: list[int]
) -> None:
    sim.reset(vms=12)
    dry = run("restart", *FLEX, *options, "--dry-run")
    assert dry.exit == 0
    assert statuses(dry) == {"Planned": 12}
    assert not changes(sim)
    told = [line for line in dry.stderr.splitlines() if "Batch " in line]
    assert len(told) == len(sizes)
    assert [int(line.split(": ")[2].split()[0]) for line in told] == sizes
    done = run("restart", *FLEX, *options)
    assert done.exit == 0
    assert numbers(done) == numbers(dry)
    assert list(Counter(sorted(numbers(done).values())).values()) == sizes
    assert all(before[1] <= after[0] for before, after in pairwise(spans(sim, numbers(done))))


def test_domains_and_their_batches_run_one_by_one_with_a_pause(run: Run, sim: Simulator) -> None:
    sim.reset(vms=12)
    done = run("restart", *FLEX, "--batch-by", "zone", "--batch-size", "2", "--batch-pause", "0.5")
    assert done.exit == 0
    zones = {number: {row["zone"] for row in done.json if row["batch"] == number} for number in range(1, 7)}
    assert list(zones.values()) == [{"1"}, {"1"}, {"2"}, {"2"}, {"3"}, {"3"}]
    assert zones_together(sim) == []
    found = spans(sim, numbers(done))
    assert len(found) == 6
    assert all(after[0] - before[1] >= 0.5 for before, after in pairwise(found))


def test_an_engine_sends_one_call_for_each_batch(run: Run, sim: Simulator) -> None:
    by_set = run("restart", *FLEX, "--engine", "set", "--batch-by", "zone")
    assert by_set.exit == 0
    assert [len(one["body"]["instanceIds"]) for one in changes(sim)] == [2, 2, 2]
    assert zones_together(sim) == []
    sim.reset()
    bulk = run("deallocate", *FLEX, "--engine", "bulk", "--batch-size", "1", "5")
    assert bulk.exit == 0
    calls = [one for one in changes(sim) if one["action"] == "bulk-deallocate"]
    assert [len(one["body"]["resources"]["ids"]) for one in calls] == [1, 5]
    assert sorted(numbers(bulk).values()) == [1, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(("most", "sent"), [("0", 1), ("2", 2), ("50%", 3)])
def test_after_so_many_errors_nothing_more_is_sent(run: Run, sim: Simulator, most: str, sent: int) -> None:
    sim.add_fault({"action": "restart", "fault": FAILS})
    done = run("restart", *FLEX, "--max-parallel", "1", "--max-errors", most)
    assert done.exit == 5
    assert statuses(done) == {"Failed": sent, "NotStarted": 6 - sent}
    assert len(changes(sim)) == sent
    assert f"Stopped by --max-errors: {sent} instance" in done.stderr
    assert {row["reason"] for row in done.json if row["status"] == "NotStarted"} == {
        f"Stopped by --max-errors: {sent} instance{'s have' if sent > 1 else ' has'} failed."
    }


def test_calls_in_progress_when_a_run_stops_are_polled_to_their_end(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=2)
    first, *others = sim.names("flex")
    sim.add_fault({"action": "restart", "vm": first, "fault": {"status": 409, "code": "Conflict", "message": "Busy."}})
    done = run("restart", *FLEX, "--max-parallel", "3", "--max-errors", "1")
    assert done.exit == 5
    assert statuses(done) == {"Failed": 1, "Succeeded": 2, "NotStarted": 3}
    assert [row["instance"] for row in done.json if row["status"] == "Succeeded"] == others[:2]


def test_a_run_that_was_worked_through_has_failed_and_was_not_stopped(run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": FAILS})
    done = run("restart", *FLEX, "--max-errors", "1")
    assert done.exit == 4
    assert statuses(done) == {"Failed": 1, "Succeeded": 5}


def test_the_next_batch_begins_only_when_this_one_is_healthy(run: Run, sim: Simulator) -> None:
    guests(sim, every={"agentReadyAfter": 1})
    done = run("restart", *FLEX, "--batch-size", "2", "--health-gate", "vm-agent")
    assert done.exit == 0
    found = spans(sim, numbers(done))
    assert len(found) == 3
    assert all(after[0] - before[1] >= 1 for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("gate", "guest", "why"),
    [
        ("vm-agent", "agentReadyAfter", "Its VM agent is Not Ready."),
        ("app-health", "healthyAfter", "Its application is initializing."),
    ],
)
def test_an_unhealthy_instance_is_named_and_stops_the_run(
    run: Run, sim: Simulator, gate: str, guest: str, why: str
) -> None:
    names = guests(sim, every={guest: 0.1}, n3={guest: "never"})
    done = run("restart", *FLEX, "--batch-size", "2", "--health-gate", gate, "--health-timeout", "2")
    assert done.exit == 5
    assert statuses(done) == {"Succeeded": 4, "NotStarted": 2}
    (ill,) = [row for row in done.json if row["status"] == "Succeeded" and row["reason"]]
    assert ill["instance"] == names[3]
    assert ill["reason"] == f"Not healthy after 2 s: {why}"
    assert f"Stopped by --health-gate {gate}: not healthy after 2 s: {names[3]}." in done.stderr
    assert {one["vm"] for one in changes(sim)} == set(names[:4])


def test_a_last_batch_that_is_not_healthy_is_a_run_that_was_stopped(run: Run, sim: Simulator) -> None:
    guests(sim, every={"healthyAfter": "never"})
    done = run("restart", *FLEX, "--health-gate", "app-health", "--health-timeout", "1")
    assert done.exit == 5
    assert statuses(done) == {"Succeeded": 6}
    assert {row["reason"] for row in done.json} == {"Not healthy after 1 s: Its application is initializing."}
    assert len(changes(sim)) == 6


@pytest.mark.parametrize(
    ("operation", "before", "gate"),
    [
        ("restart", "running", "vm-agent"),
        ("start", "stopped", "vm-agent"),
        ("redeploy", "running", "vm-agent"),
        ("restart", "running", "app-health"),
    ],
)
def test_a_report_from_before_the_operation_passes_no_gate(
    run: Run, sim: Simulator, operation: str, before: str, gate: str
) -> None:
    names = guests(sim, every={REPORTS[gate]: "stale", "powerState": before})
    sim.configure(report_after=100_000)
    done = run(operation, *FLEX, "--batch-size", "2", "--health-gate", gate, "--health-timeout", "1")
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 2, "NotStarted": 4})
    who = {"vm-agent": "VM agent", "app-health": "application"}[gate]
    assert f"Its {who} has not reported since the operation" in done.json[0]["reason"]
    assert {one["vm"] for one in changes(sim)} == set(names[:2])


@pytest.mark.parametrize("gate", ["vm-agent", "app-health"])
def test_a_report_from_after_the_operation_passes_the_gate(run: Run, sim: Simulator, gate: str) -> None:
    guests(sim, every={REPORTS[gate]: "stale"})
    done = run("restart", *FLEX, "--batch-size", "3", "--health-gate", gate, "--health-timeout", "30")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})


def test_an_operation_that_boots_nothing_takes_any_report(run: Run, sim: Simulator) -> None:
    guests(sim, every={"agentReadyAfter": "stale"})
    done = run("update", *FLEX, "--tags", "a=b", "--health-gate", "vm-agent", "--health-timeout", "1")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})


def test_an_instance_that_failed_counts_for_no_gate(run: Run, sim: Simulator) -> None:
    names = guests(sim, every={"agentReadyAfter": 0}, n0={"agentReadyAfter": "never", "vmAgent": "Not Ready"})
    sim.add_fault({"action": "restart", "vm": names[0], "fault": FAILS})
    done = run("restart", *FLEX, "--batch-size", "2", "--health-gate", "vm-agent", "--health-timeout", "1")
    assert (done.exit, statuses(done)) == (4, {"Failed": 1, "Succeeded": 5})


def test_an_instance_that_did_not_run_before_is_not_waited_for(run: Run, sim: Simulator) -> None:
    names = guests(sim, n0={"powerState": "deallocated"}, n1={"powerState": "stopped", "vmAgent": "Not Ready"})
    done = run("update", *FLEX, "--tags", "a=b", "--batch-size", "2", "--health-gate", "vm-agent")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert f"The health gate does not wait for {names[0]}: It is deallocated." in done.stderr
    assert f"The health gate does not wait for {names[1]}: It was stopped before." in done.stderr


def test_a_skipped_instance_is_not_waited_for(run: Run, sim: Simulator) -> None:
    guests(sim, every={"agentReadyAfter": 0, "powerState": "stopped"}, n0={"vmAgent": "Not Ready"})
    done = run("start", *FLEX, "--skip-satisfied", "--health-gate", "vm-agent", "--health-timeout", "1")
    assert done.exit == 5  # it was started, and its agent never reports
    again = run("start", *FLEX, "--skip-satisfied", "--health-gate", "vm-agent", "--health-timeout", "1")
    assert (again.exit, statuses(again)) == (0, {"Skipped": 6})


def test_a_gate_says_in_the_job_log_when_it_begins_and_ends(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    guests(sim, every={"agentReadyAfter": 0})
    options = ("--batch-size", "3", "--health-gate", "vm-agent", "--health-timeout", "30")
    assert run("restart", *FLEX, *options, "--job-log", str(log)).exit == 0
    found = [one for one in map(json.loads, log.read_text().splitlines()) if one["record"] == "gate"]
    assert [(one["batch"], one["state"], one["gate"], one["timeout"]) for one in found] == [
        (1, "begun", "vm-agent", 30),
        (1, "ended", "vm-agent", 30),
        (2, "begun", "vm-agent", 30),
        (2, "ended", "vm-agent", 30),
    ]
    assert [len(one["instances"]) for one in found[::2]] == [3, 3]
    assert all(one["passed"] and one["seconds"] >= 0 for one in found[1::2])


def test_what_timed_out_in_one_zone_keeps_the_next_from_beginning_until_it_has_ended(
    run: Run, sim: Simulator, tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=600)
    stopped = run("restart", *FLEX, "--batch-by", "zone", "--timeout", "2", "--job-log", log)
    assert stopped.exit == 5
    assert statuses(stopped) == {"TimedOut": 2, "NotStarted": 4}
    late = [row["instance"] for row in stopped.json if row["status"] == "TimedOut"]
    assert f"Stopped by --batch-by zone: still in operation: {', '.join(late)}." in stopped.stderr
    again = run("restart", "--resume", log)
    assert (again.exit, statuses(again)) == (5, statuses(stopped))
    assert len(changes(sim)) == 2
    sim.advance(3600)
    sim.configure(seconds=0.05)
    last = run("restart", "--resume", log)
    assert (last.exit, statuses(last)) == (4, {"TimedOut": 2, "Succeeded": 4})
    assert zones_together(sim) == []
    assert set(sim.accepted().values()) == {1}


def test_an_instance_that_timed_out_keeps_the_next_batch_from_beginning(
    run: Run, sim: Simulator, tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=600)
    stopped = run("restart", *FLEX, "--batch-size", "2", "--timeout", "2", "--job-log", log)
    assert stopped.exit == 5
    assert statuses(stopped) == {"TimedOut": 2, "NotStarted": 4}
    assert f"Stopped by --batch-size: still in operation: {', '.join(sim.names('flex')[:2])}." in stopped.stderr
    again = run("restart", "--resume", log)
    assert (again.exit, statuses(again)) == (5, statuses(stopped))
    assert len(changes(sim)) == 2
    sim.advance(3600)
    sim.configure(seconds=0.05)
    last = run("restart", "--resume", log)
    assert (last.exit, statuses(last)) == (4, {"TimedOut": 2, "Succeeded": 4})
    assert set(sim.accepted().values()) == {1}


def test_an_instance_that_timed_out_and_is_at_rest_lets_the_next_batch_begin(run: Run, sim: Simulator) -> None:
    first = sim.names("flex")[0]
    sim.add_fault({"action": "poll", "vm": first, "fault": {"status": 503}})
    done = run("restart", *FLEX, "--batch-size", "1", "5", "--timeout", "2")
    assert (done.exit, statuses(done)) == (4, {"TimedOut": 1, "Succeeded": 5})


def test_an_instance_that_failed_while_another_operation_goes_on_is_no_guess(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=600)
    busy = sim.names("flex")[0]
    assert run("reapply", *FLEX, "--instance-ids", busy, "--no-wait").exit == 0
    sim.configure(seconds=0.05)
    done = run("restart", *FLEX, "--batch-size", "2")
    assert (done.exit, statuses(done)) == (4, {"Failed": 1, "Succeeded": 5})


def test_an_operation_of_others_in_a_zone_holds_back_the_next_zone(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=600)
    busy = next(one["instance"] for one in run("list-instances", *FLEX, "--zone", "1").json)
    assert run("reapply", *FLEX, "--instance-ids", busy, "--no-wait").exit == 0
    sim.configure(seconds=0.05)
    done = run("restart", *FLEX, "--batch-by", "zone")
    assert done.exit == 5
    assert statuses(done) == {"Failed": 1, "Succeeded": 1, "NotStarted": 4}
    assert f"still in operation: {busy}." in done.stderr


def test_what_does_not_go_together_is_refused_before_anything_is_sent(run: Run, sim: Simulator) -> None:
    done = run("stop", *FLEX, "--health-gate", "vm-agent")
    assert (done.exit, done.stdout) == (1, "")
    assert "--health-gate: after stop no instance is healthy." in done.stderr
    assert sim.requests() == []


@pytest.mark.parametrize(
    ("option", "text"),
    [("--batch-size", "0"), ("--batch-size", "1/0"), ("--max-errors", "101%"), ("--batch-pause", "-1")],
)
def test_a_number_that_is_none_is_wrong_usage(run: Run, sim: Simulator, option: str, text: str) -> None:
    done = run("restart", *FLEX, f"{option}={text}")
    assert done.exit == 2
    assert text in done.stderr
    assert sim.requests() == []


REPORTS = {"vm-agent": "agentReadyAfter", "app-health": "healthyAfter"}
GATED = ("--batch-size", "2", "--health-gate", "vm-agent", "--health-timeout", "1")


def test_a_retry_does_not_pass_a_gate_that_is_closed(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    guests(sim, every={"agentReadyAfter": "stale"})
    sim.configure(report_after=100_000)
    assert run("restart", *FLEX, *GATED, "--job-log", log).exit == 5
    for _ in range(2):
        again = run("restart", "--retry-failed", log)
        assert (again.exit, statuses(again)) == (5, {"NotStarted": 4})
        assert "Stopped by --health-gate vm-agent" in again.stderr
    resumed = run("restart", "--resume", log)
    assert (resumed.exit, statuses(resumed)) == (5, {"NotStarted": 4})
    assert len(changes(sim)) == 2


@pytest.mark.parametrize("way", ["--retry-failed", "--resume"])
def test_a_gate_that_opened_meanwhile_is_passed(run: Run, sim: Simulator, tmp_path: Path, way: str) -> None:
    log = str(tmp_path / "log")
    guests(sim, every={"agentReadyAfter": "stale"})
    sim.configure(report_after=100_000)
    assert run("restart", *FLEX, *GATED, "--job-log", log).exit == 5
    sim.configure(report_after=0.1)
    sim.advance(3600 * 24)
    again = run("restart", way, log, "--health-timeout", "30")
    assert again.exit == 0
    assert set(sim.accepted().values()) == {1}
    assert len(sim.accepted()) == 6


@pytest.mark.parametrize("way", ["--retry-failed", "--resume"])
def test_an_instance_that_is_gone_holds_no_gate_closed(run: Run, sim: Simulator, tmp_path: Path, way: str) -> None:
    log = str(tmp_path / "log")
    names = guests(sim, every={"agentReadyAfter": 0}, n0={"agentReadyAfter": "never"})
    assert run("restart", *FLEX, *GATED, "--job-log", log).exit == 5
    assert run("delete-instances", *FLEX, "--instance-ids", names[0], "--yes").exit == 0
    again = run("restart", way, log, "--health-timeout", "30")
    assert again.exit == 0
    assert f"The health gate does not wait for {names[0]}: It no longer exists." in again.stderr


def test_a_gate_that_no_instance_can_pass_is_refused_before_anything_is_sent(run: Run, sim: Simulator) -> None:
    names = guests(sim, n0={"healthyAfter": 0})
    for more in ((), ("--dry-run",)):
        done = run("restart", *FLEX, "--health-gate", "app-health", *more)
        assert (done.exit, done.stdout) == (1, "")
        assert f"without the Application Health extension: {', '.join(names[1:])}." in done.stderr
    assert not changes(sim)


def regional(sim: Simulator, zonal: int = 0) -> None:
    world = default_description(6)
    flex = world["resourceGroups"]["rg"]["scaleSets"]["flex"]
    flex["zones"] = []
    flex["overrides"] = {f"#{place}": {"zone": "1"} for place in range(zonal)}
    sim.reset(world)


def test_zones_that_are_not_there_separate_no_batches(run: Run, sim: Simulator) -> None:
    regional(sim)
    done = run("restart", *FLEX, "--batch-by", "zone")
    assert (done.exit, done.stdout) == (1, "")
    assert "no instance of scale set flex is in a zone, so one batch would have all 6 instances" in done.stderr
    assert not changes(sim)
    limited = run("restart", *FLEX, "--batch-by", "zone", "--batch-size", "3")
    assert (limited.exit, list(numbers(limited).values())) == (0, [*[1] * 3, *[2] * 3])
    assert "separates none; only --batch-size limits the batches" in limited.stderr


def test_an_instance_without_a_zone_goes_alone(run: Run, sim: Simulator) -> None:
    regional(sim, zonal=4)
    done = run("restart", *FLEX, "--batch-by", "zone")
    assert (done.exit, sorted(numbers(done).values())) == (0, [1, 1, 1, 1, 2, 3])


@pytest.mark.parametrize(
    ("options", "needed"),
    [(["--health-timeout", "600"], "--health-gate"), (["--batch-pause", "1m"], "--batch-size or --batch-by")],
)
def test_an_option_that_has_no_meaning_alone_is_refused(
    run: Run, sim: Simulator, options: list[str], needed: str
) -> None:
    done = run("restart", *FLEX, *options)
    assert (done.exit, done.stdout) == (1, "")
    assert f"has no meaning without {needed}" in done.stderr
    assert sim.requests() == []


@pytest.mark.usefixtures("sim")
def test_durations_take_units(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ("--timeout", "5m", "--health-timeout", "90s", "--batch-pause", "0.01m", "--batch-size", "5")
    done = run("restart", *FLEX, *options, "--health-gate", "vm-agent", "--job-log", str(log))
    assert done.exit == 0
    plan = json.loads(log.read_text().splitlines()[0])["how"]
    assert (plan["timeout"], plan["healthTimeout"], plan["batchPause"]) == (300, 90, 0.6)
    assert run("wait", *FLEX, "--created", "--timeout", "1h", "--interval", "1s").exit == 0
    refused = run("wait", *FLEX, "--created", "--timeout", "1d")
    assert refused.exit == 2
    assert "1d" in refused.stderr


def test_an_instance_that_was_healthy_for_a_moment_passes_no_gate(run: Run, sim: Simulator) -> None:
    names = guests(sim, n0={"agentReadyAfter": 0}, n1={"agentReadyAfter": "never"})
    for name, word in (
        (names[0], "Not Ready"),
        (names[1], "Ready"),
    ):  # the second is healthy once the first no longer is
        agent = {"kind": "event", "do": "agent", "word": word}
        sim.add_fault({"action": "get", "vm": name, "nth": 2, "fault": agent})
    done = run("restart", *FLEX, "--batch-size", "2", "--health-gate", "vm-agent", "--health-timeout", "3")
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 2, "NotStarted": 4})
    assert done.json[0]["reason"] == "Not healthy after 3 s: Its VM agent is Not Ready."
    assert done.json[1]["reason"] is None


def test_an_instance_that_is_deallocated_meanwhile_holds_no_gate_closed(run: Run, sim: Simulator) -> None:
    names = guests(sim, n0={"agentReadyAfter": "never"}, every={"agentReadyAfter": 0})
    sim.add_fault({"action": "get", "vm": names[0], "nth": 1, "fault": {"kind": "event", "do": "deallocate"}})
    done = run("restart", *FLEX, "--batch-size", "2", "--health-gate", "vm-agent", "--health-timeout", "30")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert f"The health gate does not wait for {names[0]}: It is deallocat" in done.stderr


@pytest.mark.parametrize("status", [403, 409])
def test_a_gate_that_may_not_be_read_for_a_moment_goes_on(run: Run, sim: Simulator, status: int) -> None:
    guests(sim, every={"agentReadyAfter": 0})
    sim.add_fault({"action": "get", "times": 1, "fault": {"status": status, "code": "Refused"}})
    done = run("restart", *FLEX, "--batch-size", "3", "--health-gate", "vm-agent", "--health-timeout", "30")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})


COMMAND_GATE = ("--health-gate", "vm-agent", "command", "--batch-size", "2")


def test_a_command_of_health_is_run_for_each_instance_and_stops_the_run(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    names = guests(sim, every={"agentReadyAfter": 0})
    asked, log = tmp_path / "asked", str(tmp_path / "log")
    seen = f'echo "$VMSS_FLEX_INSTANCE $VMSS_FLEX_BATCH" >> {asked}; test ${{VMSS_FLEX_ADDRESS#10.0.}} || exit 9'
    command = f"{seen}; echo no page; test $VMSS_FLEX_INSTANCE != "
    ways = ("--health-command", command + names[3], "--health-timeout", "1", "--job-log", log)
    done = warm.run("restart", *FLEX, *COMMAND_GATE, *ways)
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 4, "NotStarted": 2})
    assert done.json[3]["reason"] == ("Not healthy after 1 s: --health-command: It exited with status 1: no page")
    assert f"Stopped by --health-gate vm-agent command: not healthy after 1 s: {names[3]}." in done.stderr
    assert {*asked.read_text().splitlines()} == {f"{name} {1 + place // 2}" for place, name in enumerate(names[:4])}
    assert f"To resume: az vmss-flex restart --resume {log}" in done.stderr
    last = warm.run("restart", "--resume", log, "--health-command", "true")
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--health-gate", "command"], "--health-gate command has no command."),
        (["--health-command", "true"], "--health-command has no meaning without --health-gate command."),
        (["--health-gate", "vm-agent", "--health-command", "true"], "without --health-gate command."),
        (["--bake", "5m"], "--bake has no meaning without --health-gate."),
        (["--health-gate", "command", "--health-command", " "], "the command is empty"),
        (["--health-gate", "vm-agent", "--bake", "soon"], "'soon' is not a duration"),
    ],
)
def test_options_of_health_that_need_each_other_are_refused_before_anything_is_asked(
    warm: WarmAz, sim: Simulator, options: list[str], error: str
) -> None:
    done = warm.run("restart", *FLEX, *options)
    assert done.exit in (1, 2)
    assert error in done.stderr
    assert sim.requests() == []


def test_a_batch_must_stay_healthy_before_the_next_one_starts(warm: WarmAz, sim: Simulator) -> None:
    guests(sim, every={"agentReadyAfter": 0})
    done = warm.run("restart", *FLEX, "--batch-size", "3", "--health-gate", "vm-agent", "--bake", "1")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert all(after[0] - before[1] >= 1 for before, after in pairwise(spans(sim, numbers(done))))


def test_a_report_from_after_a_call_whose_answer_a_killed_run_did_not_see_passes_the_gate(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    guests(sim, every={"agentReadyAfter": 0})
    gate = ("--batch-size", "3", "--health-gate", "vm-agent", "--health-timeout", "2")
    assert warm.run("restart", *FLEX, *gate, "--job-log", str(log), "--include-protected").exit == 0
    seen: list[str] = []

    def until_the_first_was_accepted(one: dict[str, Any]) -> bool:
        seen.append(one["record"])
        return "accepted" not in seen

    cut(log, until_the_first_was_accepted)
    last = warm.run("restart", "--resume", str(log))
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
