"""Shell completion of names of scale sets and instances, and of their zones, fault domains and tags.

A completer that fails, or takes too long, returns nothing and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
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
    return Completer(lambda cmd, _, namespace: promptly(partial(_flexible_sets, cmd.cli_ctx, namespace)))


def of_instances(texts: Callable[[Instance], Iterable[str]]) -> Any:
    """Build the completer of texts of the instances of the given sets."""

    def complete(cmd: Any, _: str, namespace: Any) -> list[str]:
        members = promptly(partial(_members, cmd.cli_ctx, namespace))
        return sorted({text for instance in members for text in texts(instance)})

    return Completer(complete)


def load_balancers() -> Any:
    """Build the completer of names of load balancers in the resource group, and of their backend pools."""
    return Completer(lambda cmd, _, namespace: promptly(partial(_load_balancers, cmd.cli_ctx, namespace)))


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


def _flexible_sets(cli_ctx: Any, namespace: Any) -> list[str]:
    from azext_flexcompare.arm.clients import compute_client

    sets = compute_client(cli_ctx).virtual_machine_scale_sets
    group = namespace.resource_group_name
    found = sets.list(group) if group else sets.list_all()
    return [one.name for one in found if (one.orchestration_mode or "").lower() == "flexible"]


def _load_balancers(cli_ctx: Any, namespace: Any) -> list[str]:
    from azure.cli.core._profile import Profile

    from azext_flexcompare.arm.clients import azure_of
    from azext_flexcompare.arm.network import read_load_balancers

    subscription = Profile(cli_ctx=cli_ctx).get_subscription_id()
    group = f"/subscriptions/{subscription}/resourceGroups/{namespace.resource_group_name}"
    found = read_load_balancers(azure_of(cli_ctx), group)
    pools = [
        f"{lb['name']}/{pool['name']}" for lb in found for pool in lb["properties"].get("backendAddressPools") or ()
    ]
    return [AUTO, *(lb["name"] for lb in found), *pools]


def _jobs() -> list[str]:
    from azext_flexcompare.joblog.jobs import LAST, job_paths, name_of

    return [LAST, *map(name_of, reversed(job_paths()))]


def _members(cli_ctx: Any, namespace: Any) -> list[Instance]:
    from azext_flexcompare._validators import CHOICE_OF_SETS, take_choice
    from azext_flexcompare.selection.choose import choose

    choice = take_choice({name: getattr(namespace, name, None) for name in CHOICE_OF_SETS})
    return choose(cli_ctx, "list-instances", choice)
