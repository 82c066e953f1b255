"""The functions of the commands, from parsed arguments to the output."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these would import the SDK at start-up
    from azext_flexcompare.instances import Instance
    from azext_flexcompare.selection.selection import Choice
    from azext_flexcompare.table.entries import Operation, Refusal


def compare(
    cmd: Any,
    section: str | None = None,
    operation: str | None = None,
    support: str | None = None,
    by: str = "api",
    resource_group_name: str | None = None,
    vmss_name: str | None = None,
) -> list[dict[str, Any]]:
    """Print the equivalence table; without a scale set to check, it needs no login and no network."""
    from azext_flexcompare.table.comparison import command_rows, compare_rows

    if by == "command":
        return command_rows(operation)
    if any(name and not getattr(name, "is_default", False) for name in (resource_group_name, vmss_name)):
        from azext_flexcompare._validators import take_choice
        from azext_flexcompare.queries.live_comparison import check_live

        choice = take_choice({"resource_group_name": resource_group_name, "vmss_name": vmss_name})
        return check_live(cmd.cli_ctx, choice, (section, operation, support))
    return compare_rows(section, operation, support)


def translate(cmd: Any, file: str = "-", diff: bool = False) -> None:
    """Print a shell script with its `az vmss` calls rewritten for Flexible sets, and list those to be reviewed."""
    from azext_flexcompare.translation.command import translate_file

    translate_file(cmd.cli_ctx, file, diff)


def report(cmd: Any, job_log: str, file: str) -> dict[str, Any]:  # noqa: ARG001  (it needs no login and no network)
    """Write an HTML page about the run of a job log."""
    from azext_flexcompare.html_report.page import write_report

    return write_report(job_log, file)


def list_instances(
    cmd: Any, choice: Choice, source: str = "compute", as_map: bool = False, expand: str | None = None
) -> list[dict[str, Any]] | None:
    """List the chosen instances with zone, fault domain and power state, or print a map of them."""
    from azure.cli.core.azclierror import ArgumentUsageError

    from azext_flexcompare.output.rows import listed_row
    from azext_flexcompare.selection.choose import choose

    if expand and source != "compute":
        raise ArgumentUsageError(
            "--source resource-graph has no instance views.", recommendation="Omit --source to expand instances."
        )
    chosen = choose(cmd.cli_ctx, "list-instances", choice, source)
    if as_map:
        _print_map(chosen)
        return None
    if expand:
        return [{**listed_row(instance), "instanceView": instance.resource.instance_view} for instance in chosen]
    return [listed_row(instance) for instance in chosen]


def show(cmd: Any, choice: Choice) -> list[Any]:
    """Return the chosen instances with all their properties."""
    from azext_flexcompare.queries.show import show_instances

    return show_instances(cmd.cli_ctx, choice)


def get_instance_view(cmd: Any, choice: Choice, as_map: bool = False) -> list[dict[str, Any]] | None:
    """Return the instance view of each chosen instance, or print a map of them."""
    from azext_flexcompare.output.rows import instance_row
    from azext_flexcompare.selection.choose import choose

    chosen = choose(cmd.cli_ctx, "get-instance-view", choice)
    if as_map:
        _print_map(chosen)
        return None
    return [
        {**instance_row(instance), "powerState": instance.power_state, "instanceView": instance.resource.instance_view}
        for instance in chosen
    ]


def extension_show(cmd: Any, choice: Choice, name: str) -> list[dict[str, Any]]:
    """Return one extension of each chosen instance."""
    from azext_flexcompare.queries.show import show_extension

    return show_extension(cmd.cli_ctx, choice, name)


def extension_list(cmd: Any, choice: Choice) -> list[dict[str, Any]]:
    """List the extensions of each chosen instance."""
    from azext_flexcompare.queries.show import list_extensions

    return list_extensions(cmd.cli_ctx, choice)


def protection_show(cmd: Any, choice: Choice) -> list[dict[str, Any]]:
    """List the locks and the protection of each chosen instance."""
    from azext_flexcompare.queries.show import show_protection

    return show_protection(cmd.cli_ctx, choice)


def set_orchestration_service_state(
    cmd: Any,
    choice: Choice,
    service_name: str,
    action: str,
    timeout: int = 7200,
    no_wait: bool = False,
) -> list[dict[str, Any]]:
    """Suspend or resume a service of the scale set."""
    from azext_flexcompare.execution.service_state import set_service_state

    return set_service_state(cmd.cli_ctx, choice, service_name, action, timeout=timeout, wait=not no_wait)


def nat_rule_create(
    cmd: Any,
    choice: Choice,
    acting: dict[str, Any],
    lb_name: str,
    backend_port: int,
    frontend_port_start: int,
    frontend_ip_name: str | None = None,
    protocol: str = "Tcp",
) -> list[dict[str, Any]]:
    """Create a NAT rule for each chosen instance."""
    from azext_flexcompare.nat_rules.commands import create_rules
    from azext_flexcompare.nat_rules.rules import RuleRequest
    from azext_flexcompare.planning.run_options import merge_run_options

    request = RuleRequest(backend_port, frontend_port_start, frontend_ip_name, protocol)
    return create_rules(cmd.cli_ctx, choice, lb_name, request, run_options=merge_run_options(acting))


def nat_rule_delete(
    cmd: Any, choice: Choice, acting: dict[str, Any], lb_name: str, backend_port: int | None = None
) -> list[dict[str, Any]]:
    """Delete the NAT rules of `nat-rule create` of each chosen instance."""
    from azext_flexcompare.nat_rules.commands import delete_rules
    from azext_flexcompare.planning.run_options import merge_run_options

    return delete_rules(cmd.cli_ctx, choice, lb_name, backend_port, run_options=merge_run_options(acting))


def nat_rule_list(cmd: Any, choice: Choice, lb_name: str | None = None) -> list[dict[str, Any]]:
    """List the NAT rules that forward to each chosen instance."""
    from azext_flexcompare.nat_rules.commands import list_rules

    return list_rules(cmd.cli_ctx, choice, lb_name)


def drain(
    cmd: Any, choice: Choice, acting: dict[str, Any], load_balancer: list[str] | None = None
) -> list[dict[str, Any]]:
    """Take the chosen instances out of rotation of their backend pools."""
    from azext_flexcompare.execution import drain_commands as draining
    from azext_flexcompare.planning.run_options import merge_run_options

    return draining.drain(cmd.cli_ctx, choice, load_balancer or (), run_options=merge_run_options(acting))


def undrain(
    cmd: Any,
    choice: Choice,
    acting: dict[str, Any],
    load_balancer: list[str] | None = None,
    job: str | None = None,
) -> list[dict[str, Any]]:
    """Return the chosen instances, or those that a run left out, to the rotation of their backend pools."""
    from azext_flexcompare.execution import drain_commands as draining
    from azext_flexcompare.planning.run_options import merge_run_options

    run_options = merge_run_options(acting)
    if job:
        return draining.undrain_job(cmd.cli_ctx, choice, job, load_balancer or (), run_options=run_options)
    return draining.undrain(cmd.cli_ctx, choice, load_balancer or (), run_options=run_options)


def refuse(cmd: Any, refusal: Refusal, choice: Choice) -> None:  # noqa: ARG001  (nothing is read, nothing is sent)
    """Raise the reason why a Flexible set has no such operation."""
    from azure.cli.core.azclierror import ValidationError

    raise ValidationError(f"{refusal.name}: {refusal.because}", recommendation=refusal.instead)


def wait(
    cmd: Any,
    choice: Choice,
    job_log: str | None = None,
    created: bool = False,
    updated: bool = False,
    deleted: bool = False,
    exists: bool = False,
    custom: str | None = None,
    interval: int | None = None,
    timeout: int = 3600,
) -> list[dict[str, Any]]:
    """Wait until instances are in a state, or until the operations of a job log have ended."""
    from azext_flexcompare.execution import resume as resuming
    from azext_flexcompare.queries import wait as waiting

    if job_log:
        return resuming.wait_for_log(cmd.cli_ctx, job_log, timeout)
    awaited = waiting.Awaited(
        created=created,
        updated=updated,
        deleted=deleted,
        exists=exists,
        custom=custom,
        power_states=choice.power_states or (),
    )
    choice = choice._replace(power_states=None)
    return waiting.wait_for(cmd.cli_ctx, choice, awaited, interval=interval, timeout=timeout)


def operate(
    cmd: Any, operation: Operation, choice: Choice, options: dict[str, Any], acting: dict[str, Any]
) -> list[dict[str, Any]]:
    """Run an operation of the table on each chosen instance, or resume or retry a run of it."""
    from azext_flexcompare.execution import resume as resuming
    from azext_flexcompare.execution import run
    from azext_flexcompare.planning.run_options import check_one_run, merge_run_options

    check_one_run(acting)
    if acting["resume"]:
        return resuming.resume(cmd.cli_ctx, operation, choice, options, given=acting)
    if acting["retry_failed"]:
        return resuming.retry_failed(cmd.cli_ctx, operation, choice, options, given=acting)
    return run.run_operation(cmd.cli_ctx, operation, choice, options, run_options=merge_run_options(acting))


def _print_map(instances: list[Instance]) -> None:
    from azext_flexcompare.queries.domain_map import draw_maps

    sys.stdout.write(draw_maps(instances, shutil.get_terminal_size((80, 24)).columns))
