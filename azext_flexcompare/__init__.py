"""The Azure CLI extension `az vmss-flex`."""

from __future__ import annotations

from typing import Any

from azure.cli.core import AzCommandsLoader

from azext_flexcompare import _help  # noqa: F401  (importing it registers the help texts)


class FlexcompareCommandsLoader(AzCommandsLoader):
    """Load the commands of `az vmss-flex` and their arguments."""

    def __init__(self, cli_ctx: Any = None) -> None:
        from azure.cli.core.commands import CliCommandType

        from azext_flexcompare.planning import command_line

        super().__init__(
            cli_ctx=cli_ctx,
            custom_command_type=CliCommandType(operations_tmpl="azext_flexcompare.custom#{}"),
        )
        command_line.register(cli_ctx)

    def load_command_table(self, args: list[str] | None) -> dict[str, Any]:
        """Register every command of the extension."""
        from azext_flexcompare.commands import load_command_table
        from azext_flexcompare.planning import argument_words, command_line

        if args and command_line.is_own(args):
            argument_words.strip_returns(args)
        load_command_table(self, args)
        return self.command_table  # type: ignore[no-any-return]

    def load_arguments(self, command: str) -> None:
        """Describe the arguments of one command."""
        from azext_flexcompare._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = FlexcompareCommandsLoader
