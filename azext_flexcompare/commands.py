"""The commands of the extension."""

from __future__ import annotations

from typing import Any

from azext_flexcompare import _format as layout
from azext_flexcompare._command_types import (
    DrainCommand,
    InstanceCommand,
    NatRuleCommand,
    OperationCommand,
    RefusalCommand,
    SetCommand,
    UndrainCommand,
    WaitCommand,
)
from azext_flexcompare.output.help_width import narrow_help
from azext_flexcompare.output.terminal import protect_terminal
from azext_flexcompare.table.entries import operations, refusals

GROUP = "vmss-flex"

HAND_WRITTEN: dict[str, tuple[type[InstanceCommand], str, Any]] = {
    "drain": (DrainCommand, "drain", layout.drain_outcomes),
    "extension list": (InstanceCommand, "extension_list", layout.extensions),
    "extension show": (InstanceCommand, "extension_show", layout.extension),
    "get-instance-view": (InstanceCommand, "get_instance_view", layout.VIEWED),
    "list-instance-connection-info": (InstanceCommand, "list_instance_connection_info", layout.connections),
    "list-instance-public-ips": (InstanceCommand, "list_instance_public_ips", layout.PUBLIC_IPS),
    "list-instances": (InstanceCommand, "list_instances", layout.LISTED),
    "nat-rule create": (NatRuleCommand, "nat_rule_create", layout.nat_outcomes),
    "nat-rule delete": (NatRuleCommand, "nat_rule_delete", layout.nat_outcomes),
    "nat-rule list": (InstanceCommand, "nat_rule_list", layout.NAT_RULES),
    "nic list": (InstanceCommand, "nic_list", layout.INTERFACES),
    "nic list-vm-nics": (InstanceCommand, "nic_list_vm_nics", layout.INTERFACES),
    "nic show": (InstanceCommand, "nic_show", layout.INTERFACES),
    "protection show": (InstanceCommand, "protection_show", layout.protection),
    "run-command list": (InstanceCommand, "run_command_list", layout.run_commands),
    "run-command show": (InstanceCommand, "run_command_show", layout.run_command),
    "run-command wait": (InstanceCommand, "run_command_wait", layout.outputs),
    "set-orchestration-service-state": (SetCommand, "set_orchestration_service_state", layout.set_outcomes),
    "show": (InstanceCommand, "show", layout.SHOWN),
    "ssh-config": (InstanceCommand, "ssh_config", None),
    "undrain": (UndrainCommand, "undrain", layout.drain_outcomes),
    "wait": (WaitCommand, "wait", layout.outcomes),
}


PLAIN = {  # commands that choose no instances
    "compare": ("compare", layout.comparison),
    "job delete": ("job_delete", None),
    "job list": ("job_list", layout.jobs),
    "job show": ("job_show", layout.job),
    "report": ("report", None),
    "translate": ("translate", layout.TRANSLATED),
}


def load_command_table(loader: Any, args: list[str] | None) -> None:
    """Register the commands that are written by hand and one for each entry of the table."""
    protect_terminal(loader.cli_ctx, GROUP)
    words = [word.lower() for word in args or ()]
    if words[:1] == [GROUP]:
        narrow_help(loader.cli_ctx)
    with loader.command_group(GROUP) as group:
        for name, (plain, table) in PLAIN.items():
            group.custom_command(name, plain, table_transformer=table)
    for name, (make, function, table) in HAND_WRITTEN.items():
        loader.add_cli_command(f"{GROUP} {name}", make(loader, function), table_transformer=table)
    for operation in operations():
        table = layout.outputs if operation.returns else layout.outcomes
        loader.add_cli_command(
            f"{GROUP} {operation.words}", OperationCommand(loader, operation), table_transformer=table
        )
    for refusal in refusals():
        loader.add_cli_command(f"{GROUP} {refusal.name}", RefusalCommand(loader, refusal))
    if words:
        for name in unlisted().difference(words):
            del loader.command_table[f"{GROUP} {name}"]


def unlisted() -> set[str]:
    """Return the commands that answer, to -h too, but are in no list: what is refused, and second names."""
    return {one.name for one in refusals()} | {one.name for one in operations() if one.alias_of}
