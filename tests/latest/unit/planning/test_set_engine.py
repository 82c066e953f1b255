"""`--engine set`: one call to a scale set for many instances."""

from __future__ import annotations

import inspect
import re

from azure.mgmt.compute.v2024_11_01.operations import VirtualMachineScaleSetsOperations, _operations

from azext_flexcompare.table.entries import Operation
from tests.latest.helpers.worlds import each_set_call, way_of

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
