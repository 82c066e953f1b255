"""Events that a fault brings about: another client acts on a VM, or its guest changes."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.compute.lifecycle import ACTIONS, GONE
from armsim.compute.progress import begin_part
from armsim.compute.vm_body import nic_ids
from armsim.identifiers import suffix
from armsim.network.build import add_nics
from armsim.world.model import Report, Vm, VmState

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.compute.progress import Error
    from armsim.faults.rules import Event


def schedule(cloud: Cloud, event: Event, subject: str | None) -> None:
    """Bring an event about, at once or later, for the VMs that it names, or else for the VM of the request."""
    pattern = (event.vm or subject or "").lower()

    def happen(due: float) -> None:
        for vm in [one for one in cloud.world.vms.values() if fnmatchcase(one.spec.name.lower(), pattern)]:
            _apply(cloud, vm, event, due)

    if event.delay:
        cloud.events.add(cloud.now + event.delay, happen)
    else:
        happen(cloud.now)


def _apply(cloud: Cloud, vm: Vm, event: Event, due: float) -> None:
    if event.do == "remove":
        _remove(cloud, vm, due)
    elif event.do == "replace":
        _remove(cloud, vm, due)
        _add_another(cloud, vm, due, generation=vm.spec.generation + 1)
    elif event.do == "add":
        name = f"{vm.spec.name.rpartition('_')[0] or vm.spec.name}_{suffix(vm.spec.id, cloud.world.created)}"
        kind = vm.spec.id.rpartition("/")[0]
        _add_another(cloud, vm, due, name=name, id=f"{kind}/{name}", generation=0)
    elif event.do == "provisioning":
        cloud.change(vm, vm.state.power, event.word, due)
    elif event.do == "agent":
        vm.agent = Report(event.word, cloud.at(due))
        cloud.availability.note(vm, due)
    elif event.do == "health":
        vm.health = Report(event.word, cloud.at(due))
        cloud.availability.note(vm, due)
    else:
        _act(cloud, vm, event.do, due)


def _remove(cloud: Cloud, vm: Vm, due: float) -> None:
    """Remove a VM; an operation that it is in ends as preempted when its time comes."""
    vm.removed = True
    cloud.change(vm, GONE, "Deleting", due)


def _add_another(cloud: Cloud, vm: Vm, due: float, **changed: Any) -> None:
    """Create another VM like one, of the same name or another, as a scale set does that heals or scales."""
    moment = cloud.at(due)
    spec = replace(vm.spec, ordinal=cloud.world.created, created=moment, **changed)
    agent, health = (Report(word, moment) for word in (spec.vm_agent, spec.vm_health))
    other = Vm(spec, VmState("running", "Succeeded", moment), agent, health, extensions=dict(vm.extensions))
    cloud.world.add_vm(other)
    cloud.availability.note(other, due)
    add_nics(cloud.world, other, nic_ids(spec))
    cloud.graph.publish(due, other)


def _act(cloud: Cloud, vm: Vm, name: str, due: float) -> None:
    """Act on a VM as another client; where the VM refuses, nothing happens."""
    action = ACTIONS[name]
    try:
        action.check(vm)
    except ArmError:
        return

    def ignore(due: float, error: Error | None) -> None:
        """Ignore the end: no client polls it."""

    begin_part(cloud, vm, action, f"other-{name}", at_end=ignore, fault=None, moment=due)
