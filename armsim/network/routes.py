"""Routes of load balancers, network interfaces and public addresses."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled, resource_not_found
from armsim.arm.lookup import check_subscription, group_of
from armsim.arm.paging import cut, next_link, read_page
from armsim.arm.router import Call, Router
from armsim.messages import Response
from armsim.network.bodies import describe, describe_rule
from armsim.network.documents import LOAD_BALANCER, NIC, PUBLIC_IP, Body, Document
from armsim.network.writes import answer, write

if TYPE_CHECKING:
    from collections.abc import Callable

routes = Router()

_ALL = "/subscriptions/{subscription}/providers"
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers"
_LB = f"{GROUP}/{LOAD_BALANCER}/{{lb}}"
_RULE = f"{_LB}/inboundNatRules/{{rule}}"
POOLS, ADDRESSES = "backendAddressPools", "loadBalancerBackendAddresses"
_MEMBERS = {"id", "name", "type", "etag", "location", "tags", "sku", "zones", "extendedLocation", "kind", "properties"}


def _reader(kind: str) -> Callable[[Call], Response]:
    def read(call: Call) -> Response:
        document = find_document(call, kind)
        return Response(200, describe(document, call.cloud.world.network), {"ETag": document.etag})

    return read


def _lister(kind: str) -> Callable[[Call], Response]:
    def list_them(call: Call) -> Response:
        network = call.cloud.world.network
        documents = list(network.documents(kind).values())
        if "group" in call.params:
            group = group_of(call)
            documents = [one for one in documents if one.group.lower() == group]
        else:
            check_subscription(call)
        page = read_page(call)
        shown, more = cut([one for one in documents if one.ordinal > page.after], page.size)
        items = [describe(one, network) for one in shown]
        return Response(200, {"value": items} | (next_link(call, shown[-1].ordinal) if more else {}))

    return list_them


for _kind, _name in ((LOAD_BALANCER, "lb"), (NIC, "nic"), (PUBLIC_IP, "public-ip")):
    routes.route(f"GET {GROUP}/{_kind}/{{{_name}}}", f"{_name}-get", query=("$expand",))(_reader(_kind))
    routes.route(f"GET {GROUP}/{_kind}", f"{_name}-list", query=("$skiptoken",))(_lister(_kind))
    routes.route(f"GET {_ALL}/{_kind}", f"{_name}-list-all", query=("$skiptoken",))(_lister(_kind))


@routes.route(f"PUT {_LB}", "lb-put", long=True)
def put_load_balancer(call: Call) -> Response:
    """Create a load balancer, or replace all that it is."""
    network, world = call.cloud.world.network, call.cloud.world
    key = group_of(call), call.params["lb"].lower()
    body = _read(call)
    old = network.load_balancers.get(key)
    if old:
        _check_place(old, body)
        body = {**({"sku": old.body["sku"]} if "sku" in old.body else {}), **body}
    _keep_addresses(body, old)
    group = world.groups[group_of(call)]
    document = old or Document(
        LOAD_BALANCER,
        call.params["lb"],
        group,
        body["location"],
        id=f"{world.group_id(group)}/providers/{LOAD_BALANCER}/{call.params['lb']}",
        ordinal=world.next_ordinal(),
        body={"properties": {}},
    )
    operation = write(call, document, body)
    return answer(call, operation, 200 if old else 201, describe(document, network))


@routes.route(f"PUT {GROUP}/{NIC}/{{nic}}", "nic-put", long=True)
def put_nic(call: Call) -> Response:
    """Replace a network interface; addresses that the body leaves out stay."""
    network = call.cloud.world.network
    nic = network.nics.get((group_of(call), call.params["nic"].lower()))
    if nic is None:
        raise not_modelled("the creation of a network interface")
    body = _read(call)
    _check_place(nic, body)
    if not isinstance(body["properties"].get("ipConfigurations"), list):
        raise ArmError(400, "InvalidRequestFormat", "Cannot parse the request.", [])
    operation = write(call, nic, _with_addresses(nic, body))
    return answer(call, operation, 200, describe(nic, network))


@routes.route(f"GET {_LB}/inboundNatRules", "nat-rules")
def list_rules(call: Call) -> Response:
    """List the inbound NAT rules of a load balancer."""
    document = find_document(call, LOAD_BALANCER)
    return Response(200, {"value": describe(document, call.cloud.world.network)["properties"]["inboundNatRules"]})


@routes.route(f"GET {_RULE}", "nat-rule", query=("$expand",))
def get_rule(call: Call) -> Response:
    """Return one inbound NAT rule."""
    document = find_document(call, LOAD_BALANCER)
    rule = describe_rule(document, call.params["rule"], call.cloud.world.network)
    if rule is None:
        kind = f"{LOAD_BALANCER}/{document.name}/inboundNatRules"
        raise resource_not_found(kind, call.params["rule"], call.params["group"])
    return Response(200, rule)


@routes.route(f"PUT {_RULE}", "nat-rule-put", long=True)
def put_rule(call: Call) -> Response:
    """Create or replace one inbound NAT rule: a write to the whole load balancer."""
    document, name = find_document(call, LOAD_BALANCER), call.params["rule"]
    rule = {**read_object(call), "name": name}
    rules = [one for one in document.parts("inboundNatRules") if one["name"].lower() != name.lower()]
    new = len(rules) == len(document.parts("inboundNatRules"))
    operation = write(call, document, _with_rules(document, [*rules, rule]))
    return answer(call, operation, 201 if new else 200, describe_rule(document, name, call.cloud.world.network))


@routes.route(f"DELETE {_RULE}", "nat-rule-delete", long=True)
def delete_rule(call: Call) -> Response:
    """Delete one inbound NAT rule; 204 where there is none."""
    document, name = find_document(call, LOAD_BALANCER), call.params["rule"].lower()
    rules = [one for one in document.parts("inboundNatRules") if one["name"].lower() != name]
    if len(rules) == len(document.parts("inboundNatRules")):
        return Response(204)
    return answer(call, write(call, document, _with_rules(document, rules)), 202)


def find_document(call: Call, kind: str) -> Document:
    """Return the resource that a path names; raises the 404 where there is none."""
    expand = call.request.query.get("$expand")
    if expand:
        raise not_modelled(f"$expand={expand} of a resource of {kind}")
    name = next(call.params[key] for key in ("lb", "nic", "public-ip") if key in call.params)
    document = call.cloud.world.network.documents(kind).get((group_of(call), name.lower()))
    if document is None:
        raise resource_not_found(kind, name, call.params["group"])
    return document


def _keep_addresses(body: Body, old: Document | None) -> None:
    """Replace the backend addresses in a body by the stored ones: the PUT of a load balancer does not write them."""
    kept = {one["name"].lower(): one["properties"].get(ADDRESSES) for one in old.parts(POOLS)} if old else {}
    for pool in body["properties"].get(POOLS) or []:
        if isinstance(pool, dict) and isinstance(pool.get("properties"), dict):
            pool["properties"].pop(ADDRESSES, None)
            if addresses := kept.get(str(pool.get("name")).lower()):
                pool["properties"][ADDRESSES] = addresses


def _with_rules(document: Document, rules: list[Body]) -> Body:
    body = deepcopy(document.body)
    body["properties"]["inboundNatRules"] = rules
    return body


def _with_addresses(nic: Document, body: Body) -> Body:
    known = {one["name"].lower(): one["properties"].get("privateIPAddress") for one in nic.parts("ipConfigurations")}
    for part in body["properties"]["ipConfigurations"]:
        address = known.get(str(part.get("name")).lower())
        if address and isinstance(part.get("properties"), dict):
            part["properties"].setdefault("privateIPAddress", address)
    return {**body, "properties": {**_kept_of(nic), **body["properties"]}}


def _kept_of(nic: Document) -> Body:
    """Return what the platform gave a NIC: no writer needs to repeat it."""
    return {key: nic.body["properties"][key] for key in ("macAddress", "primary") if key in nic.body["properties"]}


def _read(call: Call) -> Body:
    body = read_object(call)
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        message = f"Could not find member '{unknown[0]}' on object of type 'ResourceDefinition'."
        raise ArmError(400, "InvalidRequestContent", message)
    if not body.get("location"):
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    properties: Any = body.get("properties")
    return {**body, "properties": properties if isinstance(properties, dict) else {}}


def read_object(call: Call) -> Body:
    """Return the object that a request has as its body."""
    body = call.request.json()
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestFormat", "Cannot parse the request.", [])
    return body


def _check_place(document: Document, body: Body) -> None:
    if body["location"].replace(" ", "").lower() != document.location.lower():
        message = (
            f"The resource '{document.name}' already exists in location '{document.location}' in resource group "
            f"'{document.group}'. A resource with the same name cannot be created in location '{body['location']}'. "
            "Please select a new resource name."
        )
        raise ArmError(409, "InvalidResourceLocation", message)
