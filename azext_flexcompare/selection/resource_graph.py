"""The members of scale sets, read from Azure Resource Graph.

The page recommends it for lists. One query returns a thousand VMs, but the answer can be about a minute old (Microsoft,
Azure Resource Graph overview).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.cli.core.azclierror import ArgumentUsageError

from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet
from azext_flexcompare.selection.members import read_scale_sets
from azext_flexcompare.selection.selection import Choice

PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
PAGE = 1000  # rows, the most that one answer holds


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
    return [instance for one in sets for instance in instances_in_graph(client_of(one.subscription), one)]


def instances_in_graph(client: Any, scale_set: ScaleSet) -> list[Instance]:
    """List the instances of a set from Resource Graph, page by page.

    Raises AzureResponseError if Resource Graph refuses the query.
    """
    body: dict[str, Any] = {
        "subscriptions": [scale_set.subscription],
        "query": query(scale_set),
        "options": {"resultFormat": "objectArray", "$top": PAGE},
    }
    rows: list[dict[str, Any]] = []
    while True:
        with cli_errors(f"asking Resource Graph for the instances of {scale_set.name}"):
            answer = client.post(PATH, body)
        rows += answer["data"]
        token = answer.get("$skipToken")
        if not token:
            return [_instance(row, scale_set) for row in rows]
        body["options"]["$skipToken"] = token


def query(scale_set: ScaleSet) -> str:
    """Build the query of the page for one set; it compares the whole id, so `web` does not match `web2`."""
    return (
        "resources"
        " | where type =~ 'microsoft.compute/virtualmachines'"
        f" | where properties.virtualMachineScaleSet.id =~ {literal(scale_set.id)}"
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
