"""Rate limits."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from armsim.arm.limits import BUCKETS
from armsim.dispatch import ROUTES
from armsim.tests.client import Arm, code_of

SUBSCRIPTION = "x-ms-ratelimit-remaining-subscription"
RESOURCE = "x-ms-ratelimit-remaining-resource"
SLOW = 0.001


@pytest.fixture(autouse=True)
def _counted(arm: Arm) -> None:
    """Count, and let so little flow in that no test sees the seconds that it takes itself."""
    arm.sim.configure(limits=True, limits_refill=SLOW)


def wait_of(answer: requests.Response) -> int:
    return int(answer.headers["Retry-After"])


def left(answer: requests.Response) -> dict[str, int]:
    pairs = [part.split(";") for part in answer.headers[RESOURCE].split(",")]
    return {name.removeprefix("Microsoft.Compute/"): int(number) for name, number in pairs}


def test_arm_counts_reads_writes_and_deletes_by_themselves(arm: Arm, vm: str) -> None:
    seen = {}
    for method, kind in (("GET", "reads"), ("POST", "writes"), ("DELETE", "deletes")):
        path = arm.sim.vm_id(vm) + ("/start" if method == "POST" else "")
        answer = [arm(method, path) for _ in range(2)][-1]
        seen[kind] = [int(answer.headers[f"{SUBSCRIPTION}-{part}{kind}"]) for part in ("", "global-")]
    assert seen == {"reads": [248, 3748], "writes": [198, 2998], "deletes": [198, 2998]}


def test_arm_says_when_to_come_again(arm: Arm) -> None:
    arm.sim.configure(limits_capacity=0.01)
    answers = [arm.get(arm.group()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert (wait_of(refused) in range(30, 41), refused.headers[f"{SUBSCRIPTION}-reads"]) == (True, "0")
    assert code_of(refused) == "SubscriptionRequestsThrottled"
    assert "'GET/SUBSCRIPTIONS/RESOURCEGROUPS' exceeded" in refused.json()["error"]["message"]
    assert RESOURCE not in refused.headers
    arm.sim.advance(wait_of(refused) - 10)
    assert arm.get(arm.group()).status_code == 429
    arm.sim.advance(10)
    assert arm.get(arm.group()).status_code == 200
    assert arm.sim.requests()[2]["throttled"] == "arm"


def test_a_burst_spends_the_writes_of_arm_before_those_of_the_provider(arm: Arm) -> None:
    arm.sim.reset(vms=205, limits=True, limits_refill=SLOW)
    statuses = [arm.act(vm, "restart").status_code for vm in arm.sim.names("flex")]
    assert statuses == [202] * 200 + [429] * 5
    assert arm.sim.counts()["throttled"] == {"arm": 5}
    assert sum(bool(arm.sim.vm(vm)["accepted"]) for vm in arm.sim.names("flex")) == 200
    arm.sim.advance(1000)
    assert [arm.act(vm, "restart").status_code for vm in arm.sim.names("flex")[200:]] == [202] * 5


def test_a_vm_is_not_updated_more_than_twelve_times_in_a_row(arm: Arm, vm: str) -> None:
    first, *_, refused = [arm.act(vm, "start") for _ in range(13)]
    assert left(first) == {"UpdateVMSubscriptionMaximum": 1499, "UpdateVMResource": 11}
    assert (refused.status_code, wait_of(refused) in range(14990, 15001)) == (429, True)
    assert left(refused) == {"UpdateVMSubscriptionMaximum": 1488, "UpdateVMResource": 0}
    error = refused.json()["error"]
    assert (error["code"], error["details"][0]["code"]) == ("OperationNotAllowed", "TooManyRequests")
    counted = json.loads(error["details"][0]["message"])
    assert (counted["operationGroup"], counted["allowedRequestCount"]) == ("UpdateVMResource", 12)
    other = arm.act(arm.sim.names("flex")[1], "start")
    assert left(other) == {"UpdateVMSubscriptionMaximum": 1487, "UpdateVMResource": 11}
    assert arm.act(vm, "deallocate").status_code == 409, "which has a budget of its own"
    arm.sim.advance(15000)
    assert arm.act(vm, "start").status_code == 202
    assert arm.sim.counts()["throttled"] == {"compute": 1}
    assert arm.sim.requests()[12]["throttled"] == "compute"


def test_a_region_has_a_budget_of_its_own(arm: Arm) -> None:
    groups: Any = {
        "here": {"virtualMachines": {"a": {}}},
        "there": {"location": "eastus", "virtualMachines": {"b": {}}},
    }
    arm.sim.reset({"resourceGroups": groups}, limits=True, limits_refill=SLOW)
    assert [left(arm.get(arm.vms(group))) for group in ("here", "here", "there")] == [
        {"HighCostGetSubscriptionMaximum": number} for number in (899, 898, 899)
    ]
    assert [left(arm.act(vm, "start"))["UpdateVMSubscriptionMaximum"] for vm in ("a", "b")] == [1499, 1499]
    assert arm.get(f"/subscriptions/{arm.sim.subscription}/resourceGroups/there").json()["location"] == "eastus"


def test_arm_counts_a_principal_in_each_region(arm: Arm) -> None:
    groups: Any = {"here": {"virtualMachines": {"a": {}, "c": {}}}}
    groups["there"] = {"location": "eastus", "virtualMachines": {"b": {}}}
    arm.sim.reset({"resourceGroups": groups}, limits=True, limits_refill=SLOW)
    answers = [arm.act(vm, "start") for vm in ("a", "c", "b")]
    assert [one.headers[f"{SUBSCRIPTION}-writes"] for one in answers] == ["199", "198", "199"]
    polls = [arm.follow(one) for one in answers]
    assert [one.headers[f"{SUBSCRIPTION}-reads"] for one in polls] == ["249", "248", "249"]
    assert [one.headers[f"{SUBSCRIPTION}-global-reads"] for one in polls] == ["3749", "3748", "3749"]


def test_polls_count_for_the_vm(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "restart")
    polls = [arm.follow(answer), arm.follow(answer, "Location")]
    assert [left(poll)["GetOperationResource"] for poll in polls] == [44, 43]


def test_principals_share_only_what_is_global(arm: Arm) -> None:
    arm.get(arm.group())
    token = arm.session.get(
        f"{arm.sim.url}/msi/token", params={"resource": "x", "client_id": "other"}, headers={"X-IDENTITY-HEADER": "y"}
    ).json()["access_token"]
    answer = arm.session.get(
        f"{arm.sim.url}{arm.group()}?api-version=2022-09-01", headers={"Authorization": f"Bearer {token}"}
    )
    assert [answer.headers[f"{SUBSCRIPTION}-{kind}"] for kind in ("reads", "global-reads")] == ["249", "3748"]


def test_resource_graph_has_a_quota_of_its_own(arm: Arm) -> None:
    answers = [arm.ask("resources | count") for _ in range(16)]
    assert [answer.status_code for answer in answers] == [200] * 15 + [429]
    assert answers[0].headers["x-ms-user-quota-remaining"] == "14"
    assert arm.sim.counts()["throttled"] == {"resourcegraph": 1}


def test_a_fault_is_told_from_a_budget(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "start", "times": 1, "fault": {"status": 429}})
    arm.act(vm, "start")
    assert (arm.sim.requests()[0]["throttled"], arm.sim.counts()["throttled"]) == ("fault", {"fault": 1})


def test_a_switch_and_a_scale_fill_everything_again(arm: Arm) -> None:
    arm.get(arm.group())
    arm.sim.configure(limits=False)
    assert arm.get(arm.group()).headers[f"{SUBSCRIPTION}-reads"] == "249"
    arm.sim.configure(limits=True, limits_capacity=2.0)
    assert arm.get(arm.group()).headers[f"{SUBSCRIPTION}-reads"] == "499"


@pytest.mark.parametrize("name", ["limits_capacity", "limits_refill"])
def test_a_bucket_that_never_fills_is_no_bucket(arm: Arm, name: str) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        arm.sim.configure(**{name: 0})


def test_every_bucket_of_a_route_is_known() -> None:
    routes = [route for several in ROUTES._routes.values() for route in several]
    assert {route.bucket for route in routes} - {"", "reads"} <= set(BUCKETS)


def test_the_traffic_is_counted(arm: Arm) -> None:
    before = arm.sim.counts()

    def ask(number: int) -> int:
        client = Arm(arm.sim)
        client.get(client.group())
        client.session.close()
        return number

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    counts = arm.session.get(f"{arm.sim.url}/_sim/counts").json()
    assert counts["requests"] - before["requests"] == 8
    assert counts["tokenRequests"] - before["tokenRequests"] == 4
    assert counts["connections"] == 4, "the one that was open before the reset does not count"
    assert 1 <= counts["peakInFlight"] <= 4
    state = arm.session.get(f"{arm.sim.url}/_sim/state").json()
    assert {key: state[key] for key in counts} == counts
    requests.get(f"{arm.sim.url}/_sim/counts", verify=str(arm.sim.ca_file), timeout=10)
    assert arm.sim.counts()["connections"] == 4, "nor does one that steers the simulator"
    arm.sim.reset()
    assert arm.sim.counts() == {"requests": 0, "throttled": {}, "tokenRequests": 0, "connections": 0, "peakInFlight": 0}
