"""`--dry-run`: what each engine would take."""

from __future__ import annotations

import re

import pytest

from armsim import Simulator
from azext_flexcompare.planning.engines import ENGINES
from tests.latest.helpers.az import FLEX, INSTANCES, Run, WarmAz
from tests.latest.helpers.worlds import changes

# What a user sees

VM = f"--engine vm: {INSTANCES} calls, at least {INSTANCES} polls, 0 s (documented)"
SET = "--engine set: 1 call, at least 2 polls, 0 s (unverified)"
BULK = "--engine bulk: 1 call, at least 1 poll, 0 s (documented)"
POLICIES = f"The protection policy of {INSTANCES} instances is read too."
TIMES = "Minimum times by the rate limits; the operation itself takes longer."


def warned(*lines: str) -> str:
    return "".join(f"WARNING: {line}\n" for line in lines)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dry_run_compares_every_engine(engine: str, run: Run, sim: Simulator) -> None:
    done = run("start", *FLEX, "--dry-run", "--engine", engine)
    assert done.stderr == warned(VM, SET, BULK, "Cheapest: --engine bulk, 8 requests.", POLICIES, TIMES)
    assert [row["status"] for row in done.json] == ["Planned"] * INSTANCES
    assert done.exit == 0
    assert changes(sim) == []


def test_a_dry_run_compares_only_engines_of_the_operation(run: Run) -> None:
    cheapest = "Cheapest: --engine set, 9 requests."
    assert run("restart", *FLEX, "--dry-run").stderr == warned(VM, SET, cheapest, POLICIES, TIMES)
    assert run("redeploy", *FLEX, "--dry-run").stderr == warned(VM, POLICIES, TIMES)


def test_a_dry_run_offers_no_engine_that_would_be_refused(run: Run) -> None:
    assert run("start", *FLEX, "--dry-run", "--max-parallel", "2").stderr == warned(VM, POLICIES, TIMES)
    window = run("start", *FLEX, "--dry-run", "--max-unavailable", "2").stderr
    assert window.endswith(warned(VM, POLICIES, TIMES))
    assert "--engine set" not in window


def test_a_dry_run_without_waiting_counts_no_polls(run: Run) -> None:
    lines = run("start", *FLEX, "--dry-run", "--no-wait").stderr.splitlines()
    assert lines[0] == f"WARNING: --engine vm: {INSTANCES} calls, no polls, at least 0 s (documented)"
    assert lines[3] == "WARNING: Cheapest: --engine set, 7 requests."


def test_a_dry_run_counts_only_those_that_get_a_call(run: Run) -> None:
    assert run("start", *FLEX, "--dry-run", "--skip-satisfied").stderr == ""
    assert run("protection", "remove", *FLEX, "--dry-run").stderr == ""


def test_a_dry_run_can_be_silent(run: Run) -> None:
    assert run("start", *FLEX, "--dry-run", "--only-show-errors").stderr == ""


@pytest.mark.parametrize(
    ("engine", "more", "reads"),
    [
        *((engine, (), INSTANCES) for engine in ENGINES),
        *((engine, ("--include-protected",), INSTANCES if engine == "set" else 0) for engine in ENGINES),
    ],
)
def test_a_dry_run_counts_the_policies_that_a_run_reads(
    engine: str, more: tuple[str, ...], reads: int, warm: WarmAz, sim: Simulator
) -> None:
    told = warm.run("start", *FLEX, "--engine", engine, "--dry-run", *more).stderr
    assert (POLICIES in told) is bool(reads)
    sim.reset()
    assert warm.run("start", *FLEX, "--engine", engine, *more).exit == 0
    assert sum(one["action"] == "showInstance" for one in sim.requests()) == reads


def test_a_dry_run_counts_the_calls_that_a_run_sends(run: Run, sim: Simulator) -> None:
    for engine, calls in (("vm", INSTANCES), ("set", 1)):
        sim.reset()
        told_first = run("restart", *FLEX, "--dry-run", "--engine", engine).stderr
        assert re.search(rf"--engine {engine}: {calls} call", told_first)
        assert run("restart", *FLEX, "--engine", engine).exit == 0
        assert len(changes(sim)) == calls
