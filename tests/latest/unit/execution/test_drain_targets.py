"""The backend pools that instances are in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, InvalidArgumentValueError, ResourceNotFoundError, ValidationError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.drain_targets import Target, emptied, find_targets, split_pool
from azext_flexcompare.instances import Instance
from tests.latest.helpers.rotation import HTTP, MEMBERS, balanced

Members = Callable[[], list[Instance]]
ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/lb"


def named(targets: list[Target]) -> dict[str, list[str]]:
    """Return the VMs of each pool, by the names of both."""
    return {one.name: sorted(id_.rpartition("/")[2] for id_ in one.instances.values()) for one in targets}


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("lb", ("lb", None)),
        ("lb/pool", ("lb", "pool")),
        (ID, (ID, None)),
        (f"{ID}/backendAddressPools/pool", (ID, "pool")),
        (f"{ID}/BACKENDADDRESSPOOLS/pool", (ID, "pool")),
    ],
)
def test_a_value_is_a_load_balancer_or_one_of_its_pools(value: str, parts: tuple[str, str | None]) -> None:
    assert split_pool(value) == parts


def test_the_pools_are_found_by_name_by_id_and_by_themselves(sim: Simulator, azure: Azure, members: Members) -> None:
    pools = {"pool": {"scaleSets": ["flex"]}, "addresses": {"addresses": MEMBERS[:2]}, "out": {"scaleSets": ["flex"]}}
    rules = {"http": HTTP, "tls": {**HTTP, "pool": "addresses", "frontendPort": 443}}
    sim.reset(world=balanced(backendPools=pools, loadBalancingRules=rules, outboundRules={"out": {"pool": "out"}}))
    chosen = members()[1:4]
    every = {"lb/pool": MEMBERS[1:4], "lb/addresses": MEMBERS[1:2]}
    lb = f"/subscriptions/{sim.subscription}/resourceGroups/RG/providers/Microsoft.Network/loadBalancers/LB"
    for value in ("auto", "lb", "LB", lb):
        assert named(find_targets(azure, (value,), chosen, "--drain")) == every
    for value in ("lb/pool", f"{lb}/backendAddressPools/Pool"):
        assert named(find_targets(azure, (value, "lb/POOL"), chosen, "--drain")) == {"lb/pool": MEMBERS[1:4]}


def test_instances_that_are_gone_are_in_no_pool(azure: Azure, members: Members) -> None:
    assert find_targets(azure, ("lb/pool",), [one._replace(resource=None) for one in members()], "--drain") == []


@pytest.mark.parametrize(
    ("world", "value", "error"),
    [
        (balanced(sku="Basic"), "auto", ValidationError),
        (balanced(), "lb/nope", ResourceNotFoundError),
        (balanced(), "nope", ResourceNotFoundError),
        (balanced(backendPools={"pool": []}), "lb", InvalidArgumentValueError),
    ],
)
def test_what_cannot_be_is_an_error_unless_a_run_only_goes_on(
    sim: Simulator, azure: Azure, members: Members, world: dict[str, Any], value: str, error: type[AzCLIError]
) -> None:
    sim.reset(world=world)
    with pytest.raises(error):
        find_targets(azure, (value,), members(), "--drain")
    if error is not ResourceNotFoundError:
        find_targets(azure, (value,), members(), "--drain", strict=False, some=False)


def test_an_address_that_the_load_balancer_does_not_show_is_read_from_the_pool(
    sim: Simulator, azure: Azure, members: Members
) -> None:
    sim.reset(world=balanced())
    hidden = {"properties.backendAddressPools.0.properties.loadBalancerBackendAddresses": []}
    sim.add_fault({"action": "lb-get", "fault": {"kind": "answer", "members": hidden}})
    assert named(find_targets(azure, ("lb",), members(), "--drain")) == {"lb/pool": MEMBERS}
    nowhere = {"properties.loadBalancerBackendAddresses": []}
    sim.add_fault({"action": "pool-get", "fault": {"kind": "answer", "members": nowhere}})
    with pytest.raises(ValidationError, match="does not show the address of web_1"):
        find_targets(azure, ("lb",), members(), "--drain")


def test_the_pool_of_an_application_gateway_is_refused(azure: Azure, members: Members, sim: Simulator) -> None:
    sim.reset(world=balanced())
    nic = f"/subscriptions/{sim.subscription}/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/web_1-nic"
    arm = azure.arm(sim.subscription)
    body = arm.get(f"{nic}?api-version=2024-01-01")
    gateway = nic.replace("networkInterfaces/web_1-nic", "applicationGateways/gate/backendAddressPools/web")
    body["properties"]["ipConfigurations"][0]["properties"]["applicationGatewayBackendAddressPools"] = [{"id": gateway}]
    arm.put(f"{nic}?api-version=2024-01-01", body)
    with pytest.raises(ValidationError, match="pool web of application gateway gate"):
        find_targets(azure, ("auto",), members(), "--drain")
    assert find_targets(azure, ("lb",), members(), "--drain")


def test_a_pool_is_emptied_by_the_last_ones_in_rotation(sim: Simulator, azure: Azure, members: Members) -> None:
    sim.reset(world=balanced(states=dict.fromkeys(MEMBERS[2:], "Down")))
    chosen = members()
    targets = find_targets(azure, ("auto",), chosen, "--drain")
    assert emptied(targets, {one.id for one in chosen[:1]}) == []
    assert emptied(targets, {one.id for one in chosen[:2]}) == ["lb/pool"]
    assert [members[0].state for members in targets[0].states().values()] == ["None"] * 2 + ["Down"] * 4
