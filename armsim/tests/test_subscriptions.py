"""Further subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from armsim.tests.client import Arm, code_of

DAY = 86400.0
OWN, OTHER = "00000000-0000-0000-0000-000000000001", "AAAAAAAA-0000-0000-0000-000000000002"


def group_of(location: str) -> dict[str, Any]:
    return {"rg": {"location": location, "scaleSets": {location: {"instances": [f"{location}-0", f"{location}-1"]}}}}


@pytest.fixture
def two(arm: Arm) -> Arm:
    """A world of two subscriptions, each with a group `rg` and a scale set of its own."""
    further = {OTHER: {"resourceGroups": group_of("north")}}
    arm.sim.reset({"resourceGroups": group_of("south"), "subscriptions": further})
    return arm


def names_of(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


def test_each_has_its_own_resources(two: Arm) -> None:
    assert two.sim.subscriptions == [OWN, OTHER.lower()]
    listed = [one["subscriptionId"] for one in two.get("/subscriptions").json()["value"]]
    assert listed == two.sim.subscriptions
    for subscription, name in ((OWN, "south"), (OTHER, "north")):
        path = f"/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines"
        items = two.get(path).json()["value"]
        assert names_of(items) == two.sim.names(name) == [f"{name}-0", f"{name}-1"]
        assert all(f"/subscriptions/{subscription.lower()}/" in item["id"] for item in items)
    assert code_of(two.get(f"/subscriptions/{'3' * 8}")) == "SubscriptionNotFound"


def test_an_operation_is_followed_in_its_own(two: Arm) -> None:
    answer = two.act("north-0", "restart")
    assert answer.status_code == 202
    assert f"/subscriptions/{OTHER.lower()}/" in answer.headers["Azure-AsyncOperation"]
    assert two.follow(answer).json()["status"] == "InProgress"
    two.sim.advance(DAY)
    assert two.follow(answer).json()["status"] == "Succeeded"
    assert two.sim.vm("north-0")["accepted"] == {"restart": 1}
    assert two.sim.accepted() == {("north-0", "restart"): 1}
    assert [entry["action"] for entry in two.sim.requests()] == ["restart", "poll", "poll"]


def test_settings_and_faults_are_the_same_for_both(two: Arm) -> None:
    two.sim.configure(page_size=1)
    path = f"/subscriptions/{OTHER}/providers/Microsoft.Compute/virtualMachines"
    first = two.get(path).json()
    assert names_of(first["value"]) == ["north-0"]
    assert names_of(two.session.get(first["nextLink"]).json()["value"]) == ["north-1"]
    two.sim.add_fault({"action": "restart", "per": "all", "times": 1, "fault": {"status": 503}})
    assert [two.act(vm, "restart").status_code for vm in ("north-0", "south-0")] == [503, 202]


def test_each_has_its_own_budgets(two: Arm) -> None:
    two.sim.configure(limits=True, limits_capacity=0.005, limits_refill=0.0001)
    statuses = [two.act(vm, "restart").status_code for vm in ("south-0", "south-1", "north-0", "north-1")]
    assert statuses == [202, 429, 202, 429]


def test_a_lock_holds_in_its_own(two: Arm) -> None:
    lock = f"/subscriptions/{OTHER}/providers/Microsoft.Authorization/locks/all"
    assert two("PUT", lock, {"properties": {"level": "ReadOnly"}}).status_code == 201
    assert [two.act(vm, "restart").status_code for vm in ("north-0", "south-0")] == [409, 202]


def test_resource_graph_answers_for_those_that_are_asked_about(two: Arm) -> None:
    def ask(*subscriptions: str) -> set[str]:
        body = {"query": "resources | where type =~ 'microsoft.compute/virtualmachines' | project name, id"}
        answer = two("POST", "/providers/Microsoft.ResourceGraph/resources",
                     {**body, "subscriptions": list(subscriptions)}, **{"api-version": "2022-10-01"})  # fmt: skip
        return {row["name"] for row in answer.json()["data"]}

    south, north = set(two.sim.names("south")), set(two.sim.names("north"))
    assert (ask(OWN), ask(OTHER), ask(OWN, OTHER)) == (south, north, south | north)


def test_a_subscription_that_makes_no_sense_is_refused(arm: Arm) -> None:
    for further, named in (({OTHER: {"planets": 9}}, "planets"), ({OWN: {}}, "already")):
        with pytest.raises(ValueError, match=named):
            arm.sim.reset({"subscriptions": further})
