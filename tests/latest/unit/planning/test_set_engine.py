"""`--engine set`: one call to a scale set for many instances."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

from azure.mgmt.compute.v2024_11_01.operations import VirtualMachineScaleSetsOperations, _operations

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.instances import Instance, provisioning_times
from azext_flexcompare.planning.set_engine import (
    LOST_IN_PROGRESS,
    LOST_UNCHANGED,
    LOST_UNREADABLE,
    NOT_ESTABLISHED,
    Before,
    instance_outcome,
    settle_lost,
)
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.table.entries import Operation
from tests.latest.helpers.factories import BUSY
from tests.latest.helpers.worlds import OPERATIONS, each_set_call, way_of

Members = Callable[[], list[Instance]]
RESTART = OPERATIONS["restart"]
SET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/v"


@each_set_call
def test_a_set_takes_the_call_with_the_operations_own_options(operation: Operation) -> None:
    way = way_of(operation)
    method = way["call"].split(".")[1]
    taken = set(inspect.signature(getattr(VirtualMachineScaleSetsOperations, method)).parameters)
    wanted = {option.argument.split(".")[0] for option in operation.options if option.argument} - {"parameters"}
    assert wanted | {way.get("body", "vm_instance_i_ds")} <= taken
    assert "body" in way or not any("parameters." in (option.argument or "") for option in operation.options)


@each_set_call
def test_the_table_says_what_the_sdk_sends_to_a_set(operation: Operation) -> None:
    way = way_of(operation)
    method = way["call"].split(".")[1].removeprefix("begin_")
    build = getattr(_operations, f"build_virtual_machine_scale_sets_{method}_request")
    request = build(resource_group_name="g", vm_scale_set_name="v", subscription_id="s")
    assert re.sub(r"\?.*", "", f"{request.method} {request.url}") == way["request"].replace("{set}", SET)


def settled(azure: Azure, chosen: list[Instance], known: Before) -> set[tuple[str, str | None]]:
    before = {one.id: known for one in chosen}
    lost = Outcome(Work(chosen, Completed), Status.TIMED_OUT, BUSY)
    found = settle_lost(RESTART, azure, before, lost)
    return {(one.status, one.reason) for one in found if isinstance(one, Outcome)}


def test_after_a_lost_answer_each_instance_is_asked(azure: Azure, members: Members) -> None:
    chosen = members()[:1]
    times = provisioning_times(chosen[0])
    began = datetime.fromisoformat(times[0])
    assert settled(azure, chosen, Before(["another time"], began)) == {("Succeeded", None)}
    assert settled(azure, chosen, Before(times, began)) == {("TimedOut", LOST_UNCHANGED)}
    later = Before(["another time"], began + timedelta(hours=1))
    assert settled(azure, chosen, later) == {("TimedOut", LOST_UNCHANGED)}


def test_an_operation_in_progress_after_a_lost_answer_is_no_success(
    azure: Azure, members: Members, sim: Simulator
) -> None:
    chosen = members()[:1]
    sim.configure(seconds=600)
    azure.compute(None).virtual_machines.begin_restart("rg", chosen[0].name, polling=False)
    assert settled(azure, chosen, Before(["another time"])) == {("TimedOut", LOST_IN_PROGRESS)}


def test_a_lost_answer_has_a_reason_where_nothing_may_be_listed(azure: Azure, members: Members, sim: Simulator) -> None:
    chosen = members()
    sim.add_fault({"action": "list", "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}})
    assert settled(azure, chosen, Before([])) == {("TimedOut", LOST_UNREADABLE)}


def test_an_error_from_before_the_call_is_not_that_of_the_call(members: Members) -> None:
    one = members()[0]
    status = SimpleNamespace(code="ProvisioningState/failed/Old", message="Old.", time="2026-01-01T00:00:00Z")
    view = SimpleNamespace(statuses=[status])
    failed = one._replace(provisioning_state="Failed", resource=SimpleNamespace(instance_view=view))
    succeeded = Outcome(one, Status.SUCCEEDED)
    kept = instance_outcome(RESTART, succeeded, failed, Before([str(status.time)]))
    assert (kept.status, kept.reason) == ("TimedOut", NOT_ESTABLISHED)
    assert instance_outcome(RESTART, succeeded, failed, Before(["another time"])).status == "Failed"
