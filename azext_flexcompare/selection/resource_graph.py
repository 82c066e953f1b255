"""The members of scale sets, read from Azure Resource Graph.

The page recommends it for lists. One query returns a thousand VMs, but the answer can be about a minute old (Microsoft,
Azure Resource Graph overview).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from azure.cli.core.azclierror import ArgumentUsageError
from azure.mgmt.core.tools import parse_resource_id

from azext_flexcompare.arm.clients import Azure, check_new_page
from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.paced_reads import ReadBudget
from azext_flexcompare.arm.rate_limits import QUERIES
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet
from azext_flexcompare.selection.members import read_scale_sets
from azext_flexcompare.selection.selection import Choice

PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
PAGE = 1000  # rows, the most that one answer holds
SETS = 50  # in a query, whose text is thus a few thousand characters


def find_in_graph(client_of: Callable[[str], Any], reader: Reader, choice: Choice) -> list[Instance]:
    """List the members of every set that a choice names; `client_of` returns the ARM client of a subscription.

    Raises ArgumentUsageError for VM ids: only the compute API is asked for the set of a VM.
    """
    sets, vms = read_scale_sets(reader, choice)
    if vms:
        raise ArgumentUsageError(
            f"--source resource-graph lists whole scale sets, but {vms[0]} is a virtual machine.",
            recommendation="Omit --source to list by VM ids.",
        )
    return instances_in_graph(client_of(sets[0].subscription), sets) if sets else []


def instances_in_graph(client: Any, sets: Sequence[ScaleSet]) -> list[Instance]:
    """List the instances of sets from Resource Graph, a query for many sets, page by page, in the order of the sets.

    Raises AzureResponseError if Resource Graph refuses a query.
    """
    members: dict[ResourceId, list[Instance]] = {one.id: [] for one in sets}
    for some in (sets[start : start + SETS] for start in range(0, len(sets), SETS)):
        by_id = {one.id: one for one in some}
        subscriptions = list(dict.fromkeys(one.subscription for one in some))
        with cli_errors(f"asking Resource Graph for the instances of {', '.join(one.name for one in some)}"):
            rows = list(_rows(client, subscriptions, query(some)))
        for row in rows:
            scale_set = some[0] if len(some) == 1 else by_id.get(_set_id(row))
            if scale_set:
                members[scale_set.id].append(_instance(row, scale_set))
    return [instance for found in members.values() for instance in found]


def _set_id(row: dict[str, Any]) -> ResourceId:
    scale_set = (row.get("properties") or {}).get("virtualMachineScaleSet") or {}
    return ResourceId(scale_set.get("id") or "")


def resources_in_graph(azure: Azure, ids: Iterable[str], doing: str) -> dict[str, dict[str, Any]]:
    """List all resources of each kind and group that ids name, by id in lower case, with one query for each kind.

    Raises AzureResponseError if Resource Graph refuses a query.
    """
    groups: dict[tuple[str, str], set[str]] = {}
    for parts in map(parse_resource_id, ids):
        kind = f"{parts['namespace']}/{parts['type']}"
        groups.setdefault((parts["subscription"], kind.lower()), set()).add(parts["resource_group"].lower())
    with cli_errors(f"{doing} in Resource Graph"):
        rows = [
            _as_listed(row)
            for (subscription, kind), found in groups.items()
            for row in _rows(azure.arm(subscription), [subscription], query_of_kind(kind, sorted(found)))
        ]
    return {row["id"].lower(): row for row in rows}


def query_of_kind(kind: str, groups: Sequence[str]) -> str:
    """Build the query of the resources of a kind in resource groups."""
    return (
        "resources"
        f" | where type =~ {literal(kind)}"
        f" | where resourceGroup in~ ({', '.join(map(literal, groups))})"
        " | project id, name, type, location, tags, sku, zones, properties"
        " | order by name asc"
    )


def _as_listed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as a list of its provider has it: with its type as its id spells it, and nothing that is null."""
    parts = parse_resource_id(row["id"])
    return {key: value for key, value in row.items() if value} | {"type": f"{parts['namespace']}/{parts['type']}"}


def as_read(instance: Instance) -> Instance:
    """Return an instance of a row as the compute API would have it, for what its model is needed for."""
    from azure.mgmt.compute.v2024_11_01.models import VirtualMachine

    return instance._replace(resource=VirtualMachine.deserialize(instance.resource))


def _rows(client: Any, subscriptions: Sequence[str], text: str) -> Iterator[dict[str, Any]]:
    """Yield every row of a query, page by page; raises ValueError for an answer without an end."""
    options: dict[str, Any] = {"resultFormat": "objectArray", "$top": PAGE}
    body = {"subscriptions": list(subscriptions), "query": text, "options": options}
    budget, seen = query_budget(), set[str]()
    while True:
        with budget.reading():
            answer = client.post(PATH, body)
        yield from answer["data"]
        token = answer.get("$skipToken")
        if not token:
            return
        check_new_page(token, seen)
        options["$skipToken"] = token


@cache
def query_budget() -> ReadBudget:
    """Return the budget of queries, which is one for all subscriptions."""
    return ReadBudget(QUERIES)


def query(sets: Sequence[ScaleSet]) -> str:
    """Build the query of the page for sets; it compares whole ids, so `web` does not match `web2`."""
    ids = [literal(one.id) for one in sets]
    condition = f"=~ {ids[0]}" if len(ids) == 1 else f"in~ ({', '.join(ids)})"
    return (
        "resources"
        " | where type =~ 'microsoft.compute/virtualmachines'"
        f" | where properties.virtualMachineScaleSet.id {condition}"
        " | project id, name, location, zones, tags, properties"
        " | order by name asc"
    )


def literal(text: str) -> str:
    """Format a text as a literal of the query language, with its quotes escaped."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def _instance(row: dict[str, Any], scale_set: ScaleSet) -> Instance:
    properties = row.get("properties") or {}
    view = (properties.get("extended") or {}).get("instanceView") or {}
    code = (view.get("powerState") or {}).get("code") or ""
    return Instance(
        ResourceId(row["id"]),
        row["name"],
        scale_set,
        next(iter(row.get("zones") or ()), None),
        fault_domain=view.get("platformFaultDomain", properties.get("platformFaultDomain")),
        power_state=code.partition("/")[2] or None,
        tags=row.get("tags") or {},
        provisioning_state=properties.get("provisioningState"),
        size=(properties.get("hardwareProfile") or {}).get("vmSize"),
        location=row["location"],
        resource=row,
    )
