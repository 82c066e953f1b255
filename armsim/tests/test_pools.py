"""Backend address pools: administrative states, and who is in rotation."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim import Simulator
from armsim.tests.client import Arm, code_of
from armsim.tests.test_network import DAY, NETWORK, bare, path
from armsim.tests.test_network import put as put_resource

NAMES = ["web_1", "web_2", "web_3"]
POOL = "loadBalancers/lb/backendAddressPools/pool"


def world(sku: str = "Standard", *, probe: bool = True, members: dict[str, Any] | None = None) -> dict[str, Any]:
    rule = {"pool": "pool", "frontendPort": 80, "backendPort": 80, **({"probe": "p"} if probe else {})}
    lb = {
        "sku": sku,
        "backendPools": {"pool": members or {"scaleSets": ["web"]}},
        "loadBalancingRules": {"http": rule},
        "probes": {"p": 80},
    }
    sets = {"web": {"mode": "Flexible", "instances": NAMES}}
    return {"resourceGroups": {"rg": {"scaleSets": sets, "loadBalancers": {"lb": lb}}}}


@pytest.fixture
def balanced(arm: Arm) -> Arm:
    arm.sim.reset(world=world())
    return arm


def get_pool(arm: Arm) -> dict[str, Any]:
    body: dict[str, Any] = arm.get(path(arm, POOL)).json()
    return body


def put_pool(arm: Arm, states: dict[str, str | None], **headers: str) -> requests.Response:
    """Write the states of some VMs into the pool as it is, and return the answer."""
    pool = get_pool(arm)
    for address in pool["properties"]["loadBalancerBackendAddresses"]:
        vm = owner(address)
        if vm in states:
            address["properties"]["adminState"] = states[vm]
        address["properties"].pop("networkInterfaceIPConfiguration", None)
    return put_resource(arm, POOL, pool, **headers)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, code_of(answer)


def owner(address: dict[str, Any]) -> str:
    name: str = address["properties"]["networkInterfaceIPConfiguration"]["id"].split("/")[8]
    return name.removesuffix("-nic")


def states(arm: Arm) -> dict[str, str | None]:
    addresses = get_pool(arm)["properties"]["loadBalancerBackendAddresses"]
    return {owner(one): one["properties"].get("adminState") for one in addresses}


def in_rotation(sim: Simulator) -> list[str]:
    return [one["vm"] for one in sim.backends() if one["inRotation"]]


def test_a_pool_lists_the_addresses_of_its_nics_once(balanced: Arm) -> None:
    pool = get_pool(balanced)
    assert states(balanced) == dict.fromkeys(NAMES)
    assert pool["etag"] == balanced.get(path(balanced, "loadBalancers/lb")).json()["etag"]
    listed = balanced.get(path(balanced, "loadBalancers/lb/backendAddressPools")).json()["value"]
    assert listed == [pool]
    assert refusal(balanced.get(path(balanced, f"{POOL}2"))) == (404, "ResourceNotFound")


def test_a_state_takes_effect_when_its_write_has_ended_and_is_lifted_when_it_is_accepted(balanced: Arm) -> None:
    sim = balanced.sim
    assert in_rotation(sim) == NAMES
    assert put_pool(balanced, {"web_2": "down"}).status_code == 200
    assert states(balanced)["web_2"] == "Down"
    assert in_rotation(sim) == NAMES
    sim.advance(DAY)
    assert in_rotation(sim) == ["web_1", "web_3"]
    assert put_pool(balanced, {"web_2": "None"}).status_code == 200
    assert in_rotation(sim) == NAMES
    assert [(one.vm, one.in_rotation) for one in sim.rotation()[3:]] == [("web_2", False), ("web_2", True)]


def test_a_lost_race_changes_nothing(balanced: Arm) -> None:
    etag = get_pool(balanced)["etag"]
    put_pool(balanced, {"web_1": "Down"}, If_Match=etag)
    balanced.sim.advance(DAY)
    assert refusal(put_pool(balanced, {"web_2": "Down"}, If_Match=etag)) == (412, "PreconditionFailed")
    assert states(balanced) == {"web_1": "Down", "web_2": None, "web_3": None}


def test_a_load_balancer_that_is_written_refuses_the_next_write_of_its_pools(balanced: Arm) -> None:
    put_pool(balanced, {"web_1": "Down"})
    assert refusal(put_pool(balanced, {"web_2": "Down"})) == (429, "RetryableError")


def test_a_write_without_an_address_of_a_nic_forgets_its_state(balanced: Arm) -> None:
    put_pool(balanced, {"web_1": "Down"})
    balanced.sim.advance(DAY)
    assert put_resource(balanced, POOL, {"properties": {}}).status_code == 200
    assert states(balanced) == dict.fromkeys(NAMES)


def test_a_write_of_the_load_balancer_does_not_write_addresses(balanced: Arm) -> None:
    put_pool(balanced, {"web_1": "Down"})
    balanced.sim.advance(DAY)
    body = bare(balanced, "lb")
    body["properties"]["backendAddressPools"][0]["properties"] = {}
    assert put_resource(balanced, "loadBalancers/lb", body).status_code == 200
    assert states(balanced)["web_1"] == "Down"


@pytest.mark.parametrize(
    ("given", "code"), [("Drain", "InvalidAdminState"), ("Sideways", "InvalidAdminState")], ids=["obsolete", "unknown"]
)
def test_another_state_is_refused(balanced: Arm, given: str, code: str) -> None:
    assert refusal(put_pool(balanced, {"web_1": given})) == (400, code)


def test_a_basic_load_balancer_shows_and_takes_no_addresses(arm: Arm) -> None:
    arm.sim.reset(world=world("Basic"))
    pool = get_pool(arm)
    assert "loadBalancerBackendAddresses" not in pool["properties"]
    assert len(pool["properties"]["backendIPConfigurations"]) == len(NAMES)
    addresses = [{"name": "a", "properties": {"ipAddress": "10.0.0.4", "virtualNetwork": {"id": "v"}}}]
    pool["properties"]["loadBalancerBackendAddresses"] = addresses
    assert refusal(put_resource(arm, POOL, pool)) == (400, "BackendAddressesNotSupportedForBasicSku")


def test_without_a_probe_a_state_has_no_effect(arm: Arm) -> None:
    arm.sim.reset(world=world(probe=False))
    assert put_pool(arm, {"web_1": "Down"}).status_code == 200
    arm.sim.advance(DAY)
    assert in_rotation(arm.sim) == NAMES


def test_a_probe_takes_a_vm_that_does_not_run_out_and_up_overrides_it(arm: Arm) -> None:
    description = world(members={"scaleSets": ["web"], "adminStates": {"web_2": "Up"}})
    stopped = {"powerState": "stopped"}
    description["resourceGroups"]["rg"]["scaleSets"]["web"]["overrides"] = {"web_1": stopped, "web_2": stopped}
    arm.sim.reset(world=description)
    probes = {one["vm"]: (one["probe"], one["inRotation"]) for one in arm.sim.backends()}
    assert probes == {"web_1": ("Down", False), "web_2": ("Down", True), "web_3": ("Up", True)}


def test_an_address_of_the_pool_itself_leads_to_the_nic_that_has_it(arm: Arm) -> None:
    arm.sim.reset(world=world(members={"addresses": NAMES[:2]}))
    assert states(arm) == dict.fromkeys(NAMES[:2])
    assert in_rotation(arm.sim) == NAMES[:2]
    put_pool(arm, {"web_1": "Down"})
    arm.sim.advance(DAY)
    assert in_rotation(arm.sim) == ["web_2"]
    assert put_resource(arm, POOL, {"properties": {}}).status_code == 200
    arm.sim.advance(DAY)
    assert states(arm) == {}


def test_a_nic_that_leaves_a_pool_is_out_when_its_write_has_ended_and_its_state_is_forgotten(balanced: Arm) -> None:
    put_pool(balanced, {"web_1": "Up"})
    balanced.sim.advance(DAY)
    nic = balanced.get(path(balanced, "networkInterfaces/web_1-nic")).json()
    pools = nic["properties"]["ipConfigurations"][0]["properties"].pop("loadBalancerBackendAddressPools")
    assert put_resource(balanced, "networkInterfaces/web_1-nic", nic).status_code == 200
    assert in_rotation(balanced.sim) == NAMES
    balanced.sim.advance(DAY)
    assert in_rotation(balanced.sim) == NAMES[1:]
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] = pools
    assert put_resource(balanced, "networkInterfaces/web_1-nic", nic).status_code == 200
    assert in_rotation(balanced.sim) == NAMES
    assert states(balanced)["web_1"] is None


def test_a_vm_that_is_deleted_takes_its_address_along(balanced: Arm) -> None:
    balanced.sim.remove_vm("web_1")
    assert list(states(balanced)) == NAMES[1:]
    assert {one["vm"] for one in balanced.sim.backends()} == set(NAMES[1:])


def test_the_control_api_tells_who_is_in_rotation(balanced: Arm) -> None:
    told = requests.get(f"{balanced.sim.url}/_sim/backends", verify=balanced.sim.ca_file, timeout=10).json()
    assert told == balanced.sim.backends()
    assert told[0]["pool"] == path(balanced, POOL).lower()
    assert NETWORK.lower() in told[0]["pool"]
