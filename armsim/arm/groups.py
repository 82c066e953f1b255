"""Routes of resource groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.lookup import check_subscription, group_of
from armsim.arm.router import Call, Router
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.cloud import Cloud

routes = Router()

_GROUPS = "/subscriptions/{subscription}/resourceGroups"


@routes.route(f"GET {_GROUPS}/{{group}}", "group", bucket="reads")
def get_group(call: Call) -> Response:
    """Return one resource group."""
    return Response(200, _describe(call.cloud, call.cloud.world.groups[group_of(call)]))


@routes.route(f"GET {_GROUPS}", "listGroups", bucket="reads")
def list_groups(call: Call) -> Response:
    """List the resource groups."""
    check_subscription(call)
    names = call.cloud.world.groups.values()
    return Response(200, {"value": [_describe(call.cloud, name) for name in names]})


def _describe(cloud: Cloud, name: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{cloud.world.subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": cloud.world.locations[name.lower()],
        "properties": {"provisioningState": "Succeeded"},
    }
