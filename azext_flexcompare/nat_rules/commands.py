"""How do instances get and lose NAT rules on a load balancer, in one PUT of it and one of each NIC?

Azure takes one change of a load balancer at a time (429, RetryableErrorDueToAnotherOperation, for the next one), so no
rule is written by itself: the load balancer is written once with all of them, and each NIC refers to its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from azure.cli.core.azclierror import ArgumentUsageError, AzCLIError, InvalidArgumentValueError, ValidationError
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, map_error
from azure.mgmt.core.tools import is_valid_resource_id, parse_resource_id
from knack.log import get_logger

from azext_flexcompare.arm.clients import WORKERS, Azure, azure_of
from azext_flexcompare.arm.errors import cli_errors, error_of
from azext_flexcompare.arm.polling import Completed, SteppedPolling
from azext_flexcompare.arm.rate_limits import rate_limit_key
from azext_flexcompare.arm.responses import NO_RETRY, sdk_errors
from azext_flexcompare.execution.confirmation import ask
from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.nat_rules.rules import (
    Body,
    Grant,
    Place,
    Rule,
    RuleError,
    Wish,
    advice,
    every_place,
    grant,
    leading_to,
    not_referring,
    ours,
    place_of,
    referring,
    same,
    with_rules,
    without_rules,
)
from azext_flexcompare.output import messages
from azext_flexcompare.output import rows as _rows
from azext_flexcompare.output.conclusion import conclude_run
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Work, planned_outcomes, skipped_outcomes
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Poller, Throttled
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation

GROUP = "nat-rule"  # nothing of `az vmss` does for a Uniform set what these commands do
VERSION = "api-version=2024-01-01"
RACES = 5  # times that a resource is read and planned anew because somebody else had changed it meanwhile
NOT_FOUND, CONFLICT, LOST = 404, 409, 412
BUSY = ("anotheroperationinprogress", "retryable")  # so begins the code of a 409 that passes with another's operation

CREATE = Operation(
    name="nat-rule create",
    summary="Give each instance an inbound NAT rule of its own on a load balancer.",
    call=None,
    request="PUT {load balancer}, PUT {network interface}",
    everyInstance=True,
    risk="",
    evidence="documented",
    source="page-2026",
)
DELETE = CREATE._replace(
    name="nat-rule delete",
    summary="Take away again the NAT rules that `nat-rule create` made.",
    risk="Their ports on the load balancer are closed.",
    confirm=True,
)

Edit = Callable[[Body], Body | None]
Outcomes = list[Outcome[Instance]]
Places = dict[str, Place]


class Stage(NamedTuple):
    """What is acted on: the load balancer as it was read, and by instance id where in the network each is.

    `nowhere` are those without a primary network interface, which have failed already.
    """

    azure: Azure
    chosen: list[Instance]
    lb: Body
    places: Places
    nowhere: Outcomes


class LostRace(Exception):  # noqa: N818  (the resource is read again)
    """Somebody else changed the resource after it was read."""


class Rewrite:
    """A change of one resource in one PUT; an attempt after the first reads the resource and plans anew."""

    def __init__(self, azure: Azure, resource: Body, edit: Edit, *, stale: bool = False) -> None:
        self.arm = azure.arm(_subscription(resource["id"]))
        self.resource, self.edit, self.stale, self.lost = resource, edit, stale, 0

    def __call__(self) -> Poller:
        """Send it, or nothing where nothing is left to change; raises Throttled to be called again after a pause."""
        if self.stale:
            with sdk_errors():
                self.resource = self.arm.get(_url(self.resource["id"]))
        self.stale = True
        try:
            after = self.edit(self.resource)
            return begin_put(self.arm, self.resource, after) if after else Completed()
        except RuleError as error:
            raise Failure(Error("CannotBePlanned", f"{error}.")) from error
        except LostRace as race:
            self.lost += 1
            raise (Throttled() if self.lost <= RACES else Failure(error_of(race.__cause__ or race))) from race


def begin_put(arm: Any, read: Body, body: Body) -> Poller:
    """Write a resource if it still is as it was read, and return the operation in progress; raises LostRace if not."""
    polling = SteppedPolling()
    with sdk_errors(), _contention():
        arm.begin_put(_url(read["id"]), body, polling, read.get("etag"), **NO_RETRY)
    return polling


def create_rules(
    cli_ctx: Any, choice: Choice, lb_name: str, wish: Wish, run_options: RunOptions
) -> list[dict[str, Any]]:
    """Give each chosen instance a NAT rule of its own; return a row for each, in the order chosen.

    The load balancer is written first, because a NIC cannot refer to a rule that is not there.
    """
    stage = _stage(cli_ctx, choice, lb_name)
    wish = wish._replace(protocol=str(wish.protocol))  # a default of the CLI bears a mark, which would be printed
    grants: dict[str, Grant] = {}

    def edit(lb: Body) -> Body | None:
        grants.update(zip(stage.places, grant(lb, list(stage.places.values()), wish), strict=True))
        return with_rules(lb, [one.rule for one in grants.values() if not one.there])

    with _refused():
        edit(stage.lb)
    addresses = _addresses(stage.azure, stage.lb, (one.rule for one in grants.values()))
    reasons = {key: _has_already(one.rule) for key, one in grants.items() if one.referred}
    missing = [instance for instance in stage.chosen if instance.id in grants and instance.id not in reasons]
    _advise(stage, missing, wish)
    outcomes = (
        planned_outcomes(missing, {}, {}) if run_options.dry_run else _create(stage, missing, grants, edit, run_options)
    )
    given = ["--lb-name", "--backend-port", "--frontend-port-start"]
    every = [*outcomes, *skipped_outcomes(stage.chosen, reasons), *stage.nowhere]
    rows = conclude_run((cli_ctx, CREATE), stage.chosen, every, messages.Retry(CREATE.name, given))
    return [{**row, **_fields(addresses, grants[row["id"]].rule if row["id"] in grants else None)} for row in rows]


def delete_rules(
    cli_ctx: Any, choice: Choice, lb_name: str, backend_port: int | None, run_options: RunOptions
) -> list[dict[str, Any]]:
    """Take our NAT rules away from each chosen instance; return a row for each, in the order chosen.

    The NICs are written first, because a rule to which a NIC refers cannot be removed.
    """
    stage = _stage(cli_ctx, choice, lb_name)
    found = {key: ours(stage.lb, place, backend_port) for key, place in stage.places.items()}
    addresses = _addresses(stage.azure, stage.lb, (rule for rules in found.values() for rule in rules))
    reasons = {key: _has_none(stage.lb, backend_port) for key, rules in found.items() if not rules}
    bearing = [instance for instance in stage.chosen if found.get(instance.id)]
    if bearing and not (run_options.dry_run or run_options.yes):
        ask(DELETE, bearing)
    outcomes = (
        planned_outcomes(bearing, {}, {})
        if run_options.dry_run
        else _delete(stage, bearing, found, backend_port, run_options)
    )
    given = ["--lb-name", *(["--backend-port"] if backend_port else [])]
    every = [*outcomes, *skipped_outcomes(stage.chosen, reasons), *stage.nowhere]
    rows = conclude_run((cli_ctx, DELETE), stage.chosen, every, messages.Retry(DELETE.name, given))
    return [{**row, **_all_fields(addresses, found.get(row["id"], []))} for row in rows]


def list_rules(cli_ctx: Any, choice: Choice, lb_name: str | None = None) -> list[dict[str, Any]]:
    """List every NAT rule that leads to a chosen instance, of one load balancer or of all that its NICs refer to."""
    azure = azure_of(cli_ctx)
    chosen = choose(cli_ctx, GROUP, choice)
    nics = read_nics(azure, chosen)
    places = {one.id: every_place(one.name, _interfaces(one), nics) for one in chosen}
    rows = []
    for lb in _load_balancers(azure, chosen, places, lb_name):
        rules = {key: [rule for place in found for rule in leading_to(lb, place)] for key, found in places.items()}
        addresses = _addresses(azure, lb, (rule for one in rules.values() for rule in one))
        rows += [
            {**_rows.instance_row(one), "loadBalancer": lb["name"], **_fields(addresses, rule), "v2": bool(rule.pool)}
            for one in chosen
            for rule in rules[one.id]
        ]
    order = {one.id: index for index, one in enumerate(chosen)}
    return sorted(rows, key=lambda row: order[row["id"]])


def load_balancer_id(instances: Sequence[Instance], lb_name: str) -> str:
    """Make an id of --lb-name: it is one, or a name in the one resource group in which all the instances are."""
    if is_valid_resource_id(lb_name):
        parts = parse_resource_id(lb_name)
        if not same(f"{parts['namespace']}/{parts['type']}", "Microsoft.Network/loadBalancers"):
            raise InvalidArgumentValueError(f"--lb-name is the id of something else than a load balancer: {lb_name}.")
        return lb_name
    groups = {(one.subscription, one.resource_group.lower()): one for one in instances}
    if len(groups) > 1:
        raise ArgumentUsageError(
            f"--lb-name {lb_name} is a name, and the instances are in several resource groups: "
            f"{', '.join(one.resource_group for one in groups.values())}.",
            recommendation="Give the load balancer's id, or act on one resource group at a time.",
        )
    [only] = groups.values()
    if "/" in lb_name:
        raise InvalidArgumentValueError(f"--lb-name is neither a name nor the id of a load balancer: {lb_name}.")
    group = f"/subscriptions/{only.subscription}/resourceGroups/{only.resource_group}"
    return f"{group}/providers/Microsoft.Network/loadBalancers/{lb_name}"


def read_load_balancer(azure: Azure, lb_id: str, named_by: str = " (--lb-name)") -> Body:
    """Read a load balancer; raises ResourceNotFoundError (exit status 3) where there is none."""
    group = parse_resource_id(lb_id)["resource_group"]
    with cli_errors(f"looking for load balancer {last_name(lb_id)}{named_by} in resource group {group}"):
        try:
            found: Body = azure.arm(_subscription(lb_id)).get(_url(lb_id))
        except HttpResponseError as error:
            map_error(error.status_code or 0, error.response, {NOT_FOUND: ResourceNotFoundError})
            raise
    return found


def read_nics(azure: Azure, instances: Iterable[Instance]) -> dict[str, Body]:
    """List the NICs of each resource group in which a NIC of the instances is, by id in lower case."""
    folders = {
        nic.rpartition("/")[0].lower(): nic.rpartition("/")[0] for one in instances for nic, _ in _interfaces(one)
    }
    with cli_errors("listing the network interfaces"):
        found = [nic for one in folders.values() for nic in azure.arm(_subscription(one)).pages(_url(one))]
    return {nic["id"].lower(): nic for nic in found}


def _load_balancers(
    azure: Azure, chosen: Sequence[Instance], places: dict[str, list[Place]], lb_name: str | None
) -> list[Body]:
    if lb_name:
        return [read_load_balancer(azure, load_balancer_id(chosen, lb_name))]
    every = [lb for found in places.values() for place in found for lb in place.load_balancers]
    return [read_load_balancer(azure, one, "") for one in {one.lower(): one for one in every}.values()]


def _stage(cli_ctx: Any, choice: Choice, lb_name: str) -> Stage:
    azure = azure_of(cli_ctx)
    chosen = choose(cli_ctx, GROUP, choice)
    lb = read_load_balancer(azure, load_balancer_id(chosen, lb_name))
    nics = read_nics(azure, chosen)
    places: Places = {}
    nowhere: Outcomes = []
    for instance in chosen:
        try:
            places[instance.id] = place_of(instance.name, _interfaces(instance), nics)
        except RuleError as error:  # noqa: PERF203  (each instance has its own)
            nowhere.append(Outcome(instance, Status.FAILED, Error("NoNetworkInterface", f"{error}.")))
    return Stage(azure, chosen, lb, places, nowhere)


def _create(
    stage: Stage, missing: list[Instance], grants: dict[str, Grant], edit: Edit, run_options: RunOptions
) -> Outcomes:
    new = [instance for instance in missing if not grants[instance.id].there]
    rewrite = Rewrite(stage.azure, stage.lb, edit)

    def attach(ready: list[Instance]) -> list[Work]:
        return [Work([one], _nic(stage, one, partial(referring, rule=grants[one.id].rule.id))) for one in ready]

    return _in_two([Work(new, rewrite)] if new else [], attach, missing, run_options)


def _delete(
    stage: Stage,
    bearing: list[Instance],
    found: dict[str, list[Rule]],
    backend_port: int | None,
    run_options: RunOptions,
) -> Outcomes:
    ids = {one.id: [rule.id for rule in found[one.id]] for one in bearing}
    referring_still = [one for one in bearing if stage.places[one.id].rules & {rule.lower() for rule in ids[one.id]}]
    detach = [Work([one], _nic(stage, one, partial(not_referring, rules=ids[one.id]))) for one in referring_still]

    def remove(ready: list[Instance]) -> list[Work]:
        def edit(lb: Body) -> Body | None:
            still = [(one.id, rule) for one in ready for rule in ours(lb, stage.places[one.id], backend_port)]
            return without_rules(lb, [rule for key, rule in still if rule.id in ids[key]])

        # The NICs' changes have changed the load balancer, too.
        return [Work(ready, Rewrite(stage.azure, stage.lb, edit, stale=bool(detach)))] if ready else []

    return _in_two(detach, remove, bearing, run_options)


def _in_two(
    first: list[Work], then: Callable[[list[Instance]], list[Work]], instances: list[Instance], run_options: RunOptions
) -> Outcomes:
    """Take a first step, and with the instances for which it went well, or which need none, a second one."""
    limits = Limits(WORKERS, run_options.max_parallel, run_options.timeout)
    service = Service[Work](lambda work: rate_limit_key(work.instances[0]))
    with interruptible() as interrupted:
        before = {one.target.id: one for one in _fly(first, limits, interrupted, service)}
        failed = {key: one for key, one in before.items() if one.status != Status.SUCCEEDED}
        ready = [instance for instance in instances if instance.id not in failed]
        after = _fly(then(ready), limits._replace(wait=not run_options.no_wait), interrupted, service)
    return [*failed.values(), *(_joined(before.get(one.target.id), one) for one in after)]


def _fly(work: list[Work], limits: Limits, interrupted: Callable[[], bool], service: Service[Work]) -> Outcomes:
    observer = Observer[Work](interrupted)
    outcomes = send_and_poll(work, lambda each: each.call(), limits, observer, service=service)  # type: ignore[operator]
    return [replace(outcome, target=one) for outcome in outcomes for one in outcome.target.instances]  # type: ignore[arg-type,misc]


def _joined(before: Outcome[Instance] | None, after: Outcome[Instance]) -> Outcome[Instance]:
    if before is None or before.started is None or after.started is None:
        return after
    seconds = round((after.finished - before.started).total_seconds(), 3) if after.finished else None
    return replace(after, started=before.started, seconds=seconds)


def _nic(stage: Stage, instance: Instance, edit: Callable[..., Body | None]) -> Rewrite:
    place = stage.places[instance.id]
    return Rewrite(stage.azure, place.nic, partial(edit, configuration=place.configuration))


def _advise(stage: Stage, missing: Iterable[Instance], wish: Wish) -> None:
    advised = advice(stage.lb, [stage.places[instance.id] for instance in missing], wish)
    if advised:
        get_logger(__name__).warning(advised)


def _fields(addresses: dict[str, str | None], rule: Rule | None) -> dict[str, Any]:
    return {
        "rule": rule and rule.name,
        "frontendAddress": rule and addresses.get(rule.frontend.lower()),
        "frontendPort": rule and rule.port,
        "backendPort": rule and rule.backend_port,
        "protocol": rule and rule.protocol,
    }


def _all_fields(addresses: dict[str, str | None], rules: list[Rule]) -> dict[str, Any]:
    only = rules[0] if len(rules) == 1 else None
    return {**_fields(addresses, only), "rules": [_fields(addresses, rule) for rule in rules]}


def _addresses(azure: Azure, lb: Body, rules: Iterable[Rule]) -> dict[str, str | None]:
    used = {rule.frontend.lower() for rule in rules}
    frontends = lb["properties"].get("frontendIPConfigurations") or []
    return {one["id"].lower(): _address(azure, one["properties"]) for one in frontends if one["id"].lower() in used}


def _address(azure: Azure, frontend: Body) -> str | None:
    public = frontend.get("publicIPAddress")
    if not public:
        return frontend.get("privateIPAddress")
    try:
        with cli_errors(f"reading public address {last_name(public['id'])}"):
            found = azure.arm(_subscription(public["id"])).get(_url(public["id"]))
    except AzCLIError:  # who may not read the address may have the rule all the same
        return None
    address: str | None = found["properties"].get("ipAddress")
    return address


def _has_already(rule: Rule) -> str:
    return f"It has rule {rule.name} on port {rule.port} already."


def _has_none(lb: Body, backend_port: int | None) -> str:
    to = f" to port {backend_port}" if backend_port else ""
    return f"It has no NAT rule of ours{to} on {lb['name']}."


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except RuleError as error:
        message = str(error)
        raise ValidationError(f"{message[0].upper()}{message[1:]}.", recommendation=error.helps) from error


@contextmanager
def _contention() -> Iterator[None]:
    try:
        yield
    except HttpResponseError as error:
        if error.status_code == LOST:
            raise LostRace from error
        if error.status_code == CONFLICT and error_of(error).code.lower().startswith(BUSY):
            raise Throttled from error
        raise


def _interfaces(instance: Instance) -> list[tuple[str, bool]]:
    profile = instance.resource.network_profile
    return [(one.id, bool(one.primary)) for one in (profile.network_interfaces if profile else None) or ()]


def _subscription(resource_id: str) -> str:
    return resource_id.split("/")[2]


def _url(resource_id: str) -> str:
    return f"{quote(resource_id)}?{VERSION}"
