"""The functions of the commands, from parsed arguments to the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these would import the SDK at start-up
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

    if any(name is not None and not getattr(name, "is_default", False) for name in (resource_group_name, vmss_name)):
        from azext_flexcompare._validators import take_choice
        from azext_flexcompare.queries.live_commands import commands_for
        from azext_flexcompare.queries.live_comparison import check_live

        choice = take_choice({"resource_group_name": resource_group_name, "vmss_name": vmss_name})
        if by == "command":
            return commands_for(cmd.cli_ctx, choice, operation)
        return check_live(cmd.cli_ctx, choice, (section, operation, support))
    return command_rows(operation) if by == "command" else compare_rows(section, operation, support)


def translate(
    cmd: Any, paths: list[str] | None = None, file: str | None = None, diff: bool = False, write: bool = False
) -> list[dict[str, Any]] | None:
    """Print a file with its `az vmss` calls rewritten for Flexible sets, or the inventory of files and folders."""
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

    from azext_flexcompare.translation.command import translate_file, translate_paths

    if (paths or write) and (file or not paths):
        raise MutuallyExclusiveArgumentError(
            "Files are either positional arguments or the value of --file.",
            recommendation="Omit --file. --write needs positional files or folders.",
        )
    if paths:
        return translate_paths(cmd.cli_ctx, paths, diff, write)
    translate_file(cmd.cli_ctx, file or "-", diff)
    return None


def report(
    cmd: Any,  # noqa: ARG001  (it needs no login and no network)
    job_log: list[str],
    file: str,
    watch: bool = False,
) -> dict[str, Any]:
    """Write an HTML page about the run of one or several job logs, once or as long as it is in progress."""
    from azext_flexcompare.html_report.live import write_live_report
    from azext_flexcompare.html_report.page import write_report

    return write_live_report(job_log, file) if watch else write_report(job_log, file)


def job_list(cmd: Any) -> list[dict[str, Any]]:  # noqa: ARG001  (it needs no login and no network)
    """List the jobs of this machine."""
    from azext_flexcompare.execution.job_commands import list_jobs

    return list_jobs()


def job_show(
    cmd: Any, job: str | None = None, watch: bool = False, undo: bool = False, merge: list[str] | None = None
) -> dict[str, Any] | None:
    """Return a job, or several as one run, with what is in progress and what failed, or print what undoes it."""
    from azext_flexcompare.execution.job_commands import show_job

    return show_job(cmd.cli_ctx, job, follow=watch, undo=undo, merge=merge or ())


def job_delete(cmd: Any, job: list[str], yes: bool = False) -> None:  # noqa: ARG001
    """Delete the logs of jobs."""
    from azext_flexcompare.execution.job_commands import delete_jobs

    delete_jobs(job, yes=yes)


def list_instances(
    cmd: Any,
    choice: Choice,
    source: str = "compute",
    as_map: bool = False,
    expand: str | None = None,
    details: bool = False,
) -> list[dict[str, Any]] | None:
    """List the chosen instances with zone, fault domain and power state, or print a map of them."""
    from azure.cli.core.azclierror import ArgumentUsageError

    from azext_flexcompare.output.rows import listed_row
    from azext_flexcompare.selection.choose import choose

    if (expand or details) and source != "compute":
        raise ArgumentUsageError(
            f"--source resource-graph has no instance views, which {'--expand' if expand else '--details'} needs.",
            recommendation="Omit --source to read from the compute API.",
        )
    chosen = choose(cmd.cli_ctx, "list-instances", choice, source)
    if as_map:
        from azext_flexcompare.queries.domain_map import print_maps

        print_maps(chosen)
        return None
    rows = [listed_row(instance) for instance in chosen]
    if details:
        from azext_flexcompare.nat_rules.details import add_details

        rows = add_details(cmd.cli_ctx, chosen, rows)
    if expand:
        return [{**row, "instanceView": one.resource.instance_view} for row, one in zip(rows, chosen, strict=True)]
    return rows


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
        from azext_flexcompare.queries.domain_map import print_maps

        print_maps(chosen)
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


def run_command_list(cmd: Any, choice: Choice, expand: str | None = None) -> list[dict[str, Any]]:
    """List the managed run commands of each chosen instance."""
    from azext_flexcompare.queries.run_commands import list_run_commands

    return list_run_commands(cmd.cli_ctx, choice, expand)


def run_command_show(cmd: Any, choice: Choice, name: str, instance_view: bool = False) -> list[dict[str, Any]]:
    """Return one managed run command of each chosen instance."""
    from azext_flexcompare.queries.run_commands import show_run_command

    return show_run_command(cmd.cli_ctx, choice, name, with_view=instance_view)


def run_command_wait(
    cmd: Any,
    choice: Choice,
    name: str,
    created: bool = False,
    updated: bool = False,
    deleted: bool = False,
    exists: bool = False,
    custom: str | None = None,
    interval: int | None = None,
    timeout: int = 3600,
) -> list[dict[str, Any]]:
    """Wait until the script of a managed run command has ended on each chosen instance, or for another state of it."""
    from azext_flexcompare.queries.run_commands import wait_for_run_command
    from azext_flexcompare.queries.wait import Awaited

    awaited = Awaited(created=created, updated=updated, deleted=deleted, exists=exists, custom=custom)
    return wait_for_run_command(cmd.cli_ctx, choice, name, awaited, timing=(interval, timeout))


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


def list_instance_connection_info(cmd: Any, choice: Choice, source: str = "compute") -> dict[str, str]:
    """Return the address and port by which each chosen instance is reached."""
    from azext_flexcompare.nat_rules.interfaces import connection_info

    return connection_info(cmd.cli_ctx, choice, source)


def list_instance_public_ips(cmd: Any, choice: Choice, source: str = "compute") -> list[dict[str, Any]]:
    """List the public addresses of the chosen instances."""
    from azext_flexcompare.nat_rules.interfaces import list_public_ips

    return list_public_ips(cmd.cli_ctx, choice, source)


def nic_list(cmd: Any, choice: Choice, source: str = "compute") -> list[dict[str, Any]]:
    """List the network interfaces of the chosen instances."""
    from azext_flexcompare.nat_rules.interfaces import list_nics

    return list_nics(cmd.cli_ctx, choice, source)


def nic_list_vm_nics(cmd: Any, choice: Choice, source: str = "compute") -> list[dict[str, Any]]:
    """List the network interfaces of named instances."""
    from azext_flexcompare.nat_rules.interfaces import list_nics_of

    return list_nics_of(cmd.cli_ctx, choice, source)


def nic_show(cmd: Any, choice: Choice, name: str, source: str = "compute") -> dict[str, Any]:
    """Return one network interface of named instances."""
    from azext_flexcompare.nat_rules.interfaces import show_nic

    return show_nic(cmd.cli_ctx, choice, name, source)


def ssh_config(
    cmd: Any,
    choice: Choice,
    file: str | None = None,
    user: str | None = None,
    port: int = 22,
    prefer_private_ip: bool = False,
    source: str = "compute",
) -> dict[str, Any] | None:
    """Write an OpenSSH configuration for the chosen instances."""
    from azext_flexcompare.nat_rules.ssh_config import SshOptions, write_config

    return write_config(cmd.cli_ctx, choice, SshOptions(user, int(port), prefer_private_ip, source), file)


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
    awaited = waiting.Awaited(created=created, updated=updated, deleted=deleted, exists=exists, custom=custom)
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
