"""The commands `nat-rule create`, `nat-rule delete` and `nat-rule list`.

Azure takes one change of a load balancer at a time, and answers the next one by 429
(RetryableErrorDueToAnotherOperation). So no rule is written by itself: one PUT of the load balancer has them all, and
one PUT of each NIC refers to its own rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from azure.cli.core.azclierror import ValidationError
from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure, azure_of
from azext_flexcompare.arm.network import (
    Edit,
    ResourceUpdate,
    load_balancer_id,
    nic_ids,
    read_frontend_addresses,
    read_load_balancer,
    read_nics,
)
from azext_flexcompare.arm.network_bodies import (
    Body,
    EditError,
    IpConfiguration,
    ip_configurations,
    primary_ip_configuration,
)
from azext_flexcompare.arm.rate_limits import CHANGES, rate_limit_key
from azext_flexcompare.arm.rate_limits import limits as limits_of
from azext_flexcompare.execution.confirmation import ask
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.nat_rules.bodies import Rule, add_reference, add_rules, remove_references, remove_rules
from azext_flexcompare.nat_rules.rules import (
    Assignment,
    RuleRequest,
    assign_rules,
    created_rules,
    recommend_pool_rule,
    rules_leading_to,
)
from azext_flexcompare.nat_rules.surroundings import with_parts
from azext_flexcompare.output import messages
from azext_flexcompare.output.conclusion import conclude_run
from azext_flexcompare.output.query import printable, require_query
from azext_flexcompare.output.rows import expected_rows, instance_row
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Work, planned_outcomes, skipped_outcomes
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation

GROUP = "nat-rule"  # no command of `az vmss` does this for a Uniform set

CREATE = Operation(
    name="nat-rule create",
    summary="Create an inbound NAT rule on a load balancer for each instance.",
    call=None,
    target="loadBalancer",
    method="PUT",
    path="{load balancer}, PUT {network interface}",
    everyInstance=True,
    risk="",
    evidence="documented",
    source="page-2026",
)
DELETE = CREATE._replace(
    name="nat-rule delete",
    summary="Delete the NAT rules that `nat-rule create` made.",
    risk="Their ports on the load balancer are closed.",
    confirm=True,
)

Outcomes = list[Outcome[Instance]]


class Network(NamedTuple):
    """The network of the chosen instances, as read: the load balancer, and the primary IP configuration of each.

    `failed` has the outcomes of the instances without a primary IP configuration.
    """

    azure: Azure
    chosen: list[Instance]
    lb: Body
    ip_configurations: dict[ResourceId, IpConfiguration]
    failed: Outcomes


def create_rules(
    cli_ctx: Any, choice: Choice, lb_name: str, request: RuleRequest, run_options: RunOptions
) -> list[dict[str, Any]]:
    """Create a NAT rule for each chosen instance; return a row for each, in the order chosen.

    The load balancer is written first, because a NIC cannot refer to a rule that does not exist.
    """
    network = _read_network(cli_ctx, choice, lb_name)
    if network is None:
        return []
    request = request._replace(protocol=str(request.protocol))  # a default of the CLI is not a plain string
    assignments: dict[ResourceId, Assignment] = {}

    def edit(lb: Body) -> Body | None:
        assigned = assign_rules(lb, list(network.ip_configurations.values()), request)
        assignments.update(zip(network.ip_configurations, assigned, strict=True))
        return add_rules(lb, [one.rule for one in assignments.values() if not one.exists])

    with _as_validation_error():
        edit(network.lb)
    addresses = read_frontend_addresses(network.azure, network.lb, (one.rule.frontend for one in assignments.values()))
    reasons = {key: _has_rule(one.rule) for key, one in assignments.items() if one.referenced}
    missing = [instance for instance in network.chosen if instance.id in assignments and instance.id not in reasons]
    _warn_of_pool_rule(network, missing, request)

    def with_rules(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, **_fields(addresses, _rule_of(assignments.get(ResourceId(row["id"]))))} for row in rows]

    require_query(cli_ctx, with_rules(expected_rows(CREATE, network.chosen)))
    outcomes = (
        planned_outcomes(missing, {}, {})
        if run_options.dry_run
        else _create(network, missing, assignments, edit=edit, run_options=run_options)
    )
    options = {
        "--lb-name": lb_name,
        "--backend-port": request.backend_port,
        "--frontend-port-start": request.first_port,
        "--frontend-ip-name": request.frontend,
        "--protocol": request.protocol,
    }
    every = [*outcomes, *skipped_outcomes(network.chosen, reasons), *network.failed]
    rows = conclude_run((cli_ctx, CREATE), network.chosen, every, _retry(CREATE, options, run_options))
    return printable(cli_ctx, with_rules(rows))


def delete_rules(
    cli_ctx: Any, choice: Choice, lb_name: str, backend_port: int | None, run_options: RunOptions
) -> list[dict[str, Any]]:
    """Delete the rules of `nat-rule create` of each chosen instance; return a row for each, in the order chosen.

    The NICs are written first, because a rule to which a NIC refers cannot be removed.
    """
    network = _read_network(cli_ctx, choice, lb_name)
    if network is None:
        return []
    rules = {key: created_rules(network.lb, one, backend_port) for key, one in network.ip_configurations.items()}
    addresses = read_frontend_addresses(
        network.azure, network.lb, (rule.frontend for found in rules.values() for rule in found)
    )
    reasons = {key: _has_no_rule(network.lb, backend_port) for key, found in rules.items() if not found}
    having = [instance for instance in network.chosen if rules.get(instance.id)]

    def with_rules(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, **_all_fields(addresses, rules.get(ResourceId(row["id"]), []))} for row in rows]

    require_query(cli_ctx, with_rules(expected_rows(DELETE, network.chosen)))
    if having and not (run_options.dry_run or run_options.yes):
        ask(DELETE, having)
    outcomes = (
        planned_outcomes(having, {}, {})
        if run_options.dry_run
        else _delete(network, having, rules, backend_port=backend_port, run_options=run_options)
    )
    options = {"--lb-name": lb_name, "--backend-port": backend_port}
    every = [*outcomes, *skipped_outcomes(network.chosen, reasons), *network.failed]
    rows = conclude_run((cli_ctx, DELETE), network.chosen, every, _retry(DELETE, options, run_options))
    return printable(cli_ctx, with_rules(rows))


def _retry(operation: Operation, options: dict[str, Any], run_options: RunOptions) -> messages.Retry:
    given = {name: value for name, value in options.items() if value is not None}
    return messages.Retry(operation.name, given, run_words=run_options.words())


def list_rules(cli_ctx: Any, choice: Choice, lb_name: str | None = None) -> list[dict[str, Any]]:
    """List the NAT rules that lead to the chosen instances, of one load balancer or of all those of their NICs."""
    azure = azure_of(cli_ctx)
    chosen = choose(cli_ctx, GROUP, choice)
    if not chosen:
        return []
    nics = {key: with_parts(nic) for key, nic in read_nics(azure, chosen).items()}
    found = {one.id: ip_configurations(one.name, nic_ids(one), nics) for one in chosen}
    rows = []
    for lb in map(with_parts, _load_balancers(azure, chosen, found, lb_name)):
        rules = {key: [rule for one in own for rule in rules_leading_to(lb, one)] for key, own in found.items()}
        addresses = read_frontend_addresses(azure, lb, (rule.frontend for own in rules.values() for rule in own))
        rows += [
            {**instance_row(one), "loadBalancer": lb["name"], **_fields(addresses, rule), "v2": bool(rule.pool)}
            for one in chosen
            for rule in rules[one.id]
        ]
    order = {one.id: index for index, one in enumerate(chosen)}
    return sorted(rows, key=lambda row: order[ResourceId(row["id"])])


def _load_balancers(
    azure: Azure, chosen: Sequence[Instance], found: dict[ResourceId, list[IpConfiguration]], lb_name: str | None
) -> list[Body]:
    if lb_name:
        return [read_load_balancer(azure, load_balancer_id(chosen, lb_name))]
    every = [lb for own in found.values() for one in own for lb in one.load_balancers]
    return [read_load_balancer(azure, one, "") for one in {one.lower(): one for one in every}.values()]


def _read_network(cli_ctx: Any, choice: Choice, lb_name: str) -> Network | None:
    """Read the network of the chosen instances; None is that there are none."""
    azure = azure_of(cli_ctx)
    chosen = choose(cli_ctx, GROUP, choice)
    if not chosen:
        return None
    lb = read_load_balancer(azure, load_balancer_id(chosen, lb_name))
    nics = read_nics(azure, chosen)
    found: dict[ResourceId, IpConfiguration] = {}
    failed: Outcomes = []
    for instance in chosen:
        try:
            found[instance.id] = primary_ip_configuration(instance.name, nic_ids(instance), nics)
        except EditError as error:  # noqa: PERF203  (each instance has its own)
            failed.append(Outcome(instance, Status.FAILED, Error("NoNetworkInterface", str(error))))
    return Network(azure, chosen, lb, ip_configurations=found, failed=failed)


def _create(
    network: Network,
    missing: list[Instance],
    assignments: dict[ResourceId, Assignment],
    *,
    edit: Edit,
    run_options: RunOptions,
) -> Outcomes:
    new = [instance for instance in missing if not assignments[instance.id].exists]
    update = ResourceUpdate(network.azure, network.lb, edit)

    def attach(ready: list[Instance]) -> list[Work]:
        return [
            Work([one], _update_nic(network, one, partial(add_reference, rule=assignments[one.id].rule.id)))
            for one in ready
        ]

    return _run_two_steps([Work(new, update)] if new else [], attach, missing, run_options)


def _delete(
    network: Network,
    having: list[Instance],
    rules: dict[ResourceId, list[Rule]],
    *,
    backend_port: int | None,
    run_options: RunOptions,
) -> Outcomes:
    ids = {one.id: [rule.id for rule in rules[one.id]] for one in having}
    referring = [
        one for one in having if network.ip_configurations[one.id].rules & {rule.lower() for rule in ids[one.id]}
    ]
    detach = [
        Work([one], _update_nic(network, one, partial(remove_references, rules=ids[one.id]))) for one in referring
    ]

    def remove(ready: list[Instance]) -> list[Work]:
        def edit(lb: Body) -> Body | None:
            found = [
                (one.id, rule)
                for one in ready
                for rule in created_rules(lb, network.ip_configurations[one.id], backend_port)
            ]
            return remove_rules(lb, [rule for key, rule in found if rule.id in ids[key]])

        # A change of a NIC changes the load balancer, too.
        update = ResourceUpdate(network.azure, network.lb, edit, stale=bool(detach))
        return [Work(ready, update)] if ready else []

    return _run_two_steps(detach, remove, having, run_options)


def _run_two_steps(
    first: list[Work], second: Callable[[list[Instance]], list[Work]], instances: list[Instance], options: RunOptions
) -> Outcomes:
    """Run a first step, and a second one for the instances that succeeded in it or did not need it."""
    limits = limits_of(options.timeout, sends=CHANGES, max_parallel=options.max_parallel, retries=options.retries)
    with interruptible() as interrupted:
        before = {one.target.id: one for one in _send_and_poll(first, limits, interrupted)}
        failed = {key: one for key, one in before.items() if one.status != Status.SUCCEEDED}
        ready = [instance for instance in instances if instance.id not in failed]
        after = _send_and_poll(second(ready), limits._replace(wait=not options.no_wait), interrupted)
    return [*failed.values(), *(_with_start_of(before.get(one.target.id), one) for one in after)]


def _send_and_poll(work: list[Work], limits: Limits, interrupted: Callable[[], bool]) -> Outcomes:
    observer = Observer[Work](interrupted)
    service = Service[Work](lambda each: rate_limit_key(each.instances[0]))
    outcomes = send_and_poll(work, lambda each: each.call(), limits, observer, service=service)  # type: ignore[operator]
    return [replace(outcome, target=one) for outcome in outcomes for one in outcome.target.instances]  # type: ignore[arg-type,misc]


def _with_start_of(first: Outcome[Instance] | None, second: Outcome[Instance]) -> Outcome[Instance]:
    """Return the outcome of the second step with the start of the first, and the duration of both."""
    if first is None or first.started is None or second.started is None:
        return second
    seconds = round((second.finished - first.started).total_seconds(), 3) if second.finished else None
    return replace(second, started=first.started, seconds=seconds)


def _update_nic(network: Network, instance: Instance, edit: Callable[..., Body | None]) -> ResourceUpdate:
    found = network.ip_configurations[instance.id]
    return ResourceUpdate(network.azure, found.nic, partial(edit, ip_configuration=found.id))


def _warn_of_pool_rule(network: Network, missing: Iterable[Instance], request: RuleRequest) -> None:
    found = [network.ip_configurations[instance.id] for instance in missing]
    recommendation = recommend_pool_rule(network.lb, found, request)
    if recommendation:
        get_logger(__name__).warning(recommendation)


def _rule_of(assignment: Assignment | None) -> Rule | None:
    return assignment and assignment.rule


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


def _has_rule(rule: Rule) -> str:
    return f"It already has rule {rule.name} on port {rule.port}."


def _has_no_rule(lb: Body, backend_port: int | None) -> str:
    to = f" to port {backend_port}" if backend_port else ""
    return f"It has no NAT rule of `nat-rule create`{to} on {lb['name']}."


@contextmanager
def _as_validation_error() -> Iterator[None]:
    try:
        yield
    except EditError as error:
        raise ValidationError(str(error), recommendation=error.recommendation) from error
