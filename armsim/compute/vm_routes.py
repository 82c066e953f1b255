"""Routes that read virtual machines."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled
from armsim.arm.lookup import check_subscription, group_of, vm_of
from armsim.arm.paging import cut, next_link, read_page, rest
from armsim.arm.router import Call, Router
from armsim.compute.extension_body import describe_extension, extension_id
from armsim.compute.instance_view import describe_instance
from armsim.compute.vm_body import describe_vm, in_list
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.world.model import Vm

routes = Router()

_ALL = "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines"
_FILTER = re.compile(r"'virtualMachineScaleSet/id' eq '([^']+)'", re.IGNORECASE)


@routes.route(f"GET {_GROUP}/{{vm}}", "get", query=("$expand",), bucket="LowCostGet")
def get_vm(call: Call) -> Response:
    """Return one VM, with its instance view where requested."""
    vm = vm_of(call)
    body = describe_whole(vm)
    expand = call.request.query.get("$expand", "")
    if expand.lower() == "instanceview":
        body["properties"]["instanceView"] = describe_instance(vm)
    elif expand.lower() not in {"", "userdata"}:
        raise not_modelled(f"$expand={expand} of a virtual machine")
    return Response(200, body, {} if expand else {"ETag": body["etag"]})


def describe_whole(vm: Vm) -> dict[str, Any]:
    """Return a VM as it is shown by itself: with its extensions."""
    body = describe_vm(vm)
    if vm.extensions:
        body["resources"] = [describe_extension(vm, extension) for extension in vm.extensions.values()]
    return body


@routes.route(f"GET {_GROUP}/{{vm}}/instanceView", "instanceView", bucket="LowCostGet")
def get_instance_view(call: Call) -> Response:
    """Return the instance view of one VM."""
    return Response(200, describe_instance(vm_of(call)))


@routes.route(f"GET {_GROUP}", "list", query=("$filter", "$expand", "$skiptoken"), bucket="HighCostGet")
def list_vms(call: Call) -> Response:
    """List the VMs of a group, or of one of its scale sets by $filter, a page at a time."""
    group = group_of(call)
    return _page(call, _candidates(call), group)


@routes.route(f"GET {_ALL}", "listAll", query=("$filter", "$expand", "$skiptoken", "statusOnly"), bucket="HighCostGet")
def list_all_vms(call: Call) -> Response:
    """List the VMs of the subscription; statusOnly=true gives their run-time status instead of their model."""
    check_subscription(call)
    return _page(call, _candidates(call), status_only=call.flag("statusOnly"))


def _candidates(call: Call) -> list[Vm]:
    """Return the VMs that $filter leaves, in the order of their creation."""
    expression = call.request.query.get("$filter")
    if expression is None:
        return list(call.cloud.world.vms.values())
    match = _FILTER.fullmatch(expression.strip())
    if match is None:
        raise not_modelled(f"$filter={expression} of a list of virtual machines")
    members = call.cloud.world.members_of(match[1])
    return [vm for vm in members if vm.spec.instance is None]


def _page(call: Call, vms: list[Vm], group: str | None = None, status_only: bool = False) -> Response:
    """Return a page, reading no more VMs than it needs."""
    with_view = _wants_instance_view(call) or status_only
    page = read_page(call)
    later = rest(vms, page, lambda vm: vm.spec.ordinal)
    wanted = (vm for vm in later if group is None or vm.spec.group.lower() == group)
    shown, more = cut(list(islice(wanted, page.size + 1)), page.size)
    settings = call.cloud.settings
    capitals = settings.capital_groups != (call.fault is not None and call.fault.kind == "case")
    items = [_item(vm, in_list(vm, capitals, settings.list_etags), with_view, status_only) for vm in shown]
    return Response(200, {"value": items} | (next_link(call, shown[-1].spec.ordinal) if more else {}))


def _wants_instance_view(call: Call) -> bool:
    expand = call.request.query.get("$expand")
    if expand is None:
        return False
    if expand.lower() != "instanceview":
        raise not_modelled(f"$expand={expand} of a list of virtual machines")
    if "$filter" not in call.request.query:
        message = "The $expand parameter 'instanceView' can only be specified together with a valid $filter."
        raise ArmError(400, "BadRequest", message)
    return True


def _item(vm: Vm, item: dict[str, Any], with_view: bool, status_only: bool) -> dict[str, Any]:
    if vm.extensions:
        item["resources"] = [{"id": extension_id(vm, extension)} for extension in vm.extensions.values()]
    if status_only:
        kept = ("vmId", "provisioningState")
        item["properties"] = {key: item["properties"][key] for key in kept}
    if with_view:
        item["properties"]["instanceView"] = describe_instance(vm)
    return item
