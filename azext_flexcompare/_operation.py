"""How does an entry of the table become an `az` command?"""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands.command_operation import CommandOperation
from knack.arguments import CLICommandArgument

from azext_flexcompare._validators import CHOICE, CHOICE_OF_SETS, take_choice
from azext_flexcompare.table import Operation, Refusal

MADE_HERE = ("choice", "operation", "options", "refusal")  # parameters that no argument of a command line fills


class InstanceCommand(CommandOperation):
    """A command over chosen instances: a function of `custom.py` that takes the choice as one value."""

    chosen_by: tuple[str, ...] = CHOICE

    def __init__(self, loader: Any, function: str, **given: Any) -> None:
        super().__init__(loader, f"azext_flexcompare.custom#{function}")
        self.given = given

    def handler(self, command_args: dict[str, Any]) -> Any:
        """Put the choice together and call the function."""
        choice = take_choice(command_args)
        return super().handler({**command_args, "choice": choice, **self.given})

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """List the arguments that choose instances, and the function's own."""
        own = [(name, argument) for name, argument in super().arguments_loader() if name not in MADE_HERE]
        return own + [(name, CLICommandArgument(name, default=None)) for name in self.chosen_by]


class SetCommand(InstanceCommand):
    """A command over whole scale sets."""

    chosen_by = CHOICE_OF_SETS


class ActingCommand(InstanceCommand):
    """A command that acts on chosen instances."""

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """Add --no-wait, which the CLI leaves out of signatures to do it itself.

        Its way throws the result away, and with it what was accepted under which name.
        """
        return [*super().arguments_loader(), ("no_wait", CLICommandArgument("no_wait", default=False))]


class OperationCommand(ActingCommand):
    """An operation of the table as a command, with the options that the table gives it."""

    def __init__(self, loader: Any, operation: Operation) -> None:
        super().__init__(loader, "operate", operation=operation)
        self.operation = operation

    def handler(self, command_args: dict[str, Any]) -> Any:
        """Set the operation's own options apart from those that every operation has."""
        options = {option.dest: command_args.pop(option.dest, None) for option in self.operation.options}
        return super().handler({**command_args, "options": options})

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """Add the operation's own options."""
        own = [(option.dest, CLICommandArgument(option.dest, default=None)) for option in self.operation.options]
        return super().arguments_loader() + own

    def description_loader(self) -> str:
        """Describe the command in the words of the table."""
        return self.operation.summary


class RefusalCommand(InstanceCommand):
    """A refusal of the table as a command: it takes the arguments of an operation, so that scripts get the reason."""

    def __init__(self, loader: Any, refusal: Refusal) -> None:
        super().__init__(loader, "refuse", refusal=refusal)
