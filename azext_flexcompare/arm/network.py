"""Load balancers and network interfaces of Azure: reading them, and changing one in a single conditional PUT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from azure.cli.core.azclierror import ArgumentUsageError, AzCLIError, InvalidArgumentValueError
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, map_error
from azure.mgmt.core.tools import is_valid_resource_id, parse_resource_id

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.errors import cli_errors, error_of
from azext_flexcompare.arm.network_bodies import Body, EditError, entries, same
from azext_flexcompare.arm.paced_lists import list_all
from azext_flexcompare.arm.polling import Completed, SteppedPolling
from azext_flexcompare.arm.responses import NO_RETRY, Unacknowledged, poll_errors, send_errors
from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, Poller, Throttled

API_VERSION = "2024-01-01"
BUSY = ("anotheroperationinprogress", "retryable")  # how the code of a 409 that passes begins

Edit = Callable[[Body], Body | None]


class ResourceChanged(Exception):  # noqa: N818  (the resource is read again)
    """Another client changed the resource after it was read."""


class ResourceUpdate:
    """A change of one resource in one PUT; an attempt after the first reads the resource and edits it again."""

    max_conflicts = 5  # how often a resource that another client changed is read and edited again

    def __init__(self, azure: Azure, resource: Body, edit: Edit, *, stale: bool = False) -> None:
        self.arm = azure.arm(_subscription(resource["id"]))
        self.resource, self.edit, self.stale, self.conflicts = resource, edit, stale, 0

    def __call__(self) -> Poller:
        """Send the PUT, or nothing if nothing is left to change; raises Throttled to be called again later."""
        if self.stale:
            with poll_errors():
                self.resource = self.arm.get(_url(self.resource["id"]), **NO_RETRY)
        self.stale = True
        try:
            after = self.edit(self.resource)
            return begin_put(self.arm, self.resource, after) if after else Completed()
        except EditError as error:
            raise Failure(Error("CannotBePlanned", str(error))) from error
        except ResourceChanged as change:
            raise self._edit_again(Failure(error_of(change.__cause__ or change))) from change
        except Unacknowledged as unknown:  # what it came to shows when the resource is read again
            raise self._edit_again(unknown) from unknown

    def _edit_again(self, failure: Failure) -> Throttled | Failure:
        self.conflicts += 1
        return Throttled(error=failure.error, alone=True) if self.conflicts <= self.max_conflicts else failure


def begin_put(arm: Any, read: Body, body: Body) -> Poller:
    """Write a resource and return its operation; raises ResourceChanged if it is not as it was read."""
    with send_errors(BUSY), _changes():
        return SteppedPolling.begun(arm, arm.put_answer(_url(read["id"]), body, read.get("etag"), **NO_RETRY))


def load_balancer_id(instances: Sequence[Instance], lb_name: str, option: str = "--lb-name") -> str:
    """Return the id for the value of an option: an id, or a name in the only resource group of the instances."""
    if is_valid_resource_id(lb_name):
        parts = parse_resource_id(lb_name)
        if not same(f"{parts['namespace']}/{parts['type']}", "Microsoft.Network/loadBalancers"):
            raise InvalidArgumentValueError(f"{option} is not the id of a load balancer: {lb_name}.")
        return lb_name
    groups = {(one.subscription, one.resource_group.lower()): one for one in instances}
    if len(groups) > 1:
        raise ArgumentUsageError(
            f"{option} {lb_name} is a name, and the instances are in several resource groups: "
            f"{', '.join(one.resource_group for one in groups.values())}.",
            recommendation="Specify the id of the load balancer, or choose instances of one resource group.",
        )
    [only] = groups.values()
    if "/" in lb_name:
        raise InvalidArgumentValueError(f"{option} is neither a name nor the id of a load balancer: {lb_name}.")
    group = f"/subscriptions/{only.subscription}/resourceGroups/{only.resource_group}"
    return f"{group}/providers/Microsoft.Network/loadBalancers/{lb_name}"


def read_load_balancer(azure: Azure, lb_id: str, named_by: str = " (--lb-name)") -> Body:
    """Read a load balancer; raises ResourceNotFoundError (exit status 3) if it does not exist."""
    group = parse_resource_id(lb_id)["resource_group"]
    with cli_errors(f"reading load balancer {last_name(lb_id)}{named_by} in resource group {group}"):
        try:
            found: Body = azure.arm(_subscription(lb_id)).get(_url(lb_id))
        except HttpResponseError as error:
            map_error(error.status_code or 0, error.response, {HTTPStatus.NOT_FOUND: ResourceNotFoundError})
            raise
    return found


def read_load_balancers(azure: Azure, *group_ids: str) -> list[Body]:
    """List the load balancers of resource groups."""
    names = ", ".join(last_name(one) for one in group_ids)
    with cli_errors(f"listing the load balancers in resource group {names}"):
        return list_all(azure, [_url(f"{one}/providers/Microsoft.Network/loadBalancers") for one in group_ids])


def read_pool(azure: Azure, pool_id: str) -> Body:
    """Read a backend address pool of a load balancer."""
    with cli_errors(f"reading backend pool {last_name(pool_id)}"):
        found: Body = azure.arm(_subscription(pool_id)).get(_url(pool_id))
    return found


def nic_ids(instance: Instance) -> list[tuple[str, bool]]:
    """List the id of each NIC of an instance, and whether it is the primary one."""
    profile = instance.resource.network_profile
    return [(one.id, bool(one.primary)) for one in (profile.network_interfaces if profile else None) or ()]


def read_nics(azure: Azure, instances: Iterable[Instance]) -> dict[str, Body]:
    """List the NICs of each resource group that has a NIC of the instances, by id in lower case."""
    return list_resources(
        azure, (nic for one in instances for nic, _ in nic_ids(one)), "listing the network interfaces"
    )


def list_resources(azure: Azure, ids: Iterable[str], doing: str) -> dict[str, Body]:
    """List all resources of each kind and group that ids name, by id in lower case: one list instead of many GETs."""
    collections = {one.rpartition("/")[0].lower(): one.rpartition("/")[0] for one in ids}
    with cli_errors(doing):
        found = list_all(azure, [_url(one) for one in collections.values()])
    return {body["id"].lower(): body for body in found if isinstance(body, dict) and isinstance(body.get("id"), str)}


def read_frontend_addresses(azure: Azure, lb: Body, frontends_used: Iterable[str]) -> dict[str, str | None]:
    """Read the address of each frontend of these ids, by its id in lower case."""
    used = {one.lower() for one in frontends_used}
    frontends = entries(lb, "frontendIPConfigurations")
    return {
        one["id"].lower(): _read_address(azure, one["properties"]) for one in frontends if one["id"].lower() in used
    }


def _read_address(azure: Azure, frontend: Body) -> str | None:
    public = frontend.get("publicIPAddress")
    if not public:
        return frontend.get("privateIPAddress")
    try:
        with cli_errors(f"reading public address {last_name(public['id'])}"):
            found = azure.arm(_subscription(public["id"])).get(_url(public["id"]))
    except AzCLIError:  # the right to read the address is not needed for a rule
        return None
    address: str | None = found["properties"].get("ipAddress")
    return address


@contextmanager
def _changes() -> Iterator[None]:
    try:
        yield
    except HttpResponseError as error:
        if error.status_code == HTTPStatus.PRECONDITION_FAILED:
            raise ResourceChanged from error
        raise


def _subscription(resource_id: str) -> str:
    return resource_id.split("/")[2]


def _url(resource_id: str) -> str:
    return f"{quote(resource_id)}?api-version={API_VERSION}"
