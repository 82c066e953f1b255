"""Routes of backend address pools: the only way to write the addresses of a pool and their administrative states."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from armsim.arm.errors import ArmError, resource_not_found
from armsim.arm.router import Call, Router
from armsim.messages import Response
from armsim.network.bodies import address_name, describe, describe_pool, is_standard
from armsim.network.documents import LOAD_BALANCER, Body, Document
from armsim.network.rotation import ADDRESSES, STATES, nic_members
from armsim.network.routes import GROUP, find_document, read_object
from armsim.network.writes import answer, check_condition, check_idle, write

routes = Router()

_POOLS = f"{GROUP}/{LOAD_BALANCER}/{{lb}}/backendAddressPools"


@routes.route(f"GET {_POOLS}", "pools")
def list_pools(call: Call) -> Response:
    """List the backend address pools of a load balancer."""
    document = find_document(call, LOAD_BALANCER)
    return Response(200, {"value": describe(document, call.cloud.world.network)["properties"]["backendAddressPools"]})


@routes.route(f"GET {_POOLS}/{{pool}}", "pool-get")
def get_pool(call: Call) -> Response:
    """Return one backend address pool."""
    document = find_document(call, LOAD_BALANCER)
    pool = describe_pool(document, call.params["pool"], call.cloud.world.network)
    if pool is None:
        kind = f"{LOAD_BALANCER}/{document.name}/backendAddressPools"
        raise resource_not_found(kind, call.params["pool"], call.params["group"])
    return Response(200, pool, {"ETag": document.etag})


@routes.route(f"PUT {_POOLS}/{{pool}}", "pool-put", long=True)
def put_pool(call: Call) -> Response:
    """Create or replace one backend address pool: a write to the whole load balancer."""
    document, network = find_document(call, LOAD_BALANCER), call.cloud.world.network
    check_condition(call, document)
    check_idle(document, network)
    body = read_object(call)
    after = deepcopy(document.body)
    pools = after["properties"].setdefault("backendAddressPools", [])
    pool = next((one for one in pools if one["name"].lower() == call.params["pool"].lower()), None)
    new = pool is None
    if pool is None:
        pool = {"name": call.params["pool"], "properties": {}}
        pools.append(pool)
    identifier = document.part_id("backendAddressPools", pool["name"]).lower()
    properties = body.get("properties") or {}
    own, states = _read_addresses(document, properties.get(ADDRESSES) or [], nic_members(network, identifier))
    pool["properties"] = {**properties, ADDRESSES: own}
    before = network.admin_states
    others = {key: state for key, state in before.items() if key[0] != identifier}
    network.admin_states = others | {(identifier, configuration): state for configuration, state in states.items()}
    try:
        operation = write(call, document, after)
    except ArmError:
        network.admin_states = before
        raise
    return answer(call, operation, 201 if new else 200, describe_pool(document, pool["name"], network))


def _read_addresses(document: Document, listed: list[Any], members: list[str]) -> tuple[list[Body], dict[str, str]]:
    """Return the addresses that the pool itself has, and the states of those that it has from NICs."""
    by_name = {address_name(one): one.lower() for one in members}
    own: list[Body] = []
    states: dict[str, str] = {}
    for address in listed:
        name, properties = address.get("name"), dict(address.get("properties") or {})
        state = _read_state(document, properties.get("adminState"))
        if name in by_name:
            if state:
                states[by_name[name]] = state
        elif properties.get("ipAddress") and (properties.get("virtualNetwork") or properties.get("subnet")):
            kept = ("ipAddress", "virtualNetwork", "subnet")
            given = {key: properties[key] for key in kept if key in properties}
            own.append({"name": name, "properties": {**given, **({"adminState": state} if state else {})}})
        else:
            raise _refused("InvalidBackendAddress", f"Backend address {name} of {document.id} has no IP address.")
    if listed and not is_standard(document):
        message = f"Load balancer {document.id} is of the Basic SKU, whose pools have no backend addresses."
        raise _refused("BackendAddressesNotSupportedForBasicSku", message)
    return own, states


def _read_state(document: Document, value: Any) -> str:
    if value is None:
        return ""
    if str(value).lower() not in STATES:
        message = f"The adminState '{value}' of a backend address of {document.id} is not {', '.join(STATES.values())}."
        raise _refused("InvalidAdminState", message)
    return STATES[str(value).lower()]


def _refused(code: str, message: str) -> ArmError:
    return ArmError(400, code, message, [])
