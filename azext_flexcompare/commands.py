"""Which commands are there?"""

from __future__ import annotations

from typing import Any

from azext_flexcompare import _format as layout
from azext_flexcompare._operation import InstanceCommand, OperationCommand, RefusalCommand
from azext_flexcompare.table import operations, refusals

GROUP = "vmss-flex"


def load_command_table(loader: Any, _: list[str] | None) -> None:
    """Register the commands that are written by hand and one for each entry of the table."""
    with loader.command_group(GROUP) as group:
        group.custom_command("compare", "compare", table_transformer=layout.comparison)
    hand_written = {
        "list-instances": ("list_instances", layout.LISTED),
        "show": ("show", layout.SHOWN),
        "get-instance-view": ("get_instance_view", layout.VIEWED),
    }
    for name, (function, table) in hand_written.items():
        loader.add_cli_command(f"{GROUP} {name}", InstanceCommand(loader, function), table_transformer=table)
    for operation in operations():
        loader.add_cli_command(
            f"{GROUP} {operation.name}", OperationCommand(loader, operation), table_transformer=layout.OUTCOMES
        )
    for refusal in refusals():
        loader.add_cli_command(f"{GROUP} {refusal.name}", RefusalCommand(loader, refusal))
