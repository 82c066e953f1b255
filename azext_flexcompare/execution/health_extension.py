"""The check that instances have the Application Health extension, before a gate waits for what it reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.arm.calls import read_once
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import READS, limits, rate_limit_key
from azext_flexcompare.instances import Instance
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service

GATE = "app-health"
TYPE = "applicationhealth"  # beginning of the type: ApplicationHealthLinux, ApplicationHealthWindows
READ_TIMEOUT = 60  # seconds


def check_gate(azure: Azure, gates: Sequence[str], instances: Sequence[Instance]) -> None:
    """Raise where a gate waits for application health that some of the instances cannot report, naming them."""
    without = instances_without_extension(azure, instances) if GATE in gates else []
    if without:
        raise InvalidArgumentValueError(
            f"--health-gate {GATE}: without the Application Health extension:"
            f" {first_names([one.name for one in without])}.",
            recommendation="Install the extension, exclude these instances, or use --health-gate vm-agent.",
        )


def instances_without_extension(azure: Azure, instances: Iterable[Instance]) -> list[Instance]:
    """Return the instances that have no Application Health extension.

    The extensions of an instance are listed unless its own state shows one; one whose list cannot be read is not among
    them.
    """
    unseen = [one for one in instances if not shows_extension(one.resource)]
    send = partial(_list_extensions, azure)
    reads = limits(READ_TIMEOUT, sends=READS)
    outcomes = send_and_poll(unseen, send, reads, Observer(), service=Service[Instance](rate_limit_key))
    listed = [one for one in outcomes if one.status == Status.SUCCEEDED]
    return [one.target for one in listed if not has_extension(one.result.value)]


def shows_extension(machine: Any) -> bool:
    """Check whether the state of a VM shows the extension or what it reports."""
    view = machine and machine.instance_view
    if not view:
        return False
    return view.vm_health is not None or any(_is_health(one.type) for one in view.extensions or ())


def has_extension(extensions: Iterable[Any] | None) -> bool:
    """Check whether the extension is among those of a VM."""
    return any(_is_health(one.type_properties_type) for one in extensions or ())


def _is_health(kind: str | None) -> bool:
    return (kind or "").rpartition(".")[2].lower().startswith(TYPE)


def _list_extensions(azure: Azure, instance: Instance) -> Poller:
    listing = azure.compute(instance.subscription).virtual_machine_extensions.list
    return read_once(listing, instance.resource_group, instance.name)
