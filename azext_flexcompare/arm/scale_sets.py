"""Scale sets and their instances, read through the compute API, which is strongly consistent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

from azure.cli.core.azclierror import InvalidArgumentValueError, ValidationError
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, map_error
from azure.core.rest import HttpRequest
from azure.mgmt.core.tools import is_valid_resource_id, parse_resource_id

from azext_flexcompare.arm.clients import check_new_page
from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.machines import check_machine, instance_of, machine_of, set_id_of
from azext_flexcompare.arm.member_states import note_pages
from azext_flexcompare.arm.paced_reads import ReadBudget, Turns, finish, read_budget
from azext_flexcompare.arm.responses import NO_RETRY, json_of
from azext_flexcompare.arm.sdk_requests import Request, request_of
from azext_flexcompare.arm.uniform import uniform_advice
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet

ERRORS: dict[int, type[HttpResponseError]] = {401: ClientAuthenticationError, 404: ResourceNotFoundError}
SETS, VMS = "virtualmachinescalesets", "virtualmachines"


class Reader(NamedTuple):
    """How scale sets and instances are read: the compute client of each subscription, for which command as typed."""

    client_of: Callable[[str | None], Any]
    command: str
    typed: Sequence[str] = ()


def list_members(reader: Reader, scale_set: ScaleSet) -> list[Instance]:
    """List the instances of a set with their instance views, following every page."""
    return finish(list_in_turns(reader, scale_set))


def list_in_turns(reader: Reader, scale_set: ScaleSet) -> Turns[list[Instance]]:
    """List the instances of a set with their instance views, a page a turn.

    Source: `$filter` and `$expand` of VirtualMachines_List as the CLI's own `az vm list --vmss` client documents them
    (azure-cli 2.91.0).
    """
    client, quoted = reader.client_of(scale_set.subscription), scale_set.id.replace("'", "''")
    arguments = {"filter": f"'virtualMachineScaleSet/id' eq '{quoted}'", "expand": "instanceView"}
    budget, seen, found = read_budget(scale_set.subscription.lower()), set[str](), dict[ResourceId, Instance]()
    with cli_errors(f"listing the instances of {scale_set.name}"):
        request = request_of(client, "virtual_machines.list", (scale_set.resource_group,), arguments)
        while True:
            with budget.reading() as learn:
                page = _read_page(client, request, learn)
            # A service that ignored the filter would return instances of other sets; a VM may be on two pages of a list
            # that changes while it is read.
            for body in page["value"]:
                check_machine(body)
                if ResourceId(set_id_of(body)) == scale_set.id:
                    one = instance_of(body, scale_set, machine_of(client, body))
                    found[one.id] = one
            if not page.get("nextLink"):
                note_pages(scale_set, len(seen) + 1)
                return list(found.values())
            request = request._replace(url=page["nextLink"])
            check_new_page(request.url, seen)
            yield


def _read_page(client: Any, request: Request, learn: Callable[[Any], None]) -> Any:
    """Read a page of a list; raises as the methods of the SDK do."""
    sent = HttpRequest(request.method, request.url, headers=dict(request.headers))
    answer = client._client.send_request(sent, raw_response_hook=learn)  # noqa: SLF001
    if answer.status_code != HTTPStatus.OK:
        map_error(answer.status_code, answer, ERRORS)
        raise HttpResponseError(response=answer)
    return json_of(answer)


def _all_pages(
    list_: Callable[..., Any], budget: ReadBudget, goes_on: Callable[[list[list[Any]]], bool] | None = None
) -> Turns[list[list[Any]]]:
    """List the entries of each page, as fast as the limits allow, as long as the list `goes_on` after some.

    Raises ValueError for a list without an end.
    """
    learn: list[Callable[[Any], None]] = []

    def learn_from(answer: Any) -> None:
        learn[-1](answer)

    pages, seen = list_(raw_response_hook=learn_from).by_page(), set[str]()
    found: list[list[Any]] = []
    while True:
        with budget.reading() as learns:
            learn.append(learns)
            page = next(pages, None)
        if page is None:
            return found
        found.append(list(page))
        if not pages.continuation_token or (goes_on and not goes_on(found)):
            return found
        check_new_page(pages.continuation_token, seen)
        yield


def read_scale_set(reader: Reader, subscription: str | None, group: str, name: str) -> ScaleSet:
    """Return a Flexible scale set; raises ValidationError for a Uniform one."""
    client = reader.client_of(subscription)
    budget = _budget(client, subscription)
    with cli_errors(f"looking for scale set {name} in resource group {group}"), budget.reading() as learn:
        answer = client.virtual_machine_scale_sets.get(group, name, raw_response_hook=learn)
        scale_set = _scale_set(answer)
    if not _is_flexible(answer):
        raise _uniform(reader, subscription, group, name)
    return scale_set


def list_scale_sets(reader: Reader, group: str | None) -> tuple[list[tuple[ScaleSet, dict[str, str]]], list[str]]:
    """List the Flexible scale sets of a resource group, each with its tags, and the names of the Uniform ones.

    Without a group these are the scale sets of the subscription.
    """
    with cli_errors(f"listing the scale sets of {'the subscription' if group is None else f'resource group {group}'}"):
        client = reader.client_of(None)
        sets = client.virtual_machine_scale_sets
        list_ = sets.list_all if group is None else partial(sets.list, group)
        pages = finish(_all_pages(list_, _budget(client, None)))
        answers = [one for page in pages for one in page]
    flexible = [one for one in answers if _is_flexible(one)]
    uniform = [one.name for one in answers if one not in flexible]
    return [(_scale_set(one), one.tags or {}) for one in flexible], uniform


def find_scale_sets(reader: Reader, subscription: str, wanted: Collection[ResourceId], most: int) -> list[ScaleSet]:
    """Find Flexible scale sets in the list of a subscription, of which at most so many pages are read.

    Source: VirtualMachineScaleSets_ListAll and VirtualMachineScaleSets_Get return the same model (Compute 2024-03-01).
    """

    def found(pages: list[list[Any]]) -> list[Any]:
        return [one for page in pages for one in page if ResourceId(one.id) in wanted and _is_flexible(one)]

    def goes_on(pages: list[list[Any]]) -> bool:
        return len(pages) < most and len(found(pages)) < len(wanted)

    with cli_errors(f"listing the scale sets of subscription {subscription}"):
        list_ = partial(reader.client_of(subscription).virtual_machine_scale_sets.list_all, **NO_RETRY)
        return [_scale_set(one) for one in found(finish(_all_pages(list_, read_budget(subscription.lower()), goes_on)))]


def _is_flexible(answer: Any) -> bool:
    return (answer.orchestration_mode or "Uniform").lower() == "flexible"


def _budget(client: Any, subscription: str | None) -> ReadBudget:
    return read_budget((subscription or vars(client)["_config"].subscription_id).lower())


def _scale_set(answer: Any) -> ScaleSet:
    parts = parse_id(answer.id or "")
    return ScaleSet(
        parts["subscription"], parts["resource_group"], parts["name"], ResourceId(answer.id), balanced=_balanced(answer)
    )


def read_vm(reader: Reader, vm: str) -> Any:
    """Read a VM by its id; return None where it does not exist."""
    parts = parse_id(vm)
    with cli_errors(f"reading {vm}"):
        client = reader.client_of(parts["subscription"])
        place, view = (parts["resource_group"], parts["name"]), {"expand": "instanceView"}
        try:
            with read_budget(parts["subscription"].lower()).reading() as learn:
                found = _read_page(client, request_of(client, "virtual_machines.get", place, view), learn)
        except ResourceNotFoundError:
            return None
        check_machine(found)
        return machine_of(client, found)


def _balanced(scale_set: Any) -> bool:
    profile = scale_set.virtual_machine_profile
    interfaces = profile.network_profile.network_interface_configurations if profile and profile.network_profile else ()
    return any(
        configuration.load_balancer_backend_address_pools
        for interface in interfaces or ()
        for configuration in interface.ip_configurations or ()
    )


def _uniform(reader: Reader, subscription: str | None, group: str, name: str) -> ValidationError:
    place = f"-g {group} -n {name}"
    if subscription and subscription != vars(reader.client_of(None))["_config"].subscription_id:
        place += f" --subscription {subscription}"
    return ValidationError(
        f"{name} is a Uniform scale set, and `az vmss-flex` is for Flexible ones.",
        recommendation=uniform_advice(reader.command, place, reader.typed),
    )


def parse_id(resource_id: str) -> dict[str, str]:
    """Return the parts of the id of a scale set or a VM; raises InvalidArgumentValueError for any other."""
    parts: dict[str, str] = parse_resource_id(resource_id) if is_valid_resource_id(resource_id) else {}
    kind = f"{parts.get('namespace', '')}/{parts.get('type', '')}".lower()
    if kind not in (f"microsoft.compute/{SETS}", f"microsoft.compute/{VMS}") or not _is_view_or_plain(parts):
        raise InvalidArgumentValueError(
            f"'{resource_id}' is not the id of a scale set or a virtual machine.",
            recommendation="`az vmss-flex list-instances --query [].id -o tsv` prints ids that fit.",
        )
    return parts


def _is_view_or_plain(parts: dict[str, str]) -> bool:
    # `az vmss list-instances` prints ids of a Flexible instance as a child of its set.
    children = parts.get("child_type_1", ""), parts.get("child_type_2", "")
    return children == ("", "") or (parts["type"].lower(), children[0].lower(), children[1]) == (SETS, VMS, "")
