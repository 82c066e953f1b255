"""Reports of the guest: its agent and the application in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armsim.world.model import Report

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.world.model import Vm

_SILENT, _WAITING = "Not Ready", "initializing"


def is_silent(vm: Vm) -> bool:
    """Return whether the agent of a VM will not speak, however long one waits."""
    return vm.spec.vm_agent != "Ready" or (vm.agent.word != "Ready" and vm.spec.agent_ready_after is None)


def go_down(cloud: Cloud, vm: Vm, moment: float) -> None:
    """Set the reports of a guest that begins to boot."""
    if vm.spec.agent_ready_after != 0:
        vm.agent = Report(_SILENT, cloud.at(moment))
    if vm.spec.healthy_after != 0:
        vm.health = Report(_WAITING, cloud.at(moment))


def come_up(cloud: Cloud, vm: Vm, booted: float) -> None:
    """Set the reports of a guest that has booted, each in its own time."""
    spec, down = vm.spec, (vm.agent, vm.health)

    # A later boot has put other reports in their place, and waits by itself.
    def agent_speaks(due: float) -> None:
        if vm.agent is down[0]:
            vm.agent = Report(spec.vm_agent, cloud.at(due))

    def application_speaks(due: float) -> None:
        if vm.health is down[1]:
            vm.health = Report(spec.vm_health, cloud.at(due))

    for delay, speaks in ((spec.agent_ready_after, agent_speaks), (spec.healthy_after, application_speaks)):
        if delay == 0:
            speaks(booted)
        elif delay is not None:
            cloud.events.add(booted + delay, speaks)
