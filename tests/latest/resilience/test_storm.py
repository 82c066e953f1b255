"""Random faults between a run and the service: one true outcome for each instance.

Hypothesis draws what goes wrong, from the start or in the middle of a run. Nobody foresees how such a run ends; but the
simulator knows what became of each instance, and no row may say anything else.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from armsim import Simulator
from armsim.truth import find_vm
from armsim.world.description import default_description
from tests.latest.helpers.az import Run, WarmAz
from tests.latest.helpers.worlds import changes

SECONDS = 0.02  # that a typical operation takes
RECORDED = {"retry_after": "recorded", "retry_after_scale": 0.004}  # Retry-After as Azure sends it, in short seconds
EXAMPLES, MANY = 5, 60  # of each operation
NOTHING = Counter[tuple[str, str]]()
PLACE = ("-g", "rg", "--vmss-name", "flex")


class Deed(NamedTuple):
    """An operation: how it is asked for, its request in the simulator's words, and how an instance is after it."""

    command: tuple[str, ...]
    action: str
    power: str | None = None
    before: str = "running"


DEEDS = [
    Deed(("restart",), "restart"),
    Deed(("redeploy",), "redeploy"),
    Deed(("reapply",), "reapply"),
    Deed(("stop",), "powerOff", "stopped"),
    Deed(("deallocate",), "deallocate", "deallocated"),
    Deed(("start",), "start", "running", before="deallocated"),
    Deed(("delete-instances", "--instance-ids", "*", "--yes"), "delete"),
    Deed(("update", "--tags", "stage=canary"), "vm-update"),
    Deed(
        ("run-command", "--instance-ids", "*", "--command-id", "RunShellScript", "--scripts", "hostname"), "runCommand"
    ),
]
RESTART = DEEDS[0]
each_deed = pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.command[0])


class Accident(NamedTuple):
    """What goes wrong once there have been so many requests: a rule of the simulator's, or settings of it."""

    after: int
    run_options: dict[str, Any]


class Storm(NamedTuple):
    """How a run is asked for, and what goes wrong meanwhile."""

    instances: int
    options: tuple[str, ...]
    accidents: list[Accident]


# What goes wrong

Faults = st.SearchStrategy[dict[str, Any]]


def one_of(*entries: dict[str, Any]) -> Faults:
    return st.sampled_from(entries)


UNANSWERED = one_of({"kind": "drop-before"}, {"kind": "drop-after"}, {"kind": "malformed"})
REFUSED = one_of({"status": 500}, {"status": 503})
PASSING = one_of(*({"status": status} for status in (401, 408, 500, 503)))
RECORD_GONE = st.just({"status": 404})
TOO_MANY = one_of({"status": 429}, {"status": 429}, {"status": 429, "retryAfter": 1})
FAILED: dict[str, Any] = {"kind": "fail", "code": "AllocationFailed"}
ENDING = one_of(FAILED, FAILED, {"kind": "gone"})
PREEMPTED = one_of({"kind": "deleted"}, {"kind": "deleted", "status": 404})
DEALLOCATED = one_of({"kind": "deallocated"}, {"kind": "deallocated", "status": 404})
NEEDS_IT = ("restart", "redeploy", "powerOff", "deallocate", "runCommand")  # has no meaning if it is deallocated
BY_CHANCE = st.fixed_dictionaries({"share": st.sampled_from([0.05, 0.2, 0.5]), "seed": st.integers(0, 99)})
BY_NUMBER = one_of({"times": 1}, {"nth": 2}, {"times": 3}, {"times": 3, "per": "all"})
FOR_A_WHILE = one_of({"seconds": 0.1}, {"seconds": 0.3}, {"seconds": 0.6})
LIMITS = one_of(
    {"limits": True, "limits_capacity": 0.005, "limits_refill": 20},
    {"limits": True, "limits_capacity": 0.02, "limits_refill": 60},
)
SHORT_TOKENS = {"token_lifetime": 2}
KNOWN = 4  # requests after which the instances are known: of the login, of the set, and of a page of its instances
LATER = st.sampled_from([KNOWN, KNOWN, KNOWN + 3, KNOWN + 8])


def rules(action: str, fault: Faults, when: Faults) -> Faults:
    return st.builds(lambda fault, when: {"action": action, "fault": fault, **when}, fault, when)


def accidents_of(deed: Deed) -> st.SearchStrategy[Accident]:
    """Draw from everything that can go wrong with a deed; dropped connections are the most likely."""
    # Of a deletion that somebody else was quicker with nobody can say whose it was.
    run_end = ENDING if deed.action == "delete" else ENDING | PREEMPTED
    run_end = run_end | DEALLOCATED if deed.action in NEEDS_IT else run_end
    unanswered = rules(deed.action, UNANSWERED, BY_CHANCE | BY_NUMBER)
    whenever = st.one_of(
        unanswered,
        unanswered,
        rules(deed.action, REFUSED, BY_CHANCE | BY_NUMBER),
        rules(deed.action, run_end, BY_CHANCE | BY_NUMBER),
        rules(deed.action, run_end, BY_CHANCE | BY_NUMBER),
        rules("poll", UNANSWERED | PASSING | RECORD_GONE, BY_CHANCE | BY_NUMBER),
    )
    throttled = st.one_of(*(rules(action, TOO_MANY, FOR_A_WHILE) for action in (deed.action, "poll", "get")))
    once_known = st.one_of(
        throttled,
        rules("get", UNANSWERED | PASSING, BY_CHANCE | BY_NUMBER),
        rules("list", UNANSWERED | PASSING | TOO_MANY, BY_NUMBER),
        LIMITS,
        st.just(SHORT_TOKENS),
    )
    return st.builds(Accident, st.just(0) | LATER, whenever) | st.builds(Accident, LATER, once_known)


def joined(*parts: tuple[str, ...]) -> tuple[str, ...]:
    return sum(parts, ())


WIDTH = st.sampled_from([(), (), ("--max-parallel", "1"), ("--max-parallel", "3")])
TOGETHER = st.sampled_from([(), (), ("--no-wait",), ("--batch-size", "2"), ("--batch-by", "zone", "--max-errors", "2")])


def storms(deed: Deed) -> st.SearchStrategy[Storm]:
    """Draw runs with several accidents; in some, one instance never ends, and the run waits two seconds for each."""
    never = Accident(0, {"action": deed.action, "nth": 1, "per": "all", "fault": {"kind": "stuck"}})
    accidents = st.lists(accidents_of(deed), min_size=1, max_size=6)
    run_end = st.builds(Storm, st.integers(2, 9), st.builds(joined, WIDTH, TOGETHER), accidents)
    return st.one_of(run_end, run_end, run_end, run_end.map(lambda storm: with_one_stuck(storm, never)))


def with_one_stuck(storm: Storm, never: Accident) -> Storm:
    return storm._replace(options=(*storm.options, "--timeout", "2"), accidents=[never, *storm.accidents])


# What comes of it


def befall(sim: Simulator, run_options: dict[str, Any]) -> None:
    if "action" in run_options:
        sim.add_fault(run_options)
    else:
        sim.configure(**run_options)


@contextmanager
def befalling(sim: Simulator, accidents: list[Accident]) -> Iterator[None]:
    """Let each accident happen once there have been so many requests."""
    over = Event()

    def strike(later: list[Accident]) -> None:
        for accident in later:
            while sim.counts()["requests"] < accident.after:
                if over.wait(0.001):
                    return
            befall(sim, accident.run_options)

    in_order = sorted(accidents, key=lambda one: one.after)
    for accident in in_order:
        if not accident.after:
            befall(sim, accident.run_options)
    thread = Thread(target=strike, args=([one for one in in_order if one.after],))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def world_of(deed: Deed, instances: int) -> dict[str, Any]:
    world = default_description(instances)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"powerState": deed.before}}
    return world


def came_about(sim: Simulator, deed: Deed, name: str) -> bool:
    """Whether an instance is as it is to be after the operation, which ended well."""
    truth = sim.vm(name)
    if deed.action == "delete":
        return truth is None
    if truth is None or truth["provisioningState"] != "Succeeded" or truth["operation"]:
        return False
    machine = find_vm(sim._service.cloud, name)
    tagged = deed.action != "vm-update" or (machine is not None and machine.spec.tags.get("stage") == "canary")
    return tagged and deed.power in (None, truth["powerState"])


def assert_truth(sim: Simulator, deed: Deed, row: dict[str, Any]) -> None:
    name, status = row["instance"], row["status"]
    accepted = sim.accepted()[name, deed.action]
    assert sum(times for (vm, _), times in sim.accepted().items() if vm == name) == accepted
    if status == "Succeeded":
        assert (accepted, came_about(sim, deed, name)) == (1, True)
    elif status == "Failed":
        shown = deed.action != "runCommand"  # a script that fails leaves its VM Succeeded, as recorded
        assert accepted == 0 or (accepted == 1 and not (shown and came_about(sim, deed, name)))
    elif status == "TimedOut":
        assert accepted <= (row["error"]["code"] != "Throttled")
    elif status == "Accepted":
        assert accepted == 1
    elif status == "Skipped":
        assert accepted <= 1
        truth = sim.vm(name)
        assert truth is None or (deed.action in NEEDS_IT and truth["powerState"] == "deallocated")
    else:
        assert (status, accepted) == ("NotStarted", 0)


def assert_sent_again_only_where_that_is_safe(sim: Simulator, deed: Deed) -> None:
    """After a request that was not answered the instance is read before the next, and no answer but 429 has a next."""
    safe = dict.fromkeys(sim.names("flex"), True)
    for request in sim.requests():
        vm, status = request["vm"], request["status"]
        if request["action"] == deed.action:
            assert safe.get(vm, True)
            safe[vm] = status == 429
        elif request["action"] == "get" and status == 200:
            safe[vm] = True


def assert_exit_fits(statuses: set[str], status: int) -> None:
    if "NotStarted" in statuses:
        assert status == 5
    else:
        assert status == (4 if statuses & {"Failed", "TimedOut"} else 0)


def assert_all_is_true(sim: Simulator, deed: Deed, names: list[str], exit_status: int, stdout: str) -> None:
    """One row for each, in the order chosen, and none tells what is not so."""
    if exit_status == 1:  # the instances could not be listed
        assert (stdout, sim.accepted()) == ("", NOTHING)
        return
    rows = json.loads(stdout)
    assert [row["instance"] for row in rows] == names
    for row in rows:
        assert_truth(sim, deed, row)
    assert_sent_again_only_where_that_is_safe(sim, deed)
    assert_exit_fits({row["status"] for row in rows}, exit_status)


def weather(sim: Simulator, warm: WarmAz, deed: Deed, storm: Storm) -> None:
    """Go through a storm and hold what the run tells against the truth."""
    sim.reset(world_of(deed, storm.instances), seconds=SECONDS, **RECORDED)
    names = sim.names("flex")
    with befalling(sim, storm.accidents):
        done = warm.run(*deed.command, *PLACE, *storm.options)
    note(f"exit {done.exit}\n{done.stderr}{done.stdout}")
    assert "Traceback" not in done.stderr
    assert_all_is_true(sim, deed, names, done.exit, done.stdout)


def weather_many(sim: Simulator, warm: WarmAz, deed: Deed, count: int) -> None:
    @settings(max_examples=count, phases=(Phase.reuse, Phase.generate))  # how a storm goes depends on the moment too
    @given(storms(deed))
    def any_storm(storm: Storm) -> None:
        weather(sim, warm, deed, storm)

    any_storm()


@each_deed
def test_in_a_storm_every_outcome_is_the_truth(simulator: Simulator, warm: WarmAz, deed: Deed) -> None:
    weather_many(simulator, warm, deed, EXAMPLES)


@pytest.mark.proof
@each_deed
def test_in_many_storms_every_outcome_is_the_truth(simulator: Simulator, warm: WarmAz, deed: Deed) -> None:
    weather_many(simulator, warm, deed, MANY)


def everything_at_once(stuck: str, storm_of: float, after: int, capacity: float) -> list[Accident]:
    """One instance never ends and 5 % of connections drop; then a storm of 429s comes, and limits are switched on."""
    halves = [
        {"action": action, "share": 0.025, "seed": seed, "fault": {"kind": kind}}
        for action in ("restart", "poll", "get")
        for seed, kind in enumerate(("drop-before", "drop-after"))
    ]
    too_many = [
        {"action": action, "seconds": storm_of, "fault": {"status": 429, "retryAfter": 2}}
        for action in ("restart", "poll")
    ]
    return [
        Accident(0, {"action": "restart", "vm": stuck, "fault": {"kind": "stuck"}}),
        *(Accident(0, one) for one in halves),
        *(Accident(after, one) for one in too_many),
        Accident(2 * after, {"limits": True, "limits_capacity": capacity}),
    ]


def assert_all_ended_but_one(sim: Simulator, stdout: str, stuck: str) -> None:
    rows = json.loads(stdout)
    assert [row["instance"] for row in rows if row["status"] == "TimedOut"] == [stuck]
    codes = {row["error"]["code"] for row in rows if row["status"] == "Failed"}
    assert codes <= {"AllocationFailed", "ConnectionLost"}  # the latter where three connections in a row have dropped
    assert sim.counts()["throttled"]["fault"] > 0


def test_a_storm_of_a_second_with_everything_at_once(sim: Simulator, warm: WarmAz) -> None:
    sim.reset(world_of(RESTART, 60), seconds=SECONDS, **RECORDED)
    names = sim.names("flex")
    some_fail = Accident(0, {"action": "restart", "share": 0.1, "seed": 2, "fault": FAILED})
    with befalling(sim, [*everything_at_once(names[7], storm_of=1, after=40, capacity=0.5), some_fail]):
        done = warm.run("restart", *PLACE, "--timeout", "9")
    assert_all_is_true(sim, RESTART, names, done.exit, done.stdout)
    assert_all_ended_but_one(sim, done.stdout, names[7])


@pytest.mark.proof
def test_a_storm_of_a_minute_with_everything_at_once(sim: Simulator, run: Run) -> None:
    sim.reset(world_of(RESTART, 300), seconds=5, retry_after="recorded")
    names = sim.names("flex")
    began = time.monotonic()
    with befalling(sim, everything_at_once(names[7], storm_of=60, after=150, capacity=0.5)):
        done = run("restart", *PLACE, "--timeout", "180", timeout=600)
    assert_all_is_true(sim, RESTART, names, done.exit, done.stdout)
    assert_all_ended_but_one(sim, done.stdout, names[7])
    statuses = dict(Counter(row["status"] for row in json.loads(done.stdout)))
    posts = [request for request in changes(sim) if request["action"] == "restart"]
    dropped = sum(request["status"] is None for request in sim.requests())
    print(  # noqa: T201
        f"\n300 instances in {time.monotonic() - began:.0f} s: {statuses}; {sim.counts()['requests']} requests, "
        f"{len(posts)} of them POSTs for {sim.accepted().total()} accepted; {dropped} connections dropped, "
        f"refused: {sim.counts()['throttled']}"
    )
