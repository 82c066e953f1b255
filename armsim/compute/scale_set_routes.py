"""Routes that read scale sets; a Flexible set refuses some in the reported words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled, resource_not_found
from armsim.arm.lookup import check_subscription, group_of, scale_set_of
from armsim.arm.paging import cut, next_link, read_page, rest
from armsim.arm.router import Call, Router
from armsim.compute.scale_set_body import (
    describe_scale_set,
    flexible_instance,
    flexible_item,
    uniform_instance,
    uniform_summary,
)
from armsim.messages import Response
from armsim.world.model import SCALE_SET_TYPE

if TYPE_CHECKING:
    from armsim.world.model import ScaleSet, Vm

routes = Router()

_ALL = f"/subscriptions/{{subscription}}/providers/{SCALE_SET_TYPE}"
_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{SCALE_SET_TYPE}"
SET = f"{_GROUP}/{{set}}"


@routes.route(f"GET {SET}", "scaleSet", bucket="GetVMScaleSet")
def get_scale_set(call: Call) -> Response:
    """Return one scale set."""
    return Response(200, _describe(call, scale_set_of(call)))


@routes.route(f"GET {_GROUP}", "listScaleSets", query=("$skiptoken",), bucket="ListVMScaleSets")
def list_scale_sets(call: Call) -> Response:
    """List the scale sets of a group."""
    group = group_of(call)
    return _page(call, [one for one in call.cloud.world.scale_sets.values() if one.group.lower() == group])


@routes.route(f"GET {_ALL}", "listAllScaleSets", query=("$skiptoken",), bucket="ListVMScaleSets")
def list_all_scale_sets(call: Call) -> Response:
    """List the scale sets of the subscription."""
    check_subscription(call)
    return _page(call, list(call.cloud.world.scale_sets.values()))


@routes.route(f"GET {SET}/instanceView", "scaleSetInstanceView", bucket="HighCostGetVMScaleSet")
def get_scale_set_instance_view(call: Call) -> Response:
    """Return the summary of a Uniform set; a Flexible one refuses."""
    scale_set = scale_set_of(call)
    if scale_set.mode == "Flexible":
        raise not_allowed("instanceView", scale_set)
    return Response(200, uniform_summary(call.cloud.world.members_of(scale_set.id)))


@routes.route(f"GET {SET}/virtualMachines", "listInstances", query=("$expand", "$skiptoken"), bucket="ListInstances")
def list_instances(call: Call) -> Response:
    """List the instances: thin items for Flexible, which refuses $expand."""
    scale_set = scale_set_of(call)
    if "$expand" in call.request.query:
        if scale_set.mode == "Flexible":
            raise not_allowed("virtualMachines", scale_set)
        raise not_modelled("$expand of the instances of a Uniform scale set")
    describe = flexible_item if scale_set.mode == "Flexible" else uniform_instance
    page = read_page(call, call.cloud.settings.instances_page_size)
    members = call.cloud.world.members_of(scale_set.id)
    shown, more = cut(rest(members, page, lambda vm: vm.spec.ordinal), page.size)
    items = [describe(scale_set, vm) for vm in shown]
    return Response(200, {"value": items} | (next_link(call, shown[-1].spec.ordinal) if more else {}))


@routes.route(f"GET {SET}/virtualMachines/{{vm}}", "showInstance", bucket="GetVMScaleSetVM")
def get_instance(call: Call) -> Response:
    """Return one instance as its scale set describes it."""
    scale_set = scale_set_of(call)
    vm = instance_of(call, scale_set)
    describe = flexible_instance if scale_set.mode == "Flexible" else uniform_instance
    return Response(200, describe(scale_set, vm))


@routes.route(f"GET {SET}/virtualMachines/{{vm}}/instanceView", "instanceInstanceView", bucket="GetVMScaleSetVM")
def get_instance_instance_view(call: Call) -> Response:
    """Raise: the instance id of a Flexible set is not a number."""
    scale_set = scale_set_of(call)
    if scale_set.mode != "Flexible":
        raise not_modelled("the instance view of one instance of a Uniform scale set")
    message = "Virtual Machine Scale Set VM instanceId must be a number."
    raise ArmError(400, "InvalidParameter", message)


def _describe(call: Call, scale_set: ScaleSet) -> dict[str, Any]:
    return describe_scale_set(scale_set, len(call.cloud.world.members_of(scale_set.id)))


def _page(call: Call, scale_sets: list[ScaleSet]) -> Response:
    page = read_page(call)
    shown, more = cut([one for one in scale_sets if one.ordinal > page.after], page.size)
    items = [_describe(call, one) for one in shown]
    return Response(200, {"value": items} | (next_link(call, shown[-1].ordinal) if more else {}))


def instance_of(call: Call, scale_set: ScaleSet) -> Vm:
    """Return the instance that a path names."""
    name = call.params["vm"].lower()
    for vm in call.cloud.world.members_of(scale_set.id):
        if name == (vm.spec.name.lower() if vm.spec.instance is None else str(vm.spec.instance)):
            return vm
    kind = f"{SCALE_SET_TYPE}/{scale_set.name}/virtualMachines"
    raise resource_not_found(kind, call.params["vm"], call.params["group"])


def not_allowed(what: str, scale_set: ScaleSet, method: str = "GET") -> ArmError:
    """Return the refusal of what a Flexible set has no call for."""
    message = (
        f"Operation 'VirtualMachineScaleSets.{what}.{method}' is not allowed on "
        f"Virtual Machine Scale Set '{scale_set.name}'."
    )
    return ArmError(400, "OperationNotAllowed", message)
