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
from azext_flexcompare.output.terminal import protect_terminal
from azext_flexcompare.table.entries import operations, refusals

GROUP = "vmss-flex"

HAND_WRITTEN: dict[str, tuple[type[InstanceCommand], str, Any]] = {
    "drain": (DrainCommand, "drain", layout.DRAINED),
    "extension list": (InstanceCommand, "extension_list", layout.extensions),
    "extension show": (InstanceCommand, "extension_show", layout.EXTENSION),
    "get-instance-view": (InstanceCommand, "get_instance_view", layout.VIEWED),
    "list-instances": (InstanceCommand, "list_instances", layout.LISTED),
    "nat-rule create": (NatRuleCommand, "nat_rule_create", layout.NAT_OUTCOMES),
    "nat-rule delete": (NatRuleCommand, "nat_rule_delete", layout.NAT_OUTCOMES),
    "nat-rule list": (InstanceCommand, "nat_rule_list", layout.NAT_RULES),
    "protection show": (InstanceCommand, "protection_show", layout.PROTECTION),
    "set-orchestration-service-state": (SetCommand, "set_orchestration_service_state", layout.SETS),
    "show": (InstanceCommand, "show", layout.SHOWN),
    "undrain": (UndrainCommand, "undrain", layout.DRAINED),
    "wait": (WaitCommand, "wait", layout.WAITED),
}


def load_command_table(loader: Any, _: list[str] | None) -> None:
    """Register the commands that are written by hand and one for each entry of the table."""
    protect_terminal(loader.cli_ctx, GROUP)
    with loader.command_group(GROUP) as group:
        group.custom_command("compare", "compare", table_transformer=layout.comparison)
        group.custom_command("report", "report")
        group.custom_command("translate", "translate")
    for name, (make, function, table) in HAND_WRITTEN.items():
        loader.add_cli_command(f"{GROUP} {name}", make(loader, function), table_transformer=table)
    for operation in operations():
        table = layout.outputs if operation.returns else layout.outcomes
        loader.add_cli_command(
            f"{GROUP} {operation.name}", OperationCommand(loader, operation), table_transformer=table
        )
    for refusal in refusals():
        loader.add_cli_command(f"{GROUP} {refusal.name}", RefusalCommand(loader, refusal))
