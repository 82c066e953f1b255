"""Writes to the resources of the network provider."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from armsim.arm.errors import ArmError
from armsim.arm.operations import accepted
from armsim.identifiers import fraction
from armsim.network.bodies import PARTS
from armsim.network.checks import CHECKS, check_removals
from armsim.network.documents import LOAD_BALANCER, NIC, PROVIDER, Body, Document, Network, references

if TYPE_CHECKING:
    from armsim.arm.operation_store import Operation
    from armsim.arm.router import Call
    from armsim.messages import Response

DURATION, JITTER = 0.4, 0.3
"""How long a write takes, in units of the setting `seconds`, and the share of it that varies."""

_OWNED = {"provisioningState", "resourceGuid", "virtualMachine"}
_OWNED_PARTS = {
    "ipConfigurations": {"provisioningState"},
    "frontendIPConfigurations": {
        "provisioningState", "inboundNatRules", "loadBalancingRules", "outboundRules", "inboundNatPools",
    },
    "backendAddressPools": {
        "provisioningState", "backendIPConfigurations", "loadBalancingRules", "outboundRule", "outboundRules",
        "inboundNatRules",
    },
    "probes": {"provisioningState", "loadBalancingRules"},
    "loadBalancingRules": {"provisioningState"},
    "inboundNatRules": {"provisioningState", "backendIPConfiguration"},
    "inboundNatPools": {"provisioningState"},
    "outboundRules": {"provisioningState"},
}  # fmt: skip
"""The read-only properties, which are dropped from a body."""

_FAILURE = {"code": "InternalServerError", "message": "An error occurred."}


def write(call: Call, document: Document, body: Body) -> Operation:
    """Replace the body of a resource, or raise and change nothing."""
    network = call.cloud.world.network
    check_condition(call, document)
    check_idle(document, network)
    draft = replace(document, body=body)
    CHECKS[document.kind](draft, network)
    if document.kind == LOAD_BALANCER:
        check_removals(document, body, network)
    before = _links(document)
    document.body = without_owned(document.kind, body)
    document.version += 1
    network.touch({one.id for one in network.owners(before ^ _links(document))})
    network.add(document)
    network.forget_former_members()
    call.cloud.rotation.accept(network, call.cloud.now)
    return _begin(call, document)


def answer(call: Call, operation: Operation, status: int, body: Body | None = None) -> Response:
    """Return the answer that promises a write."""
    return accepted(call, operation, status, body)


def _links(document: Document) -> set[str]:
    return {target for _, _, target in references(document)} if document.kind == NIC else set()


def check_condition(call: Call, document: Document) -> None:
    """Raise 412 where If-Match names another version."""
    wanted = call.request.headers.get("if-match")
    if wanted not in {None, "*", document.etag}:
        detail = (
            f"Etag provided in if-match header {wanted} does not match etag {document.etag} of resource "
            f"{document.id} in NRP data store."
        )
        details = [{"code": "PreconditionFailedEtagMismatch", "message": detail}]
        raise ArmError(412, "PreconditionFailed", "Precondition failed.", details)


def check_idle(document: Document, network: Network) -> None:
    """Raise the provider's 429 where another operation runs, on the resource or on a load balancer of a NIC."""
    concerned = [document, *(network.used_by(document) if document.kind == NIC else ())]
    for one in concerned:
        if one.operation and one.busy:
            name = "PutLoadBalancerOperation" if one.kind == LOAD_BALANCER else "PutNicOperation"
            detail = (
                f"Operation {name} ({one.operation.id}) is updating resource {one.id}. "
                "The call can be retried in 10 seconds."
            )
            details = [{"code": "RetryableErrorDueToAnotherOperation", "message": detail}]
            raise ArmError(429, "RetryableError", "A retryable error occurred.", details)


def without_owned(kind: str, body: Body) -> Body:
    """Return what is kept of a body."""
    kept: Body = {key: deepcopy(value) for key, value in body.items() if key in {"tags", "sku", "zones", "properties"}}
    kept["properties"] = {key: value for key, value in kept.get("properties", {}).items() if key not in _OWNED}
    for parts in PARTS[kind]:
        kept["properties"][parts] = [_kept_part(parts, part) for part in kept["properties"].get(parts) or []]
    return kept


def _kept_part(kind: str, part: Body) -> Body:
    kept = {key: value for key, value in part.items() if key not in {"id", "etag", "type"}}
    owned = _OWNED_PARTS[kind]
    kept["properties"] = {key: value for key, value in kept.get("properties", {}).items() if key not in owned}
    return kept


def _begin(call: Call, document: Document) -> Operation:
    cloud, fault = call.cloud, call.fault
    error = fault.error(_FAILURE) if fault and fault.kind == "fail" else None
    vm = document.owner.rpartition("/")[2] if document.owner else ""
    operation = cloud.operations.start(vm, call.action, document.location, cloud.utc(), provider=PROVIDER)
    operation.hidden = fault is not None and fault.kind == "gone"
    document.operation, document.provisioning = operation, "Updating"

    def end(due: float) -> None:
        cloud.operations.end(operation, cloud.at(due), error)
        document.provisioning = "Failed" if error else "Succeeded"
        if not error:
            cloud.rotation.end(cloud.world.network, document, due)

    if fault is None or fault.kind != "stuck":
        length = DURATION * (1 + JITTER * (2 * fraction(document.id, document.version) - 1))
        cloud.events.add(cloud.now + length * cloud.settings.seconds, end)
        cloud.events.run(cloud.now)
    return operation
