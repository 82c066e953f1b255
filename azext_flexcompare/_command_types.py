"""How does an entry of the table become an `az` command?"""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands.command_operation import CommandOperation
from knack.arguments import CLICommandArgument

from azext_flexcompare._validators import ACTING, CHOICE, CHOICE_OF_SETS, take_choice
from azext_flexcompare.table.entries import Operation, Refusal

# Parameters that no argument of a command line fills.
MADE_HERE = ("acting", "choice", "operation", "options", "refusal")


class InstanceCommand(CommandOperation):
    """A command over chosen instances: a function of `custom.py` that takes the choice as one value."""

    chosen_by: tuple[str, ...] = CHOICE

    def __init__(self, loader: Any, function: str, **given: Any) -> None:
        super().__init__(loader, f"azext_flexcompare.custom#{function}")
        self.given = given

    def handler(self, command_args: dict[str, Any]) -> Any:
        """Put the choice together and call the function."""
        choice = take_choice(command_args, elsewhere=self.chosen_elsewhere(command_args))
        return super().handler({**command_args, "choice": choice, **self.given})

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Say whether something else than the arguments tells which instances there are."""
        del command_args
        return False

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """List the arguments that choose instances, and the function's own."""
        own = [(name, argument) for name, argument in super().arguments_loader() if name not in MADE_HERE]
        return own + [(name, CLICommandArgument(name, default=None)) for name in self.chosen_by]


class SetCommand(InstanceCommand):
    """A command over whole scale sets."""

    chosen_by = CHOICE_OF_SETS


class WaitCommand(InstanceCommand):
    """A command that waits for instances, or for those of a job log."""

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Say whether a job log has the instances."""
        return bool(command_args["job_log"])


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
        acting = {name: command_args.pop(name, None) for name in ACTING}
        return super().handler({**command_args, "options": options, "acting": acting})

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Say whether a job log has the instances."""
        return any(command_args["acting"][name] for name in ("resume", "retry_failed"))

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """Add the options that every operation has, and its own."""
        names = [name for name in ACTING if name != "no_wait"] + [option.dest for option in self.operation.options]
        return super().arguments_loader() + [(name, CLICommandArgument(name, default=None)) for name in names]

    def description_loader(self) -> str:
        """Describe the command in the words of the table."""
        return self.operation.summary


class RefusalCommand(InstanceCommand):
    """A refusal of the table as a command: it takes the arguments of an operation, so that scripts get the reason."""

    def __init__(self, loader: Any, refusal: Refusal) -> None:
        super().__init__(loader, "refuse", refusal=refusal)
