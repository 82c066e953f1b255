"""VMs as Azure shows them, read without the SDK's models until one is asked for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import AzureResponseError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.machines import Machine, instance_of, power_state, set_id_of
from azext_flexcompare.instances import Instance, ScaleSet, provisioning_times

Members = Callable[[], list[Instance]]
BODY: dict[str, Any] = {"id": "/subscriptions/s/x/v", "name": "v", "location": "westeurope"}


class Counting:
    """The SDK's models, counted as they are made."""

    def __init__(self, azure: Azure) -> None:
        self.deserialize = azure.compute(None).virtual_machines._deserialize
        self.made: list[str] = []

    def __call__(self, kind: str, body: Any) -> Any:
        self.made.append(kind)
        return self.deserialize(kind, body)


def listed(azure: Azure, name: str) -> Any:
    return azure.compute(None).virtual_machines.get("rg", name, expand="instanceView")


def test_an_instance_is_the_one_that_the_model_shows(azure: Azure, members: Members, sim: Simulator) -> None:
    one = members()[0]
    model = listed(azure, one.name)
    view = model.instance_view
    assert (one.name, one.zone, one.vm_id, one.location) == (model.name, model.zones[0], model.vm_id, model.location)
    assert (one.size, one.tags) == (model.hardware_profile.vm_size, model.tags)
    assert (one.fault_domain, one.provisioning_state) == (view.platform_fault_domain, model.provisioning_state)
    times = [str(one.time) for one in view.statuses if one.code.startswith("ProvisioningState/") and one.time]
    assert provisioning_times(one) == times
    assert one.resource.instance_view.vm_agent.vm_agent_version == view.vm_agent.vm_agent_version
    assert set_id_of(one.resource.body).lower() == sim.scale_sets["flex"].lower()


def test_a_model_is_made_once_something_of_it_is_read(azure: Azure, members: Members) -> None:
    counting, body = Counting(azure), members()[0].resource.body
    machine = Machine(body, counting)
    one = machine.instance(members()[0].scale_set)
    assert provisioning_times(one)
    assert counting.made == []
    assert one.resource.instance_view
    assert one.resource.network_profile
    assert counting.made == ["VirtualMachine"]


def test_an_instance_takes_few_bytes(azure: Azure, members: Members, flex: ScaleSet) -> None:
    body, counting = members()[0].resource.body, Counting(azure)
    many = 500
    tracemalloc.start()
    try:
        found = [instance_of(body, flex, Machine(body, counting)) for _ in range(many)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == many
    assert taken / many < 5_000  # the model takes five times as much, and its JSON, parsed, nearly as much


@pytest.mark.parametrize("body", [{}, {"id": 5, "name": "v"}, {"id": "x", "name": None}])
def test_what_has_no_id_is_no_vm(body: dict[str, Any], azure: Azure, flex: ScaleSet) -> None:
    with pytest.raises(ValueError, match="describes no VM"):
        instance_of(body, flex, Machine(body, Counting(azure)))


@pytest.mark.parametrize("odd", [5, "x", [], [5], {"statuses": "x"}, {"statuses": [5, {"code": 7, "time": 8}]}, None])
def test_an_odd_view_shows_nothing(odd: Any, azure: Azure, flex: ScaleSet) -> None:
    body = {**BODY, "zones": odd, "tags": odd, "properties": {"instanceView": odd, "hardwareProfile": odd, "vmId": 5}}
    one = instance_of(body, flex, Machine(body, Counting(azure)))
    assert (one.power_state, one.fault_domain, one.size, one.vm_id, one.resource.provisioned) == (None,) * 4 + ((),)


def test_a_vm_that_fits_no_model_is_an_error_of_the_cli(azure: Azure, flex: ScaleSet) -> None:
    body = {**BODY, "properties": {"instanceView": {"statuses": [{"time": "soon"}]}}}
    one = Machine(body, Counting(azure)).instance(flex)
    with pytest.raises(AzureResponseError, match="about a VM cannot be read"):
        _ = one.resource.instance_view


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        ([], None),
        (["", "ProvisioningState/succeeded"], None),
        (["ProvisioningState/succeeded", "PowerState/running"], "running"),
        (["PowerState/deallocated", "PowerState/stopped"], "deallocated"),
        (["ProvisioningState/succeeded", "PowerState/deallocated", "HibernationState/Hibernated"], "hibernated"),
    ],
)
def test_the_power_state_is_read_from_the_statuses(codes: list[str], state: str | None) -> None:
    assert power_state(codes) == state
