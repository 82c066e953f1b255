"""Runs, faults, cuts of the log and other clients in any order: one request for each instance and plan."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Ran, WarmAz

OPERATIONS = {"vm": "restart", "set": "restart", "bulk": "deallocate"}
ACTIONS = {"vm": ("restart",), "set": ("vmss-restart",), "bulk": ("bulk-deallocate", "bulk-status")}
BATCHES = ((), ("--batch-size", "2"), ("--batch-by", "zone"), ("--batch-size", "1", "100%", "--max-errors", "1"))
FAULTS = (
    {"kind": "drop-before"},
    {"kind": "drop-after"},
    {"status": 429, "retryAfter": 1},
    {"status": 409, "code": "No", "message": "No \ud83d."},
    {"status": 504},
    {"kind": "malformed"},
)


class Runs(RuleBasedStateMachine):
    """One job log, and all that happens to its run."""

    def __init__(self, warm: WarmAz, sim: Simulator, folder: Path) -> None:
        super().__init__()
        self.warm, self.sim, self.log = warm, sim, folder / "log"
        self.plans: Counter[str] = Counter()  # plans that may send an instance one request each
        self.frozen: dict[str, int] = {}  # requests that a machine had had when it was replaced or removed
        self.log.unlink(missing_ok=True)
        sim.reset()
        self.names = sim.names("flex")

    @initialize(engine=st.sampled_from(sorted(OPERATIONS)), batches=st.sampled_from(BATCHES), data=st.data())
    def begin(self, engine: str, batches: tuple[str, ...], data: Any) -> None:
        self.engine, self.operation = engine, OPERATIONS[engine]
        for _ in range(data.draw(st.integers(0, 2))):
            self.break_something(data)
        self.run(self.operation, *FLEX, "--engine", engine, *batches, "--job-log", str(self.log), "--timeout", "5")

    @rule(data=st.data())
    def break_something(self, data: Any) -> None:
        action = data.draw(st.sampled_from((*ACTIONS[self.engine], "instanceView", "get", "poll", "list")))
        fault = data.draw(st.sampled_from(FAULTS))
        name = data.draw(st.sampled_from(self.names))
        one = {"vm": name} if action in ("restart", "instanceView", "get") else {"per": "all"}
        self.sim.add_fault({"action": action, "times": 1, "fault": fault, **one})

    @rule(share=st.floats(0, 1))
    def cut(self, share: float) -> None:
        """Cut the log at any byte behind the last request that it announces: so far it is on the disk before that."""
        content = self.log.read_bytes()
        least, end = content.index(b"\n") + 1, 0
        for line in content.splitlines(keepends=True):
            end += len(line)
            kind = json.loads(line)["record"] if line.endswith(b"\n") else ""
            least = max(least, end) if kind in ("intent", "plan") else least
        self.log.write_bytes(content[: least + int((len(content) - least) * share)])

    @precondition(lambda self: len(self.frozen) < len(self.names) - 2)
    @rule(place=st.integers(0, 5), replaced=st.booleans())
    def leave(self, place: int, replaced: bool) -> None:
        name = self.names[place]
        if name not in self.frozen:
            (self.sim.replace_vm if replaced else self.sim.remove_vm)(name)
            self.frozen[name] = self.requests(name)

    @rule(capitals=st.booleans())
    def spell(self, capitals: bool) -> None:
        self.sim.configure(capital_groups=capitals)

    @rule()
    def resume(self) -> None:
        self.run(self.operation, "--resume", str(self.log))

    @rule()
    def retry(self) -> None:
        self.run(self.operation, "--retry-failed", str(self.log))

    @rule()
    def wait(self) -> None:
        self.run("wait", "--job-log", str(self.log), "--timeout", "5")

    def run(self, *command: str) -> None:
        before = self.planned()
        done = self.warm.run(*command)
        assert "Traceback" not in done.stderr, done.stderr
        if len(before) < len(self.planned()):
            self.plans.update(one["instance"] for one in self.planned()[-1]["instances"] if "sent" not in one)
        self.check(done)

    def planned(self) -> list[Any]:
        if not self.log.exists():
            return []
        lines = self.log.read_bytes().split(b"\n")[:-1]
        return [record for record in map(json.loads, lines) if record["record"] == "plan"]

    def requests(self, name: str) -> int:
        return sum(
            times for (vm, action), times in self.sim.accepted().items() if vm == name and "other-" not in action
        )

    def check(self, done: Ran) -> None:
        for name in self.names:
            assert self.requests(name) <= self.plans[name], f"{name}: {done.stderr}"
            assert self.requests(name) == self.frozen.get(name, self.requests(name)), f"{name}: {done.stderr}"
        for row in json.loads(done.stdout or "[]"):
            if row["status"] == "Succeeded":
                assert self.requests(row["instance"]) > 0, row
            if row["status"] == "NotStarted" and self.plans[row["instance"]] == 1:
                assert self.requests(row["instance"]) == 0, row


def play(warm: WarmAz, sim: Simulator, folder: Path, *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Runs(warm, sim, folder),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_to_a_run_each_plan_sends_one_request(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    play(warm, sim, tmp_path, examples=5, steps=6)


@pytest.mark.proof
def test_whatever_happens_to_many_runs_each_plan_sends_one_request(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    play(warm, sim, tmp_path, examples=200, steps=20)
