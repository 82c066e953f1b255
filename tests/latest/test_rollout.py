"""Does a run go through its batches as planned, one domain after the other, and stop where it must?"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, MutuallyExclusiveArgumentError

from armsim import Simulator
from armsim.intervals import Interval
from armsim.world.description import default_description
from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.run_options import RunOptions, merge_run_options
from azext_flexcompare.table.entries import operations
from tests.latest.conftest import Ran, Run, changes
from tests.latest.test_survival import CLOUDS, Cloud, in_clouds, kill_at

FLEX = ("-g", "rg", "-n", "flex")
FAILS = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
ZONE_RUNS = 50
EVER = float("inf")


def numbers(done: Ran) -> dict[str, int]:
    """The number of the batch of each instance."""
    return {row["instance"]: row["batch"] for row in done.json}


def statuses(done: Ran) -> Counter[str]:
    return Counter(row["status"] for row in done.json)


def end_of(interval: Interval) -> float:
    return EVER if interval.ended is None else interval.ended


def spans(sim: Simulator, group: dict[str, Any]) -> list[tuple[float, float]]:
    """From when to when something of each group was in operation, in the order of their beginning."""
    found = defaultdict(list)
    for one in sim.intervals():
        found[group[one.vm]].append(one)
    return sorted((min(one.began for one in each), max(map(end_of, each))) for each in found.values())


def zones_together(sim: Simulator) -> list[tuple[Interval, Interval]]:
    """The operations of different zones that ran at one time."""
    return [
        (one, other)
        for one, other in combinations(sim.intervals(), 2)
        if one.zone != other.zone and one.began < end_of(other) and other.began < end_of(one)
    ]


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


def test_domains_are_gone_through_one_by_one_and_batches_inside_them_with_a_rest_between(
    run: Run, sim: Simulator
) -> None:
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


def test_what_is_in_flight_when_a_run_stops_is_seen_to_its_end(run: Run, sim: Simulator) -> None:
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
def test_who_never_is_healthy_is_named_and_stops_the_run(
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
    done = run("restart", *FLEX, "--health-gate", "app-health", "--health-timeout", "1")  # nobody reports any health
    assert done.exit == 5
    assert statuses(done) == {"Succeeded": 6}
    assert {row["reason"] for row in done.json} == {
        "Not healthy after 1 s: It reports no application health; the Application Health extension does that."
    }
    assert len(changes(sim)) == 6


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


def test_somebody_elses_operation_in_a_zone_keeps_the_next_from_beginning(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=600)
    busy = next(one["instance"] for one in run("list-instances", *FLEX, "--zone", "1").json)
    assert run("reapply", *FLEX, "--instance-ids", busy, "--no-wait").exit == 0
    sim.configure(seconds=0.05)
    done = run("restart", *FLEX, "--batch-by", "zone")
    assert done.exit == 5
    assert statuses(done) == {"Failed": 1, "Succeeded": 1, "NotStarted": 4}
    assert f"still in operation: {busy}." in done.stderr


GIVEN = {
    "batch_size": (parse_batch_size("1"),),
    "batch_by": ("zone",),
    "batch_pause": 1.0,
    "health_gate": "vm-agent",
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_waits_for_ends_does_not_go_with_no_wait(name: str) -> None:
    restart = next(one for one in operations() if one.name == "restart")
    RunOptions(**{name: GIVEN[name]}).check(restart)
    with pytest.raises(MutuallyExclusiveArgumentError, match=f"--{name.replace('_', '-')}"):
        RunOptions(**{name: GIVEN[name]}, no_wait=True).check(restart)


UNHEALTHY = {"stop", "power-off", "deallocate", "delete-instances", "simulate-eviction"}


@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.name)
def test_a_gate_of_health_is_refused_where_nothing_is_healthy_afterwards(operation: Any) -> None:
    if operation.name in UNHEALTHY:
        with pytest.raises(InvalidArgumentValueError, match="no instance is healthy"):
            RunOptions(health_gate="vm-agent").check(operation)
    else:
        RunOptions(health_gate="vm-agent").check(operation)


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


def test_the_plan_of_a_log_can_be_said_again_but_not_changed() -> None:
    recorded = RunOptions(
        batch_size=(parse_batch_size("1"), parse_batch_size("10%")),
        batch_by=("zone",),
        batch_pause=5,
        max_errors=parse_batch_size("3"),
    ).to_log()
    again = merge_run_options(
        {"batch_size": [parse_batch_size("1"), parse_batch_size("10%")], "batch_by": ["zone"], "batch_pause": 0.0},
        recorded,
    )
    assert again == merge_run_options({}, recorded)._replace(batch_pause=0)
    with pytest.raises(MutuallyExclusiveArgumentError, match="--batch-size"):
        merge_run_options({"batch_size": [parse_batch_size("2")]}, recorded)
    assert merge_run_options({"batch_size": [parse_batch_size("2")]}, recorded, anew=True).batch_size == (
        parse_batch_size("2"),
    )


def test_a_log_whose_sizes_are_none_is_refused() -> None:
    with pytest.raises(InvalidArgumentValueError, match="none is no size"):
        merge_run_options({}, {**RunOptions().to_log(), "batchSize": ["none"]})


def disturb(sim: Simulator, chance: random.Random) -> None:
    """Let a few things go wrong, and different ones each time."""
    names, seed = sim.names("flex"), chance.randint(0, 999)
    refused = {"status": 409, "code": "Conflict", "message": "Busy."}
    for fault, odds in (
        ({"share": 0.2, "times": 1, "fault": {"status": 429, "retryAfter": 1}}, 0.5),
        ({"share": 0.2, "fault": FAILS}, 0.4),
        ({"share": 0.1, "times": 1, "fault": {"kind": "drop-after"}}, 0.3),
        ({"share": 0.1, "times": 1, "fault": {"kind": "drop-before"}}, 0.2),
        ({"share": 0.1, "fault": {"kind": "gone"}}, 0.2),
        ({"share": 0.1, "fault": refused}, 0.2),
        ({"vm": chance.choice(names), "fault": {"kind": "stuck"}}, 0.4),
    ):
        if chance.random() < odds:
            sim.add_fault({"action": "restart", **({"seed": seed} if "share" in fault else {}), **fault})
    if chance.random() < 0.3:
        sim.add_fault({"action": "poll", "share": 0.2, "seed": seed, "fault": {"status": 503}})


def zone_run(folder: Path, cloud: Cloud, number: int) -> Counter[str]:
    """Roll out at random, killed now and then, and go on until nothing changes; count what happened."""
    chance, sim = random.Random(f"zones {number}"), cloud.sim  # noqa: S311  (not for secrets)
    log = str(folder / f"{number}.log")
    sim.reset(vms=18, seconds=chance.choice([0.05, 0.3, 1, 4]))
    disturb(sim, chance)
    options = ["--batch-by", *chance.choice([["zone"], ["zone"], ["zone", "fault-domain"]]), "--timeout", "3"]
    options += ["--batch-size", *chance.choice([["100%"], ["1", "3"], ["50%"], ["2"]])]
    options += ["--max-parallel", "3"] if chance.random() < 0.3 else []
    happened = Counter[str]()
    if chance.random() < 0.3:
        happened["killed"] += kill_at(cloud, chance.randint(4, 40), *FLEX, *options, "--job-log", log)
    resumed = Path(log).exists() and Path(log).stat().st_size
    ways = [["--resume", log] if resumed else [*FLEX, *options, "--job-log", log], ["--resume", log]]
    for way in ways:
        done = cloud.run("restart", *way)
        happened[f"exit {done.exit}"] += 1
        happened["stopped by --batch-by"] += "Stopped by --batch-by" in done.stderr
        if done.exit != 5:
            break
        if chance.random() < 0.5:
            sim.advance(3600)
    assert zones_together(sim) == [], f"run {number}: {options}"
    happened["operations"] += len(sim.intervals())
    happened["zones reached"] += len({one.zone for one in sim.intervals()})
    return happened


def test_no_two_zones_are_in_operation_together(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    assert zone_run(tmp_path, Cloud(sim, environment), 2)["zones reached"] > 1


@pytest.mark.proof
def test_in_fifty_random_runs_no_two_zones_are_ever_in_operation_together(tmp_path: Path) -> None:
    runs = in_clouds(CLOUDS, tmp_path, partial(zone_run, tmp_path), ZONE_RUNS)
    happened = sum(runs, Counter[str]())
    print(f"\n{ZONE_RUNS} runs by zone: {dict(sorted(happened.items()))}")  # noqa: T201
    assert happened["stopped by --batch-by"] >= 5
    assert happened["zones reached"] >= 2 * ZONE_RUNS
