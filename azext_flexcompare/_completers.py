"""Shell completion of names of scale sets and instances, and of their zones, fault domains and tags.

A completer that fails, or takes too long, returns nothing and prints nothing.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from azure.cli.core.decorators import Completer

from azext_flexcompare.planning.option_values import AUTO

if TYPE_CHECKING:  # these would import the SDK at start-up
    from azext_flexcompare.instances import Instance

SECONDS = 5.0  # after which a completion comes too late
TAG_OF_AZURE = "VirtualMachineProfileTimeCreated"  # a time, on every instance

T = TypeVar("T")


def flexible_sets() -> Any:
    """Build the completer of names of Flexible scale sets, in the resource group if it is given."""
    return Completer(lambda cmd, _, namespace: promptly(partial(_flexible_sets, _context(cmd, namespace), namespace)))


def of_instances(texts: Callable[[Instance], Iterable[str]]) -> Any:
    """Build the completer of texts of the instances of the given sets."""

    def complete(cmd: Any, _: str, namespace: Any) -> list[str]:
        members = promptly(partial(_members, _context(cmd, namespace), namespace))
        return sorted({text for instance in members for text in texts(instance)})

    return Completer(complete)


def load_balancers() -> Any:
    """Build the completer of names of load balancers in the resource group, and of their backend pools."""
    return Completer(lambda cmd, _, namespace: promptly(partial(_load_balancers, _context(cmd, namespace), namespace)))


def run_commands() -> Any:
    """Build the completer of names of managed run commands, as the first of the chosen instances has them."""
    return Completer(lambda cmd, _, namespace: promptly(partial(_run_commands, _context(cmd, namespace), namespace)))


def of_jobs() -> Any:
    """Build the completer of names of jobs; where none begins so, the shell completes the name of a file."""
    return Completer(lambda _cmd, _prefix, _namespace: promptly(_jobs))


def names(instance: Instance) -> list[str]:
    """Return the name of an instance."""
    return [instance.name]


def nics(instance: Instance) -> list[str]:
    """Return the names of the network interfaces of an instance."""
    profile = instance.resource.network_profile
    return [one.id.rpartition("/")[2] for one in (profile.network_interfaces if profile else None) or ()]


def zones(instance: Instance) -> list[str]:
    """Return the zone of an instance."""
    return [instance.zone] if instance.zone else []


def fault_domains(instance: Instance) -> list[str]:
    """Return the fault domain of an instance."""
    return [] if instance.fault_domain is None else [str(instance.fault_domain)]


def tags(instance: Instance) -> list[str]:
    """Return each tag of an instance, without its value and with it."""
    own = ((key, value) for key, value in instance.tags.items() if key != TAG_OF_AZURE)
    return [text for key, value in own for text in (key, f"{key}={value}")]


def promptly(read: Callable[[], list[T]], seconds: float = SECONDS) -> list[T]:
    """Return the texts that are read, or none if the read fails or takes longer."""
    found: list[T] = []

    def run() -> None:
        with suppress(Exception):
            found.extend(read())

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return list(found)


def _context(cmd: Any, namespace: Any) -> Any:
    """Return the context of the CLI with the subscription that is typed, whose option completion does not parse."""
    if given := getattr(namespace, "_subscription", None) or _typed_subscription(os.environ.get("COMP_LINE", "")):
        cmd.cli_ctx.data["subscription_id"] = _id_of_subscription(cmd.cli_ctx, given)
    return cmd.cli_ctx


def _typed_subscription(line: str) -> str | None:
    """Return the value of --subscription in a line that is being typed."""
    try:
        words = shlex.split(line.replace("--subscription=", "--subscription "))
    except ValueError:  # a quote that is still open
        return None
    values = [value for option, value in pairwise(words) if option == "--subscription"]
    return values[-1] if values else None


def _id_of_subscription(cli_ctx: Any, given: str) -> str:
    """Return the id of a subscription that is given by its name or id."""
    from azure.cli.core._profile import Profile

    known = Profile(cli_ctx=cli_ctx).load_cached_subscriptions()
    ids = [str(one["id"]) for one in known if given.lower() in (one["id"].lower(), one["name"].lower())]
    return ids[0] if ids else given


def _flexible_sets(cli_ctx: Any, namespace: Any) -> list[str]:
    from azext_flexcompare.arm.clients import compute_client, entries_of

    sets = compute_client(cli_ctx).virtual_machine_scale_sets
    group = namespace.resource_group_name
    found = sets.list(group) if group else sets.list_all()
    return [one.name for one in entries_of(found) if (one.orchestration_mode or "").lower() == "flexible"]


def _load_balancers(cli_ctx: Any, namespace: Any) -> list[str]:
    from azure.cli.core.commands.client_factory import get_subscription_id

    from azext_flexcompare.arm.clients import azure_of
    from azext_flexcompare.arm.network import read_load_balancers

    subscription = get_subscription_id(cli_ctx)
    group = f"/subscriptions/{subscription}/resourceGroups/{namespace.resource_group_name}"
    found = read_load_balancers(azure_of(cli_ctx), group)
    pools = [
        f"{lb['name']}/{pool['name']}" for lb in found for pool in lb["properties"].get("backendAddressPools") or ()
    ]
    return [AUTO, *(lb["name"] for lb in found), *pools]


def _run_commands(cli_ctx: Any, namespace: Any) -> list[str]:
    from azext_flexcompare.arm.clients import compute_client, entries_of

    first = _members(cli_ctx, namespace)[0]
    commands = compute_client(cli_ctx, first.subscription).virtual_machine_run_commands
    return [one.name for one in entries_of(commands.list_by_virtual_machine(first.resource_group, first.name))]


def _jobs() -> list[str]:
    from azext_flexcompare.joblog.jobs import LAST, job_paths, name_of

    return [LAST, *map(name_of, reversed(job_paths()))]


def _members(cli_ctx: Any, namespace: Any) -> list[Instance]:
    from azext_flexcompare._validators import CHOICE_OF_SETS, take_choice
    from azext_flexcompare.selection.choose import choose

    choice = take_choice({name: getattr(namespace, name, None) for name in CHOICE_OF_SETS})
    return choose(cli_ctx, "list-instances", choice)
