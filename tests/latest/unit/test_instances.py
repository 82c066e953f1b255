"""Scale sets and instances, and what an instance's own state shows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from azure.mgmt.compute.v2024_11_01.models import InstanceViewStatus, VirtualMachineInstanceView

from azext_flexcompare.instances import (
    DELETING,
    GONE,
    REPLACED,
    Instance,
    by_set,
    describe,
    describe_state,
    is_in_power_state,
    is_in_transition,
    last_name,
    priority_of,
    provisioning_error,
    provisioning_times,
    was_deallocated,
    why_absent,
)
from tests.latest.helpers.factories import DB, WEB, instance, scale_set


@pytest.mark.parametrize("text", ["web_1", "/a/b/web_1", "/a/web_1/"])
def test_the_last_name_of_an_id_or_a_name(text: str) -> None:
    assert last_name(text) == "web_1"


@pytest.mark.parametrize(
    ("names", "told"), [(["web", "web"], "scale set web"), (["web", "db"], "the scale sets web, db")]
)
def test_sets_are_named_in_a_sentence(names: list[str], told: str) -> None:
    assert describe(map(scale_set, names)) == told


def status(code: str, message: str | None = None, time: str | None = None) -> InstanceViewStatus:
    found = InstanceViewStatus(code=code, message=message)
    found.time = time
    return found


def seen(*statuses: InstanceViewStatus, state: str = "Succeeded") -> Instance:
    view = VirtualMachineInstanceView(statuses=list(statuses))
    return instance(provisioning_state=state, resource=SimpleNamespace(instance_view=view))


def test_the_times_are_those_of_provisioning() -> None:
    one = seen(status("ProvisioningState/succeeded", time="t1"), status("PowerState/running", time="t2"))
    assert provisioning_times(one) == ["t1"]
    assert provisioning_times(seen(status("ProvisioningState/updating"))) == []
    assert provisioning_times(instance()) == []


@pytest.mark.parametrize(
    ("state", "busy"), [("Updating", True), ("CREATING", True), ("deleting", True), ("Succeeded", False), (None, False)]
)
def test_an_instance_is_busy_while_it_is_provisioned(state: str | None, busy: bool) -> None:
    assert is_in_transition(instance(provisioning_state=state)) is busy


def test_a_failed_instance_has_its_own_error() -> None:
    code = "ProvisioningState/failed/AllocationFailed"
    assert provisioning_error(seen(status(code, "No\n room."), state="Failed")) == ("AllocationFailed", "No room.")
    assert provisioning_error(instance(provisioning_state="Failed")) == ("Failed", "Its provisioningState is Failed.")
    assert provisioning_error(seen(status(code, "No room."))) is None
    assert provisioning_error(None) is None


def test_an_instance_in_words() -> None:
    assert describe_state(None) == "It is no longer in the set."
    assert (
        describe_state(instance())
        == "It is running, its provisioningState Succeeded; it does not show that the operation succeeded."
    )


def test_instances_are_grouped_by_their_sets_in_order() -> None:
    a, b, c = instance("a"), instance("b", DB), instance("c")
    assert list(by_set([b, a, c]).items()) == [(DB, [b]), (WEB, [a, c])]


def test_the_place_of_an_instance_is_that_of_its_set() -> None:
    assert (instance("b", DB).subscription, instance("b", DB).resource_group) == ("s", "db-rg")


@pytest.mark.parametrize(
    ("state", "wanted", "holds"),
    [
        ("running", "running", True),
        ("running", "deallocated", False),
        ("hibernated", "hibernated", True),
        ("hibernated", "deallocated", True),
        ("deallocated", "hibernated", False),
        (None, "deallocated", False),
    ],
)
def test_a_hibernated_instance_is_deallocated_too(state: str | None, wanted: str, holds: bool) -> None:
    assert is_in_power_state(instance(power_state=state), wanted) is holds


def test_a_row_of_resource_graph_has_a_priority() -> None:
    assert priority_of(instance(resource={"properties": {"priority": "Spot"}})) == "spot"
    assert priority_of(instance(resource={"properties": {}})) == "regular"
    assert priority_of(instance(resource=None)) == "regular"


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ("running", "deallocated", True),
        ("stopped", "deallocating", True),
        ("running", "hibernated", True),
        ("deallocated", "deallocated", False),
        (None, "deallocated", False),
        ("running", "stopped", False),
    ],
)
def test_an_instance_that_was_allocated_is_no_longer(before: str | None, after: str, taken: bool) -> None:
    assert was_deallocated(instance(power_state=before), instance(power_state=after)) is taken


def test_an_instance_is_absent_for_a_reason() -> None:
    known = instance(vm_id="1")
    assert why_absent(known, None) == GONE
    assert why_absent(known, instance(vm_id="2")) == REPLACED
    assert why_absent(known, instance(vm_id="1", provisioning_state="Deleting")) == DELETING
    assert why_absent(known, instance(vm_id="1")) is None
