"""Routes of the bulk services, which answer 200 even where they refuse every VM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.arm.locks import check_scope
from armsim.arm.lookup import check_subscription, group_of
from armsim.arm.router import Call, Router
from armsim.compute.bulk import DATA, SERVICES, BulkOperation, BulkRequest, BulkService
from armsim.compute.bulk_scheduler import cancel, catch_up, plan
from armsim.compute.progress import read_object
from armsim.faults.answers import error_of
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.world.model import Vm

routes = Router()

_VM = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Compute/virtualMachines/([^/]+)", re.IGNORECASE
)
_LIMITS = DATA["limits"]


def answer(call: Call) -> Response:
    """Return the answer to any request of these services."""
    service = next(service for service in SERVICES.values() if call.action in service.requests)
    request = service.requests[call.action]
    _check_scope(call, service, request)
    body = read_object(call)
    if service.correlated and not (isinstance(body.get("correlationid"), str) and body["correlationid"]):
        raise _invalid("Required parameter 'correlationid' is missing (null).")
    if request.operation is None:
        return _tell(call, service, request, body)
    return _start(call, service, request, body)


def _check_scope(call: Call, service: BulkService, request: BulkRequest) -> None:
    """Raise ARM's refusals of a type that there is not here."""
    if "group" in call.params:
        group_of(call)
    check_subscription(call)
    regions = getattr(call.cloud.settings, service.setting)
    version, location = call.request.query["api-version"], call.params["location"].lower()
    kind = f"locations/{request.name}"
    if regions is not None and not regions:
        words = service.missing
        message = words["message"].format(type=kind, provider=service.provider, version=version)
        raise ArmError(words["status"], words["code"], message)
    elsewhere = regions is not None and location not in {region.lower() for region in regions}
    if version not in service.versions or elsewhere:
        message = (
            f"No registered resource provider found for location '{location}' and API version '{version}' for type "
            f"'{kind}'. The supported api-versions are '{', '.join(service.versions)}'. "
            f"The supported locations are '{', '.join(regions or [location])}'."
        )
        raise ArmError(400, "NoRegisteredProviderFound", message)


def _start(call: Call, service: BulkService, request: BulkRequest, body: dict[str, Any]) -> Response:
    kind = str(request.operation)
    extra = DATA["operations"][kind].get("members", [])
    _check_members(body, {"executionParameters", "resources", *extra, *_correlation(service)})
    if not all(isinstance(body.get(name, False), bool) for name in extra):
        raise _invalid("The value of parameter forceDeletion is invalid.")
    retries = _read_parameters(body.get("executionParameters"), service)
    resources = _object(body.get("resources"), "resources")
    _check_members(resources, {"ids"})
    ids = _strings(resources.get("ids"), "resources.ids")
    rows = [_accept(call, service, request, each, retries=retries) for each in ids]
    call.cloud.events.run(call.cloud.now)
    answer: dict[str, Any] = {
        "description": f"{kind} Resource request",
        "type": "VirtualMachines",
        "location": call.params["location"],
    }
    if service.details or call.cloud.settings.bulk_results:
        answer["results"] = [_row(one) if isinstance(one, BulkOperation) else one for one in rows]
    return Response(200, answer)


def _tell(call: Call, service: BulkService, request: BulkRequest, body: dict[str, Any]) -> Response:
    _check_members(body, {"operationIds", *_correlation(service)})
    catch_up(call.cloud)
    rows = []
    for identifier in _strings(body.get("operationIds"), "operationIds"):
        operation = call.cloud.bulk.operations.get(identifier.lower())
        if operation is None or operation.scope != _scope_of(call) or _is_hidden(operation):
            rows.append(_refused("", "OperationNotFound", f"The operation '{identifier}' was not found."))
            continue
        if request.cancels:
            cancel(call.cloud, operation)
        rows.append(_row(operation, ""))
    return Response(200, {"results": rows})


def _is_hidden(operation: BulkOperation) -> bool:
    return operation.fault is not None and operation.fault.kind == "gone"


def _accept(
    call: Call, service: BulkService, request: BulkRequest, resource: str, retries: dict[str, Any]
) -> BulkOperation | dict[str, Any]:
    """Return the operation for one VM, or the row that says why there is none."""
    try:
        vm = _vm_of(call, resource)
        _check_vm(call, request, vm)
    except ArmError as error:
        return _refused(resource, error.code, error.message)
    cloud = call.cloud
    operation = BulkOperation(
        cloud.bulk.next_id(),
        _scope_of(call),
        str(request.operation),
        request.action,
        vm=vm,
        resource=resource,
        subscription=cloud.world.subscription,
        deadline=cloud.at(cloud.now),
        retries=retries,
        details=service.details,
        fault=call.fault,
    )
    plan(cloud, operation)
    return operation


def _vm_of(call: Call, resource: str) -> Vm:
    match = _VM.fullmatch(resource)
    if match is None:
        raise ArmError(400, "InvalidResourceId", f"'{resource}' is not the id of a virtual machine.")
    subscription, group, name = (part.lower() for part in match.groups())
    if "group" in call.params and group != call.params["group"].lower():
        message = f"The virtual machine is not in the resource group '{call.params['group']}' of the request."
        raise ArmError(400, "ResourceGroupMismatch", message)
    world = call.cloud.world
    vm = world.vms.get((group, name)) if subscription == world.subscription else None
    if vm is None:
        raise ArmError(404, "ResourceNotFound", f"The virtual machine '{resource}' was not found.")
    if vm.location.lower() != call.params["location"].lower():
        message = f"The virtual machine is in '{vm.location}', the request is for '{call.params['location']}'."
        raise ArmError(400, "LocationMismatch", message)
    return vm


def _check_vm(call: Call, request: BulkRequest, vm: Vm) -> None:
    cloud = call.cloud
    fault = cloud.faults.pick_part(request.action, "", vm.spec.name, {"status"})
    if fault:
        raise error_of(fault, "", cloud.utc())
    other = cloud.bulk.open.get(vm.id)
    running = other.name if other else vm.operation.action if vm.operation and vm.busy else None
    if running:
        message = f"The operation conflicts with '{running}' on virtual machine '{vm.spec.name}', which is not over."
        raise ArmError(409, "Conflict", message)
    check_scope(cloud.world, vm.id, request.operation == "Delete")


def _row(operation: BulkOperation, zone: str = "UTC") -> dict[str, Any]:
    return {
        "resourceId": operation.resource,
        "errorCode": None,
        "errorDetails": None,
        "operation": operation.body(zone),
    }


def _refused(resource: str, code: str, details: str) -> dict[str, Any]:
    return {"resourceId": resource or None, "errorCode": code, "errorDetails": details}


def _scope_of(call: Call) -> str:
    """Return what an operation can be asked about under: the path but for the request's own name."""
    return call.request.path.rstrip("/").rpartition("/")[0].lower()


def _correlation(service: BulkService) -> set[str]:
    return {"correlationid"} if service.correlated else set()


def _read_parameters(value: Any, service: BulkService) -> dict[str, Any]:
    """Return the retry policy of a request; without one, nothing is tried again."""
    parameters = _object(value, "executionParameters")
    _check_members(parameters, set(service.parameters))
    if parameters.get("optimizationPreference") not in {None, *DATA["preferences"]}:
        raise _invalid("The value of parameter optimizationPreference is invalid.")
    policy = _object(parameters.get("retryPolicy") or {}, "retryPolicy")
    _check_members(policy, {"retryCount", "retryWindowInMinutes", "onFailureAction"})
    for name in ("retryCount", "retryWindowInMinutes"):
        least, most = _LIMITS[name]
        number = policy.get(name, least)
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            raise _invalid(f"The value of parameter {name} is invalid: it must be from {least} to {most}.")
    if policy.get("onFailureAction") not in {None, *DATA["failureActions"]}:
        raise _invalid("The value of parameter onFailureAction is invalid.")
    return {"retryCount": 0, **policy}


def _check_members(part: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(part) - known)
    if unknown:
        raise ArmError(400, "InvalidRequestContent", f"Could not find member '{unknown[0]}' on the request.")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"Required parameter '{name}' is missing (null).")
    return value


def _strings(value: Any, name: str) -> list[str]:
    most = _LIMITS["ids"]
    if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise _invalid(f"Required parameter '{name}' is missing (null).")
    if not 1 <= len(value) <= most:
        raise _invalid(f"The value of parameter {name} is invalid: it must have from 1 to {most} items.")
    return value


def _invalid(message: str) -> ArmError:
    return ArmError(400, "InvalidParameter", message)


for _service in SERVICES.values():
    for _request in _service.requests.values():
        _path = f"POST {_service.path}/{_request.name}"
        routes.route(_path, _request.action, long=_request.operation is not None)(answer)
