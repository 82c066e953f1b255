"""The classes of the commands, which make `az` commands of functions and of entries of the table."""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands.command_operation import CommandOperation
from knack.arguments import CLICommandArgument

from azext_flexcompare._validators import ACTING, CHOICE, CHOICE_OF_SETS, take_choice
from azext_flexcompare.arm.typed import is_typed
from azext_flexcompare.table.entries import Operation, Refusal

# Parameters of functions that are not arguments.
MADE_HERE = ("acting", "choice", "operation", "options", "refusal")


class InstanceCommand(CommandOperation):
    """A command over chosen instances: a function of `custom.py` that takes the choice as one value."""

    chosen_by: tuple[str, ...] = CHOICE

    def __init__(self, loader: Any, function: str, **given: Any) -> None:
        super().__init__(loader, f"azext_flexcompare.custom#{function}")
        self.given, self.function = given, function

    def handler(self, command_args: dict[str, Any]) -> Any:
        """Build the choice and call the function."""
        set_option = "--vmss-name" if self.has_own_name() else "--name"
        choice = take_choice(
            command_args,
            elsewhere=self.chosen_elsewhere(command_args),
            set_option=set_option,
            subscription=is_typed(self.cli_ctx, "--subscription"),
        )
        return super().handler({**command_args, "choice": choice, **self.given})

    def has_own_name(self) -> bool:
        """Return whether --name is the name of something other than the scale set."""
        return self.function.startswith(("extension_", "nic_show", "run_command_"))

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Return whether the instances are chosen by something other than the arguments."""
        del command_args
        return False

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """List the arguments that choose instances, and those of the function."""
        own = [(name, argument) for name, argument in super().arguments_loader() if name not in MADE_HERE]
        return own + [(name, CLICommandArgument(name, default=None)) for name in self.chosen_by]


class SetCommand(InstanceCommand):
    """A command over whole scale sets."""

    chosen_by = CHOICE_OF_SETS

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """List --no-wait as well, for the reason of ActingCommand."""
        return [*super().arguments_loader(), ("no_wait", CLICommandArgument("no_wait", default=False))]


class WaitCommand(InstanceCommand):
    """A command that waits for instances, or for those of a job log."""

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Return whether the instances are those of a job log."""
        return bool(command_args["job_log"])


class ActingCommand(InstanceCommand):
    """A command that acts on chosen instances: its function takes the options of the run as one value."""

    acting: tuple[str, ...] = ACTING

    def handler(self, command_args: dict[str, Any]) -> Any:
        """Separate the options of the run from the other arguments."""
        acting = {name: command_args.pop(name, None) for name in self.acting}
        return super().handler({**command_args, "acting": acting})

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Return whether the instances are those of a job log."""
        return any(command_args["acting"].get(name) for name in ("resume", "retry_failed"))

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """List the options of the run as well, --no-wait among them.

        The CLI's own --no-wait is not used: it discards the result, which names what was accepted.
        """
        return super().arguments_loader() + [(name, CLICommandArgument(name, default=None)) for name in self.acting]


class NatRuleCommand(ActingCommand):
    """A command that changes NAT rules: its requests go to a load balancer, so few options of a run apply."""

    acting = ("max_parallel", "timeout", "retries", "dry_run", "no_wait", "yes")


class DrainCommand(ActingCommand):
    """A command that changes backend pools: its requests go to load balancers, so few options of a run apply."""

    acting = ("timeout", "dry_run", "yes")


class UndrainCommand(ActingCommand):
    """A command that puts instances back, or those that a run of a job log left out."""

    acting = ("timeout", "dry_run", "yes")

    def chosen_elsewhere(self, command_args: dict[str, Any]) -> bool:
        """Return whether the instances are those of a job log."""
        return bool(command_args["job"])


class OperationCommand(ActingCommand):
    """A command for an operation of the table, with the options that the table declares."""

    def __init__(self, loader: Any, operation: Operation) -> None:
        super().__init__(loader, "operate", operation=operation)
        self.operation = operation

    def handler(self, command_args: dict[str, Any]) -> Any:
        """Separate the operation's own options from the other arguments."""
        options = {option.dest: command_args.pop(option.dest, None) for option in self.operation.options}
        return super().handler({**command_args, "options": options})

    def arguments_loader(self) -> list[tuple[str, CLICommandArgument]]:
        """List the operation's own options as well."""
        own = [(option.dest, CLICommandArgument(option.dest, default=None)) for option in self.operation.options]
        return super().arguments_loader() + own

    def has_own_name(self) -> bool:
        """Return whether --name is the name of something other than the scale set."""
        return any(option.name == "--name" for option in self.operation.options)

    def description_loader(self) -> str:
        """Return the summary in the table."""
        return self.operation.summary


class RefusalCommand(InstanceCommand):
    """A refusal of the table as a command: it takes the arguments of an operation, so that scripts see the reason."""

    def __init__(self, loader: Any, refusal: Refusal) -> None:
        super().__init__(loader, "refuse", refusal=refusal)
