"""The write of a backend pool: what is recorded before it, and what a refusal or a lost answer leaves."""

from __future__ import annotations

from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.backend_pools import members_of
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.pool_write import PutBack, TakeOut, write_pool
from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.drains import out_of_rotation
from azext_flexcompare.scheduler import scheduler
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Status
from tests.latest.helpers.network import LOST
from tests.latest.helpers.rotation import MEMBERS, admin_states, balanced

FORBIDDEN = {"status": 403, "code": "AuthorizationFailed", "message": "No."}


class Log:
    """A journal in memory, which knows what the service had been asked when each record was written."""

    def __init__(self, sim: Simulator, stopped: str | None = None) -> None:
        self.sim, self.stopped = sim, stopped
        self.records: list[dict[str, Any]] = []
        self.puts: list[int] = []

    def write(self, *found: dict[str, Any]) -> None:
        self.records += found
        self.puts.append(sum(one["action"] == "pool-put" for one in self.sim.requests()))

    def sync(self) -> None:
        """Do nothing: what is in memory is there."""

    def stop_reason(self) -> str | None:
        return self.stopped

    @property
    def steps(self) -> list[str]:
        return [one["state"] for one in self.records]


@pytest.fixture
def log(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Log:
    sim.reset(world=balanced(states={"web_3": "Up", "web_4": "Down"}))
    monkeypatch.setattr(scheduler, "FIRST_RETRY", 0.01)
    return Log(sim)


@pytest.fixture
def pool_id(sim: Simulator) -> str:
    place = f"/subscriptions/{sim.subscription}/resourceGroups/rg/providers/Microsoft.Network"
    return f"{place}/loadBalancers/lb/backendAddressPools/pool"


def take_out(azure: Azure, pool_id: str, log: Log) -> tuple[TakeOut, str]:
    """Take everybody out of rotation, and return the write and its status."""
    pool = azure.arm(azure_subscription(pool_id)).get(f"{pool_id}?api-version=2024-01-01")
    wanted = {one.name: ResourceId(str(one.ip_configuration).split("/")[8]) for one in members_of(pool)}
    write = TakeOut(azure, pool_id, log, wanted=wanted)
    return write, write_pool(write, 60, Observer()).status


def azure_subscription(pool_id: str) -> str:
    return pool_id.split("/")[2]


def test_what_is_changed_is_recorded_before_it_is_sent(azure: Azure, sim: Simulator, log: Log, pool_id: str) -> None:
    write, status = take_out(azure, pool_id, log)
    assert (status, log.steps, log.puts) == (Status.SUCCEEDED, ["begun", "ended"], [0, 1])
    assert {one.before for one in write.changes} == {"None", "Up"}
    assert len(write.changes) == len(MEMBERS) - 1  # one was Down already
    assert admin_states(sim) == dict.fromkeys(MEMBERS, "Down")
    back = PutBack(azure, pool_id, log, drained=write.changes)
    assert write_pool(back, 60, Observer()).status == Status.SUCCEEDED
    assert admin_states(sim) == {"web_3": "Up", "web_4": "Down"}
    assert out_of_rotation(log.records) == []


def test_a_lost_race_is_recorded_as_no_change(azure: Azure, sim: Simulator, log: Log, pool_id: str) -> None:
    sim.add_fault({"action": "pool-put", "times": 8, "per": "all", "fault": LOST})
    _, status = take_out(azure, pool_id, log)
    assert (status, log.steps) == (Status.SUCCEEDED, ["begun", "dropped"] * 8 + ["begun", "ended"])


def test_a_refusal_leaves_nobody_out(azure: Azure, sim: Simulator, log: Log, pool_id: str) -> None:
    sim.add_fault({"action": "pool-put", "fault": FORBIDDEN})
    write, status = take_out(azure, pool_id, log)
    assert (status, log.steps, write.changes) == (Status.FAILED, ["begun", "dropped"], [])


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_a_lost_answer_is_resolved_by_a_fresh_read(
    azure: Azure, sim: Simulator, log: Log, pool_id: str, kind: str
) -> None:
    sim.add_fault({"action": "pool-put", "times": 1, "per": "all", "fault": {"kind": kind}})
    sim.add_fault({"action": "pool-get", "nth": 3, "per": "all", "fault": {"status": 429}})
    write, status = take_out(azure, pool_id, log)
    assert (status, "dropped" in log.steps) == (Status.SUCCEEDED, False)
    assert len(write.changes) == len(MEMBERS) - 1
    assert out_of_rotation(log.records) == write.changes
    assert {one.before for one in write.changes} == {"None", "Up"}


def test_a_write_that_fails_later_leaves_them_out(azure: Azure, sim: Simulator, log: Log, pool_id: str) -> None:
    sim.add_fault({"action": "pool-put", "fault": {"kind": "fail"}})
    write, status = take_out(azure, pool_id, log)
    assert (status, log.steps) == (Status.FAILED, ["begun"])
    assert out_of_rotation(log.records) == write.changes


def test_nothing_is_sent_that_could_not_be_recorded(azure: Azure, sim: Simulator, log: Log, pool_id: str) -> None:
    log.stopped = "The job log could not be written: No space left on device."
    _, status = take_out(azure, pool_id, log)
    assert status == Status.FAILED
    assert not any(one["action"] == "pool-put" for one in sim.requests())
